"""The routes of the HTTP interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from . import __version__, grant_routes
from .callbacks.report import receive
from .errors import MethodNotAllowed, NotFound
from .http.events import Request
from .presets import directory_types
from .services import Invocation, Services

if TYPE_CHECKING:
    from .multipart import ResumableUploads

Serve = Callable[[Services, Invocation], Any]

METHODS = ("GET", "POST", "DELETE")


class Route(NamedTuple):
    """One row of the HTTP interface."""

    serve: Serve
    is_directory: bool = False  # DIRECTORY_GRANTS=false removes it
    needs_caller: bool = True  # whether AUTH applies


def find_route(request: Request) -> Route:
    """The route of a path and method; HEAD uses that of GET."""
    path = template(request.path)
    method = "GET" if request.method == "HEAD" else request.method
    route = ROUTES.get(f"{method} {path}")
    if route is not None:
        return route
    methods = [method for method in METHODS if f"{method} {path}" in ROUTES]
    if not methods:
        paths = dict.fromkeys(name.partition(" ")[2] for name in ROUTES)
        raise NotFound("There is nothing at this path.", f"Try one of {', '.join(paths)}.")
    if "GET" in methods:
        methods.insert(1, "HEAD")
    allowed = ", ".join([*methods, "OPTIONS"])
    raise MethodNotAllowed(
        "This path does not support this method.", f"Use {allowed}.", {"Allow": allowed}
    )


def template(path: str) -> str:
    """The path as `ROUTES` writes it: the ticket in it is not for logs."""
    if not path.startswith(_UPLOADS):
        return path
    _, slash, step = path[len(_UPLOADS) :].partition("/")
    if step not in ("", "batch", "complete"):
        step = "{partNumber}"
    return f"{_UPLOADS}{{uploadId}}{slash}{step}"


def _callback(services: Services, call: Invocation) -> dict[str, Any]:
    return receive(
        call.request,
        services.settings,
        services.clock(),
        directory_types=directory_types(services.presets),
    )


def _health(services: Services, call: Invocation) -> dict[str, Any]:
    return {"status": "ok", "version": __version__}


def _resumable(
    step: Callable[[ResumableUploads], Callable[[Request, Any, object], Any]],
) -> Serve:
    """A step of resumable uploads, which are not loaded before they are switched on."""

    def serve(services: Services, call: Invocation) -> Any:
        if services.multipart is None:
            raise NotFound(
                "Resumable uploads are switched off.", "Set MULTIPART=true, or use /sign."
            )
        return step(services.multipart)(call.request, call.caller, call.context)

    return serve


_UPLOADS = "/s3/multipart/"

ROUTES: Mapping[str, Route] = {
    "GET /": Route(grant_routes.directory_grant, is_directory=True),
    "GET /get_post_signature_for_oss_upload": Route(
        grant_routes.directory_grant, is_directory=True
    ),
    "POST /sign": Route(grant_routes.sign),
    "GET /s3/params": Route(grant_routes.companion_parameters),
    "GET /limits": Route(grant_routes.limits),
    "POST /s3/multipart": Route(_resumable(lambda uploads: uploads.create)),
    "GET /s3/multipart/{uploadId}": Route(_resumable(lambda uploads: uploads.list_parts)),
    "DELETE /s3/multipart/{uploadId}": Route(_resumable(lambda uploads: uploads.delete)),
    "GET /s3/multipart/{uploadId}/batch": Route(_resumable(lambda uploads: uploads.sign_batch)),
    "GET /s3/multipart/{uploadId}/{partNumber}": Route(
        _resumable(lambda uploads: uploads.sign_part)
    ),
    "POST /s3/multipart/{uploadId}/complete": Route(_resumable(lambda uploads: uploads.complete)),
    # Authenticated by OSS's signature.
    "POST /callback": Route(_callback, needs_caller=False),
    "GET /healthz": Route(_health, needs_caller=False),
}
