"""Interleaved rounds: every row once in each round, so that a busy machine slows all alike."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping

Measure = Callable[[int], float]
"""Does something so many times and tells the processor seconds that it took."""


def measure(call: Callable[[], object]) -> Measure:
    """Measures a call in this process."""

    def seconds(times: int) -> float:
        begin = time.process_time()
        for _ in range(times):
            call()
        return time.process_time() - begin

    return seconds


def run(rows: Mapping[str, Measure], *, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Processor seconds per call, of each row in each round; a row runs for `seconds` a round."""
    times = {}
    for name, row in rows.items():
        row(20)  # caches and lazy imports
        times[name] = max(1, int(seconds / max(row(20) / 20, 1e-6)))
    found: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(rounds):
        for name in random.sample(list(rows), len(rows)):
            found[name].append(rows[name](times[name]) / times[name])
    return found
