"""JSON and Base64 from elsewhere, which may be hostile: plain values, or nothing."""

from __future__ import annotations

import base64
import json
from typing import Any, NoReturn

MAX_NUMBER = 2**53  # beyond it, JavaScript rounds; no member of a grant comes near


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; empty if it contains anything else, or what no client can use.

    That is NaN, infinity, a number beyond `MAX_NUMBER`, text that is not Unicode, and nesting that
    is too deep to read.
    """
    try:
        document = json.loads(
            body, parse_int=_integer, parse_float=_decimal, parse_constant=_refuse
        )
        json.dumps(document, ensure_ascii=False).encode()  # fails for half a surrogate pair
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _integer(text: str) -> int:
    return int(text) if abs(float(text)) <= MAX_NUMBER else _refuse(text)


def _decimal(text: str) -> float:
    return float(text) if abs(float(text)) <= MAX_NUMBER else _refuse(text)


def _refuse(text: str) -> NoReturn:
    raise ValueError("not a number that every client can read")


def decode_part(part: str) -> bytes:
    """The bytes of a part of a JWT; none if it has a length that Base64 does not have."""
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return b""
