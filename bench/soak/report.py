"""The result of a soak: figures, the verdict on them, and Markdown of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MARK = "<!-- Written from here on: python -m bench.soak --write docs/reliability.md -->"
MOST_GROWTH = 0.10


@dataclass(frozen=True)
class Result:
    clients: int
    seconds: float
    counts: Mapping[str, int]
    faults: int
    kinds: int
    stored: int
    stored_bytes: int
    lost: int  # acknowledged, and not there as they were sent
    surplus: int  # there, and not acknowledged, or left half-way
    failures: Sequence[str]
    files_before: int
    files_after: int
    memory_before: int
    memory_after: int

    @property
    def growth(self) -> float:
        return self.memory_after / self.memory_before - 1

    @property
    def problems(self) -> list[str]:
        found = list(self.failures)
        if self.lost:
            found.append(f"{self.lost} uploads are lost")
        if self.surplus:
            found.append(f"{self.surplus} objects are there that nobody finished")
        if self.files_after > self.files_before:
            found.append(f"{self.files_after - self.files_before} file descriptors are leaked")
        if self.growth > MOST_GROWTH:
            found.append(f"memory grew by {self.growth:.0%}")
        return found

    def markdown(self) -> str:
        rows = [
            ("clients at a time", f"{self.clients}"),
            ("seconds", f"{self.seconds:.0f}"),
            ("requests and uploads begun", f"{sum(self._deeds().values()):,}"),
            ("STS faults", f"{self.faults}, of {self.kinds} kinds in turn"),
            ("uploads acknowledged", f"{self.stored:,} ({self.stored_bytes / 1e6:,.0f} MB)"),
            ("of these lost or altered", f"{self.lost}"),
            ("stored but never finished", f"{self.surplus}"),
            ("answers that should not have been", f"{len(self.failures)}"),
            ("open file descriptors before, after", f"{self.files_before}, {self.files_after}"),
            (
                "memory in the second and last quarter",
                f"{self.memory_before / 1e6:.1f} MB, {self.memory_after / 1e6:.1f} MB "
                f"({self.growth:+.1%})",
            ),
        ]
        lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
        lines += ["", "| what clients did | times |", "|---|---|"]
        lines += [f"| {deed} | {times:,} |" for deed, times in sorted(self.counts.items())]
        return "\n".join(lines) + "\n"

    def _deeds(self) -> dict[str, int]:
        return {name: times for name, times in self.counts.items() if not name.startswith("(")}


def write(result: Result, path: Path) -> None:
    """Replace what stands behind the mark."""
    kept = path.read_text(encoding="utf-8").partition(MARK)[0]
    path.write_text(f"{kept}{MARK}\n\n{result.markdown()}", encoding="utf-8")
