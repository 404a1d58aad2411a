"""POST policies: what OSS holds an upload form to.

A policy is JSON with an `expiration` and `conditions`, in Base64
(OSS documents, "PostObject", "Post policy"). Pure: time comes in, text goes out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

_write_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

Condition: TypeAlias = dict[str, str] | list[object]
"""One item of `conditions`, as it stands in the JSON."""


def exactly(field: str, value: str) -> Condition:
    """The form must hold this field with this value; `bucket` means the bucket posted to."""
    return {field: value}


def exactly_each(fields: Mapping[str, str]) -> list[Condition]:
    """The form must hold each of these fields with its value."""
    return [{field: value} for field, value in fields.items()]


def starts_with(field: str, prefix: str) -> Condition:
    """The field must begin with the prefix."""
    return ["starts-with", f"${field}", prefix]


def one_of(field: str, values: Sequence[str]) -> Condition:
    """The field must equal one of the values; OSS knows no wildcards here."""
    return ["in", f"${field}", list(values)]


def content_length_range(minimum: int, maximum: int) -> Condition:
    """The file, without the rest of the form, must have this many bytes, both included."""
    return ["content-length-range", minimum, maximum]


def format_expiration(moment: datetime) -> str:
    """ISO 8601 in GMT with milliseconds and `Z`, the form that the OSS documents show."""
    return f"{moment.isoformat()[:19]}.000Z"  # rounded down to the second


def encode_policy(expiration: datetime, conditions: Iterable[Condition]) -> str:
    """The policy as the form field `policy` carries it; sign and send this very text.

    `expiration` is an aware UTC datetime; OSS would read any other clock as UTC. No value may
    hold a `$` of its own: OSS wants it escaped in a way that is no longer JSON. What is not ASCII
    stands in UTF-8, as OSS's SDKs write it: escapes would be up to four times as long.
    """
    document = {"expiration": format_expiration(expiration), "conditions": list(conditions)}
    return base64.b64encode(_write_json(document).encode()).decode()
