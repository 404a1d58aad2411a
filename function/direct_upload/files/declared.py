"""What a client declares about a file, in JSON or in a query."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..errors import InvalidRequest
from .names import clean_name

# Longer than any file system allows: paths on Windows end at 260 characters, names on Linux at 255
# bytes.
MAX_NAME_CHARACTERS = 1024
MAX_BODY_BYTES = 16 * 1024

_read_json = json.JSONDecoder().decode
_FIELDS = 'Send JSON such as {"filename": "a.jpg", "content_type": "image/jpeg", "size": 12345}.'


class File(NamedTuple):
    """A file as the client declares it; only the name is required."""

    name: str  # clean
    content_type: str = ""
    size: int | None = None  # bytes


def parse_body(body: bytes, limit: int = MAX_BODY_BYTES) -> Mapping[str, Any]:
    """The JSON object in a body of at most `limit` bytes."""
    if len(body) > limit:
        raise InvalidRequest(f"The body is larger than {limit} bytes.", _FIELDS)
    try:
        # Windows puts a BOM before UTF-8.
        document = _read_json(body.decode().removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The body is not JSON.", _FIELDS) from error
    if not isinstance(document, dict):
        raise InvalidRequest("The body is not a JSON object.", _FIELDS)
    return document


def file_from_members(members: Mapping[str, Any]) -> File:
    """The file that a JSON object declares; further members are ignored."""
    content_type = members.get("content_type")
    if content_type is not None and not isinstance(content_type, str):
        raise InvalidRequest("content_type is not a string.", _FIELDS)
    return File(_name(members.get("filename")), content_type or "", _size(members.get("size")))


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


def _size(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # some clients write each number as a double: 123.0
    # bool is an int to Python, not to JSON.
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidRequest("size is not a whole number of bytes.", _FIELDS)
    return value
