"""From what a handler returned to the HTTP response that it describes.

The runtime has serialised the value; the gateway reads it as a JSON struct. It is not documented
what the gateway does with anything other than the full struct, so here that is treated as a bug
of the function and refused with a reason.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from .response import FunctionResponse, Refused

MAX_HEADER_BYTES = 8 * 1024  # documented; beyond it Function Compute returns 502 BadResponse

STRUCT = {"statusCode": int, "headers": dict, "isBase64Encoded": bool, "body": str}
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")

# Documented as not settable, besides x-fc-* and `Content-Disposition: attachment`.
FORBIDDEN_HEADERS = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "upgrade"}
)


def parse_result(payload: bytes) -> FunctionResponse:
    """Read the serialised struct; `Refused` says what is wrong with it."""
    try:
        struct = json.loads(payload)
    except (ValueError, RecursionError):  # the latter: nested too deep
        raise _bad("the handler's result is not valid JSON") from None
    if not isinstance(struct, dict):
        raise _bad(f"the handler's result is a JSON {type(struct).__name__}, not an object")
    _check_struct(struct)
    _check_headers(struct["headers"])
    dropped = tuple(name for name, value in struct["headers"].items() if _forbidden(name, value))
    return FunctionResponse(
        status=struct["statusCode"],
        headers={
            name: value.encode().decode("latin-1")  # how WSGI expects UTF-8
            for name, value in struct["headers"].items()
            if name not in dropped
        },
        body=_body(struct["body"], struct["isBase64Encoded"]),
        dropped=dropped,
        cause=_error_code(struct) if struct["statusCode"] >= 400 else "",
    )


def _bad(message: str) -> Refused:
    return Refused(502, "BadResponse", message)


def _check_struct(struct: dict[str, Any]) -> None:
    if missing := STRUCT.keys() - struct.keys():
        raise _bad(f"the handler's result lacks {', '.join(sorted(missing))}")
    if unknown := struct.keys() - STRUCT.keys():
        raise _bad(f"the handler's result has unknown keys: {sorted(unknown)!a}")
    for name, kind in STRUCT.items():
        if type(struct[name]) is not kind:
            found = type(struct[name]).__name__
            raise _bad(f"{name} is of type {found}, not {kind.__name__}")
    if not 200 <= struct["statusCode"] <= 599:
        raise _bad(f"statusCode is {struct['statusCode']}, not between 200 and 599")


def _check_headers(headers: dict[str, Any]) -> None:
    for name, value in headers.items():
        if not isinstance(value, str):
            raise _bad(f"header {name!a} is of type {type(value).__name__}, not str")
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise _bad(f"header {name!a} has a character that HTTP forbids")
    if len({name.lower() for name in headers}) < len(headers):
        raise _bad("a header appears twice, in different case")
    if sum(len(name) + len(value.encode()) for name, value in headers.items()) > MAX_HEADER_BYTES:
        raise _bad(f"response headers exceed {MAX_HEADER_BYTES} bytes")


def _forbidden(name: str, value: str) -> bool:
    lowered = name.lower()
    return (
        lowered in FORBIDDEN_HEADERS
        or lowered.startswith("x-fc-")
        or (lowered == "content-disposition" and value.strip().lower() == "attachment")
    )


def _body(body: str, is_base64: bool) -> bytes:
    if not is_base64:
        return body.encode("utf-8", "replace")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError:
        raise _bad("isBase64Encoded is true, but body is not valid base64") from None


def _error_code(struct: dict[str, Any]) -> str:
    """The code in the function's own JSON error, for the log."""
    try:
        code = json.loads(struct["body"])["error"]["code"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
    return ascii(code).strip("'")
