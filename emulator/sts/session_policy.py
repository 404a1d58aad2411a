"""The grammar of a RAM policy (RAM documents, "Policy structure and syntax").

Only the shape is checked here; what a policy allows is for the service that it protects.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from .errors import StsError

KEYS = {"Effect", "Action", "NotAction", "Resource", "Condition"}


def check_grammar(text: str) -> None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):  # the latter: nested too deep
        _refuse("it is not JSON")
    if not isinstance(document, dict) or document.keys() != {"Version", "Statement"}:
        _refuse("it must be an object of Version and Statement")
    if document["Version"] != "1":
        _refuse('Version must be "1"')
    statements = document["Statement"]
    if not isinstance(statements, list) or not statements:
        _refuse("Statement must be a list that is not empty")
    for statement in statements:
        _check_statement(statement)


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or statement.keys() - KEYS:
        _refuse(f"a statement is an object of {', '.join(sorted(KEYS))}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        _refuse("Effect must be Allow or Deny")
    if ("Action" in statement) == ("NotAction" in statement):
        _refuse("a statement needs either Action or NotAction")
    for name in ("Action", "NotAction", "Resource"):
        if name in statement and not _texts(statement[name]):
            _refuse(f"{name} must be a text or a list of texts")
    if "Resource" not in statement:
        _refuse("a statement needs Resource")
    if not isinstance(statement.get("Condition", {}), dict):
        _refuse("Condition must be an object")


def _texts(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str) and item for item in value)
    return isinstance(value, str) and bool(value)


def _refuse(why: str) -> NoReturn:
    raise StsError("InvalidParameter.PolicyGrammar", why)
