"""OSS's responses, read strictly: whatever is not as the documents show is an `OddResponse`.

XML without a document type, so that it has no entities of its own; namespaces are ignored, for OSS
sends them at times (OSS documents, the five requests of multipart uploads). Pure.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .tickets import MAX_PARTS

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# OSS's samples have 32 hexadecimal digits; nothing promises that.
_UPLOAD_ID = r"[!-~]{1,256}"
# In quotes. It is handed back to OSS in XML.
_ETAG = r'"[A-Za-z0-9-]{1,128}"|[A-Za-z0-9-]{1,128}'
_CODE = r"[A-Za-z0-9.]{1,64}"


class OddResponse(ValueError):
    """Not the response that OSS's documents describe; the text says why, for the log."""


@dataclass(frozen=True)
class Part:
    """A part that OSS has."""

    number: int
    size: int  # bytes
    etag: str  # as OSS writes it, in quotes


@dataclass(frozen=True)
class Page:
    """Some of an upload's parts, and the number after which the next page begins."""

    parts: list[Part]
    next_marker: int | None  # None: it is the last


def read_initiated(body: bytes) -> str:
    """The ID of a new upload."""
    return _text(_root(body, "InitiateMultipartUploadResult"), "UploadId", _UPLOAD_ID)


def read_page(body: bytes, after: int) -> Page:
    """A page of ListParts for parts after a number: their numbers ascend."""
    root = _root(body, "ListPartsResult")
    parts: list[Part] = []
    number = after
    for element in root:
        if _name(element) != "Part":
            continue
        part = Part(
            _number(element, "PartNumber"), _number(element, "Size"), _text(element, "ETag", _ETAG)
        )
        if not number < part.number <= MAX_PARTS:
            raise OddResponse("part numbers do not ascend")
        number = part.number
        parts.append(part)
    if _text(root, "IsTruncated", "true|false") == "false":
        return Page(parts, None)
    marker = _number(root, "NextPartNumberMarker")
    # Else the same page would come again and again.
    if not parts or marker != number:
        raise OddResponse("the next page does not begin after this one")
    return Page(parts, marker)


def read_completed(body: bytes) -> str:
    """The ETag of the new object, without quotes."""
    return _text(_root(body, "CompleteMultipartUploadResult"), "ETag", _ETAG).strip('"')


def read_error(body: bytes) -> str:
    """The code of an error, such as NoSuchUpload; `unknown` where the response has none."""
    try:
        return _text(_root(body, "Error"), "Code", _CODE)
    except OddResponse:
        return "unknown"


def read_json(body: bytes) -> Any:
    """What a callback's receiver returned, through OSS."""
    try:
        document = json.loads(body.decode())
        json.dumps(document, allow_nan=False)  # Python also reads numbers that JSON lacks
    except (ValueError, RecursionError):
        raise OddResponse("the body is not JSON") from None
    return document


def _root(body: bytes, name: str) -> Element:
    from xml.etree import ElementTree

    try:
        text = body.decode()
        if "<!DOCTYPE" in text:
            raise OddResponse("the XML has a document type")
        root = ElementTree.fromstring(text)  # noqa: S314 (without a document type)
    except (UnicodeDecodeError, ElementTree.ParseError):
        raise OddResponse("the body is not XML") from None
    if _name(root) != name:
        raise OddResponse(f"the XML is not {name}")
    return root


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(parent: Element, name: str, pattern: str) -> str:
    """The text of the one child of this name."""
    found = [child for child in parent if _name(child) == name]
    text = found[0].text or "" if len(found) == 1 else ""
    if not re.fullmatch(pattern, text):
        raise OddResponse(f"{name} is missing, repeated or malformed")
    return text


def _number(parent: Element, name: str) -> int:
    return int(_text(parent, name, "[0-9]{1,15}"))
