"""The tests' own client of form uploads: it signs and writes every byte itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from emulator.keyring import AccessKey

BOUNDARY = "tests-own-boundary"
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


def signed_fields(
    key: AccessKey,
    *,
    now: datetime,
    object_key: str = "a.txt",
    conditions: Sequence[object] = (),
    fields: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The fields of a V4 form for the bucket post-test in cn-hangzhou, `key` first."""
    date = f"{now:%Y%m%dT%H%M%SZ}"
    scope = (date[:8], "cn-hangzhou", "oss", "aliyun_v4_request")
    pinned = {
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": "/".join((key.access_key_id, *scope)),
        "x-oss-date": date,
    }
    if key.security_token:
        pinned["x-oss-security-token"] = key.security_token
    document = {
        "expiration": f"{now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}",
        "conditions": [{"bucket": "post-test"}, *({n: v} for n, v in pinned.items()), *conditions],
    }
    policy = base64.b64encode(json.dumps(document).encode()).decode()
    signing_key = ("aliyun_v4" + key.access_key_secret).encode()
    for step in scope:
        signing_key = hmac.new(signing_key, step.encode(), hashlib.sha256).digest()
    signature = hmac.new(signing_key, policy.encode(), hashlib.sha256).hexdigest()
    return {
        "key": object_key,
        **(fields or {}),
        **pinned,
        "policy": policy,
        "x-oss-signature": signature,
    }


def form_start(
    fields: Mapping[str, str], *, filename: str = "a.txt", content_type: str = "text/plain"
) -> bytes:
    """Everything before the bytes of the file."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    return "".join(parts).encode()


FORM_END = f"\r\n--{BOUNDARY}--\r\n".encode()


def form(fields: Mapping[str, str], content: bytes = b"content") -> bytes:
    return form_start(fields) + content + FORM_END


def send(
    url: str,
    method: str = "POST",
    path: str = "/",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        kind = {"Content-Type": FORM_TYPE} if body is not None else {}
        connection.request(method, path, body, {**kind, **(headers or {})})
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, response.read())
    finally:
        connection.close()
