"""A function and an OSS on one port with scripted responses; without a script, all succeeds."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Step = Callable[[Request], "Response | None"]
"""A scripted response; None lets the request continue as if there were no step."""


LIMITS = {
    "min_bytes": 1,
    "max_bytes": 5_000_000,
    "content_types": [],
    "accept": "",
    "directory_grants": True,
    "multipart": None,
}


@dataclass(frozen=True)
class Posted:
    """A form as it arrived."""

    fields: dict[str, str]
    name: str
    content_type: str
    content: bytes


class _Request(Request):
    """Keeps files in memory: a form that breaks off would leave a temporary file open."""

    def _get_file_stream(self, *_: object, **__: object) -> BytesIO:
        return BytesIO()


class Scripted:
    """Takes `signing` and `posting` steps from the left, one for each request."""

    def __init__(self) -> None:
        self.url = ""
        self.signing: deque[Step] = deque()
        self.posting: deque[Step] = deque()
        self.grant_seconds = 300
        self.extra_fields: dict[str, str] = {}
        self.limits: dict[str, Any] | None = dict(LIMITS)
        self.refused: dict[str, str] = {}  # codes by the names of files
        self.requested: list[dict[str, Any]] = []  # the bodies sent to /sign
        self.posted: list[Posted] = []
        self.objects: dict[str, bytes] = {}
        self.gate = threading.Event()  # while it is closed, forms wait
        self.gate.set()
        self._lock = threading.Lock()
        self._numbers = count(1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with _Request(environ) as request:
            response = self._respond(request)
        response.headers.update(
            {
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Allow-Headers": "authorization, content-type",
                "Access-Control-Expose-Headers": "Retry-After, ETag",
                # If a persistent connection breaks, browsers send the form again by themselves.
                "Connection": "close",
            }
        )
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status=204)
        if request.path == "/limits":
            return self._limits(request)
        return self._sign(request) if request.path == "/sign" else self._post(request)

    def _limits(self, request: Request) -> Response:
        if self.limits is None:
            return function_error(404, "not_found")
        preset = request.args.get("preset", "default")
        return json_response(200, {"preset": preset, **self.limits})

    def _sign(self, request: Request) -> Response:
        body = request.get_json()
        with self._lock:
            self.requested.append(body)
            step = self.signing.popleft() if self.signing else None
        response = step and step(request)
        if response:
            return response
        if "files" in body:
            return json_response(200, {"grants": [self._grant(file) for file in body["files"]]})
        grant = self._grant(body)
        return json_response(400 if "error" in grant else 200, grant)

    def _grant(self, file: dict[str, Any]) -> dict[str, Any]:
        if file["filename"] in self.refused:
            return error_document(self.refused[file["filename"]])
        key = f"user-dirs/{next(self._numbers)}"
        return {
            "method": "POST",
            "url": self.url + "/",
            "key": key,
            "fields": {"key": key, "Content-Type": "text/x-pinned", **self.extra_fields},
            "expires": self.grant_seconds,
            "server_time": 1,  # nothing may depend on the clocks being equal
            "expire": 1 + self.grant_seconds,
            "limits": {"min_bytes": 1, "max_bytes": file.get("size", 5000), "content_types": []},
            "preset": file.get("preset", "default"),
        }

    def _post(self, request: Request) -> Response:
        upload = request.files["file"]
        posted = Posted(
            dict(request.form), upload.filename or "", upload.content_type or "", upload.read()
        )
        with self._lock:
            self.posted.append(posted)
            step = self.posting.popleft() if self.posting else None
        self.gate.wait()
        return (step and step(request)) or self.store(posted)

    def store(self, posted: Posted) -> Response:
        key = posted.fields["key"]
        with self._lock:
            if key in self.objects:
                return refusal(409, "FileAlreadyExists")
            self.objects[key] = posted.content
        return Response(headers={"ETag": '"1"'})

    def store_and_break_off(self, request: Request) -> Response:
        """Store the object, but lose the response."""
        self.store(self.posted[-1])
        return break_off(request)


def responding(response: Response) -> Step:
    return lambda _: response


def break_off(request: Request) -> Response:
    """Close the connection without a response."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Response()


def refusal(status: int, code: str, message: str = "Raw words of OSS.", ec: str = "") -> Response:
    """An error as OSS writes it."""
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message>"
        f"<RequestId>5C3D9175B6FC201293AD4</RequestId><EC>{ec}</EC></Error>"
    )
    return Response(document, status, content_type="application/xml")


def function_error(status: int, code: str, **headers: str) -> Response:
    """An error as the function writes it."""
    response = json_response(status, error_document(code))
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def error_document(code: str) -> dict[str, Any]:
    error = {"code": code, "message": "Raw words.", "hint": "", "request_id": "1-abc"}
    return {"error": error, "message": "Raw words."}


def json_response(status: int, document: dict[str, Any]) -> Response:
    return Response(json.dumps(document), status, mimetype="application/json")
