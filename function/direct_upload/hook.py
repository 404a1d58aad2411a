"""What the application does about a finished upload: the one place that is yours to edit."""

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
    user: str  # whom the grant was for, empty with AUTH=anonymous; `sha256:...` over 64 bytes


def on_upload(upload: Upload) -> None:
    """Act on a finished upload; does nothing as it comes.

    - The browser waits meanwhile, and OSS gives up after 5 seconds: hand long work to a queue.
    - At least once: the same report may come again, so make a repetition harmless (by `key` and
      `etag`). Nothing keeps a report from being lost either: list the bucket now and then.
    - An exception makes the answer 500; OSS keeps the object and tells the browser 203
      CallbackFailed.
    """
