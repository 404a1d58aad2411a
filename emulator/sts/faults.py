"""An STS that fails on purpose, so that people see what their page does in an outage."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from emulator.server import LINGER_ZERO

from .answer import Answer, json_answer
from .errors import REFUSALS

HANG_SECONDS = 60.0  # longer than any client waits


def _refuse(code: str) -> Callable[[Answer], Answer]:
    status, message = REFUSALS[code]
    document = {"RequestId": "FAULT", "Code": code, "Message": message}
    return lambda _: json_answer(status, document)


def _html(_: Answer) -> Answer:
    return Answer(502, b"<html><h1>502 Bad Gateway</h1></html>", "text/html")


def _truncated(answer: Answer) -> Answer:
    """Credentials are in what is left: clients must not log it."""
    return replace(answer, body=answer.body[:-10])


def _body(body: bytes) -> Callable[[Answer], Answer]:
    return lambda answer: replace(answer, body=body)


def _credentials(change: Callable[[dict[str, Any]], object]) -> Callable[[Answer], Answer]:
    def spoil(answer: Answer) -> Answer:
        document = json.loads(answer.body)
        change(document["Credentials"])
        return json_answer(answer.status, document)

    return spoil


SPOILERS: dict[str, Callable[[Answer], Answer]] = {
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
    times: int | None  # how often from now on; None: until it is cleared
    number: int = field(compare=False)  # each one that is set has its own


class Faults:
    """The fault that is on, if any; safe to share between threads."""

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
        """The fault of one request, which counts as one of its times."""
        with self._changed:
            fault = self._current
            if fault is not None and fault.times is not None:
                left = fault.times - 1
                self._current = replace(fault, times=left) if left else None
            return fault

    def spoil(self, fault: Fault, answer: Answer, connection: socket.socket) -> Answer:
        """What comes instead of a success; a hanging one comes when the fault is changed."""
        if fault.kind == "hang":
            with self._changed:
                self._changed.wait_for(lambda: self._number != fault.number, HANG_SECONDS)
            return answer
        if fault.kind == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
            raise ConnectionResetError("the fault that was asked for")
        return SPOILERS[fault.kind](answer)
