"""The XML that names the parts to complete with, read strictly.

OSS documents, CompleteMultipartUpload. That unknown elements are refused is inferred from the
message of MalformedXML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat

from ..errors import Refused, refusals

MAX_XML_BYTES = 5 * 1024**2  # inferred; 10,000 parts with all blanks and entities need 1.5 MB
MAX_PART_NUMBER = 10_000
_ROOT = ("CompleteMultipartUpload",)
_PART = (*_ROOT, "Part")
_MEMBERS = ("PartNumber", "ETag")


@dataclass(frozen=True)
class ListedPart:
    number: int
    etag: str  # upper case, without quotes


def read_part_list(document: bytes) -> list[ListedPart]:
    """The parts in ascending order; `Refused` for anything else."""
    reader = _Reader()
    try:
        reader.parse(document)
    except (expat.ExpatError, _Invalid) as error:
        raise Refused(
            refusals.MALFORMED_XML,
            hint=f"The body is not a list of parts ({error}); send <CompleteMultipartUpload> with a"
            " <Part> for each, which has <PartNumber> and <ETag>.",
        ) from None
    last = 0
    for part in reader.parts:
        if not 1 <= part.number <= MAX_PART_NUMBER:
            raise Refused(
                refusals.LISTED_PART_NUMBER,
                hint=f"The list has the part {part.number}; parts go from 1 to {MAX_PART_NUMBER}.",
            )
        if part.number <= last:
            raise Refused(
                refusals.PART_ORDER,
                hint=f"The list has part {part.number} after part {last}; sort the parts, and name"
                " each once.",
            )
        last = part.number
    return reader.parts


class _Invalid(Exception):
    """Well-formed XML that is not a list of parts."""


class _Reader:
    """Collects the parts; knows where it is by the names of the open elements."""

    def __init__(self) -> None:
        self.parts: list[ListedPart] = []
        self._path: tuple[str, ...] = ()
        self._members: dict[str, str] = {}
        self._text = ""

    def parse(self, document: bytes) -> None:
        parser = expat.ParserCreate("UTF-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(document, True)

    def _doctype(self, *_: object) -> None:
        raise _Invalid("it has a document type")

    def _start(self, name: str, _: object) -> None:
        path = (*self._path, name)
        known = path in (_ROOT, _PART) or (self._path == _PART and name in _MEMBERS)
        if not known or name in self._members:
            raise _Invalid(f"unexpected element {name[:40]!r}")
        self._path, self._text = path, ""

    def _characters(self, text: str) -> None:
        if self._path in (_ROOT, _PART):
            if text.strip():
                raise _Invalid("text between elements")
        else:
            self._text += text

    def _end(self, name: str) -> None:
        self._path = self._path[:-1]
        if name in _MEMBERS:
            self._members[name] = self._text.strip()
        elif name == "Part":
            number, etag = (self._members.pop(member, "") for member in _MEMBERS)
            if not re.fullmatch("[0-9]{1,9}", number) or not etag:
                raise _Invalid("a part without a number or an ETag")
            self.parts.append(ListedPart(int(number), etag.strip('"').upper()))
