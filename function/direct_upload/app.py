"""The function: an event in, an answer out.

Checks come in this order: preflight, route, origin, settings, caller, body, credentials.
Whatever goes wrong becomes an answer here and nowhere else, for Function Compute would show an
exception's stack trace to the caller.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from .desk import Desk, open_desk
from .errors import InternalError, NotFound, UploadError
from .events import Answer, Request, answer, parse_event
from .origins import PREFLIGHT_HEADERS, Origins, parse_origins
from .routes import Visit, find_route
from .settings import parse_settings

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
        self._desk: Desk | None = None

    def handle(self, event: bytes, context: Any) -> Answer:
        """Answer one event; never raises."""
        headers = {"Vary": "Origin"}
        method = path = ""
        try:
            request = parse_event(event)
            method, path = request.method, request.path
            origins = self._read_origins()
            origin = request.headers.get("origin")
            headers = origins.headers(origin)
            if request.method == "OPTIONS":
                origins.check(origin)
                return answer(204, headers | PREFLIGHT_HEADERS)
            document = self._serve(request, context, origins)
        except Exception as error:
            refusal = error if isinstance(error, UploadError) else _unforeseen(error)
            _log(refusal, method, path)
            return answer(
                refusal.status,
                headers | refusal.headers,
                None if method == "HEAD" else _error_document(refusal, context),
            )
        return answer(200, headers, None if method == "HEAD" else document)

    def warm(self, context: Any) -> None:
        """Get credentials before the first request; never raises, since FC would give up."""
        try:
            self._open_desk().credentials.warm(context)
        except Exception as error:
            _log(error if isinstance(error, UploadError) else _unforeseen(error), "initialize", "")

    def _serve(self, request: Request, context: Any, origins: Origins) -> dict[str, Any]:
        route = find_route(request)
        origins.check(request.headers.get("origin"))
        desk = self._open_desk()
        if route.is_directory and not desk.settings.directory_grants:
            raise NotFound("There are no directory grants here.", "Ask POST /sign for each file.")
        user = ""
        if route.asks_caller:
            user = desk.callers.user(request.headers, request.query, desk.clock())
        return route.serve(desk, Visit(request, context, user))

    def _read_origins(self) -> Origins:
        if self._origins is None:
            self._origins = parse_origins(self._environ.get("ALLOWED_ORIGINS", ""))
        return self._origins

    def _open_desk(self) -> Desk:
        if self._desk is None:
            # One desk for all threads: two would each get credentials of their own.
            with self._lock:
                if self._desk is None:
                    settings = parse_settings(self._environ)
                    logger.setLevel(settings.log_level)
                    if settings.auth == "anonymous" and self._read_origins().everyone:
                        logger.warning(
                            "AUTH=anonymous with ALLOWED_ORIGINS=*: anyone's page may upload here."
                        )
                    self._desk = open_desk(settings, self._environ, self._clock)
        return self._desk


def _unforeseen(error: Exception) -> InternalError:
    # Names and lines only: the text of an exception may quote what must not be logged.
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    logger.error("internal error: %s in %s", type(error).__name__, places)
    return InternalError(
        "The function failed in a way that it did not foresee.",
        "Look for the request ID in the function's log.",
    )


def _log(refusal: UploadError, method: str, path: str) -> None:
    level = logging.ERROR if refusal.status >= 500 else logging.INFO
    # %r: whoever invokes the function directly may put line breaks into both.
    logger.log(level, "%r %r: %s, %s", method[:20], path[:200], refusal.code, refusal.message)


def _error_document(refusal: UploadError, context: Any) -> dict[str, Any]:
    return {
        "error": {
            "code": refusal.code,
            "message": refusal.message,
            "hint": refusal.hint,
            "request_id": str(getattr(context, "request_id", "")),
        },
        # Once more where several upload libraries look for it.
        "message": refusal.message,
    }
