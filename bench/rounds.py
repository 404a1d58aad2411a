"""Interleaved rounds: each round measures every row, so that a busy machine slows all equally."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .environment import ROOT

Measure = Callable[[int], float]
"""Does something this many times and returns the processor seconds that it took."""


def measure(call: Callable[[], object]) -> Measure:
    """Measure a call in this process."""

    def seconds(times: int) -> float:
        begin = time.process_time()
        for _ in range(times):
            call()
        return time.process_time() - begin

    return seconds


def run(rows: Mapping[str, Measure], *, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Processor seconds per call, for each row and round; a row runs for `seconds` per round."""
    times = {}
    for name, row in rows.items():
        row(20)  # caches and lazy imports
        times[name] = max(1, int(seconds / max(row(20) / 20, 1e-6)))
    found: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(rounds):
        for name in random.sample(list(rows), len(rows)):
            found[name].append(rows[name](times[name]) / times[name])
    return found


@contextmanager
def rows_of(*command: str | Path, cwd: Path = ROOT) -> Iterator[dict[str, Measure]]:
    """The rows that a worker lists in its first line. The worker ends when its input does."""
    with subprocess.Popen(  # noqa: S603 (our own workers)
        command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101
        requests, results = process.stdin, process.stdout

        def row(name: str) -> Measure:
            def seconds(times: int) -> float:
                requests.write(json.dumps({"row": name, "times": times}) + "\n")
                requests.flush()
                return float(results.readline())

            return seconds

        yield {name: row(name) for name in json.loads(results.readline())}
        requests.close()
