"""The tests' own HTTP client: it signs forms and writes every byte itself."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from xml.etree import ElementTree

from emulator.keyring import AccessKey

BOUNDARY = "tests-own-boundary"
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
# As long as the runner's limit for a test, so that it fails no test earlier on a busy machine. It
# still ends requests in threads, which the runner cannot interrupt.
SOCKET_SECONDS = 120


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def element(self, name: str) -> str | None:
        """The text of an element of the XML body; None if there is none."""
        return self.xml().findtext(name)

    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.body)  # noqa: S314  the emulator's own


def encoded(document: object) -> str:
    """The base64 of the JSON, as policies and callbacks are sent."""
    return base64.b64encode(json.dumps(document).encode()).decode()


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
    policy = encoded(document)
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
    """One request on a connection of its own; a body is a form unless `headers` say otherwise."""
    kind = {"Content-Type": FORM_TYPE} if body is not None else {}
    return send_untyped(url, method, path, body, {**kind, **(headers or {})})


def send_untyped(
    url: str, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None = None
) -> Reply:
    """As `send`, with the given headers and no Content-Type of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SOCKET_SECONDS)
    with contextlib.closing(connection):
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, response.read())


def exchange(url: str, request: bytes) -> bytes:
    """Send the bytes and nothing more; everything that comes back until the server closes."""
    with connect(url) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection)


def connect(url: str) -> socket.socket:
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port or 0), SOCKET_SECONDS)


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until another thread has done it; if it never does, pytest's own limit ends the test."""
    while not happened():
        time.sleep(0.005)
