"""The routes of the HTTP interface, and the services that they work with."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from . import __version__
from .callbacks.report import receive
from .callers import Caller, Callers, callers_for
from .credentials import Credentials, CredentialsSource, credentials_for
from .errors import MethodNotAllowed, NotFound
from .files import File, file_from_json, file_from_query
from .grants import LONGEST_TOKEN, Grant, GrantMaker
from .http.events import Request
from .settings import Settings

logger = logging.getLogger("direct_upload")


@dataclass(frozen=True)
class Services:
    """All that is fixed for one configuration, made once; safe to share between threads."""

    settings: Settings
    callers: Callers
    credentials: CredentialsSource
    grants: GrantMaker
    clock: Callable[[], datetime]


def make_services(
    settings: Settings, environ: Mapping[str, str], clock: Callable[[], datetime]
) -> Services:
    """The services of a configuration; `Misconfigured` where they cannot be made."""
    return Services(
        settings=settings,
        callers=callers_for(settings, directory=Path(__file__).parents[1]),
        credentials=credentials_for(settings, environ, clock),
        grants=GrantMaker(settings),
        clock=clock,
    )


@dataclass(frozen=True)
class Invocation:
    """One request to a route, with Function Compute's context."""

    request: Request
    context: Any
    caller: Caller  # without a name where AUTH does not apply


@dataclass(frozen=True)
class Route:
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


def _directory_grant(services: Services, call: Invocation) -> Grant:
    credentials = _credentials(services, call)
    grant = services.grants.directory_grant(
        credentials, user=call.caller.user, leaf=_leaf(), now=services.clock()
    )
    _log_grant(grant["dir"], call.caller.user)
    return grant


def _sign(services: Services, call: Invocation) -> Grant:
    return _file_grant(services, call, file_from_json(call.request.body))


def _companion_parameters(services: Services, call: Invocation) -> Grant:
    return _file_grant(services, call, file_from_query(call.request.query))


def _file_grant(services: Services, call: Invocation, file: File) -> Grant:
    settings = services.settings
    admitted = settings.allowed_content_types.admit(
        file, minimum=settings.min_upload_bytes, maximum=settings.max_upload_bytes
    )
    credentials = _credentials(services, call)
    grant = services.grants.file_grant(
        credentials, admitted, user=call.caller.user, leaf=_leaf(), now=services.clock()
    )
    _log_grant(grant["key"], call.caller.user)
    return grant


def _credentials(services: Services, call: Invocation) -> Credentials:
    credentials = services.credentials.get(call.context)
    if (length := len(credentials.security_token)) > LONGEST_TOKEN:
        logger.warning(
            "The security token has %d characters; forms certainly fit with %d.",
            length,
            LONGEST_TOKEN,
        )
    return credentials


def _leaf() -> str:
    """128 unguessable random bits, so that no uploader can reach another's object."""
    return os.urandom(16).hex()


def _log_grant(key_or_dir: str, user: str) -> None:
    """Who may put what where, so that an object can be traced to its uploader."""
    logger.debug("granted %r to %r", key_or_dir, user or "anyone")


def _callback(services: Services, call: Invocation) -> dict[str, Any]:
    return receive(call.request, services.settings, services.clock())


def _health(services: Services, call: Invocation) -> dict[str, Any]:
    return {"status": "ok", "version": __version__}


ROUTES: Mapping[str, Route] = {
    "/": Route("GET", _directory_grant, is_directory=True),
    "/get_post_signature_for_oss_upload": Route("GET", _directory_grant, is_directory=True),
    "/sign": Route("POST", _sign),
    "/s3/params": Route("GET", _companion_parameters),
    "/callback": Route("POST", _callback, needs_caller=False),  # authenticated by OSS's signature
    "/healthz": Route("GET", _health, needs_caller=False),
}
