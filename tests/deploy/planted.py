"""A scripted deployment: a function and a bucket that behave correctly, except for one fault."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ORIGIN = "https://www.example.com"
SECRETS = {
    "token": "eyJhbGciOiJSUzI1NiJ9.caller.signature",
    "security token": "CAISsecurity-token-of-the-role",
    "signature": "5e1f" * 16,
}

Document = dict[str, Any]
Edit = Callable[[Document], object]


def nothing(document: Document) -> None:
    """The edit that plants no fault."""


class Deployment:
    """Responses by route, such as `GET /healthz` or `bucket POST`; a fault changes one of them."""

    def __init__(self) -> None:
        self.url = self.bucket_url = ""  # where tests serve it
        self.responses: dict[str, Response] = {}
        self.headers: dict[str, dict[str, str | None]] = {}
        self.foreign_responses: dict[str, Response] = {}
        self.listed_origin = ORIGIN
        self.life_seconds = 300
        self.bucket_clock_seconds = 0  # how far it is ahead of the real time
        self.allowed_suffixes = (".txt",)
        self.edit_policy: Edit = nothing
        self.edit_grant: Edit = nothing
        self.tokens: set[str] = set()  # what requests to the function had in Authorization

    def respond(self, route: str, status: int, body: object, **headers: str) -> None:
        """Give a route another response."""
        text = body if isinstance(body, str) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.responses[route] = Response(text, status, named)

    def refuse(self, route: str, status: int, code: str, message: str = "No.") -> None:
        """Give a route an error of the function as its response."""
        document = {"error": {"code": code, "message": message}, "message": message}
        self.respond(route, status, document, Access_Control_Allow_Origin=ORIGIN, Vary="Origin")

    def refuse_form(self, status: int, code: str, ec: str) -> None:
        """Give the upload an error of OSS as its response."""
        body = f"<Error><Code>{code}</Code><EC>{ec}</EC><Token>{SECRETS['security token']}</Token>"
        self.respond("bucket POST", status, body + "</Error>")

    def function(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        route = f"{request.method} {request.path}"
        self.tokens |= set(request.headers.getlist("Authorization"))
        origin = request.headers.get("Origin")
        if origin not in (None, self.listed_origin):
            refusal = Response(json.dumps({"error": {"code": "origin_not_allowed"}}), 403)
            return self.foreign_responses.get(route, refusal)(environ, start_response)
        response = self.responses.get(route) or self._function(request, origin)
        return self._with_headers(route, response)(environ, start_response)

    def bucket(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        route = f"bucket {request.method}"
        headers = {
            "Access-Control-Allow-Origin": request.headers.get("Origin", ""),
            "Access-Control-Expose-Headers": "ETag, x-oss-request-id",
        }
        # Read the form before responding, or the sender would see a reset.
        request.get_data()
        response = self.responses.get(route) or Response("", 200, headers)
        return self._with_headers(route, response)(environ, start_response)

    def _with_headers(self, route: str, response: Response) -> Response:
        for name, value in self.headers.get(route, {}).items():
            response.headers.pop(name, None)
            if value is not None:
                response.headers[name] = value
        return response

    def _function(self, request: Request, origin: str | None) -> Response:
        headers = {"Vary": "Origin", "Cache-Control": "no-store"}
        if origin:
            headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST"
            headers["Access-Control-Allow-Headers"] = "authorization, content-type"
            return Response("", 204, headers)
        if request.path == "/healthz":
            return Response(json.dumps({"status": "ok", "version": "1"}), 200, headers)
        if request.method == "POST":
            filename = json.loads(request.get_data())["filename"]
            if not filename.endswith(self.allowed_suffixes):
                return Response(json.dumps({"error": {"code": "type_not_allowed"}}), 415, headers)
        return Response(json.dumps(self._grant(request.path == "/")), 200, headers)

    def _grant(self, is_directory: bool) -> Document:
        now = int(datetime.now(timezone.utc).timestamp())
        expiration = datetime.fromtimestamp(now + self.life_seconds, timezone.utc)
        iso = f"{expiration:%Y-%m-%dT%H:%M:%S}.000Z"
        prefix = "user-dirs/leaf/"
        key = prefix + "${filename}" if is_directory else prefix + "file.txt"
        pinned = {
            "success_action_status": "200",
            "x-oss-signature-version": "OSS4-HMAC-SHA256",
            "x-oss-credential": "STS.id/20261124/cn-hangzhou/oss/aliyun_v4_request",
            "x-oss-date": "20261124T000000Z",
            "x-oss-security-token": SECRETS["security token"],
        }
        conditions: list[object] = [{"bucket": "my-bucket"}, ["content-length-range", 1, 100]]
        conditions.append(["starts-with", "$key", prefix] if is_directory else {"key": key})
        conditions += [{name: value} for name, value in pinned.items()]
        policy = {"expiration": iso, "conditions": conditions}
        self.edit_policy(policy)
        fields = {
            "key": key,
            **pinned,
            "policy": base64.b64encode(json.dumps(policy).encode()).decode(),
            "x-oss-signature": SECRETS["signature"],
        }
        grant: Document = {
            "method": "POST",
            "url": self.bucket_url + "/",
            "fields": fields,
            "expires": self.life_seconds,
            "expire": now + self.life_seconds,
            "expiration": iso,
            "server_time": now,
            "limits": {"min_bytes": 1, "max_bytes": 100, "content_types": []},
        }
        if is_directory:
            grant |= dict.fromkeys(("accessid", "policy", "signature", "callback"), "")
            grant |= {"host": self.bucket_url, "dir": prefix}
        self.edit_grant(grant)
        return grant
