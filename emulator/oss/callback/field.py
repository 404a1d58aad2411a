"""The form field `callback`: which application OSS calls after the upload, and what it sends.

OSS documents, "Callback" and the 400 errors with ArgumentName callback.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..errors import Refusal, Refused, refusals

MAX_BYTES = 5 * 1024
MAX_URLS = 5
FORM = "application/x-www-form-urlencoded"
BODY_TYPES = (FORM, "application/json")


@dataclass(frozen=True)
class Callback:
    """A valid configuration, with its placeholders not yet filled in."""

    urls: tuple[str, ...]  # tried in order until one succeeds
    host: str | None
    body: str
    body_type: str


def read_callback(fields: Mapping[str, str]) -> Callback | None:
    """Validate `callback` and `callback-var`; None if no callback is requested."""
    if "callback-var" in fields:
        _decode(
            fields["callback-var"],
            "callback-var",
            refusals.CALLBACK_VARIABLES_NOT_BASE64,
            refusals.CALLBACK_VARIABLES_NOT_JSON,
        )
    text = fields.get("callback", "")
    if not text:
        return None
    if len(text) > MAX_BYTES:
        raise _refused(
            refusals.CALLBACK_TOO_LONG, text, f"callback is longer than {MAX_BYTES} bytes."
        )
    document = _decode(text, "callback", refusals.CALLBACK_NOT_BASE64, refusals.CALLBACK_NOT_JSON)
    urls = _urls(document.get("callbackUrl"), text)
    if not urls:
        return None
    body = document.get("callbackBody")
    if not isinstance(body, str) or not body:
        raise _refused(
            refusals.CALLBACK_BODY,
            text,
            "callbackBody is missing or empty; set it to what should be sent.",
        )
    host = document.get("callbackHost") or None
    if not isinstance(host, str | None):
        raise _refused(refusals.CALLBACK_URL, text, "callbackHost is not a string.")
    body_type = document.get("callbackBodyType") or FORM
    if body_type not in BODY_TYPES:
        raise _refused(
            refusals.CALLBACK_BODY_TYPE,
            text,
            f"callbackBodyType is {body_type!r}; it must be one of {', '.join(BODY_TYPES)}.",
        )
    return Callback(urls, host, body, body_type)


def _decode(text: str, name: str, not_base64: Refusal, not_json: Refusal) -> dict[str, Any]:
    try:
        decoded = base64.b64decode(text.encode(), validate=True)
    except binascii.Error as error:
        raise _refused(not_base64, text, f"{name} is not valid base64.", name) from error
    try:
        document = json.loads(decoded)
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate cannot be sent
    except (ValueError, RecursionError) as error:
        raise _refused(not_json, text, f"{name} is not valid JSON in UTF-8.", name) from error
    if not isinstance(document, dict):
        raise _refused(not_json, text, f"{name} is valid JSON but not an object.", name)
    return document


def _urls(value: Any, text: str) -> tuple[str, ...]:
    if not isinstance(value, str | None):
        raise _refused(refusals.CALLBACK_URL, text, "callbackUrl is not a string.")
    urls = tuple(url.strip() for url in (value or "").split(";") if url.strip())
    if len(urls) > MAX_URLS:
        raise _refused(
            refusals.CALLBACK_URLS,
            text,
            f"callbackUrl lists {len(urls)} addresses; the limit is {MAX_URLS}.",
        )
    for url in urls:
        if not _is_address(url):
            raise _refused(
                refusals.CALLBACK_URL,
                text,
                f"callbackUrl contains {url!r}, which is not a valid http or https address.",
            )
    return urls


def _is_address(url: str) -> bool:
    try:
        # An address without a scheme is http.
        parts = urlsplit(url if "://" in url else f"http://{url}")
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an invalid port or IPv6 address
        return False


def _refused(refusal: Refusal, text: str, hint: str, name: str = "callback") -> Refused:
    return Refused(refusal, hint=hint, elements={"ArgumentName": name, "ArgumentValue": text})
