"""What can be asked of the function, and how each question is answered."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import __version__
from .credentials import Credentials
from .desk import Desk
from .errors import MethodNotAllowed, NotFound
from .events import Request
from .files import File, admit, file_from_json, file_from_query
from .form_budget import LONGEST_TOKEN
from .grants import Grant
from .receipt import receive

logger = logging.getLogger("direct_upload")


@dataclass(frozen=True)
class Visit:
    """One request to a route, and who makes it."""

    request: Request
    context: Any  # Function Compute's
    user: str  # empty where nobody is known


@dataclass(frozen=True)
class Route:
    """One row of the HTTP interface."""

    method: str
    serve: Callable[[Desk, Visit], dict[str, Any]]
    is_directory: bool = False  # DIRECTORY_GRANTS=false takes it away
    asks_caller: bool = True  # whether AUTH applies


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


def _directory_grant(desk: Desk, visit: Visit) -> Grant:
    credentials = _credentials(desk, visit)
    grant = desk.grants.directory_grant(
        credentials, user=visit.user, leaf=_leaf(), now=desk.clock()
    )
    _log_grant(grant["dir"], visit.user)
    return grant


def _sign(desk: Desk, visit: Visit) -> Grant:
    return _file_grant(desk, visit, file_from_json(visit.request.body))


def _companion_parameters(desk: Desk, visit: Visit) -> Grant:
    return _file_grant(desk, visit, file_from_query(visit.request.query))


def _file_grant(desk: Desk, visit: Visit, file: File) -> Grant:
    admitted = admit(file, desk.settings)
    credentials = _credentials(desk, visit)
    grant = desk.grants.file_grant(
        credentials, admitted, user=visit.user, leaf=_leaf(), now=desk.clock()
    )
    _log_grant(grant["key"], visit.user)
    return grant


def _credentials(desk: Desk, visit: Visit) -> Credentials:
    credentials = desk.credentials.get(visit.context)
    if (length := len(credentials.security_token)) > LONGEST_TOKEN:
        logger.warning(
            "The security token has %d characters; forms are sure to fit with %d.",
            length,
            LONGEST_TOKEN,
        )
    return credentials


def _leaf() -> str:
    """128 bits that nobody guesses, so that no uploader can reach another's object."""
    return os.urandom(16).hex()


def _log_grant(key_or_dir: str, user: str) -> None:
    """Who may put what where, so that an object can be traced to its uploader."""
    logger.debug("granted %r to %r", key_or_dir, user or "anyone")


def _callback(desk: Desk, visit: Visit) -> dict[str, Any]:
    return receive(visit.request, desk.settings, desk.clock())


def _health(desk: Desk, visit: Visit) -> dict[str, Any]:
    return {"status": "ok", "version": __version__}


ROUTES: Mapping[str, Route] = {
    "/": Route("GET", _directory_grant, is_directory=True),
    "/get_post_signature_for_oss_upload": Route("GET", _directory_grant, is_directory=True),
    "/sign": Route("POST", _sign),
    "/s3/params": Route("GET", _companion_parameters),
    "/callback": Route("POST", _callback, asks_caller=False),  # OSS proves itself otherwise
    "/healthz": Route("GET", _health, asks_caller=False),
}
