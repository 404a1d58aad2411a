"""The WSGI application: Function Compute's gateway and its runtime, which calls the handler."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Request

from ..keyring import AccessKey
from ..server import utc_now
from .bootstrap import serialise
from .context import Context, Contexts, credentials_of, new_request_id
from .event import event_bytes, raw_uri, read_body
from .response import FunctionResponse, Refused, function_error, process_exit, refusal
from .result import parse_result

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TRIGGER_ID = "direct-upload-local"

# Documented as a list of Function Compute's own headers; these are the ones sent here.
EXPOSED_HEADERS = "Date,X-Fc-Request-Id,X-Fc-Error-Type"


class FunctionCompute:
    """A function behind an anonymous HTTP trigger.

    Handler calls run concurrently in one process, although a built-in runtime serves one request
    at a time: Function Compute would start a second instance for a second request. So the function
    must be thread-safe here, which the cloud does not require.
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
        self._contexts = Contexts(region, credentials_of(function_keys), credentials_in_context)
        self._custom_domain = custom_domain
        self._region = region
        self._clock = clock
        self._log = log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        now = self._clock()
        request_id = new_request_id(now)
        try:
            response = self._handle(request, request_id, now)
        except Refused as refused:
            response = refusal(refused, request_id)
        self._log_request(request, response)
        headers = self._gateway_headers(request, response)
        headers["X-Fc-Request-Id"] = request_id
        may_have_body = response.status not in (204, 304)
        if may_have_body:
            headers["Content-Length"] = str(len(response.body))
        reason = HTTP_STATUS_CODES.get(response.status, "Unknown")
        start_response(f"{response.status} {reason}", headers.to_wsgi_list())
        return [response.body] if may_have_body and request.method != "HEAD" else []

    def _handle(self, request: Request, request_id: str, now: datetime) -> FunctionResponse:
        try:
            body = read_body(request)
        except ClientDisconnected:  # the status is documented, but cannot reach the client
            raise Refused(
                499, "ClientDisconnected", "the client left before sending the whole body"
            ) from None
        event = event_bytes(
            request,
            body,
            request_id=request_id,
            domain_name=self._domain_name(request),
            time=now,
        )
        context = self._contexts.make(request_id)
        began = time.monotonic()
        try:
            return self._initialize(context) or self._invoke(event, context)
        except SystemExit:  # a real instance would end; in an initializer this response is inferred
            return process_exit(time.monotonic() - began)

    def _initialize(self, context: Context) -> FunctionResponse | None:
        """Run the initializer before the first request.

        If it fails, so does that request, and the next request gets a new instance.
        """
        with self._initializing:
            if self._initializer is not None:
                try:
                    self._initializer(context)
                except Exception as error:
                    return function_error(error, "InitializationError")
                self._initializer = None
        return None

    def _invoke(self, event: bytes, context: Context) -> FunctionResponse:
        try:
            payload = serialise(self._handler(event, context))
        except Exception as error:
            return function_error(error, "UnhandledInvocationError")
        return parse_result(payload)

    def _domain_name(self, request: Request) -> str:
        if self._custom_domain:
            return request.host.partition(":")[0]
        return f"{TRIGGER_ID}.{self._region}.fcapp.run"

    def _gateway_headers(self, request: Request, response: FunctionResponse) -> Headers:
        """The function's headers, and those of the default domain (HTTP triggers overview)."""
        headers = Headers(response.headers)
        if self._custom_domain:
            return headers
        headers["Content-Disposition"] = "attachment"
        origin = request.headers.get("Origin")
        own = any(name.lower().startswith("access-control-") for name in response.headers)
        if origin is not None and not own:
            # If a function sends no CORS header of its own, every origin may read its response.
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Allow-Credentials"] = "true"
            headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        return headers

    def _log_request(self, request: Request, response: FunctionResponse) -> None:
        path = raw_uri(request).partition("?")[0]
        for name in response.dropped:
            self._log(f"warning: {path} sets the header {name}, which Function Compute drops")
        self._log(f"{request.method} {path} {response.status} {response.cause}".rstrip())
