"""Objects on disk, below one folder.

`content/` holds the bytes under generated names, `index/` one JSON record for each key, named by
the key's hash, and `incoming/` what is still arriving or being removed. So no key can leave the
folder, collide with another when case is ignored, or be too long for a file name. A record appears
by one rename or link and names its content, so a reader sees either the old object or the new one,
never a mixture.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import anycrc

COPY_BYTES = 1024**2
CRC64 = anycrc.Model("CRC64-XZ")


@dataclass(frozen=True)
class Record:
    """What is kept about an object besides its bytes."""

    key: str
    size: int
    etag: str  # upper-case hexadecimal
    crc64: int
    content_type: str
    last_modified: str  # ISO 8601 with Z
    headers: dict[str, str]  # sent again by GET: Content-Disposition, x-oss-meta-* and so on
    acl: str
    content: str = ""  # the file's name in content/
    type: str = "Normal"  # or "Multipart"

    @property
    def modified_at(self) -> datetime:
        return datetime.fromisoformat(self.last_modified.replace("Z", "+00:00"))


class IncomingObject:
    """Bytes on their way to the disk, and what OSS computes from them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.crc64 = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._file = path.open("xb")

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._md5.update(data)
        self.crc64 = CRC64.calc(data, self.crc64)
        self.size += len(data)

    def append(self, source: BinaryIO, size: int, crc64: int) -> None:
        """Copy the rest of a file whose size and CRC are known; the MD5 does not count it."""
        shutil.copyfileobj(source, self._file, COPY_BYTES)
        self.crc64 = CRC64.combine(self.crc64, crc64, size)
        self.size += size

    @property
    def md5(self) -> str:
        return self._md5.hexdigest().upper()

    def close(self) -> None:
        self._file.close()


class Store:
    """The objects of one bucket; safe to share between threads."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._incoming = directory / "incoming"
        self._content = directory / "content"
        self._index = directory / "index"
        self._lock = threading.Lock()
        for folder in (self._incoming, self._content, self._index):
            folder.mkdir(parents=True, exist_ok=True)
        self._sweep()

    @contextmanager
    def receive(self) -> Iterator[IncomingObject]:
        """A place for arriving bytes; they are removed at the end, unless `put` has taken them."""
        incoming = IncomingObject(self.new_path())
        try:
            yield incoming
        finally:
            incoming.close()
            incoming.path.unlink(missing_ok=True)

    def new_path(self) -> Path:
        """A name that is free, for something that a restart sweeps away."""
        return self._incoming / uuid.uuid4().hex

    def put(self, incoming: IncomingObject, record: Record, *, overwrite: bool) -> None:
        """Make the object visible at once; FileExistsError if it must not be overwritten."""
        incoming.close()
        record = replace(record, content=f"{incoming.path.name}-{_readable(record.key)}")
        content = self._content / record.content
        draft = incoming.path.with_suffix(".json")
        target = self._record_path(record.key)
        try:
            draft.write_text(json.dumps(asdict(record)))
            incoming.path.rename(content)
            with self._lock:
                replaced = self._read(target)
                if overwrite:
                    draft.replace(target)
                else:
                    os.link(draft, target)
        except OSError:  # the key is taken, or the disk is full
            content.unlink(missing_ok=True)
            raise
        finally:
            draft.unlink(missing_ok=True)
        if replaced is not None:
            (self._content / replaced.content).unlink()

    def delete(self, key: str) -> None:
        """Remove the object, if it exists; a read that has begun goes on to its end."""
        path = self._record_path(key)
        with self._lock:
            record = self._read(path)
            path.unlink(missing_ok=True)
        if record is not None:
            (self._content / record.content).unlink()

    def open(self, key: str) -> tuple[Record, BinaryIO] | None:
        """The object and its bytes, which stay readable even if it is overwritten later."""
        with self._lock:
            record = self._read(self._record_path(key))
            return (record, (self._content / record.content).open("rb")) if record else None

    def record(self, key: str) -> Record | None:
        """What is kept about the object besides its bytes."""
        return self._read(self._record_path(key))

    def records(self, prefix: str = "") -> list[Record]:
        """All objects whose keys start with the prefix, in the order of the keys' UTF-8."""
        found = (self._read(path) for path in self._index.iterdir())
        return sorted(
            (record for record in found if record and record.key.startswith(prefix)),
            key=lambda record: record.key.encode(),
        )

    def _record_path(self, key: str) -> Path:
        return self._index / f"{hashlib.sha256(key.encode()).hexdigest()}.json"

    def _read(self, path: Path) -> Record | None:
        with contextlib.suppress(FileNotFoundError):
            return Record(**json.loads(path.read_text()))
        return None

    def _sweep(self) -> None:
        """Remove what a killed process left: partial uploads, and content without a record."""
        known = {record.content for record in self.records()}
        leftovers = [path for path in self._content.iterdir() if path.name not in known]
        for path in (*self._incoming.iterdir(), *leftovers):
            if path.is_dir():  # a multipart upload that was completed or aborted
                shutil.rmtree(path)
            else:
                path.unlink()


def _readable(key: str) -> str:
    """The end of the key in characters that file names allow, for people who open the folder."""
    return re.sub(r"[^\w.]+", "-", key)[-40:]
