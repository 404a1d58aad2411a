"""Steps of a resumable upload as the function sees them, without an upload.

The tickets are made here, with the function's secret.
"""

from __future__ import annotations

import time

from .requests import BUCKET, FUNCTION_ROLE, event

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 (nothing is behind it)
RESUMABLE = {**FUNCTION_ROLE, "MULTIPART": "true", "GRANT_SECRET": SECRET}
KEY = "user-dirs/0123456789abcdef0123456789abcdef.mp4"
OSS_ID = "0004B9894A22E5B1888A1E29F8236E2D"


def step(method: str, below: str, *, size: int, part_size: int) -> bytes:
    """The event of a step of an upload of this size, under the ticket's path."""
    from direct_upload.multipart.tickets import Ticket, write_ticket

    end = int(time.time()) + 86400
    ticket = Ticket(OSS_ID, KEY, size, part_size, "video/mp4", "default", "", end)
    path = f"/s3/multipart/{write_ticket(ticket, SECRET.encode(), BUCKET)}{below}"
    return event(method, path, query={"key": KEY})
