"""Send a row's request over a bare socket and compare the answer."""

from __future__ import annotations

import contextlib
import http.client
import secrets
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree

from .recipe import Target, build_request
from .rows import Row

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def element(self, name: str) -> str:
        """The text of an error's element; empty when there is none."""
        try:
            document = ElementTree.fromstring(self.body)  # noqa: S314  expat is safe by now
        except ElementTree.ParseError:
            return ""
        return document.findtext(name, "")


def exchange(url: str, request: bytes) -> Answer:
    """One request and its answer; the sending side is closed, so that a body cut off ends."""
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
        with contextlib.suppress(OSError):  # an early refusal may have closed the other side
            connection.sendall(request)
            if parts.scheme == "http":
                connection.shutdown(socket.SHUT_WR)
        method = request.partition(b" ")[0].decode()
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())


def try_row(row: Row, url: str, target: Target, *, now: datetime) -> Answer:
    """Build and send; every try has a prefix of its own, so that rows do not meet."""
    prefix = f"conformance/{secrets.token_hex(8)}/"
    request = build_request(row.recipe, target, prefix=prefix, now=now)
    if row.recipe.get("posted_before"):
        exchange(url, request)
    return exchange(url, request)


def differences(row: Row, answer: Answer) -> list[str]:
    """What the answer has otherwise than the row expects."""
    expect = row.expect
    found = {"status": str(answer.status)}
    wanted = {"status": str(expect["status"])}
    for name, element in (("code", "Code"), ("ec", "EC")):
        if name in expect:
            wanted[name], found[name] = expect[name], answer.element(element)
    if "message" in expect:
        wanted["message"] = expect["message"]
        found["message"] = answer.element("Message")[: len(expect["message"])]
    for name, value in expect.get("headers", {}).items():
        wanted[name], found[name] = str(value), str(answer.headers.get(name.lower()))
    return [
        f"{name} is {found[name]!r}, expected {value!r}"
        for name, value in wanted.items()
        if found[name] != value
    ]
