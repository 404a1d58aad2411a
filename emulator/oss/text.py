"""Text that came from outside, made fit for XML and for a line of the log."""

from __future__ import annotations

import re
from itertools import takewhile

# XML 1.0, section 2.2; lone surrogates are not characters either.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """XML has no way to write most control characters, not even as references."""
    return _UNPRINTABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Nobody can break a line of the log, or write one of their own."""
    return "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in text)


def first_difference(expected: str, got: str) -> str:
    """Where two texts part, for a person who looks for a typing error."""
    pairs = zip(expected, got, strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return f"first difference at character {same + 1}"
