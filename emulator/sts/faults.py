"""Failures on purpose, so that developers see what their page does during an outage.

PUT /faults?kind=503&times=3 sets a fault, GET shows it, DELETE clears it.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.wrappers import Request, Response

from ..server import LINGER_ZERO
from .responses import REFUSALS, StsResponse, json_response

HANG_SECONDS = 60.0  # longer than any client waits

Spoiler = Callable[[StsResponse], StsResponse]


def _refuse(code: str) -> Spoiler:
    status, message = REFUSALS[code]
    document = {"RequestId": "FAULT", "Code": code, "Message": message}
    return lambda _: json_response(status, document)


def _html(_: StsResponse) -> StsResponse:
    return StsResponse(502, b"<html><h1>502 Bad Gateway</h1></html>", "text/html")


def _truncated(response: StsResponse) -> StsResponse:
    """What is left contains credentials: clients must not log it."""
    return replace(response, body=response.body[:-10])


def _body(body: bytes) -> Spoiler:
    return lambda response: replace(response, body=body)


def _credentials(change: Callable[[dict[str, Any]], object]) -> Spoiler:
    def spoil(response: StsResponse) -> StsResponse:
        document = json.loads(response.body)
        change(document["Credentials"])
        return json_response(response.status, document)

    return spoil


SPOILERS: dict[str, Spoiler] = {
    "500": _refuse("InternalError"),
    "503": _refuse("ServiceUnavailable"),
    "throttling": _refuse("Throttling.User"),
    "no-permission": _refuse("NoPermission"),
    "html": _html,
    "empty": _body(b""),
    "truncated": _truncated,
    "object": _body(b"{}"),
    "array": _body(b"[]"),
    "null": _body(b"null"),
    "missing-field": _credentials(lambda credentials: credentials.pop("Expiration")),
    "odd-field": _credentials(lambda credentials: credentials.update(AccessKeySecret=1)),
}
KINDS = (*SPOILERS, "hang", "reset")


@dataclass(frozen=True)
class Fault:
    kind: str
    times: int | None  # how many times from now on; None: until it is cleared
    number: int = field(compare=False)  # differs between any two faults


class Faults:
    """The current fault, if any; safe to share between threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0
        self._current: Fault | None = None

    @property
    def current(self) -> Fault | None:
        with self._changed:
            return self._current

    def set(self, kind: str, times: int | None = None) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if times is not None and times < 1:
            raise ValueError("times must be at least 1")
        with self._changed:
            self._number += 1
            self._current = Fault(kind, times, self._number)
            self._changed.notify_all()

    def clear(self) -> None:
        with self._changed:
            self._number += 1
            self._current = None
            self._changed.notify_all()

    def take(self) -> Fault | None:
        """The fault for one request, which uses up one of its times."""
        with self._changed:
            fault = self._current
            if fault is not None and fault.times is not None:
                left = fault.times - 1
                self._current = replace(fault, times=left) if left else None
            return fault

    def spoil(self, fault: Fault, response: StsResponse, connection: socket.socket) -> StsResponse:
        """The response instead of a success; a hanging one is sent once the fault is changed."""
        if fault.kind == "hang":
            with self._changed:
                self._changed.wait_for(lambda: self._number != fault.number, HANG_SECONDS)
            return response
        if fault.kind == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
            raise ConnectionResetError("the requested fault")
        return SPOILERS[fault.kind](response)


def serve_faults(request: Request, faults: Faults) -> Response:
    """The switch over HTTP."""
    if request.method == "PUT":
        try:
            number = request.args.get("times")
            faults.set(request.args.get("kind", ""), None if number is None else int(number))
        except ValueError as error:
            return json_response(400, {"error": str(error)}).to_http()
    elif request.method == "DELETE":
        faults.clear()
    elif request.method not in ("GET", "HEAD"):
        response = json_response(405, {"error": "use PUT, GET or DELETE"}).to_http()
        response.headers["Allow"] = "GET, HEAD, PUT, DELETE"
        return response
    current = faults.current
    kind, times = (current.kind, current.times) if current else (None, None)
    return json_response(200, {"kind": kind, "times": times, "kinds": list(KINDS)}).to_http()
