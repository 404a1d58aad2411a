"""The result of a soak: figures, the problems in them, and both as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MARK = "<!-- Generated from here on: python -m bench.soak --write docs/reliability.md -->"
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
    lost: int  # acknowledged, but missing or different
    surplus: int  # stored but not acknowledged, or unfinished
    hook_calls: int | None  # None where OSS sends no events
    missed: int  # of the uploads that the hook should have got by events
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
            found.append(f"{self.surplus} objects exist whose upload was never finished")
        if self.missed:
            found.append(f"{self.missed} uploads did not reach the hook")
        if self.files_after > self.files_before:
            found.append(f"{self.files_after - self.files_before} file descriptors are leaked")
        if self.growth > MOST_GROWTH:
            found.append(f"memory grew by {self.growth:.0%}")
        return found

    def markdown(self) -> str:
        rows = [
            ("concurrent clients", f"{self.clients}"),
            ("seconds", f"{self.seconds:.0f}"),
            ("actions started", f"{sum(self._actions().values()):,}"),
            ("STS faults", f"{self.faults}, of {self.kinds} kinds in turn"),
            ("uploads acknowledged", f"{self.stored:,} ({self.stored_bytes / 1e6:,.0f} MB)"),
            ("of these, lost or altered", f"{self.lost}"),
            ("stored but never finished", f"{self.surplus}"),
            *self._events(),
            ("wrong responses", f"{len(self.failures)}"),
            ("open file descriptors before, after", f"{self.files_before}, {self.files_after}"),
            (
                "memory in the second and in the last quarter",
                f"{self.memory_before / 1e6:.1f} MB, {self.memory_after / 1e6:.1f} MB "
                f"({self.growth:+.1%})",
            ),
        ]
        lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
        lines += ["", "| action | times |", "|---|---|"]
        lines += [f"| {action} | {times:,} |" for action, times in sorted(self.counts.items())]
        return "\n".join(lines) + "\n"

    def _events(self) -> list[tuple[str, str]]:
        if self.hook_calls is None:
            return []
        return [
            ("calls of the hook by events, callbacks being down", f"{self.hook_calls:,}"),
            ("uploads of file grants that the hook missed", f"{self.missed}"),
        ]

    def _actions(self) -> dict[str, int]:
        return {name: times for name, times in self.counts.items() if not name.startswith("(")}


def write(result: Result, path: Path) -> None:
    """Replace what follows the comment."""
    kept = path.read_text(encoding="utf-8").partition(MARK)[0]
    path.write_text(f"{kept}{MARK}\n\n{result.markdown()}", encoding="utf-8")
