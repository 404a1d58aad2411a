"""Names: of files, as keys and downloaders see them, and of users, as segments of a key."""

from __future__ import annotations

import hashlib
import re
from string import ascii_letters, digits

MAX_SHOWN_CHARACTERS = 80
MIN_NAME_BYTES = 17  # a dot and the longest extension that a key can have
MAX_SEGMENT_BYTES = 128
"""The longest user's segment; its characters are ASCII, and none needs escaping in a URL."""

_MAX_EXTENSION = 16
# What Alipay's mini programs put in place of an extension.
_STAND_INS = frozenset({"image", "video", "audio"})
# Control characters (Unicode: Cc) and bidirectional control characters (ALM, LRM, RLM; LRE, RLE,
# PDF, LRO, RLO; LRI, RLI, FSI, PDI). Browsers drop or replace them when they save a file.
_DECEPTIVE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_UNRESERVED = f"{ascii_letters}{digits}-._~"
# By byte: what urllib's `quote` writes, which takes longer than all else that is done to a name.
_ENCODED = [chr(byte) if chr(byte) in _UNRESERVED else f"%{byte:02X}" for byte in range(256)]
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_SPECIAL = re.compile(rb"[^A-Za-z0-9_-]")


def clean_name(name: str) -> str:
    """The file name that everything else is derived from: extension, type, key and shown name.

    Without folders, deceptive characters, and the dots and spaces at the end that file systems
    ignore. A name whose end is not an extension that a key can have keeps no dot, so that
    the saved file never seems to have another extension. Never empty.
    """
    name = name.replace("\\", "/").rpartition("/")[2]
    if not name.isprintable():  # every deceptive character is unprintable
        name = _DECEPTIVE.sub("", name)
    name = name.lstrip().rstrip(". ")
    return (name if extension(name) else name.replace(".", "_")) or "file"


def extension(name: str) -> str:
    """The last extension of a clean name, without its dot and in lower case; may be empty.

    A name whose only dots are at its beginning has none, and neither has `a.image`.
    """
    stem, _, end = name.rpartition(".")
    if len(end) > _MAX_EXTENSION or not (end.isascii() and end.isalnum() and stem.strip(".")):
        return ""
    end = end.lower()
    return "" if end in _STAND_INS else end


def shown_name(name: str, room: int) -> str:
    """A clean name as a person who downloads the file sees it, encoded for `filename*` (RFC 8187).

    A name of more than 80 characters, or more than `room` bytes once encoded, loses the end of its
    stem and keeps its extension: `room` is at least `MIN_NAME_BYTES`.
    """
    stem, dot, end = name.rpartition(".") if "." in name else (name, "", "")
    stem = stem[: MAX_SHOWN_CHARACTERS - len(dot + end)]
    while len(encoded := _encode(stem + dot + end)) > room and stem:
        stem = stem[:-1]
    return encoded


def _encode(name: str) -> str:
    return "".join([_ENCODED[byte] for byte in name.encode(errors="replace")])


def user_segment(name: str) -> str:
    """`alice` for alice, `~alice~40example~2Ecom` for alice@example.com.

    Different names give different segments (long ones as far as SHA-256 goes). There are three
    forms, none of which can equal another: a plain name is used as it is; in any other, `~`
    escapes the special bytes; one that would be longer than MAX_SEGMENT_BYTES becomes `~.` and a
    hash. No form contains a `/`, so no user's prefix lies within another's.
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
