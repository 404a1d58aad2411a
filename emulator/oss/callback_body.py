"""The body of a callback: its template with the placeholders filled in.

OSS documents, "Callback", system parameters and custom variables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from .callback_field import FORM
from .image_size import ImageSize
from .store import Record

_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")


def placeholder_values(
    record: Record, image: ImageSize | None, fields: Mapping[str, str], *, bucket: str
) -> dict[str, str | int]:
    """What each placeholder stands for; custom variables are form fields named `x:...`."""
    values: dict[str, str | int] = {
        "bucket": bucket,
        "object": record.key,
        "etag": record.etag,
        "size": record.size,
        "mimeType": record.content_type,
    }
    if image is not None:
        values["imageInfo.format"] = image.format
        values["imageInfo.width"] = image.width
        values["imageInfo.height"] = image.height
    return values | {name: value for name, value in fields.items() if name.startswith("x:")}


def fill_in(template: str, body_type: str, values: Mapping[str, str | int]) -> bytes:
    """A placeholder without a value becomes empty; in JSON, numbers have no quotes (inferred)."""
    encode = _for_form if body_type == FORM else json.dumps
    return _PLACEHOLDER.sub(lambda found: encode(values.get(found[1], "")), template).encode()


def _for_form(value: str | int) -> str:
    return quote(str(value), safe="")
