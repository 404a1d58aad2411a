"""The rows of tests/conformance/*.json: send the request of each over a bare socket and compare
the response with what the row expects."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import secrets
import socket
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .operation import run_operation
from .recipe import OssResponse, Target, build_request

FOLDER = Path(__file__).parents[2] / "tests" / "conformance"
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Row:
    """`expect` has `status` and, for a refusal, `code` and `ec` (empty: none); `message` is the
    start of the message, `elements` are further ones of the error, `headers` are response headers
    (null: missing). A row that sets a switch, even to its default, applies only to the emulator."""

    name: str
    recipe: dict[str, Any]
    expect: dict[str, Any]
    evidence: str
    source: str
    switches: dict[str, bool] = field(default_factory=dict)


def load_rows() -> list[Row]:
    return [
        Row(**row)
        for path in sorted(FOLDER.glob("*.json"))
        for row in json.loads(path.read_text(encoding="utf-8"))
    ]


def exchange(url: str, request: bytes) -> OssResponse:
    """Send one request and close the sending side, so that a truncated body ends."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(
            socket.create_connection((parts.hostname or "", port), TIMEOUT_SECONDS)
        )
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection = stack.enter_context(
                context.wrap_socket(connection, server_hostname=parts.hostname)
            )
        # The server may have refused early and closed the connection.
        with contextlib.suppress(OSError):
            connection.sendall(request)
            if parts.scheme == "http":
                connection.shutdown(socket.SHUT_WR)
        method = request.partition(b" ")[0].decode()
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        # The error of a HEAD is in a header.
        body = response.read() or base64.b64decode(headers.get("x-oss-err", ""))
        return OssResponse(response.status, headers, body)


def try_row(row: Row, url: str, target: Target, *, now: datetime) -> OssResponse:
    """Build and send the request, with a prefix of its own so that rows do not interfere."""
    prefix = f"conformance/{secrets.token_hex(8)}/"
    if "operation" in row.recipe:
        return run_operation(row.recipe, target, partial(exchange, url), prefix=prefix, now=now)
    request = build_request(row.recipe, target, prefix=prefix, now=now)
    if row.recipe.get("posted_before"):
        exchange(url, request)
    return exchange(url, request)


def differences(row: Row, response: OssResponse) -> list[str]:
    """How the response differs from what the row expects."""
    expect = row.expect
    found = {"status": str(response.status)}
    wanted = {"status": str(expect["status"])}
    for name, element in (("code", "Code"), ("ec", "EC")):
        if name in expect:
            wanted[name], found[name] = expect[name], response.element(element)
    if "message" in expect:
        wanted["message"] = expect["message"]
        found["message"] = response.element("Message")[: len(expect["message"])]
    for name, value in expect.get("elements", {}).items():
        wanted[name], found[name] = value, response.element(name)
    for name, value in expect.get("headers", {}).items():
        wanted[name], found[name] = str(value), str(response.headers.get(name.lower()))
    return [
        f"{name} is {found[name]!r}, expected {value!r}"
        for name, value in wanted.items()
        if found[name] != value
    ]
