"""One thing found out about a deployment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What is wrong and what to do; without a cure it is a fact to know, and nothing is wrong.

    Goes to a terminal or a CI log: holds no token, policy, signature or key.
    """

    cause: str
    cure: str = ""
