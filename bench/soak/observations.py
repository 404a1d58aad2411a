"""What the clients saw, told by many threads."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Stored:
    """An upload that was acknowledged, so it must be there."""

    key: str
    size: int
    digest: bytes


class Tally:
    """Counts, acknowledged uploads, and everything that should not have happened."""

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
