"""The routes of the HTTP interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import __version__, grant_routes
from .callbacks.report import receive
from .errors import MethodNotAllowed, NotFound
from .http.events import Request
from .services import Invocation, Services


class Route(NamedTuple):
    """One row of the HTTP interface."""

    method: str
    serve: Callable[[Services, Invocation], dict[str, Any]]
    is_directory: bool = False  # DIRECTORY_GRANTS=false removes it
    needs_caller: bool = True  # whether AUTH applies


def find_route(request: Request) -> Route:
    """The route of a path and method; HEAD uses that of GET."""
    route = ROUTES.get(request.path)
    if route is None:
        raise NotFound("There is nothing at this path.", f"Try one of {', '.join(ROUTES)}.")
    if request.method != route.method and (request.method, route.method) != ("HEAD", "GET"):
        allowed = "GET, HEAD, OPTIONS" if route.method == "GET" else f"{route.method}, OPTIONS"
        raise MethodNotAllowed(
            "This path does not support this method.", f"Use {allowed}.", {"Allow": allowed}
        )
    return route


def _callback(services: Services, call: Invocation) -> dict[str, Any]:
    return receive(
        call.request,
        services.settings,
        services.clock(),
        directory_types={
            name: preset.settings.allowed_content_types.directory_types
            for name, preset in services.presets.items()
        },
    )


def _health(services: Services, call: Invocation) -> dict[str, Any]:
    return {"status": "ok", "version": __version__}


ROUTES: Mapping[str, Route] = {
    "/": Route("GET", grant_routes.directory_grant, is_directory=True),
    "/get_post_signature_for_oss_upload": Route(
        "GET", grant_routes.directory_grant, is_directory=True
    ),
    "/sign": Route("POST", grant_routes.sign),
    "/s3/params": Route("GET", grant_routes.companion_parameters),
    "/limits": Route("GET", grant_routes.limits),
    "/callback": Route("POST", _callback, needs_caller=False),  # authenticated by OSS's signature
    "/healthz": Route("GET", _health, needs_caller=False),
}
