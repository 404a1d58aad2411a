"""Completing an upload of 10,000 parts: how long the function takes, near OSS and far from it.

The parts have the smallest size that OSS accepts, so that the emulated OSS has little to copy.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from emulator.keyring import AccessKey, KeyRing
from emulator.oss import Oss
from emulator.oss.store import Part, Store, Upload, Uploads
from emulator.server import Server

from . import tables
from .line import Line
from .requests import BUCKET, COMMON, REGION
from .rows import handler
from .uploads import KEY, OSS_ID, RESUMABLE, step

PART_BYTES = 100 * 1024
FAR_SECONDS = 0.03
OWN_KEY = AccessKey(
    COMMON["ALIBABA_CLOUD_ACCESS_KEY_ID"],
    COMMON["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
    COMMON["ALIBABA_CLOUD_SECURITY_TOKEN"],
)


def measure(*, parts: int) -> str:
    """A table; each row has an upload of its own."""
    titles = {"the emulated OSS as it is": 0.0, f"{FAR_SECONDS * 1000:.0f} ms away": FAR_SECONDS}
    rows = [[title, *_row(parts, seconds)] for title, seconds in titles.items()]
    return tables.table([f"completing {parts:,} parts", "requests", "list, s", "all, s"], rows)


def _row(parts: int, round_trip: float) -> list[str]:
    requests: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        _put_all(Path(folder, BUCKET), parts)
        oss = Oss(BUCKET, REGION, Path(folder), KeyRing([OWN_KEY]), [], log=requests.append)
        with Server(oss) as server, Line(round_trip=round_trip, target=server.url) as line:
            origin = line.url if round_trip else server.url
            function = handler({**RESUMABLE, "UPLOAD_URL": server.url, "OSS_ENDPOINT": origin})
            took = []
            for method, below in (("GET", ""), ("POST", "/complete")):
                requests.clear()
                event = step(method, below, size=parts * PART_BYTES, part_size=PART_BYTES)
                begin = time.perf_counter()
                response = function(event)
                took.append(f"{time.perf_counter() - begin:.2f}")
                if response["statusCode"] != 200:
                    raise RuntimeError(f"a step failed: {response['body']}")
        if json.loads(response["body"])["size"] != parts * PART_BYTES:
            raise RuntimeError("the object has another size")
    return [f"{len(requests)}", *took]


def _put_all(folder: Path, parts: int) -> None:
    store = Store(folder)
    uploads = Uploads(store)
    uploads.initiate(Upload(OSS_ID, KEY, "2026-11-24T06:30:45.000Z", "video/mp4", {}))
    for number in range(1, parts + 1):
        with store.receive() as content:
            content.write(bytes(PART_BYTES))
            part = Part(number, "20261124T063045Z", content.size, content.md5, content.crc64)
            uploads.put_part(OSS_ID, KEY, content, part)
