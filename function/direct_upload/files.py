"""What a caller says of the file to come, and what becomes of its name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from . import content_types
from .errors import FileTooLarge, InvalidRequest, TypeNotAllowed
from .settings import Settings

# No file system takes longer ones; Windows' paths end at 260 characters, Linux' names at 255 bytes.
MAX_NAME_CHARACTERS = 1024
MAX_BODY_BYTES = 16 * 1024
MAX_SHOWN_CHARACTERS = 80
_EXTENSION = re.compile("[A-Za-z0-9]{1,16}")
_WITH_EXTENSION = re.compile(rf".*[^./\\]\.+({_EXTENSION.pattern})", re.DOTALL)

# Control characters (Unicode: Cc), and those that turn the writing direction (LRE, RLE, PDF, LRO,
# RLO; LRI, RLI, FSI, PDI).
_DECEPTIVE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_FIELDS = 'Send JSON such as {"filename": "a.jpg", "content_type": "image/jpeg", "size": 12345}.'


@dataclass(frozen=True)
class File:
    """A file as its uploader describes it; only the name is sure to be there."""

    name: str
    content_type: str = ""
    size: int | None = None  # bytes


@dataclass(frozen=True)
class AdmittedFile:
    """A file that the settings allow, with the type it will be stored under."""

    name: str
    extension: str
    content_type: str
    minimum: int  # bytes
    maximum: int


def file_from_json(body: bytes) -> File:
    """The body of `POST /sign`; unknown members are ignored."""
    if len(body) > MAX_BODY_BYTES:
        raise InvalidRequest(f"The body is larger than {MAX_BODY_BYTES} bytes.", _FIELDS)
    try:
        document = json.loads(body.decode())  # of bytes, it would first guess the encoding
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The body is not JSON.", _FIELDS) from error
    if not isinstance(document, dict):
        raise InvalidRequest("The body is not a JSON object.", _FIELDS)
    content_type = document.get("content_type")
    size = document.get("size")
    if content_type is not None and not isinstance(content_type, str):
        raise InvalidRequest("content_type is not a string.", _FIELDS)
    # bool is an int to Python, not to JSON.
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
        raise InvalidRequest("size is not a whole number of bytes.", _FIELDS)
    return File(_name(document.get("filename")), content_type or "", size)


def file_from_query(query: Mapping[str, str]) -> File:
    """The query of `GET /s3/params`, as Uppy's Companion clients send it."""
    return File(_name(query.get("filename")), query.get("type", ""))


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidRequest("filename is missing.", "Give the file's name as a string.")
    if len(value) > MAX_NAME_CHARACTERS:
        raise InvalidRequest(
            f"filename is longer than {MAX_NAME_CHARACTERS} characters.", "Shorten the file's name."
        )
    return value


def admit(file: File, settings: Settings) -> AdmittedFile:
    """The file as it may be uploaded; the type comes from its name and never from the caller."""
    end = extension(file.name)
    content_type = content_types.of_extension(end)
    if content_type not in settings.allowed_content_types:
        raise TypeNotAllowed(
            f"Files of the type {content_type} are not accepted here.",
            "Choose a file of another type, or add the type to ALLOWED_CONTENT_TYPES.",
        )
    if content_types.contradicts(file.content_type, end):
        raise TypeNotAllowed(
            f"The file's name says {content_type}, its content_type says otherwise.",
            "Give the file the extension of its type, or leave content_type out.",
        )
    minimum, maximum = settings.min_upload_bytes, settings.max_upload_bytes
    if file.size is None:
        return AdmittedFile(file.name, end, content_type, minimum, maximum)
    if file.size > maximum:
        raise FileTooLarge(
            # Without the size: a caller may make up a number of any length.
            f"The file is too large; at most {maximum} bytes are accepted here.",
            "Choose a smaller file, or raise MAX_UPLOAD_BYTES.",
        )
    if file.size < minimum:
        raise InvalidRequest(
            f"The file has {file.size} bytes; at least {minimum} are needed.",
            "Choose a file with content, or lower MIN_UPLOAD_BYTES.",
        )
    return AdmittedFile(file.name, end, content_type, file.size, file.size)


def extension(name: str) -> str:
    """The last extension without its dot, in lower case; empty when it has none worth keeping.

    Dots and spaces at the end do not count, as Windows drops them; a name that begins with its
    only dots has no extension.
    """
    found = _WITH_EXTENSION.fullmatch(name.rstrip(". "))
    return found.group(1).lower() if found else ""


def shown_name(name: str, room: int) -> str:
    """The name for a person who downloads the file, encoded for `filename*` (RFC 8187).

    Folders, control characters and marks that turn the writing direction go; what is longer than
    80 characters, or than `room` bytes once encoded, loses the end of its stem. An extension that
    a key may have is kept: `room` is at least 17.
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
