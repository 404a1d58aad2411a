"""The POST policy: the document that was signed, and whether a form complies with it."""

from __future__ import annotations

from .conditions import check_conditions, check_coverage, check_expiration, within_ranges
from .document import Policy, parse_policy

__all__ = [
    "Policy",
    "check_conditions",
    "check_coverage",
    "check_expiration",
    "parse_policy",
    "within_ranges",
]
