"""A user's name as one segment of an object key.

Three forms, none of which can equal another: a plain name stands for itself; any other has its
remaining bytes escaped behind a `~`; one that would be longer than MAX_SEGMENT_BYTES is hashed
behind `~.`. So no two users share a prefix, and none lies within another's: no form holds a `/`.
"""

from __future__ import annotations

import hashlib
import re

MAX_SEGMENT_BYTES = 128
"""The longest segment; all its characters are ASCII, and none needs escaping in a URL."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_SPECIAL = re.compile(rb"[^A-Za-z0-9_-]")


def user_segment(name: str) -> str:
    """`alice` for alice, `~alice~40example~2Ecom` for alice@example.com.

    Different names give different segments, as surely as SHA-256 tells long ones apart.
    """
    # JSON can carry half a surrogate pair; refusing it here would only move the question.
    encoded = name.encode("utf-8", "surrogatepass")
    if _PLAIN.fullmatch(name):
        segment = name
    else:
        segment = "~" + _SPECIAL.sub(lambda found: b"~%02X" % found[0][0], encoded).decode()
    if len(segment) > MAX_SEGMENT_BYTES:
        return "~." + hashlib.sha256(encoded).hexdigest()
    return segment
