"""What a client declares about a file, and whether the file may be uploaded."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..errors import FileTooLarge, InvalidRequest, TypeNotAllowed
from . import content_types
from .names import clean_name, extension

# Longer than any file system allows: paths on Windows end at 260 characters, names on Linux at 255
# bytes.
MAX_NAME_CHARACTERS = 1024
MAX_BODY_BYTES = 16 * 1024

_FIELDS = 'Send JSON such as {"filename": "a.jpg", "content_type": "image/jpeg", "size": 12345}.'


@dataclass(frozen=True)
class File:
    """A file as the client declares it; only the name is required."""

    name: str  # clean
    content_type: str = ""
    size: int | None = None  # bytes


@dataclass(frozen=True)
class AdmittedFile:
    """A file that may be uploaded, with the type under which it is stored."""

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
        document = json.loads(body.decode())  # with bytes, it would first guess the encoding
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
    return clean_name(value)


def admit(file: File, *, allowed: Collection[str], minimum: int, maximum: int) -> AdmittedFile:
    """The file as it may be uploaded; its type comes from its name and never from the client.

    `allowed` are content types; `minimum` and `maximum` are bytes.
    """
    end = extension(file.name)
    content_type = content_types.of_extension(end)
    if content_type not in allowed:
        raise TypeNotAllowed(
            f"Files of the type {content_type} are not accepted here.",
            "Choose a file of another type, or add this type to ALLOWED_CONTENT_TYPES.",
        )
    if content_types.contradicts(file.content_type, end):
        raise TypeNotAllowed(
            f"The file's name means {content_type}, but its content_type means another type.",
            "Give the file the extension of its type, or leave content_type out.",
        )
    if file.size is None:
        return AdmittedFile(file.name, end, content_type, minimum, maximum)
    if file.size > maximum:
        raise FileTooLarge(
            # Without the size, which may be a number of any length.
            f"The file is too large; at most {maximum} bytes are accepted here.",
            "Choose a smaller file, or raise MAX_UPLOAD_BYTES.",
        )
    if file.size < minimum:
        raise InvalidRequest(
            f"The file has {file.size} bytes; at least {minimum} are needed.",
            "Choose a file with content, or lower MIN_UPLOAD_BYTES.",
        )
    return AdmittedFile(file.name, end, content_type, file.size, file.size)
