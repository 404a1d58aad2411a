"""Tickets: what an upload's ID says, and that it is ours.

Stateless, so any instance serves any step: an upload's ID is a ticket that contains what later
steps must know, and a code over that, the bucket, the key and the user. The key comes back in each
request and the user with the caller's token, so a ticket that is altered, ended, another user's or
for another key is none. Pure.
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime
from typing import NamedTuple

from ..mac import mac

# Uppy's rule, so that both sides know the exact length of each part.
MIN_PART_BYTES = 5 * 1024**2
MAX_PARTS = 10_000  # OSS documents, "Multipart upload"

# No grant id is a code over a text that begins like this, though both have the same secret.
_PURPOSE = "multipart\n"


class Ticket(NamedTuple):
    """One open upload."""

    oss_id: str  # what OSS calls it
    key: str
    size: int  # bytes
    part_size: int
    content_type: str
    preset: str
    user: str  # empty with AUTH=anonymous
    end: int  # Unix seconds

    @property
    def parts(self) -> int:
        """How many parts there are; they are numbered from 1."""
        return -(-self.size // self.part_size)

    def length(self, number: int) -> int:
        """The bytes of one part: all are of one size, but the last has what is left."""
        return min(self.part_size, self.size - (number - 1) * self.part_size)


def part_size(size: int) -> int:
    """The size of the parts of a file, in bytes."""
    return max(MIN_PART_BYTES, -(-size // MAX_PARTS))


def write_ticket(ticket: Ticket, secret: bytes, bucket: str) -> str:
    """The upload's ID: at most 600 characters, none of which a URL has to escape."""
    claims = _encode(
        f"{ticket.oss_id}\n{ticket.size}\n{ticket.part_size}\n{ticket.content_type}\n"
        f"{ticket.preset}\n{ticket.end}".encode()
    )
    return f"{claims}.{_code(secret, claims, bucket, ticket.key, ticket.user)}"


def read_ticket(
    text: str, secret: bytes, *, bucket: str, key: str, user: str, now: datetime
) -> Ticket | None:
    """The ticket of an upload's ID, if it is ours, for this key and user, and has not ended."""
    claims, _, code = text.partition(".")
    expected = _code(secret, claims, bucket, key, user)
    if not code.isascii() or not hmac.compare_digest(code, expected):
        return None
    oss_id, size, part, content_type, preset, end = _decode(claims).split("\n")
    if now.timestamp() > int(end) - 1:  # a URL lives a whole second at least
        return None
    return Ticket(oss_id, key, int(size), int(part), content_type, preset, user, int(end))


def _code(secret: bytes, claims: str, bucket: str, key: str, user: str) -> str:
    # Their lengths keep the parts apart, whatever they contain; JSON takes longer.
    lengths = f"{len(claims)} {len(bucket)} {len(key)}"
    text = f"{_PURPOSE}{lengths}\n{claims}{bucket}{key}{user}"
    return _encode(mac(secret, text))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> str:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
