"""What the doctor prints: servers choose parts of it, and a terminal obeys what it is sent."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from . import Examined, Finding

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


def report(examined: Iterator[Examined], token: str | None) -> bool:
    """Print everything, and nothing twice; True if there is no problem.

    A server that repeats the token does not bring it into a log.
    """
    printed: set[Finding] = set()
    for title, findings in examined:
        failed = any(finding.hint for finding in findings)
        say(f"{'FAIL' if failed else 'ok  '}  {title}")
        for finding in findings:
            if finding in printed:
                say("      As above.")
                continue
            printed.add(finding)
            message = finding.message.replace(token, "(the token)") if token else finding.message
            say(f"      {message}")
            if finding.hint:
                say(f"      -> {finding.hint}")
    problems = sum(bool(finding.hint) for finding in printed)
    say()
    say(f"Problems found: {problems}." if problems else "No problems found.")
    return not problems
