"""The function: an event in, a response out.

Checks come in this order: preflight, route, origin, settings, caller, body, credentials. Every
failure becomes a response here and nowhere else: Function Compute would show the stack trace of an
exception to the caller.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from .callers import NOBODY
from .errors import InternalError, NotFound, Refusal, error_document, kind_and_places
from .http.events import Request, Response, json_response, parse_event
from .http.origins import PREFLIGHT_HEADERS, Origins, parse_origins
from .presets import all_dangers
from .routes import find_route, template
from .services import ROOT, Invocation, Services, make_services, request_id
from .settings import parse_settings
from .settings.value_files import with_secrets

logger = logging.getLogger("direct_upload")


def utc_now() -> datetime:
    """The time, as an aware UTC datetime."""
    return datetime.now(timezone.utc)


class App:
    """The function under one environment, which is read at the first request.

    Safe to share between threads.
    """

    def __init__(self, environ: Mapping[str, str], clock: Callable[[], datetime] = utc_now) -> None:
        self._environ = environ
        self._clock = clock
        self._lock = threading.Lock()
        self._origins: Origins | None = None
        self._services: Services | None = None

    def handle(self, event: bytes, context: Any) -> Response:
        """Respond to one event; never raises."""
        headers = {"Vary": "Origin"}
        method = path = ""
        try:
            request = parse_event(event, self._has_multipart)
            method, path = request.method, request.path
            origins = self._read_origins()
            origin = request.headers.get("origin")
            headers = origins.headers(origin)
            if method == "OPTIONS":
                origins.check(origin)
                return json_response(204, headers | PREFLIGHT_HEADERS)
            document = self._serve(request, context, origins)
        except Exception as error:
            refusal = _refusal(error, method, path)
            return json_response(
                refusal.status,
                headers | refusal.headers,
                None if method == "HEAD" else error_document(refusal, request_id(context)),
            )
        return json_response(200, headers, None if method == "HEAD" else document)

    def warm(self, context: Any) -> None:
        """Get credentials before the first request; never raises, which would end the instance."""
        try:
            self._get_services().credentials.get(context)
        except Exception as error:
            _refusal(error, "initialize", "")
            self._services = None  # so that the first request may call STS at once

    def _serve(self, request: Request, context: Any, origins: Origins) -> Any:
        route = find_route(request)
        origins.check(request.headers.get("origin"))
        services = self._get_services()
        if route.is_directory and not services.has_directory_grants:
            raise NotFound("Directory grants are switched off.", "Use POST /sign for each file.")
        caller = NOBODY
        if route.needs_caller:
            caller = services.callers.caller(request.headers, request.query, services.clock())
        return route.serve(services, Invocation(request, context, caller))

    def _has_multipart(self) -> bool:
        try:
            return self._get_services().multipart is not None
        except Refusal:
            return False  # settings come later in the order of checks

    def _read_origins(self) -> Origins:
        """Read before all other settings, so that pages can read what is wrong with those."""
        if self._origins is None:
            self._origins = parse_origins(self._environ.get("ALLOWED_ORIGINS", ""))
        return self._origins

    def _get_services(self) -> Services:
        services = self._services
        if services is None:
            # The same for all threads: two would each get credentials.
            with self._lock:
                services = self._services = self._services or self._make_services()
        return services

    def _make_services(self) -> Services:
        environ = with_secrets(self._environ, ROOT)
        settings = parse_settings(environ)
        logger.setLevel(settings.log_level)
        services = make_services(settings, environ, self._clock)
        for danger in all_dangers(services.presets):
            logger.warning("%s", danger)
        return services


def _refusal(error: Exception, method: str, path: str) -> Refusal:
    """The refusal that an exception becomes, once it is logged."""
    # %r: a direct invocation can contain line breaks.
    called = f"{method[:20]!r} {template(path)[:200]!r}"
    if isinstance(error, Refusal):
        level = logging.ERROR if error.status >= 500 else logging.INFO
        logger.log(level, "%s: %s, %s", called, error.code, error.message)
        return error
    logger.error("%s: internal_error, %s", called, kind_and_places(error))
    return InternalError("Unexpected error.", "Find the request ID in the function's log.")
