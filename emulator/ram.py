"""RAM policies: whether documents allow an action on a resource.

RAM documents, "Policy structure and syntax": an explicit Deny wins, and what nothing allows is
denied. `*` stands for any characters, `?` for one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

KNOWN_ELEMENTS = {"Effect", "Action", "Resource"}


class UnsupportedPolicy(ValueError):
    """A document that this evaluator cannot judge; it never guesses."""


def is_allowed(policy_documents: Iterable[str], action: str, resource: str) -> bool:
    """Judge JSON documents that apply together, as those of one role do."""
    effects = {
        statement["Effect"]
        for document in policy_documents
        for statement in _statements(document)
        if _matches(statement["Action"], action) and _matches(statement["Resource"], resource)
    }
    return effects == {"Allow"}


def _statements(document: str) -> list[dict[str, Any]]:
    try:
        policy = json.loads(document)
    except ValueError as error:
        raise UnsupportedPolicy("a RAM policy is not JSON") from error
    if not isinstance(policy, dict) or policy.get("Version") != "1":
        raise UnsupportedPolicy('a RAM policy must be an object with "Version": "1"')
    statements = policy.get("Statement")
    if not isinstance(statements, list) or not statements:
        raise UnsupportedPolicy("a RAM policy needs a list of statements")
    for statement in statements:
        _check(statement)
    return statements


def _check(statement: Any) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise UnsupportedPolicy("a statement must be an object with the Effect Allow or Deny")
    if unknown := statement.keys() - KNOWN_ELEMENTS:
        raise UnsupportedPolicy(f"a statement has {sorted(unknown)}, which is not evaluated here")
    for element in ("Action", "Resource"):
        if not all(isinstance(pattern, str) for pattern in _patterns(statement.get(element))):
            raise UnsupportedPolicy(f"a statement's {element} must be a string or a list of them")


def _patterns(element: Any) -> list[Any]:
    return element if isinstance(element, list) else [element]


def _matches(element: Any, text: str) -> bool:
    return any(_pattern(pattern).fullmatch(text) for pattern in _patterns(element))


def _pattern(text: str) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    return re.compile(
        "".join(wildcards.get(character) or re.escape(character) for character in text), re.DOTALL
    )
