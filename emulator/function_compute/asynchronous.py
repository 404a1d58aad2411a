"""Asynchronous calls, as triggers make them: they return at once, and are repeated on failure.

Function Compute documents, "Configure a retry mechanism": after an error of the function it is
tried again, three times by default. How long it pauses before that is not documented.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any

from ..keyring import AccessKey
from ..server import utc_now
from .context import Contexts, credentials_of, new_request_id

PAUSES = (1.0, 2.0, 4.0)  # seconds before each further try (inferred)
WORKERS = 8  # calls at once, as with that many instances
STOP_SECONDS = 1.0  # how long the end waits for calls in progress, all together

Later = Callable[[float, Callable[[], None]], None]


def _later(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


class AsyncCalls:
    """Calls of one function, in background threads, for the length of a `with` block.

    What has not succeeded by its end is lost. `later` runs something after some seconds.
    """

    def __init__(
        self,
        handler: Callable[[bytes, Any], object],
        *,
        function_keys: AccessKey | None,
        credentials_in_context: bool = True,
        region: str = "cn-hangzhou",
        clock: Callable[[], datetime] = utc_now,
        log: Callable[[str], None],
        later: Later = _later,
    ) -> None:
        self._handler = handler
        self._contexts = Contexts(region, credentials_of(function_keys), credentials_in_context)
        self._clock = clock
        self._log = log
        self._later = later
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(WORKERS)]

    def call(self, event: bytes, name: str) -> None:
        """Call the function soon; `name` is for the log."""
        self._calls.put(lambda: self._try(event, name, 1))

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            if not self._over.is_set():
                call()

    def _try(self, event: bytes, name: str, number: int) -> None:
        try:
            self._handler(event, self._contexts.make(new_request_id(self._clock())))
        except (Exception, SystemExit) as error:
            problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
        else:
            self._log(f"{name}: done")
            return
        tries = len(PAUSES) + 1
        if number == tries:
            self._log(f"{name}: given up after {tries} tries: {problem}")
            return
        pause = PAUSES[number - 1]
        self._log(f"{name}: try {number} of {tries} failed, the next in {pause:g} s: {problem}")
        self._later(pause, lambda: self._calls.put(lambda: self._try(event, name, number + 1)))

    def __enter__(self) -> AsyncCalls:
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        for _ in self._workers:
            self._calls.put(None)
        end = time.monotonic() + STOP_SECONDS
        for worker in self._workers:
            worker.join(max(0.0, end - time.monotonic()))
