"""What the doctor prints: servers choose parts of it, and a terminal obeys what it is sent."""

from __future__ import annotations

import sys

MAX_CHARACTERS = 400  # of a line, before escapes


def visible(text: str) -> str:
    """The text with escapes for control characters, bidirectional ones included, and for everything
    else that is not printable; truncated after `MAX_CHARACTERS`."""
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[:MAX_CHARACTERS]
    )
    return shown + "..." if len(text) > MAX_CHARACTERS else shown


def say(text: str = "") -> None:
    """Print one line, with escapes for what the terminal's encoding lacks."""
    encoding = sys.stdout.encoding or "utf-8"
    print(visible(text).encode(encoding, "backslashreplace").decode(encoding))
