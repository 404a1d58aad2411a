"""How `python -m deploy.doctor` examines a live deployment from outside, and what it finds."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A problem and what to do about it. Without a hint it is a fact, and nothing is wrong.

    Goes to a terminal or a CI log, so it contains no token, policy, signature or key.
    """

    message: str
    hint: str = ""


Examined = tuple[str, list[Finding]]  # the title of a check, and what it found


def show(value: object) -> str:
    """A setting, or a public part of a token such as an issuer, for a finding; shortened."""
    if value is None:
        return "missing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else text[:100] + "..."


def listed(words: list[str]) -> str:
    """Names or values for a finding; shortened."""
    return ", ".join(words)[:200]
