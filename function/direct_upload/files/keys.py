"""Keys of objects: a prefix, and a name below it, with placeholders for what an upload brings.

Pure: time comes in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import NamedTuple

from .names import MAX_SEGMENT_BYTES, user_segment

MAX_STEM_CHARACTERS = 60


class Naming(NamedTuple):
    """What a key is made of."""

    user: str  # the caller's name, empty where callers have none
    now: datetime  # in UTC
    leaf: str = ""  # unused, and impossible to guess
    name: str = ""  # the file's, clean
    extension: str = ""  # without a dot


LONGEST = Naming(
    user="x" * MAX_SEGMENT_BYTES,
    now=datetime(2100, 12, 31, tzinfo=timezone.utc),
    leaf="x" * 32,
    name="\U00020000" * MAX_STEM_CHARACTERS,  # a letter of four bytes
    extension="x" * 16,
)
"""With it a template gets as long, in bytes, as it can."""

_MEANINGS: Mapping[str, Callable[[Naming], str]] = {
    "user": lambda naming: user_segment(naming.user),
    "yyyy": lambda naming: f"{naming.now.year:04}",
    "mm": lambda naming: f"{naming.now.month:02}",
    "dd": lambda naming: f"{naming.now.day:02}",
    "id": lambda naming: naming.leaf,
    "name": lambda naming: stem_segment(naming.name, naming.extension),
    "ext": lambda naming: f".{naming.extension}" if naming.extension else "",
}
IN_PREFIXES = ("user", "yyyy", "mm", "dd")
IN_NAMES = tuple(_MEANINGS)


class Template:
    """A prefix, or a name below one, as `UPLOAD_DIR` and `UPLOAD_KEY` have it.

    A name that ends with `{name}` gets it without dots: nobody may choose, by the name of a file,
    an extension that its type does not have.
    """

    def __init__(self, text: str) -> None:
        meanings = dict(_MEANINGS)
        if text.endswith("{name}"):
            meanings["name"] = lambda naming: _MEANINGS["name"](naming).replace(".", "_")
        self._meanings = [meanings[name] for name in re.findall(r"\{(\w+)\}", text)]
        self._text = re.sub(r"\{\w+\}", "%s", text.replace("%", "%%"))

    def fill(self, naming: Naming) -> str:
        """The text with its placeholders replaced."""
        return self._text % tuple([meaning(naming) for meaning in self._meanings])

    def longest(self) -> int:
        """How many bytes it can get."""
        return len(self.fill(LONGEST).encode())


def has_other_braces(text: str, known: tuple[str, ...]) -> bool:
    """Whether the text has a brace that does not belong to a known placeholder."""
    return bool(re.search("[{}]", re.sub(rf"\{{({'|'.join(known)})\}}", "", text)))


def stem_segment(name: str, extension: str) -> str:
    """A clean file name without its extension, as one safe segment of a key; never empty.

    Letters with their marks and digits of any script stay, as do `-`, `_` and `.`, except dots at
    the ends.
    """
    stem, _, end = name.rpartition(".")
    if end.lower() != extension:
        stem = name
    safe = "".join(
        character if character in "-_." or unicodedata.category(character) in _KEPT else "-"
        for character in stem[:MAX_STEM_CHARACTERS]
    )
    return safe.strip(".") or "file"


_KEPT = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"})
