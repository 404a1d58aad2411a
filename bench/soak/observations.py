"""What a soak observes: reports of the clients, and files and memory of the harness's process."""

from __future__ import annotations

import os
import statistics
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.5


@dataclass(frozen=True)
class Stored:
    """An acknowledged upload, whose object must therefore exist."""

    key: str
    size: int
    digest: bytes
    is_reported: bool  # by an event, which is not for directory grants


class Tally:
    """Counts, acknowledged uploads, and failures."""

    def __init__(self, *, most_uploads: int) -> None:
        self._lock = threading.Lock()
        self._most_uploads = most_uploads
        self.counts: Counter[str] = Counter()
        self.stored: list[Stored] = []
        self.failures: list[str] = []

    @property
    def is_full(self) -> bool:
        return len(self.stored) >= self._most_uploads

    def count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def keep(self, stored: Stored) -> None:
        with self._lock:
            self.stored.append(stored)

    def fail(self, what: str) -> None:
        with self._lock:
            self.failures.append(what)


def open_files(pid: int) -> int:
    """The number of file descriptors, including sockets, as Linux lists them in /proc."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def memory(pid: int) -> int:
    """Bytes in physical memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Memory(threading.Thread):
    """Samples the memory of a process until `stop` is set."""

    def __init__(self, pid: int, stop: threading.Event) -> None:
        super().__init__(name="memory")
        self._pid = pid
        self._halt = stop
        self._samples: list[int] = []

    def run(self) -> None:
        while not self._halt.wait(SAMPLE_SECONDS):
            self._samples.append(memory(self._pid))

    def quarters(self) -> tuple[int, int]:
        """The medians of the second quarter, after warming up, and of the last."""
        length = max(1, len(self._samples) // 4)
        second = self._samples[length : 2 * length] or self._samples
        return int(statistics.median(second)), int(statistics.median(self._samples[-length:]))
