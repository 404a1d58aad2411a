"""The function's own requests to the bucket: begin an upload, list its parts, complete, abort.

Each is signed in its URL, limited in time and size, and follows no redirect. What goes wrong
becomes a refusal here: only OSS's error codes and HTTP statuses leave this file.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, NamedTuple, TypeVar

from ..credentials import Credentials
from ..errors import Misconfigured, Refusal, StorageUnavailable
from ..http.outgoing import FetchFailed, send
from .responses import (
    OddResponse,
    Part,
    read_completed,
    read_error,
    read_initiated,
    read_json,
    read_page,
)
from .url_signature import Operation, signed_url

logger = logging.getLogger("direct_upload")

# All requests of one step take at most this long: with 5 s for credentials, less than the 15 s
# that the function has.
STEP_SECONDS = 9.0
TRY_SECONDS = 3.0
TRIES = 2  # where a repetition does no harm
URL_SECONDS = 60
# A page of 1,000 parts has about 200 KB.
MAX_RESPONSE_BYTES = 1024**2

T = TypeVar("T")

_RIGHTS = {
    "InitiateMultipartUpload": "oss:PutObject",
    "ListParts": "oss:ListParts",
    "CompleteMultipartUpload": "oss:PutObject",
    "AbortMultipartUpload": "oss:AbortMultipartUpload",
}


class Reply(NamedTuple):
    """A response; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outcome(Exception):
    """An error of OSS that a step has to deal with; others become refusals here."""

    code: ClassVar[str]


class NoSuchUpload(Outcome):
    """OSS knows no open upload of this ID: it was completed, aborted or removed."""

    code = "NoSuchUpload"


class KeyTaken(Outcome):
    """There is an object under the key, and nothing may replace it."""

    code = "FileAlreadyExists"


class PartChanged(Outcome):
    """A part is not there any more, or has another ETag than the listed one."""

    code = "InvalidPart"


@dataclass(frozen=True)
class Completed:
    """What OSS says of a new object."""

    etag: str | None
    callback: Any  # what the callback's receiver returned, None without one


@dataclass(frozen=True)
class Session:
    """The requests of one step: who signs them, and by when they must be done."""

    credentials: Credentials
    now: datetime
    ends: float = field(default_factory=lambda: time.monotonic() + STEP_SECONDS)

    def seconds_left(self) -> float:
        return self.ends - time.monotonic()


