"""A row of the table of refusals, and the three degrees of certainty.

DOCUMENTED on a page, seen LIVE in a real response, or INFERRED where a page describes the case but
leaves code, message or EC open.
"""

from __future__ import annotations

from dataclasses import dataclass

DOCUMENTED = "documented"
LIVE = "live"
INFERRED = "inferred"
EVIDENCE = (DOCUMENTED, LIVE, INFERRED)


@dataclass(frozen=True)
class Refusal:
    """One row of the table; a message may be completed by a detail of the request."""

    status: int
    code: str
    message: str
    ec: str = ""
    evidence: str = DOCUMENTED
