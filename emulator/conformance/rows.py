"""The rows of tests/conformance/*.json."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "tests" / "conformance"
EVIDENCE = ("documented", "live", "inferred")


@dataclass(frozen=True)
class Row:
    """`expect` has `status`, and for a refusal `code` and `ec` (empty: none); `message` is the
    start of the message, `headers` are headers of the answer (null: absent). A row that sets a
    switch, if only to its default, is about the emulator alone."""

    name: str
    recipe: dict[str, Any]
    expect: dict[str, Any]
    evidence: str
    source: str
    switches: dict[str, bool] = field(default_factory=dict)


def load_rows(folder: Path = FOLDER) -> list[Row]:
    return [
        Row(**row)
        for path in sorted(folder.glob("*.json"))
        for row in json.loads(path.read_text(encoding="utf-8"))
    ]
