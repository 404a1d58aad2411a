"""The body of a callback: its template with the placeholders filled in.

OSS documents, "Callback", system parameters and custom variables. The size of an image comes from
its first bytes; PNG, GIF and JPEG are known here, anything else is not an image.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote

from ..store import Record, Store
from .field import FORM, PLACEHOLDER, Callback

# JPEG frame headers; C4, C8 and CC, between them, are other segments (ITU T.81, table B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def callback_body(
    callback: Callback, record: Record, fields: Mapping[str, str], *, bucket: str, store: Store
) -> bytes:
    """Fill in the template; custom variables are form fields named `x:...`.

    A placeholder without a value becomes empty; in JSON, numbers have no quotes (inferred).
    """
    values: dict[str, str | int] = {
        "bucket": bucket,
        "object": record.key,
        "etag": record.etag,
        "size": record.size,
        "mimeType": record.content_type,
    }
    if "${imageInfo." in callback.body and (image := _stored_image_size(store, record.key)):
        values["imageInfo.format"] = image.format
        values["imageInfo.width"] = image.width
        values["imageInfo.height"] = image.height
    values |= {name: value for name, value in fields.items() if name.startswith("x:")}
    encode = _url_encoded if callback.body_type == FORM else json.dumps
    return PLACEHOLDER.sub(lambda found: encode(values.get(found[1], "")), callback.body).encode()


def _url_encoded(value: str | int) -> str:
    return quote(str(value), safe="")


@dataclass(frozen=True)
class ImageSize:
    format: str  # as OSS documents it: jpg, png, gif
    width: int
    height: int


def _stored_image_size(store: Store, key: str) -> ImageSize | None:
    found = store.open(key)
    if found is None:  # removed in the meantime: anyone may edit the emulator's folder
        return None
    with found[1] as stream:
        return read_image_size(stream)


def read_image_size(stream: BinaryIO) -> ImageSize | None:
    head = stream.read(24)
    try:
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return ImageSize("png", *struct.unpack_from(">II", head, 16))
        if head.startswith((b"GIF87a", b"GIF89a")):
            return ImageSize("gif", *struct.unpack_from("<HH", head, 6))
        if head.startswith(b"\xff\xd8"):
            stream.seek(2)
            return _read_jpeg(stream)
    except struct.error:  # the bytes end too early
        pass
    return None


def _read_jpeg(stream: BinaryIO) -> ImageSize | None:
    """Skip the segments before the frame header; one of them may hold a whole preview image."""
    while True:
        marker, kind, length = struct.unpack(">BBH", stream.read(4))
        if marker != 0xFF:
            return None
        if kind in _FRAMES:
            _, height, width = struct.unpack(">BHH", stream.read(5))
            return ImageSize("jpg", width, height)
        stream.seek(length - 2, os.SEEK_CUR)
