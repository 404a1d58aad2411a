"""Format, width and height of an image from its first bytes, for `${imageInfo...}`.

PNG, GIF and JPEG; anything else is no image here.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

# JPEG frame headers; C4, C8 and CC, between them, are other segments (ITU T.81, table B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class ImageSize:
    format: str  # as OSS documents it: jpg, png, gif
    width: int
    height: int


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
    """Walk over the segments to the frame header; those before it may hold a whole preview."""
    while True:
        mark, kind, length = struct.unpack(">BBH", stream.read(4))
        if mark != 0xFF:
            return None
        if kind in _FRAMES:
            _, height, width = struct.unpack(">BHH", stream.read(5))
            return ImageSize("jpg", width, height)
        stream.seek(length - 2, os.SEEK_CUR)
