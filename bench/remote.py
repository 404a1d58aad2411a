"""Rows that are measured in a process of their own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .environment import ROOT
from .rounds import Measure


@contextmanager
def rows_of(*command: str | Path, cwd: Path = ROOT) -> Iterator[dict[str, Measure]]:
    """The rows that a worker names in its first line; it ends when its input does."""
    with subprocess.Popen(  # noqa: S603 (our own workers)
        command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101
        asked, told = process.stdin, process.stdout

        def row(name: str) -> Measure:
            def seconds(times: int) -> float:
                asked.write(json.dumps({"row": name, "times": times}) + "\n")
                asked.flush()
                return float(told.readline())

            return seconds

        yield {name: row(name) for name in json.loads(told.readline())}
        asked.close()
