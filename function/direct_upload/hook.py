"""What the application does with a finished upload: this file is yours to edit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Upload:
    """A finished upload, as OSS reported it in a callback or an event."""

    bucket: str
    key: str
    size: int  # bytes
    etag: str
    mime_type: str
    width: int | None  # pixels, when OSS found an image; an event never says
    height: int | None
    user: str  # the grant's, empty with AUTH=anonymous; `sha256:...` for more than 64 bytes
    preset: str  # the kind of upload, `default` without UPLOAD_PRESETS
    source: str  # `callback` or `event`


def on_upload(upload: Upload) -> None:
    """Act on a finished upload; does nothing until you write it.

    - The same upload may be reported again, also by a callback and an event at once: make a
      repetition harmless (by `bucket`, `key` and `etag`).
    - At a callback the browser is waiting, and OSS gives up after 5 seconds: hand long work to a
      queue. After an exception the response is 500; OSS keeps the object and sends the browser 203
      CallbackFailed. OSS does not try again.
    - At an event nobody waits. After an exception Function Compute tries again.
    """
