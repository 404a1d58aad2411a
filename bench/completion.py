"""Completing an upload of 10,000 parts: how long its requests take, near OSS and far from it.

The parts have the smallest size that OSS accepts, so that the emulated OSS has little to copy.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from emulator.keyring import AccessKey, KeyRing
from emulator.oss import Oss
from emulator.oss.store import Part, Store, Upload, Uploads
from emulator.server import Server, utc_now

from . import tables
from .environment import ROOT
from .line import Line
from .requests import BUCKET, KEY_ID, REGION, SECRET, TOKEN
from .uploads import KEY, OSS_ID

sys.path.insert(0, str(ROOT / "function"))  # as Function Compute does

from direct_upload.credentials import Credentials
from direct_upload.multipart.oss import Bucket, Session

PART_BYTES = 100 * 1024
FAR_SECONDS = 0.03
PATIENCE_SECONDS = 600.0
OWN_KEY = AccessKey(KEY_ID, SECRET, TOKEN)


def measure(*, parts: int) -> str:
    """A table; each row has an upload of its own, and more time than the function has."""
    titles = {"the emulated OSS": 0.0, f"{FAR_SECONDS * 1000:.0f} ms round trip": FAR_SECONDS}
    rows = [[title, *_row(parts, seconds)] for title, seconds in titles.items()]
    heads = [f"{parts:,} parts", "requests to OSS", "list, s", "complete, s", "both, s"]
    return tables.table(heads, rows)


def _row(parts: int, round_trip: float) -> list[str]:
    requests: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        _put_all(Path(folder, BUCKET), parts)
        oss = Oss(BUCKET, REGION, Path(folder), KeyRing([OWN_KEY]), [], log=requests.append)
        with Server(oss) as server, Line(round_trip=round_trip, target=server.url) as line:
            bucket = Bucket(BUCKET, REGION, line.url if round_trip else server.url)
            credentials = Credentials(KEY_ID, SECRET, TOKEN, None)
            session = Session(credentials, utc_now(), time.monotonic() + PATIENCE_SECONDS)
            begin = time.perf_counter()
            found = bucket.list_parts(session, KEY, OSS_ID)
            listed = time.perf_counter()
            bucket.complete(session, KEY, OSS_ID, found, {})
            completed = time.perf_counter()
    if len(found) != parts:
        raise RuntimeError(f"{len(found)} parts were completed")
    times = (listed - begin, completed - listed, completed - begin)
    return [f"{len(requests)}", *(f"{seconds:.2f}" for seconds in times)]


def _put_all(folder: Path, parts: int) -> None:
    store = Store(folder)
    uploads = Uploads(store)
    uploads.initiate(Upload(OSS_ID, KEY, "2026-11-24T06:30:45.000Z", "video/mp4", {}))
    for number in range(1, parts + 1):
        with store.receive() as content:
            content.write(bytes(PART_BYTES))
            part = Part(number, "20261124T063045Z", content.size, content.md5, content.crc64)
            uploads.put_part(OSS_ID, KEY, content, part)
