"""From an HTTP request to the event, version v1, that a built-in runtime passes to a function.

Source: Function Compute documents, "HTTP trigger invoking function" and "HTTP triggers
overview"; what they do not say follows the sample event of Serverless Devs' fc3 component
(trigger template http.json, a captured event) or is marked as inferred.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from ..keyring import ACCOUNT_ID
from .response import Refused

# Documented limits of a request; beyond them Function Compute returns 400 InvalidArgument.
MAX_HEADER_BYTES = 8 * 1024
MAX_URI_BYTES = 4 * 1024
MAX_BODY_BYTES = 32 * 1024 * 1024

# Documented: a client cannot send these. Captured events lack `Host` and `Content-Length`, as does
# every header map of Go's server, which never contains `Transfer-Encoding` either (inferred).
FORBIDDEN_HEADERS = frozenset(
    {"connection", "keep-alive", "host", "content-length", "transfer-encoding"}
)

TEXT_TYPES = frozenset({"application/json", "application/xml", "application/x-www-form-urlencoded"})


def raw_uri(request: Request) -> str:
    """Path and query as received; anything that the client did not encode is encoded."""
    wire: str = request.environ["RAW_URI"]
    # werkzeug encodes once too often; this recovers the bytes of the request line.
    octets = wire.encode("latin-1").decode().encode("latin-1")
    return quote(octets, safe=string.punctuation)


def read_body(request: Request) -> bytes:
    """The whole body, once headers, path and query, and body are known to be within limits."""
    headers = sum(len(name) + len(value) for name, value in request.headers)
    if headers > MAX_HEADER_BYTES:
        raise Refused(400, "InvalidArgument", f"request headers exceed {MAX_HEADER_BYTES} bytes")
    if len(raw_uri(request)) > MAX_URI_BYTES:
        raise Refused(400, "InvalidArgument", f"path and query exceed {MAX_URI_BYTES} bytes")
    request.max_content_length = MAX_BODY_BYTES
    try:
        return request.get_data()
    except RequestEntityTooLarge:
        raise Refused(
            400, "InvalidArgument", f"request payload exceeds {MAX_BODY_BYTES} bytes"
        ) from None


def event_bytes(
    request: Request,
    body: bytes,
    *,
    request_id: str,
    domain_name: str,
    time: datetime,
) -> bytes:
    raw_path, _, query = raw_uri(request).partition("?")
    text, is_base64 = _body(request.mimetype, body)
    event: dict[str, Any] = {
        "version": "v1",
        "rawPath": raw_path,
        "headers": _headers(request.headers),
        "queryParameters": _joined(parse_qsl(query, keep_blank_values=True)),
        "body": text,
        "isBase64Encoded": is_base64,
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "domainName": domain_name,
            "domainPrefix": domain_name.partition(".")[0],
            "requestId": request_id,
            "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
            "timeEpoch": str(int(time.timestamp() * 1000)),
            "http": {
                "method": request.method,
                "path": unquote(raw_path),
                "protocol": request.environ["SERVER_PROTOCOL"],
                "sourceIp": request.remote_addr or "",
                "userAgent": request.headers.get("User-Agent", ""),
            },
        },
    }
    return json.dumps(event, ensure_ascii=False).encode()


def _headers(headers: Headers) -> Mapping[str, str]:
    """Names in canonical case, as in captured events; repeated headers are already joined."""
    return {
        "-".join(part.capitalize() for part in name.split("-")): value.encode("latin-1").decode(
            "utf-8", "replace"
        )
        for name, value in headers
        if not (name.lower() in FORBIDDEN_HEADERS or name.lower().startswith("x-fc-"))
    }


def _joined(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Documented: several values of one name become one string, joined by commas."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: ",".join(repeats) for name, repeats in values.items()}


def _body(mimetype: str, body: bytes) -> tuple[str, bool]:
    """Binary content types arrive as base64; which types those are is inferred.

    Text that is not valid UTF-8 must be base64 as well, since the event is JSON.
    """
    if not body:
        return "", False
    if (
        mimetype.startswith("text/")
        or mimetype.endswith(("+json", "+xml"))
        or mimetype in TEXT_TYPES
    ):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True
