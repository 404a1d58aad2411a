"""The WSGI application: Function Compute's gateway, the runtime, and the handler inside it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Request

from emulator.clock import utc_now
from emulator.keyring import AccessKey

from .answer import Answer, Refused
from .context import (
    ACCOUNT_ID,
    Context,
    ContextWithCredentials,
    ContextWithoutCredentials,
    credentials_of,
)
from .event import event_bytes, raw_uri, read_body
from .failures import function_error, process_exit, refusal
from .result import parse_answer, serialise

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TRIGGER_ID = "direct-upload-local"

# Documented as a list of Function Compute's own headers; these are the ones sent here.
EXPOSED_HEADERS = "Date,X-Fc-Request-Id,X-Fc-Error-Type"


class FunctionCompute:
    """A function behind an anonymous HTTP trigger.

    Handler calls run concurrently in one process, though a built-in runtime serves one request
    at a time: for a second request Function Compute would start a second instance. The function
    must therefore be thread-safe here, which is more than it has to be in the cloud.
    """

    def __init__(
        self,
        handler: Callable[[bytes, Any], object],
        *,
        initializer: Callable[[Any], object] | None = None,
        function_keys: AccessKey | None,
        credentials_in_context: bool = True,
        custom_domain: bool = False,
        region: str = "cn-hangzhou",
        clock: Callable[[], datetime] = utc_now,
        log: Callable[[str], None],
    ) -> None:
        self._handler = handler
        self._initializer = initializer
        self._initializing = threading.Lock()
        self._credentials = credentials_of(function_keys)
        self._credentials_in_context = credentials_in_context
        self._custom_domain = custom_domain
        self._region = region
        self._clock = clock
        self._log = log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        now = self._clock()
        request_id = f"1-{int(now.timestamp()):08x}-{secrets.token_hex(12)}"
        try:
            answer = self._answer(request, request_id, now)
        except Refused as refused:
            answer = refusal(refused, request_id)
        self._log_request(request, answer)
        headers = self._gateway_headers(request, answer)
        headers["X-Fc-Request-Id"] = request_id
        may_have_body = answer.status not in (204, 304)
        if may_have_body:
            headers["Content-Length"] = str(len(answer.body))
        reason = HTTP_STATUS_CODES.get(answer.status, "Unknown")
        start_response(f"{answer.status} {reason}", headers.to_wsgi_list())
        return [answer.body] if may_have_body and request.method != "HEAD" else []

    def _answer(self, request: Request, request_id: str, now: datetime) -> Answer:
        try:
            body = read_body(request)
        except ClientDisconnected:  # documented status; nobody is left to read it
            raise Refused(499, "ClientDisconnected", "the client left before its body") from None
        event = event_bytes(
            request,
            body,
            request_id=request_id,
            account_id=ACCOUNT_ID,
            domain_name=self._domain_name(request),
            time=now,
        )
        context = self._context(request_id)
        return self._initialize(context) or self._invoke(event, context)

    def _initialize(self, context: Context) -> Answer | None:
        """Run the initializer before the first request.

        A failure costs that request and its instance: the next one meets a new instance.
        """
        with self._initializing:
            if self._initializer is not None:
                try:
                    self._initializer(context)
                except Exception as error:
                    return function_error(error, "InitializationError")
                self._initializer = None
        return None

    def _invoke(self, event: bytes, context: Context) -> Answer:
        began = time.monotonic()
        try:
            payload = serialise(self._handler(event, context))
        except Exception as error:
            return function_error(error, "UnhandledInvocationError")
        except SystemExit:  # a real instance would be gone; this one serves on
            return process_exit(time.monotonic() - began)
        return parse_answer(payload)

    def _context(self, request_id: str) -> Context:
        if self._credentials_in_context:
            return ContextWithCredentials(
                request_id=request_id, region=self._region, credentials=self._credentials
            )
        return ContextWithoutCredentials(request_id=request_id, region=self._region)

    def _domain_name(self, request: Request) -> str:
        if self._custom_domain:
            return request.host.partition(":")[0]
        return f"{TRIGGER_ID}.{self._region}.fcapp.run"

    def _gateway_headers(self, request: Request, answer: Answer) -> Headers:
        """The function's headers, and what the default domain adds (HTTP triggers overview)."""
        headers = Headers(answer.headers)
        if self._custom_domain:
            return headers
        headers["Content-Disposition"] = "attachment"
        origin = request.headers.get("Origin")
        own = any(name.lower().startswith("access-control-") for name in answer.headers)
        if origin is not None and not own:
            # A function that sends no CORS header of its own is readable from every origin.
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Allow-Credentials"] = "true"
            headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        return headers

    def _log_request(self, request: Request, answer: Answer) -> None:
        path = raw_uri(request).partition("?")[0]
        for name in answer.dropped:
            self._log(f"warning: {path} sets the header {name}, which Function Compute drops")
        self._log(f"{request.method} {path} {answer.status} {answer.cause}".rstrip())
