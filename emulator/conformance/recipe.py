"""From a row's recipe to the bytes of one HTTP request.

An empty recipe is a valid V4 form upload. A recipe may change:

`version` v1 or v4; `credentials` the name of one of the target's keys; `signed_ago`, `expires_in`
seconds; `fields` form fields set (or removed, if null) before signing, where an object is sent as
the base64 of its JSON, like `callback`; `conditions` added to the policy; `uncovered` fields whose
conditions are left out; `policy` another document; `policy_text` its text; `policy_field` the
unencoded form field; `after_signing` form fields set or removed after signing; `raw_parts` whole
parts before the file; `after_file` fields moved after the file; `raw_parts_after` whole parts after
the file; `file` with `name`, `type`, `headers` and `content`, or null; `boundary` the one in
Content-Type; `preamble` text before the first boundary; `cut` bytes missing at the end of the body;
`method`, `path`, `headers` of the request (null removes one); `chunked`; `form` false for a request
without a body. `posted_before` sends the same request once before.

In strings, `<prefix>`, `<bucket>`, `<host>`, `<region>`, `<access_key_id>`, `<permanent>` (the
permanent key's ID), `<day>`, `<date>`, `<tomorrow>`, `<other host>` and, after signing, `<policy>`,
`<signature>` and `<md5>` are replaced by their values, and `<20 letters>` by that many letters.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

from ..keyring import AccessKey
from ..oss.signatures import V4, v1_signature, v4_signature

BOUNDARY = "----conformance-7MA4YWxkTrZu0gW"
FILE: dict[str, Any] = {"name": "file.txt", "type": "text/plain", "content": "0123456789"}


@dataclass(frozen=True)
class Target:
    """The bucket to try the rows on, and its keys by kind."""

    host: str
    bucket: str
    region: str
    keys: dict[str, AccessKey] = field(repr=False)

    @property
    def other_host(self) -> str:
        """A Host that names a bucket that does not exist."""
        first, _, rest = self.host.partition(".")
        if first.isdecimal() or not rest:
            return "no-such-bucket-0c1d.localhost"
        return f"no-such-bucket-0c1d.{rest}"


@dataclass(frozen=True)
class OssResponse:
    status: int
    headers: dict[str, str]
    body: bytes

    def element(self, name: str) -> str:
        """The text of an element of an error; empty if there is none."""
        try:
            document = ElementTree.fromstring(self.body)  # noqa: S314  expat guards itself today
        except ElementTree.ParseError:
            return ""
        return document.findtext(name, "")


def build_request(recipe: dict[str, Any], target: Target, *, prefix: str, now: datetime) -> bytes:
    """The whole request, byte for byte."""
    places = {
        "<prefix>": prefix,
        "<bucket>": target.bucket,
        "<host>": target.host,
        "<region>": target.region,
        "<tomorrow>": f"{now + timedelta(days=1):%Y%m%d}",
        "<other host>": target.other_host,
        "<permanent>": target.keys["permanent"].access_key_id,
    }
    body = _body(recipe, target, places, now) if recipe.get("form", True) else b""
    places["<md5>"] = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    chunked = recipe.get("chunked", False)
    headers: dict[str, str | None] = {
        "Host": target.host,
        "Content-Type": f"multipart/form-data; boundary={recipe.get('boundary', BOUNDARY)}",
        "Content-Length": None if chunked else str(len(body)),
        "Transfer-Encoding": "chunked" if chunked else None,
        "Connection": "close",
    }
    headers.update(fill(recipe.get("headers", {}), places))
    body = body[: len(body) - recipe.get("cut", 0)]
    if chunked:
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    lines = [f"{recipe.get('method', 'POST')} {recipe.get('path', '/')} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join((*lines, "", "")).encode() + body


def _body(recipe: dict[str, Any], target: Target, places: dict[str, str], now: datetime) -> bytes:
    fields = _signed_fields(recipe, target, places, now)
    after = {name: fields.pop(name) for name in recipe.get("after_file", ())}
    parts = [_field(name, value) for name, value in fields.items()]
    parts += [fill(text, places).encode() for text in recipe.get("raw_parts", ())]
    file = recipe.get("file", {})
    if file is not None:
        parts.append(_file(fill({**FILE, **file}, places)))
    parts += [_field(name, value) for name, value in after.items()]
    parts += [text.encode() for text in recipe.get("raw_parts_after", ())]
    delimiter = f"--{BOUNDARY}".encode()
    lines = b"".join(b"%s\r\n%s\r\n" % (delimiter, part) for part in parts)
    preamble: str = recipe.get("preamble", "")
    return preamble.encode() + lines + delimiter + b"--\r\n"


def _signed_fields(
    recipe: dict[str, Any], target: Target, places: dict[str, str], now: datetime
) -> dict[str, str]:
    key = target.keys[recipe.get("credentials", "permanent")]
    signed_at = now - timedelta(seconds=recipe.get("signed_ago", 0))
    places["<day>"] = day = f"{signed_at:%Y%m%d}"
    places["<date>"] = f"{signed_at:%Y%m%dT%H%M%SZ}"
    places["<access_key_id>"] = key.access_key_id
    v4 = recipe.get("version", "v4") == "v4"
    fields = {"key": "<prefix>file.txt", "success_action_status": "200"}
    signing: dict[str, str] = {}
    if v4:
        signing = {
            "x-oss-signature-version": V4,
            "x-oss-credential": "<access_key_id>/<day>/<region>/oss/aliyun_v4_request",
            "x-oss-date": "<date>",
        }
    else:
        fields["OSSAccessKeyId"] = "<access_key_id>"
    if key.security_token:
        signing["x-oss-security-token"] = key.security_token
    fields = _change({**fields, **signing}, recipe.get("fields", {}), places)
    covered = [name for name in signing if name not in recipe.get("uncovered", ())]
    expiration = now + timedelta(seconds=recipe.get("expires_in", 300))
    document = {
        "expiration": f"{expiration:%Y-%m-%dT%H:%M:%S.000Z}",
        "conditions": [
            {"bucket": "<bucket>"},
            *({name: fields[name]} for name in covered if name in fields),
            *recipe.get("conditions", ()),
        ],
    }
    text = recipe.get("policy_text") or json.dumps(recipe.get("policy", document))
    policy = base64.b64encode(fill(text, places).encode()).decode()
    policy = recipe.get("policy_field", policy)
    if v4:
        signature = v4_signature(key.access_key_secret, policy, date=day, region=target.region)
        signed = {"policy": policy, "x-oss-signature": signature}
    else:
        signature = v1_signature(key.access_key_secret, policy)
        signed = {"policy": policy, "Signature": signature}
    places.update({"<policy>": policy, "<signature>": signature})
    fields.update(signed)
    return _change(fields, recipe.get("after_signing", {}), places)


def _change(
    fields: dict[str, str], changes: dict[str, Any], places: dict[str, str]
) -> dict[str, str]:
    changed = fill({**fields, **changes}, places)
    return {name: _text(value) for name, value in changed.items() if value is not None}


def _text(value: str | dict[str, Any]) -> str:
    if isinstance(value, str):
        return value
    return base64.b64encode(json.dumps(value).encode()).decode()


def fill(value: Any, places: Mapping[str, str]) -> Any:
    """The value with the places in its texts replaced."""
    if isinstance(value, dict):
        return {fill(name, places): fill(entry, places) for name, entry in value.items()}
    if isinstance(value, str):
        for place, text in places.items():
            value = value.replace(place, text)
        value = re.sub("<([0-9]+) letters>", lambda match: "x" * int(match[1]), value)
    return value


def _field(name: str, value: str) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()


def _file(file: dict[str, Any]) -> bytes:
    lines = [f'Content-Disposition: form-data; name="file"; filename="{file["name"]}"']
    if file["type"] is not None:
        lines.append(f"Content-Type: {file['type']}")
    lines += file.get("headers", ())
    return "\r\n".join((*lines, "", file["content"])).encode()
