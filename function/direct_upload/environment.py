"""Typed access to environment variables; a wrong one is `Misconfigured`, which names it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from .errors import Misconfigured


class Environment:
    """Settings by name, each read as what it is."""

    def __init__(self, environ: Mapping[str, str], defaults: Mapping[str, str]) -> None:
        self._environ = environ
        self._defaults = defaults

    def text(self, name: str) -> str:
        value = self._environ.get(name, "").strip()
        if any("\ud800" <= mark <= "\udfff" for mark in value):  # how Python shows stray bytes
            wrong(name, "is not UTF-8", "Write it in UTF-8.")
        return value or self._defaults[name]

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            wrong(name, "is missing", "Set it.")
        return value

    def matching(self, name: str, pattern: str, example: str, default: str = "") -> str:
        value = self.text(name) or default
        if not re.fullmatch(pattern, value):
            wrong(name, "is missing" if not value else "is malformed", f"Set it, {example}.")
        return value

    def optional(self, name: str, pattern: str, example: str) -> str | None:
        return self.matching(name, pattern, example) if self.text(name) else None

    def choice(self, name: str, *choices: str) -> str:
        value = self.text(name)
        if value not in choices:
            problem = "is missing" if not value else "is not one of its values"
            wrong(name, problem, f"Set it to {' or '.join(choices)}.")
        return value

    def boolean(self, name: str) -> bool:
        return self.choice(name, "true", "false") == "true"

    def whole(self, name: str, minimum: int, maximum: int) -> int:
        value = self.text(name)
        if not re.fullmatch(r"[0-9]{1,12}", value) or not minimum <= int(value) <= maximum:
            wrong(name, "is out of range", f"Set a whole number from {minimum} to {maximum}.")
        return int(value)


def wrong(name: str, problem: str, cure: str) -> NoReturn:
    """Refuse a setting, by its name and without its value."""
    raise Misconfigured(f"The setting {name} {problem}.", cure)
