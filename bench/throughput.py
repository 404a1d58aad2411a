"""Uploads through the local harness, each with its own grant; measured in real time."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

from . import tables
from .harness import Harness, harness
from .soak.wire import FORM_TYPE, form, send

SMALL, LARGE = 4 * 1024, 32 * 1024**2
CLIENTS = 4


def measure(*, seconds: float) -> str:
    """A table for small files and for large ones."""
    with harness() as servers:
        rows = [_row(servers, size, seconds) for size in (SMALL, LARGE)]
    heads = [f"the harness, {CLIENTS} clients at a time", "uploads/s", "MB/s"]
    return tables.table(heads, rows)


def _row(servers: Harness, size: int, seconds: float) -> list[str]:
    content = os.urandom(size)
    upload(servers, content)  # imports what is imported lazily
    began = time.perf_counter()

    def client(_: int) -> int:
        done = 0
        while time.perf_counter() < began + seconds:
            upload(servers, content)
            done += 1
        return done

    with ThreadPoolExecutor(CLIENTS) as clients:
        uploads = sum(clients.map(client, range(CLIENTS)))
    rate = uploads / (time.perf_counter() - began)
    return [
        f"files of {size // 1024:,} KB",
        f"{rate:,.0f}" if size == SMALL else f"{rate:,.1f}",
        f"{rate * size / 1e6:,.1f}",
    ]


def upload(servers: Harness, content: bytes) -> None:
    """Request a file grant and post the file, as a page does."""
    document = json.dumps({"filename": "holiday.jpg", "size": len(content)}).encode()
    grant = send(servers.function, "POST", "/sign", document).document
    reply = send(
        servers.oss,
        "POST",
        "/",
        form(grant["fields"], content, "holiday.jpg"),
        {"Content-Type": FORM_TYPE},
    )
    if reply.status != 200:
        raise RuntimeError(f"an upload failed: {reply.status} {reply.body!r}")
