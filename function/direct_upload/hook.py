"""What the application does with a finished upload: this file is yours to edit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Upload:
    """A finished upload, as OSS reported it."""

    bucket: str
    key: str
    size: int  # bytes
    etag: str
    mime_type: str
    width: int | None  # pixels, when OSS found an image
    height: int | None
    user: str  # the grant's, empty with AUTH=anonymous; `sha256:...` for more than 64 bytes
    preset: str  # the kind of upload, `default` without UPLOAD_PRESETS


def on_upload(upload: Upload) -> None:
    """Act on a finished upload; does nothing until you write it.

    - The browser is waiting, and OSS gives up after 5 seconds: hand long work to a queue.
    - The same report may arrive again: make a repetition harmless (by `key` and `etag`). A report
      may also be lost: list the bucket from time to time.
    - After an exception the response is 500; OSS keeps the object and sends the browser 203
      CallbackFailed.
    """
