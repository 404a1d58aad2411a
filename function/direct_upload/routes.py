"""What can be asked of the function, and how each question is answered."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import __version__
from .assumed_role import AssumedRole
from .credentials import CredentialsSource, FunctionRole
from .errors import MethodNotAllowed, NotFound
from .events import Request
from .files import File, admit, file_from_json, file_from_query
from .grants import Grant, GrantMaker
from .session_policy import session_policy
from .settings import Settings


@dataclass(frozen=True)
class Desk:
    """All that a route works with; one per configuration."""

    settings: Settings
    grants: GrantMaker
    credentials: CredentialsSource
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Route:
    """One row of the HTTP interface; `serve` gets the desk, the request and FC's context."""

    method: str
    serve: Callable[[Desk, Request, Any], dict[str, Any]]
    is_directory: bool = False  # DIRECTORY_GRANTS=false takes it away


def open_desk(
    settings: Settings, environ: Mapping[str, str], clock: Callable[[], datetime]
) -> Desk:
    """Make what is fixed for a configuration, once."""
    credentials: CredentialsSource
    if settings.credentials_source == "function-role":
        credentials = FunctionRole(environ=environ)
    else:
        credentials = AssumedRole(
            role_arn=settings.upload_role_arn,
            session_policy=session_policy(settings.oss_bucket, settings.upload_dir),
            duration_seconds=settings.credentials_seconds,
            policy_seconds=settings.policy_seconds,
            endpoint=settings.sts_endpoint,
            region=settings.sts_region,
            environ=environ,
            clock=clock,
        )
    return Desk(settings, GrantMaker(settings), credentials, clock)


def find_route(request: Request) -> Route:
    """The route of a path and method; HEAD goes where GET does."""
    route = ROUTES.get(request.path)
    if route is None:
        raise NotFound("There is nothing at this path.", f"Try one of {', '.join(ROUTES)}.")
    if request.method != route.method and (request.method, route.method) != ("HEAD", "GET"):
        allowed = "GET, HEAD, OPTIONS" if route.method == "GET" else f"{route.method}, OPTIONS"
        raise MethodNotAllowed(
            "This path does not answer this method.", f"Use {allowed}.", {"Allow": allowed}
        )
    return route


def _directory_grant(desk: Desk, request: Request, context: Any) -> Grant:
    credentials = desk.credentials.get(context)
    return desk.grants.directory_grant(credentials, leaf=secrets.token_hex(16), now=desk.clock())


def _sign(desk: Desk, request: Request, context: Any) -> Grant:
    return _file_grant(desk, file_from_json(request.body), context)


def _companion_parameters(desk: Desk, request: Request, context: Any) -> Grant:
    return _file_grant(desk, file_from_query(request.query), context)


def _file_grant(desk: Desk, file: File, context: Any) -> Grant:
    admitted = admit(file, desk.settings)
    credentials = desk.credentials.get(context)
    return desk.grants.file_grant(
        credentials, admitted, leaf=secrets.token_hex(16), now=desk.clock()
    )


def _health(desk: Desk, request: Request, context: Any) -> dict[str, Any]:
    return {"status": "ok", "version": __version__}


ROUTES: Mapping[str, Route] = {
    "/": Route("GET", _directory_grant, is_directory=True),
    "/get_post_signature_for_oss_upload": Route("GET", _directory_grant, is_directory=True),
    "/sign": Route("POST", _sign),
    "/s3/params": Route("GET", _companion_parameters),
    "/healthz": Route("GET", _health),
}
