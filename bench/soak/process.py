"""What the harness's process holds, as Linux tells in /proc."""

from __future__ import annotations

import os
import statistics
import threading
from pathlib import Path

SAMPLE_SECONDS = 0.5


def open_files(pid: int) -> int:
    """File descriptors, sockets included."""
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
        """The medians of the second quarter, when it has warmed up, and of the last."""
        length = max(1, len(self._samples) // 4)
        second = self._samples[length : 2 * length] or self._samples
        return int(statistics.median(second)), int(statistics.median(self._samples[-length:]))
