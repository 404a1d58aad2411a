"""What one grant permits: the conditions of its policy, and the claims of its grant id."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """One exact key, or the directory below which the client chooses names."""

    bucket: str
    key_or_dir: str
    is_directory: bool
    user: str  # empty where nobody is known
    minimum: int  # bytes
    maximum: int
    content_types: tuple[str, ...]  # one for an exact key; of a directory, none means any
