"""The bundle as a zip: what Function Compute is sent, and how big it is."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

# The day after the first one that a zip can name, so that every time zone can name it.
BUILD_TIME = 315_619_200  # 1980-01-02T00:00:00Z


def normalise(target: Path) -> None:
    """Give every file one time and one mode, so that the same input makes the same zip.

    `s deploy` skips the upload when the zip has not changed.
    """
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (BUILD_TIME, BUILD_TIME))


def zipped(target: Path) -> bytes:
    """The folder as a zip, files in the order of their names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(target.rglob("*")):
            archive.write(path, path.relative_to(target))
    return buffer.getvalue()
