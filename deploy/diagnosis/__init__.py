"""How `python -m deploy.doctor` examines a live deployment from outside, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A problem and what to do about it. Without a hint it is a fact, and nothing is wrong.

    Goes to a terminal or a CI log, so it contains no token, policy, signature or key.
    """

    message: str
    hint: str = ""
