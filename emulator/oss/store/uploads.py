"""Open multipart uploads on disk: a folder for each, which a restart finds again.

`uploads/<id>/` holds `upload.json` and a file for each part, whose name says everything about it.
All of that is also kept in memory, so that a part costs the same however many there are. A part
appears by one rename; a completed or aborted upload disappears by one.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .store import IncomingObject, Record, Store

_UPLOAD_FILE = "upload.json"


@dataclass(frozen=True)
class Part:
    number: int
    last_modified: str  # YYYYMMDDTHHMMSSZ
    size: int
    etag: str  # upper-case hexadecimal MD5
    crc64: int

    @property
    def file_name(self) -> str:
        return f"{self.number:05}-{self.last_modified}-{self.size}-{self.etag}-{self.crc64}"

    @classmethod
    def from_file_name(cls, name: str) -> Part:
        number, last_modified, size, etag, crc64 = name.split("-")
        return cls(int(number), last_modified, int(size), etag, int(crc64))


@dataclass(frozen=True)
class Upload:
    """What was decided when the upload was initiated."""

    id: str  # 32 hexadecimal digits
    key: str
    initiated: str  # ISO 8601 with Z
    content_type: str
    headers: dict[str, str]


class NoUpload(Exception):
    """There is no open upload of this ID and key."""


class PartsChanged(Exception):
    """A part was replaced while the object was put together."""


@dataclass
class _Open:
    upload: Upload
    parts: dict[int, Part] = field(default_factory=dict)
    completing: threading.Lock = field(default_factory=threading.Lock)


class Uploads:
    """The open uploads of one bucket; safe to share between threads.

    Every method raises NoUpload for an upload that is not open, or is of another key.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = store.directory / "uploads"
        self._folder.mkdir(exist_ok=True)
        self._lock = threading.Lock()
        self._open = {path.name: _load(path) for path in self._folder.iterdir()}

    def initiate(self, upload: Upload) -> None:
        draft = self._store.new_path()
        draft.mkdir()
        (draft / _UPLOAD_FILE).write_text(json.dumps(asdict(upload)))
        with self._lock:
            draft.rename(self._folder / upload.id)
            self._open[upload.id] = _Open(upload)

    def find(self, upload_id: str, key: str) -> Upload:
        with self._lock:
            return self._find(upload_id, key).upload

    def all(self) -> list[Upload]:
        """In the order of the keys' UTF-8, and then of the IDs."""
        with self._lock:
            uploads = [entry.upload for entry in self._open.values()]
        return sorted(uploads, key=lambda upload: (upload.key.encode(), upload.id))

    def parts(self, upload_id: str, key: str) -> list[Part]:
        """In ascending order."""
        with self._lock:
            found = self._find(upload_id, key).parts
            return [found[number] for number in sorted(found)]

    def put_part(self, upload_id: str, key: str, incoming: IncomingObject, part: Part) -> None:
        """Keep what has arrived, in place of an earlier part of that number."""
        incoming.close()
        folder = self._folder / upload_id
        with self._lock:
            parts = self._find(upload_id, key).parts
            incoming.path.rename(folder / part.file_name)
            replaced, parts[part.number] = parts.get(part.number), part
            if replaced is not None and replaced != part:
                (folder / replaced.file_name).unlink()

    @contextmanager
    def completing(self, upload: Upload) -> Iterator[None]:
        """Wait while another request completes the upload, since only one of them can succeed."""
        with self._lock:
            completing = self._find(upload.id, upload.key).completing
        with completing:
            yield

    def assemble(self, upload: Upload, parts: Sequence[Part], target: IncomingObject) -> None:
        """Copy the parts' bytes in this order, without a lock; PartsChanged if one is gone."""
        folder = self._folder / upload.id
        try:
            for part in parts:
                with (folder / part.file_name).open("rb") as file:
                    target.append(file, part.size, part.crc64)
        except FileNotFoundError as error:
            raise PartsChanged from error

    def complete(
        self,
        upload: Upload,
        parts: Sequence[Part],
        assembled: IncomingObject,
        record: Record,
        *,
        overwrite: bool,
    ) -> None:
        """Turn the upload into the object; parts that are not in it are removed.

        FileExistsError if the key must not be overwritten, and PartsChanged if a part is no longer
        the one that was assembled: then the upload stays open.
        """
        with self._lock:
            found = self._find(upload.id, upload.key).parts
            if any(found.get(part.number) != part for part in parts):
                raise PartsChanged
            self._store.put(assembled, record, overwrite=overwrite)
            removed = self._take_out(upload.id)
        shutil.rmtree(removed)

    def abort(self, upload_id: str, key: str) -> None:
        """Remove the upload with all of its parts; a part in flight finds no upload later."""
        with self._lock:
            self._find(upload_id, key)
            removed = self._take_out(upload_id)
        shutil.rmtree(removed)

    def _find(self, upload_id: str, key: str) -> _Open:
        entry = self._open.get(upload_id)
        if entry is None or entry.upload.key != key:
            raise NoUpload
        return entry

    def _take_out(self, upload_id: str) -> Path:
        """Move the folder to where a restart sweeps, since removing it may take a while."""
        removed = self._store.new_path()
        (self._folder / upload_id).rename(removed)
        del self._open[upload_id]
        return removed


def multipart_etag(parts: Sequence[Part]) -> str:
    """The MD5 of the parts' ETags as text, and their number (seen live: the Java SDK's tests)."""
    text = "".join(part.etag for part in parts)
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
    return f"{digest}-{len(parts)}"


def new_upload_id() -> str:
    return uuid.uuid4().hex.upper()


def _load(folder: Path) -> _Open:
    upload = Upload(**json.loads((folder / _UPLOAD_FILE).read_text()))
    names = sorted(path.name for path in folder.iterdir() if path.name != _UPLOAD_FILE)
    parts = map(Part.from_file_name, names)  # if two have one number, the later one counts
    return _Open(upload, {part.number: part for part in parts})
