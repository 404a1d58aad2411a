"""The parts of an upload: their numbers, their URLs, and whether all have arrived."""

from __future__ import annotations

import re
from datetime import datetime

from ..credentials import GRANT_MARGIN, Credentials
from ..errors import CredentialsUnavailable, InvalidRequest, UploadIncomplete
from .oss import Bucket
from .responses import Part
from .tickets import Ticket
from .url_signature import Operation, signed_url

# A part of 5 MiB takes this long over a line of 140 kbit/s.
MIN_PART_SECONDS = 300


def part_number(text: str, ticket: Ticket) -> int:
    """The number that a path or query has, if the file has such a part."""
    if re.fullmatch("[1-9][0-9]{0,4}", text) and int(text) <= ticket.parts:
        return int(text)
    raise InvalidRequest(
        f"The file has no part of this number; they are 1 to {ticket.parts}.",
        f"Cut the file into parts of {ticket.part_size} bytes, of which the last has the rest.",
    )


def part_url(
    bucket: Bucket,
    ticket: Ticket,
    number: int,
    credentials: Credentials,
    *,
    origin: str,
    now: datetime,
    seconds: int,
) -> str:
    """A URL that takes this part for so many seconds; `origin` is where browsers put it."""
    # OSS refuses a part of any other length (seen live, for PutObject).
    operation = Operation(
        "PUT",
        bucket.name,
        ticket.key,
        {"partNumber": str(number), "uploadId": ticket.oss_id},
        {"content-length": str(ticket.length(number))},
        ("content-length",),
    )
    return signed_url(
        operation, credentials, origin=origin, region=bucket.region, now=now, seconds=seconds
    )


def url_seconds(
    policy_seconds: int, ticket: Ticket, credentials: Credentials, now: datetime
) -> int:
    """How long a part's URL lives: within the credentials' life and the upload's."""
    seconds = min(max(policy_seconds, MIN_PART_SECONDS), int(ticket.end - now.timestamp()))
    if credentials.expiration is not None:
        left = credentials.expiration - GRANT_MARGIN - now
        seconds = min(seconds, int(left.total_seconds()))
    if seconds < 1:
        raise CredentialsUnavailable(
            "The cached credentials expire too soon to sign with.",
            "Try again in a few seconds.",
            {"Retry-After": "5"},
        )
    return seconds


def require_all(ticket: Ticket, parts: list[Part]) -> list[Part]:
    """The parts of the file, each with its exact length."""
    found = {part.number: part for part in parts}
    for number in range(1, ticket.parts + 1):
        if number not in found or found[number].size != ticket.length(number):
            raise UploadIncomplete(
                f"Part {number} of {ticket.parts} has not arrived.",
                "Send it, then complete the upload.",
            )
    return [found[number] for number in range(1, ticket.parts + 1)]
