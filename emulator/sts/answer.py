"""What the emulated STS answers over HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = field(repr=False)  # holds credentials
    content_type: str = "application/json;charset=utf-8"


def json_answer(status: int, document: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(document).encode())
