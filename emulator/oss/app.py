"""The emulated bucket as a WSGI application: its routes, its log and its error responses."""

from __future__ import annotations

import base64
import re
import secrets
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug import Request, Response

from ..keyring import KeyRing
from ..server import utc_now
from .bucket import BucketConfig, LogEntry, authorize, check_bucket
from .callback import PUBLIC_KEY_PATH, CallbackKey, Resolve, resolve_host
from .cors import Cors, actual_headers, default_cors, load_cors, preflight_headers
from .endpoints import check_endpoint
from .errors import Refused, error_xml, one_line, refusals
from .event import event_bytes
from .form import Body
from .multipart import Call, is_multipart, serve_multipart
from .post import post_object
from .signatures import is_signed, signed_request
from .store import Store, Uploads, get_object, list_objects
from .stored import serve_stored
from .switches import NO_SWITCHES, Switches

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CORS_FILE = "cors.xml"
Notify = Callable[[bytes, str], None]
PUBLIC_ACLS = ("public-read", "public-read-write")


class Oss:
    """One bucket in one folder, safe to serve from many threads.

    If `<directory>/cors.xml` exists, it replaces the default CORS rule. `public_url` is where
    receivers of callbacks find the public key; by default, that is the address that the form was
    posted to. `resolve` finds the addresses of their hosts. With `private_objects`, GET and HEAD
    need a signature, except for objects whose ACL is public; otherwise only a signature that is
    sent is checked. `notify` gets an event about each stored object, and its name for a log; it
    must not wait.
    """

    def __init__(
        self,
        bucket: str,
        region: str,
        directory: Path,
        keys: KeyRing,
        allowed_origins: Sequence[str],
        *,
        clock: Callable[[], datetime] = utc_now,
        log: Callable[[str], None] = print,
        switches: Switches = NO_SWITCHES,
        private_objects: bool = False,
        resolve: Resolve = resolve_host,
        public_url: str | None = None,
        notify: Notify | None = None,
    ) -> None:
        self._config = BucketConfig(
            name=bucket,
            region=region,
            keys=keys,
            clock=clock,
            log=log,
            switches=switches,
            resolve=resolve,
            callback_key=CallbackKey(),
            public_url=public_url,
        )
        self._store = Store(directory / bucket)
        self._uploads = Uploads(self._store)
        self._private_objects = private_objects
        self._notify = notify
        self._cors_file = directory / CORS_FILE
        self._default_cors = default_cors(tuple(allowed_origins))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.monotonic()
        request = Request(environ)
        request_id = secrets.token_hex(12).upper()
        body = Body(environ)
        log = LogEntry(request.path)
        refused = None
        try:
            response = self._route(request, body, log)
        except Refused as error:
            refused = error
            response = _error_response(request, refused, request_id)
            body.drain()
        self._add_cors(request, response)
        response.headers["x-oss-request-id"] = request_id
        response.headers["x-oss-server-time"] = str(int((time.monotonic() - started) * 1000))
        self._log(request, response, log, refused)
        if self._notify and log.stored:
            operation, record = log.stored
            event = event_bytes(operation, record, request, request_id, self._config)
            self._notify(event, f"{operation} {record.key!r}")
        return response(environ, start_response)

    def _route(self, request: Request, body: Body, log: LogEntry) -> Response:
        try:
            return self._serve(request, body, log)
        except Refused:
            raise
        except Exception as error:  # a full disk, or a bug of the emulator
            self._config.log(traceback.format_exc())
            raise Refused(
                refusals.INTERNAL_ERROR,
                hint=f"The emulator failed with {type(error).__name__}; its log has the details.",
            ) from error

    def _serve(self, request: Request, body: Body, log: LogEntry) -> Response:
        bucket = self._bucket(request)
        if request.method == "OPTIONS":
            response = Response()
            response.headers.update(preflight_headers(self._cors(), request.headers))
            return response
        if self._config.switches.new_account and request.path != PUBLIC_KEY_PATH:
            check_endpoint(_host(request), self._config.region)
        if request.method == "POST" and request.path == "/":
            return post_object(
                request, body, bucket=bucket, config=self._config, store=self._store, log=log
            )
        if is_multipart(request):
            return self._serve_multipart(request, body, bucket, log)
        if request.method in ("PUT", "DELETE"):
            response = serve_stored(
                signed_request(request.environ, bucket),
                config=self._config,
                store=self._store,
                log=log,
            )
            body.drain()
            return response
        if request.method not in ("GET", "HEAD"):
            raise Refused(
                refusals.METHOD_NOT_ALLOWED,
                hint=f"{request.method} {request.path} is not allowed; post the form to / and name "
                "the object in its field 'key'.",
                elements={
                    "Method": request.method,
                    "ResourceType": "Bucket" if request.path == "/" else "Object",
                },
            )
        if request.path == PUBLIC_KEY_PATH:
            return Response(self._config.callback_key.public_pem, mimetype="application/x-pem-file")
        check_bucket(bucket, self._config)
        self._check_reader(request, bucket)
        if request.path == "/":
            response = list_objects(request, self._store, bucket)
        else:
            response = get_object(request, self._store, request.path[1:])
        if request.method == "GET" and response.status_code != 304:
            log.size = response.content_length or 0
        return response

    def _serve_multipart(
        self, request: Request, body: Body, bucket: str, log: LogEntry
    ) -> Response:
        response = serve_multipart(
            Call(
                request=request,
                signed=signed_request(request.environ, bucket),
                body=body,
                config=self._config,
                store=self._store,
                uploads=self._uploads,
                log=log,
                now=self._config.clock(),
            )
        )
        body.drain()  # of an operation that needs none
        return response

    def _check_reader(self, request: Request, bucket: str) -> None:
        """HeadObject needs the same action as GetObject (OSS documents, HeadObject)."""
        signed = signed_request(request.environ, bucket)
        if not self._private_objects and not is_signed(signed):
            return
        record = self._store.record(signed.key)
        if record is not None and record.acl in PUBLIC_ACLS:
            return
        action = "oss:GetObject" if signed.key else "oss:ListObjects"
        authorize(signed, [action], self._config, self._config.clock())

    def _bucket(self, request: Request) -> str:
        """The first label if Host is `*.localhost`, otherwise the only bucket."""
        labels = _host(request).split(".")
        return labels[0] if len(labels) > 1 and labels[-1] == "localhost" else self._config.name

    def _cors(self) -> Cors:
        return load_cors(self._cors_file, self._default_cors)

    def _add_cors(self, request: Request, response: Response) -> None:
        origin = request.headers.get("Origin")
        if origin:  # adds nothing to a preflight, since no rule allows OPTIONS
            response.headers.update(actual_headers(self._cors(), origin, request.method))

    def _log(
        self, request: Request, response: Response, log: LogEntry, refused: Refused | None
    ) -> None:
        line = f"{request.method} {log.subject!r} {response.status_code} {log.size} bytes"
        if refused is not None:
            ec = f" {refused.refusal.ec}" if refused.refusal.ec else ""
            line += f": {refused.refusal.code}{ec}: {refused.hint}"
        self._config.log(one_line(line))


def _host(request: Request) -> str:
    """The name or address in Host, without its port."""
    authority = request.environ.get("HTTP_HOST", "").lower()
    return re.sub(r":[0-9]*$", "", authority).removesuffix(".")


def _error_response(request: Request, error: Refused, request_id: str) -> Response:
    host = request.environ.get("HTTP_HOST", "")
    xml = error_xml(error, request_id=request_id, host=host)
    if request.method != "HEAD":
        return Response(xml, error.refusal.status, content_type="application/xml")
    # Seen live: where official SDKs find the error of a response that has no body.
    response = Response(status=error.refusal.status)
    del response.headers["Content-Type"]
    response.headers["x-oss-err"] = base64.b64encode(xml).decode()
    response.headers.update({"x-oss-ec": error.refusal.ec} if error.refusal.ec else {})
    return response
