"""A caller, and what is required of the claims in their token. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..errors import misconfigured

Claims: TypeAlias = Mapping[str, Any]
RequiredClaims: TypeAlias = Mapping[str, tuple[Any, ...]]
"""For each claim its permitted values: texts, whole numbers, booleans."""


@dataclass(frozen=True)
class Caller:
    """Who sends a request."""

    user: str  # empty with AUTH=anonymous
    claims: Claims = field(default_factory=dict, repr=False)  # of the verified token


def find_claim(claims: Claims, name: str) -> Any:
    """The value of a claim, None if there is none.

    Only where no claim has the whole name do dots lead into nested objects: issuers also put dots
    into plain names, as in `https://example.com/roles`.
    """
    if name in claims:
        return claims[name]
    outer, _, inner = name.partition(".")
    nested = claims.get(outer)
    return find_claim(nested, inner) if inner and isinstance(nested, dict) else None


def parse_required_claims(setting: str, document: Any) -> RequiredClaims:
    """Requirements from JSON, such as {"role": ["clerk", "admin"]}.

    `Misconfigured`, under the name of the setting, for anything else; also for an object or a list
    that is empty, because it could mean everyone as well as no one.
    """
    if not (isinstance(document, dict) and document and all(map(_is_list, document.values()))):
        raise misconfigured(
            setting,
            "does not list the permitted values of each claim",
            'Write it as {"role": ["clerk", "admin"]}; values are strings, whole numbers or'
            " booleans.",
        )
    return {name: tuple(values) for name, values in document.items()}


def _is_list(values: Any) -> bool:
    return (
        isinstance(values, list)
        and bool(values)
        and all(isinstance(value, (str, int)) for value in values)  # bool is an int to Python
    )


def has_claims(claims: Claims, required: RequiredClaims) -> bool:
    """Whether each required claim is, or as a list contains, one of its permitted values."""
    return all(
        not _typed(find_claim(claims, name)).isdisjoint(_typed(list(values)))
        for name, values in required.items()
    )


def _typed(value: Any) -> set[tuple[type, Any]]:
    """The value, or those of a list, with their types: to Python, true equals 1."""
    values = value if isinstance(value, list) else [value]
    return {(type(one), one) for one in values if isinstance(one, (str, int))}
