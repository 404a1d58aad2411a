"""What an event of an OSS trigger says: `{"events": [...]}`, a record for each operation.

Function Compute documents, "OSS triggers"; `objectMeta` is only in the newest description, so a
record may lack it. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote, unquote_plus

from ..http.events import MAX_EVENT_BYTES

# The operations that make a whole object of an upload; of the others, a copy is not an upload, and
# those of a multipart upload before its end have no object yet.
UPLOADS = ("PostObject", "CompleteMultipartUpload", "PutObject")


class NotAnUpload(ValueError):
    """A record, or an event, that does not report an upload; the text says why, for the log."""


@dataclass(frozen=True)
class StoredObject:
    """An object that an upload made; no repr shows the metadata, which may hold a grant id."""

    bucket: str
    key: str  # as the event has it
    size: int  # bytes
    etag: str  # upper-case hexadecimal
    stored_at: datetime | None  # None where the record does not say
    mime_type: str | None  # None where the record has no metadata
    # Names in lower case; empty where the record has none.
    metadata: Mapping[str, str] = field(repr=False)

    @property
    def keys(self) -> list[str]:
        """The key as it stands, then decoded: no document says whether it is percent-encoded."""
        return list(dict.fromkeys([self.key, unquote(self.key), unquote_plus(self.key)]))


def read_event(event: bytes) -> list[Any]:
    """The records of an event. Raises `NotAnUpload`."""
    try:
        records = json.loads(event)["events"] if len(event) <= MAX_EVENT_BYTES else None
    # RecursionError: JSON may be nested deeper than Python's stack.
    except (ValueError, KeyError, TypeError, RecursionError):
        records = None
    if not isinstance(records, list):
        raise NotAnUpload("this is not an event of an OSS trigger")
    return records


def read_record(record: Any) -> StoredObject:
    """The object that a record reports. Raises `NotAnUpload`."""
    try:
        if record["eventSource"] != "acs:oss":
            raise NotAnUpload("the record is not from OSS")
        kind, _, operation = record["eventName"].removeprefix("oss:").partition(":")
        if kind != "ObjectCreated" or operation not in UPLOADS:
            raise NotAnUpload("the operation is not an upload")
        bucket, stored = record["oss"]["bucket"]["name"], record["oss"]["object"]
        key, size, etag = stored["key"], stored["size"], stored["eTag"]
        if not all(isinstance(text, str) and text for text in (bucket, key, etag)):
            raise TypeError
        if type(size) is not int or size < 0:
            raise TypeError
        key.encode()  # JSON can contain half a surrogate pair, and no key of OSS does
        mime_type, metadata = _described(stored)
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError):
        raise NotAnUpload("the record is malformed") from None
    return StoredObject(
        bucket=bucket,
        key=key,
        size=size,
        etag=etag.strip('"'),
        stored_at=_moment(record.get("eventTime")),
        mime_type=mime_type,
        metadata=metadata,
    )


def _described(stored: Mapping[str, Any]) -> tuple[str | None, Mapping[str, str]]:
    described = stored.get("objectMeta") or {}
    mime_type, pairs = described.get("mimeType"), (described.get("userMeta") or {}).items()
    metadata = {name.lower(): value for name, value in pairs if isinstance(value, str)}
    return mime_type if isinstance(mime_type, str) and mime_type else None, metadata


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (ValueError, AttributeError):
        return None
    return moment if moment.tzinfo else None
