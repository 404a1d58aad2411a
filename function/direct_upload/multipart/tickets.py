"""Tickets: what an upload's ID says, and that it is ours.

Stateless, so any instance serves any step: an upload's ID is a ticket that contains what later
steps must know, and a code over that, the bucket, the key and the user. The key comes back in each
request and the user with the caller's token, so a ticket that is altered, ended, another user's or
for another key is none. Pure.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from datetime import datetime
from typing import NamedTuple

# Uppy's rule, so that both sides know the exact length of each part.
MIN_PART_BYTES = 5 * 1024**2
MAX_PARTS = 10_000  # OSS documents, "Multipart upload"

# No grant id is a code over a text that begins like this, though both have the same secret.
_PURPOSE = "multipart\n"
_TICKET = re.compile(r"([A-Za-z0-9_-]{1,900})\.([A-Za-z0-9_-]{43})")


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
    fields = [
        ticket.oss_id,
        ticket.size,
        ticket.part_size,
        ticket.content_type,
        ticket.preset,
        ticket.end,
    ]
    claims = _encode(json.dumps(fields, separators=(",", ":")).encode())
    return f"{claims}.{_code(secret, claims, bucket, ticket.key, ticket.user)}"


def read_ticket(
    text: str, secret: bytes, *, bucket: str, key: str, user: str, now: datetime
) -> Ticket | None:
    """The ticket of an upload's ID, if it is ours, for this key and user, and has not ended."""
    found = _TICKET.fullmatch(text)
    if found is None:
        return None
    claims, code = found.groups()
    if not hmac.compare_digest(code, _code(secret, claims, bucket, key, user)):
        return None
    oss_id, size, part, content_type, preset, end = json.loads(_decode(claims))
    if now.timestamp() > end - 1:  # a URL lives a whole second at least
        return None
    return Ticket(oss_id, key, size, part, content_type, preset, user, end)


def _code(secret: bytes, claims: str, bucket: str, key: str, user: str) -> str:
    # JSON keeps the parts apart, whatever they contain.
    text = _PURPOSE + json.dumps([claims, bucket, key, user])
    return _encode(hmac.digest(secret, text.encode(), "sha256"))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
