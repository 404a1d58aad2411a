"""Function Compute's HTTP events, in and out.

The gateway turns a request into one JSON object, and the struct that the function returns into a
response (Function Compute documents, "Use HTTP triggers to invoke functions", event version v1).
Each header and query name has one string: the gateway joins repeats with commas.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import unquote

from ..errors import InvalidRequest

_read_json = json.JSONDecoder().decode
_write_json = json.JSONEncoder(separators=(",", ":")).encode

MAX_EVENT_BYTES = 256 * 1024  # far more than any request of ours, far less than the gateway's 32 MB
# But Uppy lists all parts when it completes an upload: 10,000 of them, in Base64, have 0.9 MB.
MAX_COMPLETION_BYTES = 2 * 1024**2

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Type": "application/json",
    "X-Content-Type-Options": "nosniff",
}

Response = dict[str, Any]
"""The struct that Function Compute turns into an HTTP response."""


class Request(NamedTuple):
    """One HTTP request; header names are in lower case, the path is decoded.

    Headers carry tokens and signatures, and so may the rest by mistake: no repr shows them.
    """

    method: str
    path: str
    headers: Mapping[str, str] = MappingProxyType({})
    query: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Request(method={self.method!r}, path={self.path!r})"


def parse_event(event: bytes, has_multipart: Callable[[], bool] = lambda: False) -> Request:
    """The request in an event; `InvalidRequest` when it is not an HTTP event.

    The console's test button and InvokeFunction can send anything. A longer event than any request
    needs is refused before it is decoded, which could take thirty times its size in memory. Only
    where there are resumable uploads may one be long, to complete one.
    """
    try:
        longest = MAX_EVENT_BYTES
        if len(event) > longest and has_multipart():
            longest = MAX_COMPLETION_BYTES
        if len(event) > longest:
            raise InvalidRequest(
                f"The request is larger than {longest} bytes.",
                "Send the file itself to OSS, and only its name, type and size here.",
            )
        # A tool on Windows may write a BOM.
        document = _read_json(event.decode().removeprefix("\ufeff"))
        http = document["requestContext"]["http"]
        path = document.get("rawPath") or http.get("path") or "/"
        return Request(
            method=http["method"].upper(),
            path=unquote(path),
            headers={name.lower(): str(value) for name, value in _map(document, "headers").items()},
            query={name: str(value) for name, value in _map(document, "queryParameters").items()},
            body=_body(document),
        )
    # RecursionError: JSON may be nested deeper than Python's stack.
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidRequest(
            "This is not an HTTP event.",
            "Call the function through its HTTP trigger, or test it with an HTTP event (v1).",
        ) from error


def _map(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return document.get(name) or {}


def _body(document: Mapping[str, Any]) -> bytes:
    body = document.get("body") or ""
    if document.get("isBase64Encoded"):
        return base64.b64decode(body, validate=True)  # binascii.Error is a ValueError
    # JSON can contain half a surrogate pair, which has no encoding.
    data: bytes = body.encode(errors="replace")
    return data


def json_response(status: int, headers: Mapping[str, str], document: object = None) -> Response:
    """The full struct; `document` becomes the JSON body, None means no body."""
    return {
        "statusCode": status,
        "headers": {**_HEADERS, **headers},
        "isBase64Encoded": False,
        "body": "" if document is None else _write_json(document),
    }
