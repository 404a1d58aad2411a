"""The function's environment, read by one row for each setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ..errors import misconfigured


class Environment:
    """Reads each setting once, by its row.

    `values` are settings that have been read already; `names` has the names by which refusals call
    settings that are not set by their own: those of a preset.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        rows: Mapping[str, Row],
        *,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._environ = environ
        self._rows = rows
        self._values = dict(values or {})
        self._names = names or {}

    def read(self, setting: str) -> Any:
        """The checked value of a setting."""
        if setting not in self._values:
            name = self._names.get(setting, setting)
            self._values[setting] = self._rows[setting].read(self, name)
        return self._values[setting]

    def text(self, name: str) -> str:
        """The text under a name, or its default; what has no row (FC_...) has none."""
        value = self._environ.get(name, "").strip()
        if any("\ud800" <= character <= "\udfff" for character in value):  # bytes that are not text
            raise misconfigured(name, "is not UTF-8", "Write it in UTF-8.")
        return value or (self._rows[name].default if name in self._rows else "")

    def of_preset(self, path: str, members: Mapping[str, str]) -> Environment:
        """The settings of a preset: its members, as texts, are in the place of settings.

        What a preset may change is checked anew, because settings depend on each other; refusals
        name `path` and member.
        """
        names = {
            setting: f"{path}.{row.member}" for setting, row in self._rows.items() if row.member
        }
        texts = {
            name: members.get(self._rows[setting].member, "") or self.text(setting)
            for setting, name in names.items()
        }
        fixed = {setting: self.read(setting) for setting in self._rows if setting not in names}
        return Environment({**self._environ, **texts}, self._rows, values=fixed, names=names)


Reader: TypeAlias = Callable[[Environment, str], Any]
"""Reads the text under a name: `UPLOAD_DIR` or, in a preset, `UPLOAD_PRESETS.avatar.dir`."""


class Row:
    """How a setting is read; `member` is its name in a preset, empty if it is the same in all."""

    def __init__(self, default: str, read: Reader, member: str) -> None:
        self.default = default
        self.read = read
        self.member = member
