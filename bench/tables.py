"""The results as Markdown tables, and their place in docs/performance.md."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

BEGIN = "<!-- Generated: python -m bench --write docs/performance.md -->"
END = "<!-- End of the generated part. -->"

Found = Mapping[str, Sequence[float]]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose other columns are figures."""
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def median(found: Found, row: str) -> float:
    return statistics.median(found[row])


def ratio(found: Found, row: str, base: str) -> float:
    """The median of the ratios within each round, so that whatever slows both cancels out."""
    return statistics.median(
        mine / theirs for mine, theirs in zip(found[row], found[base], strict=True)
    )


def write(text: str, path: Path) -> None:
    """Replace what is between the two comments."""
    before, _, rest = path.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", "utf-8")
