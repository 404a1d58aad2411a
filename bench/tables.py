"""Markdown of the results, and its place in docs/performance.md."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

BEGIN = "<!-- From here to the next mark: python -m bench --write docs/performance.md -->"
END = "<!-- Until here. -->"

Found = Mapping[str, Sequence[float]]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text, and all others figures."""
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def median(found: Found, row: str) -> float:
    return statistics.median(found[row])


def ratio(found: Found, row: str, base: str) -> float:
    """The median of the ratios within each round, so that what slows both drops out."""
    return statistics.median(
        mine / theirs for mine, theirs in zip(found[row], found[base], strict=True)
    )


def write(text: str, path: Path) -> None:
    """Replace what stands between the marks."""
    before, _, rest = path.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", "utf-8")