@dataclass(frozen=True)
class Bucket:
    """The bucket as the function reaches it, at `origin`."""

    name: str
    region: str
    origin: str

    def initiate(
        self,
        session: Session,
        key: str,
        headers: Mapping[str, str],
        expected: tuple[type[Outcome], ...] = (),
    ) -> str:
        """Begin an upload of an object with these headers; its ID."""
        operation = Operation("POST", self.name, key, {"uploads": ""}, headers, tuple(headers))
        reply = self._send("InitiateMultipartUpload", session, operation, expected=expected)
        return _read(read_initiated, reply, "InitiateMultipartUpload")

    def list_parts(self, session: Session, key: str, upload_id: str) -> list[Part]:
        """All parts that there are, in the order of their numbers. Raises `NoSuchUpload`."""
        parts: list[Part] = []
        after: int | None = 0
        while after is not None:
            query = {"uploadId": upload_id, "max-parts": "1000"}
            if after:
                query["part-number-marker"] = str(after)
            operation = Operation("GET", self.name, key, query)
            reply = self._send("ListParts", session, operation, expected=(NoSuchUpload,))
            page = _read(partial(read_page, after=after), reply, "ListParts")
            parts += page.parts
            after = page.next_marker
        return parts

    def complete(
        self,
        session: Session,
        key: str,
        upload_id: str,
        parts: Iterable[Part],
        headers: Mapping[str, str],
    ) -> Completed:
        """Make an object of exactly these parts. Raises `NoSuchUpload`, `KeyTaken`, `PartChanged`.

        OSS compares the ETags, so no part can be replaced after it was listed. Sent once: it may
        take long, and goes on at OSS when nobody waits any more.
        """
        operation = Operation("POST", self.name, key, {"uploadId": upload_id}, headers)
        listed = "".join(
            f"<Part><PartNumber>{part.number}</PartNumber><ETag>{part.etag}</ETag></Part>"
            for part in parts
        )
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        name = "CompleteMultipartUpload"
        expected = (NoSuchUpload, KeyTaken, PartChanged)
        reply = self._send(name, session, operation, body, expected=expected, tries=1)
        if reply.status == 203:
            # OSS documents, "Callback": the object is stored, its callback failed.
            logger.warning("The callback of %r failed: %s.", key, read_error(reply.body))
            return Completed(None, None)
        if "x-oss-callback" in headers:
            etag = reply.headers.get("etag", "").strip('"')
            return Completed(etag or None, _read(read_json, reply, name))
        return Completed(_read(read_completed, reply, name), None)

    def abort(self, session: Session, key: str, upload_id: str) -> None:
        """Remove an upload with its parts. Raises `NoSuchUpload`."""
        operation = Operation("DELETE", self.name, key, {"uploadId": upload_id})
        self._send("AbortMultipartUpload", session, operation, expected=(NoSuchUpload,))

    def holds(self, session: Session, key: str) -> bool:
        """Whether there is an object under the key; needs no right to read it.

        OSS refuses to begin an upload that may not replace an object (documented; not on a bucket
        with versions, where this is False).
        """
        try:
            headers = {"x-oss-forbid-overwrite": "true"}
            upload_id = self.initiate(session, key, headers, expected=(KeyTaken,))
        except KeyTaken:
            return True
        try:
            self.abort(session, key, upload_id)
        except (Refusal, NoSuchUpload):
            logger.warning("An upload without parts is left open; a lifecycle rule removes it.")
        return False

    def _send(
        self,
        name: str,
        session: Session,
        operation: Operation,
        body: bytes = b"",
        *,
        expected: tuple[type[Outcome], ...],
        tries: int = TRIES,
    ) -> Reply:
        """The response, if its status is a success; any other becomes the error that it means."""
        url = signed_url(
            operation,
            session.credentials,
            origin=self.origin,
            region=self.region,
            now=session.now,
            seconds=URL_SECONDS,
        )
        reason = "there is no time left"
        for _ in range(tries):
            left = session.seconds_left()
            if left <= 0:
                break
            try:
                response = send(
                    operation.method,
                    url,
                    headers=operation.headers,
                    body=body,
                    seconds=left if tries == 1 else min(TRY_SECONDS, left),
                    max_bytes=MAX_RESPONSE_BYTES,
                )
            except FetchFailed as failure:
                reason = str(failure)
                continue
            reply = Reply(*response)
            if reply.status in (200, 203, 204):
                return reply
            if reply.status < 500 and reply.status != 429:
                raise _error(name, reply, expected)
            reason = f"the server responds with status {reply.status}"
        raise _unavailable(name, reason)


def _read(reader: Callable[[bytes], T], reply: Reply, name: str) -> T:
    try:
        return reader(reply.body)
    except OddResponse as reason:
        raise _unavailable(name, str(reason)) from None


def _unavailable(name: str, reason: str) -> StorageUnavailable:
    logger.warning("%s: %s.", name, reason)
    return StorageUnavailable(
        f"OSS did not complete {name}.",
        "Try again in a few seconds. If it persists, check OSS_ENDPOINT; the function's log says "
        "more.",
        {"Retry-After": "5"},
    )


def _error(name: str, reply: Reply, expected: tuple[type[Outcome], ...]) -> Exception:
    """What an error of OSS means."""
    code = read_error(reply.body)
    for outcome in expected:
        if outcome.code == code:
            return outcome()
    return Misconfigured(
        f"OSS refuses {name}: {code} (HTTP {reply.status}).",
        f"Check that the upload role allows {_RIGHTS[name]} below UPLOAD_DIR, and that OSS_BUCKET, "
        "OSS_REGION and OSS_ENDPOINT fit together.",
    )
