"""Names: of files, as keys and downloaders see them, and of users, as segments of a key."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

MAX_SHOWN_CHARACTERS = 80
MAX_SEGMENT_BYTES = 128
"""The longest user's segment; its characters are ASCII, and none needs escaping in a URL."""

_EXTENSION = re.compile("[A-Za-z0-9]{1,16}")
_WITH_EXTENSION = re.compile(rf".*[^./\\]\.+({_EXTENSION.pattern})", re.DOTALL)

# Control characters (Unicode: Cc), and those that turn the writing direction (LRE, RLE, PDF, LRO,
# RLO; LRI, RLI, FSI, PDI).
_DECEPTIVE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_SPECIAL = re.compile(rb"[^A-Za-z0-9_-]")


def extension(name: str) -> str:
    """The last extension without its dot, in lower case; empty when there is none worth keeping.

    Dots and spaces at the end do not count, since Windows drops them; a name whose only dots are
    at its beginning has no extension.
    """
    found = _WITH_EXTENSION.fullmatch(name.rstrip(". "))
    return found.group(1).lower() if found else ""


def shown_name(name: str, room: int) -> str:
    """The name that a person who downloads the file sees, encoded for `filename*` (RFC 8187).

    Folders, control characters and those that turn the writing direction are removed. A name of
    more than 80 characters, or more than `room` bytes once encoded, loses the end of its stem; an
    extension that a key can have is kept: `room` is at least 17.
    """
    name = name.replace("\\", "/").rpartition("/")[2]
    name = _DECEPTIVE.sub("", name).strip() or "file"
    stem, dot, end = name.rpartition(".")
    if not stem or not _EXTENSION.fullmatch(end):
        stem, dot, end = name, "", ""
    stem = stem[: MAX_SHOWN_CHARACTERS - len(dot + end)]
    while len(encoded := quote(stem + dot + end, safe="", errors="replace")) > room and stem:
        stem = stem[:-1]
    return encoded


def user_segment(name: str) -> str:
    """`alice` for alice, `~alice~40example~2Ecom` for alice@example.com.

    Different names give different segments (long ones as far as SHA-256 goes). There are three
    forms, none of which can equal another: a plain name is used as it is; any other has its special
    bytes escaped behind a `~`; one that would be longer than MAX_SEGMENT_BYTES is hashed behind
    `~.`. No form contains a `/`, so no user's prefix lies within another's.
    """
    # JSON can contain half a surrogate pair, which is as good as any other name.
    encoded = name.encode("utf-8", "surrogatepass")
    if _PLAIN.fullmatch(name):
        segment = name
    else:
        segment = "~" + _SPECIAL.sub(lambda found: b"~%02X" % found[0][0], encoded).decode()
    if len(segment) > MAX_SEGMENT_BYTES:
        return "~." + hashlib.sha256(encoded).hexdigest()
    return segment
