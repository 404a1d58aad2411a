"""Asynchronous calls: made in the background, repeated after an error, given up in the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from emulator.function_compute import AsyncCalls, asynchronous
from emulator.function_compute.asynchronous import WORKERS
from emulator.keyring import AccessKey

KEY = AccessKey("STS.id", "secret", "token")
Handler = Callable[[bytes, Any], object]


class Trigger:
    """Calls a handler; time passes at once, and `pauses` has how much."""

    def __init__(self, handler: Handler, *, last: str = ": done", **options: Any) -> None:
        self.log: list[str] = []
        self.pauses: list[float] = []
        self._last = last
        self._ended = threading.Event()
        self._calls = AsyncCalls(
            handler, function_keys=KEY, log=self._note, later=self._later, **options
        )

    def _note(self, line: str) -> None:
        self.log.append(line)
        if self._last in line:
            self._ended.set()

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self.pauses.append(seconds)
        call()

    def call(self) -> None:
        """Call, and wait until the log says how it ended."""
        with self._calls:
            self._calls.call(b"event", "PostObject 'a.png'")
            self._ended.wait()


@pytest.mark.parametrize("in_context", [True, False], ids=["python3.10", "python3.12"])
def test_the_function_is_called_with_the_event_and_a_context(in_context: bool) -> None:
    calls: list[tuple[bytes, Any]] = []
    trigger = Trigger(lambda *call: calls.append(call), credentials_in_context=in_context)
    trigger.call()
    ((event, context),) = calls
    assert event == b"event"
    assert context.request_id.startswith("1-")
    assert context.region == "cn-hangzhou"
    assert hasattr(context, "credentials") is in_context
    assert trigger.log == ["PostObject 'a.png': done"]


def test_an_error_is_tried_again_after_growing_pauses() -> None:
    errors: list[BaseException | None] = [OSError("the database\nis down"), SystemExit(3), None]
    requests: list[str] = []

    def handler(event: bytes, context: Any) -> None:
        requests.append(context.request_id)
        if error := errors.pop(0):
            raise error

    trigger = Trigger(handler)
    trigger.call()
    assert trigger.pauses == [1, 2]
    assert trigger.log == [
        "PostObject 'a.png': try 1 of 4 failed, the next in 1 s: OSError: the database is down",
        "PostObject 'a.png': try 2 of 4 failed, the next in 2 s: SystemExit: 3",
        "PostObject 'a.png': done",
    ]
    assert len(set(requests)) == 3


def test_after_three_more_tries_it_is_given_up() -> None:
    def handler(event: bytes, context: Any) -> None:
        raise OSError("down")

    trigger = Trigger(handler, last="given up")
    trigger.call()
    assert trigger.pauses == [1, 2, 4]
    assert trigger.log[-1] == "PostObject 'a.png': given up after 4 tries: OSError: down"


def test_a_pause_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asynchronous, "PAUSES", (0.1,))
    errors, began = [OSError()], time.monotonic()
    ended = threading.Event()

    def handler(event: bytes, context: Any) -> None:
        if errors:
            raise errors.pop()
        ended.set()

    with AsyncCalls(handler, function_keys=None, log=lambda line: None) as calls:
        calls.call(b"", "")
        ended.wait()
    assert time.monotonic() - began >= 0.1


def test_calls_do_not_wait_for_each_other() -> None:
    """As many at once as there are workers: all have to meet."""
    meeting = threading.Barrier(WORKERS + 1)
    with AsyncCalls(lambda *_: meeting.wait(), function_keys=None, log=lambda line: None) as calls:
        for _ in range(WORKERS):
            calls.call(b"", "")
        meeting.wait()


def test_after_the_end_nothing_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asynchronous, "STOP_SECONDS", 0)
    begun, go, called = threading.Event(), threading.Event(), list[bytes]()

    def handler(event: bytes, context: Any) -> None:
        called.append(event)
        begun.set()
        go.wait()

    with AsyncCalls(handler, function_keys=None, log=lambda line: None) as calls:
        for number in range(WORKERS + 3):
            calls.call(bytes([number]), "")
        begun.wait()
    go.set()
    for worker in calls._workers:
        worker.join()
    assert len(called) <= WORKERS
