"""RAM policies: their grammar, and whether documents allow an action on a resource.

RAM documents, "Policy structure and syntax": an explicit Deny wins, and what is not allowed
is denied. `*` matches any characters, `?` exactly one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

ELEMENTS = {"Effect", "Action", "NotAction", "Resource", "Condition"}
NOT_EVALUATED = {"NotAction", "Condition"}


class RamPolicyError(ValueError):
    """A document that breaks the grammar, or that cannot be evaluated here."""


def is_allowed(policy_documents: Iterable[str], action: str, resource: str) -> bool:
    """Evaluate JSON documents that apply together, such as those of one role; never guess.

    Raises RamPolicyError if a document is malformed or has an element that is not evaluated.
    """
    effects = {
        statement["Effect"]
        for document in policy_documents
        for statement in _evaluable_statements(document)
        if _matches(statement["Action"], action) and _matches(statement["Resource"], resource)
    }
    return effects == {"Allow"}


def parse_statements(document: str) -> list[dict[str, Any]]:
    """The statements of a JSON document; RamPolicyError says how it breaks the grammar."""
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError):  # the latter: nested too deep
        raise RamPolicyError("the policy is not valid JSON") from None
    if not isinstance(policy, dict) or policy.keys() != {"Version", "Statement"}:
        raise RamPolicyError("the policy must be an object with Version and Statement")
    if policy["Version"] != "1":
        raise RamPolicyError('Version must be "1"')
    statements = policy["Statement"]
    if not isinstance(statements, list) or not statements:
        raise RamPolicyError("Statement must be a list with at least one statement")
    for statement in statements:
        _check(statement)
    return statements


def _check(statement: Any) -> None:
    if not isinstance(statement, dict) or statement.keys() - ELEMENTS:
        raise RamPolicyError(f"a statement must be an object of {', '.join(sorted(ELEMENTS))}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise RamPolicyError("Effect must be Allow or Deny")
    if ("Action" in statement) == ("NotAction" in statement):
        raise RamPolicyError("a statement needs either Action or NotAction")
    if "Resource" not in statement:
        raise RamPolicyError("a statement needs Resource")
    for name in ("Action", "NotAction", "Resource"):
        texts = _texts(statement.get(name, "*"))
        if not texts or not all(isinstance(text, str) and text for text in texts):
            raise RamPolicyError(f"{name} must be a string or a list of strings, not empty")
    if not isinstance(statement.get("Condition", {}), dict):
        raise RamPolicyError("Condition must be an object")


def _evaluable_statements(document: str) -> list[dict[str, Any]]:
    statements = parse_statements(document)
    for statement in statements:
        if found := statement.keys() & NOT_EVALUATED:
            raise RamPolicyError(f"{', '.join(sorted(found))} cannot be evaluated here")
    return statements


def _texts(element: Any) -> list[Any]:
    return element if isinstance(element, list) else [element]


def _matches(element: Any, text: str) -> bool:
    return any(_pattern(pattern).fullmatch(text) for pattern in _texts(element))


def _pattern(text: str) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(char) or re.escape(char) for char in text), re.DOTALL)
