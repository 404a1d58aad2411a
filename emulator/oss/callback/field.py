"""The form field `callback`: which application OSS calls after the upload, and what it sends.

OSS documents, "Callback", the 400 errors and the pages of the ECs from 0007-00000001 to -00000026.
Real errors name the argument: `callback` with its decoded text for JSON, `callbackUrl` with the
address. That the other members are named the same way is inferred.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..errors import Refusal, Refused, refusals

MAX_BYTES = 5 * 1024
MAX_URLS = 5
MAX_HEADERS = 10
FORM = "application/x-www-form-urlencoded"
BODY_TYPES = (FORM, "application/json")

PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
_HEADER_NAME = re.compile(r"[0-9A-Za-z-]+")


@dataclass(frozen=True)
class Callback:
    """A valid configuration, with its placeholders not yet filled in."""

    urls: tuple[str, ...]  # tried in order until one succeeds
    host: str | None
    body: str
    body_type: str
    headers: Mapping[str, str] = field(default_factory=dict)  # sent besides OSS's own


def read_callback(fields: Mapping[str, str]) -> Callback | None:
    """Validate `callback` and `callback-var`; None if no callback is requested."""
    if "callback-var" in fields:
        read_variables(fields["callback-var"])
    text = fields.get("callback", "")
    if not text:
        return None
    members = _decode(
        text,
        "callback",
        too_long=refusals.CALLBACK_TOO_LONG,
        not_base64=refusals.CALLBACK_NOT_BASE64,
        not_json=refusals.CALLBACK_NOT_JSON,
    )
    urls = _urls(members.get("callbackUrl"))
    if not urls:
        return None
    host = members.get("callbackHost") or None
    if not isinstance(host, str | None):
        raise _refused(
            refusals.CALLBACK_HOST, "callbackHost", host, "must be a string; or leave it out."
        )
    _check_sni(members.get("callbackSNI", False))
    return Callback(
        urls,
        host,
        _body(members.get("callbackBody", "")),
        _body_type(members.get("callbackBodyType") or FORM),
        _headers(members.get("additionalHeaders") or {}),
    )


def read_variables(text: str) -> dict[str, str]:
    """The custom variables of a `callback-var`, which a form has as fields of its own instead."""
    members = _decode(
        text,
        "callback-var",
        too_long=refusals.CALLBACK_VARIABLES_TOO_LONG,
        not_base64=refusals.CALLBACK_VARIABLES_NOT_BASE64,
        not_json=refusals.CALLBACK_VARIABLES_NOT_JSON,
    )
    # What a value that is not a text becomes is inferred.
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in members.items()
    }


def _decode(
    text: str, name: str, *, too_long: Refusal, not_base64: Refusal, not_json: Refusal
) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise _refused(too_long, name, text, f"is longer than {MAX_BYTES} bytes; shorten it.")
    try:
        decoded = base64.b64decode(text.encode(), validate=True)
    except binascii.Error as error:
        raise _refused(
            not_base64, name, text, "is not Base64 of a JSON object; encode the JSON once."
        ) from error
    shown = decoded.decode(errors="replace")
    try:
        document = json.loads(decoded)
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate cannot be sent
    except (ValueError, RecursionError) as error:
        raise _refused(
            not_json,
            name,
            shown,
            "is not valid JSON in UTF-8. Let a JSON library write it: quotes inside a text, such as"
            " those of a callbackBody, need a backslash.",
        ) from error
    if not isinstance(document, dict):
        raise _refused(not_json, name, shown, "is JSON but not an object; put members in braces.")
    return document


def _urls(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str | None):
        raise _refused(
            refusals.CALLBACK_URL,
            "callbackUrl",
            value,
            "must be a string: one address, or up to five with semicolons between them.",
        )
    urls = tuple(url.strip() for url in (value or "").split(";") if url.strip())
    if len(urls) > MAX_URLS:
        raise _refused(
            refusals.CALLBACK_URLS,
            "callbackUrl",
            value,
            f"lists {len(urls)} addresses; the limit is {MAX_URLS} (the function's setting is"
            " CALLBACK_URL).",
        )
    for url in urls:
        if not _is_address(url):
            raise _refused(
                refusals.CALLBACK_URL,
                "callbackUrl",
                url,
                f"contains {url!r}, which is not a valid http or https address (the function's"
                " setting is CALLBACK_URL).",
            )
    return urls


def _is_address(url: str) -> bool:
    try:
        parts = split_address(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an invalid port or IPv6 address
        return False


def split_address(url: str) -> SplitResult:
    """The parts of one address; without a scheme it is http."""
    return urlsplit(url if "://" in url else f"http://{url}")


def _check_sni(value: Any) -> None:
    if not isinstance(value, bool) and value not in ("true", "false"):
        raise _refused(refusals.CALLBACK_SNI, "callbackSNI", value, "must be true or false.")


def _body(value: Any) -> str:
    if not isinstance(value, str):
        raise _refused(
            refusals.CALLBACK_BODY_NOT_TEXT,
            "callbackBody",
            value,
            "must be a string, JSON included; write its quotes with backslashes.",
        )
    if not value:
        raise _refused(
            refusals.CALLBACK_BODY_EMPTY,
            "callbackBody",
            value,
            "is missing or empty; set it to what should be sent, such as key=${object}.",
        )
    rest = PLACEHOLDER.sub("", value)
    if "$" in rest:
        place = rest[rest.index("$") :][:12]
        raise _refused(
            refusals.CALLBACK_PLACEHOLDER,
            "ReplaceKeyPrefix",
            value,
            f"has a dollar sign that does not start a ${{...}}, at {place!r}; write ${{object}} or"
            " ${x:name}, with both braces, and no other dollar sign.",
            shown_name="callbackBody",
        )
    return value


def _body_type(value: Any) -> str:
    if not isinstance(value, str):
        raise _refused(
            refusals.CALLBACK_BODY_TYPE_NOT_TEXT,
            "callbackBodyType",
            value,
            f"must be a string, one of {', '.join(BODY_TYPES)}.",
        )
    if value not in BODY_TYPES:
        raise _refused(
            refusals.CALLBACK_BODY_TYPE,
            "callbackBodyType",
            value,
            f"is {value!r}; it must be one of {', '.join(BODY_TYPES)}.",
        )
    return value


def _headers(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise _refused_header(
            refusals.CALLBACK_HEADERS,
            value,
            'must be a JSON object of texts, such as {"key": "value"}.',
        )
    if len(value) > MAX_HEADERS:
        raise _refused_header(
            refusals.CALLBACK_HEADERS_TOO_MANY,
            value,
            f"has more than {MAX_HEADERS} members; leave some out.",
        )
    for name, text in value.items():
        if not name:
            raise _refused_header(
                refusals.CALLBACK_HEADER_EMPTY, value, "has a header without a name; name it."
            )
        if not _HEADER_NAME.fullmatch(name):
            raise _refused_header(
                refusals.CALLBACK_HEADER_NAME,
                value,
                f"has the name {name!r}; names consist of letters, digits and hyphens.",
            )
        if re.search(r"[\r\n]", text):
            raise _refused_header(
                refusals.CALLBACK_HEADER_VALUE, value, f"has a line break in {name!r}; remove it."
            )
        if name.lower().startswith("x-oss-"):
            raise _refused_header(
                refusals.CALLBACK_HEADER_RESERVED,
                value,
                f"has the name {name!r}; names in x-oss- are OSS's own: choose another.",
            )
    return value


def _refused_header(refusal: Refusal, value: Any, problem: str) -> Refused:
    return _refused(refusal, "additionalHeaders", value, problem)


def _refused(
    refusal: Refusal, name: str, value: Any, problem: str, *, shown_name: str = ""
) -> Refused:
    shown = value if isinstance(value, str) else json.dumps(value)
    return Refused(
        refusal,
        hint=f"{shown_name or name} {problem}",
        elements={"ArgumentName": name, "ArgumentValue": shown},
    )
