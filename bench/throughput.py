"""Uploads through the local harness, each with its own grant; measured in real time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from . import tables
from .environment import ROOT
from .soak.__main__ import free_ports
from .soak.wire import FORM_TYPE, form, send

SMALL, LARGE = 4 * 1024, 32 * 1024**2
CLIENTS = 4


@dataclass(frozen=True)
class Harness:
    function: str
    oss: str


def measure(*, seconds: float) -> str:
    """A table for small files and for large ones."""
    with harness() as servers:
        rows = [_row(servers, size, seconds) for size in (SMALL, LARGE)]
    heads = [f"the harness, {CLIENTS} clients at a time", "uploads/s", "MB/s"]
    return tables.table(heads, rows)


@contextmanager
def harness(**settings: str) -> Iterator[Harness]:
    """local_server.py as a user starts it, on free ports and with its own folder."""
    port = free_ports()
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "local_server.py", "--port", str(port), "--data", data]
        environ = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **settings}
        with subprocess.Popen(  # noqa: S603 (the project's own)
            command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None  # noqa: S101
            try:
                if not any(line == "Ready\n" for line in process.stdout):
                    raise RuntimeError("the harness did not start")
                # It writes a line for each request, and a full pipe would block it.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                yield Harness(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}")
            finally:
                process.terminate()


def _row(servers: Harness, size: int, seconds: float) -> list[str]:
    content = os.urandom(size)
    upload(servers, content)  # imports what is imported lazily
    done: list[int] = []
    began = time.perf_counter()

    def client() -> None:
        while time.perf_counter() < began + seconds:
            upload(servers, content)
            done.append(size)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lasted = time.perf_counter() - began
    return [
        f"files of {size // 1024:,} KB",
        f"{len(done) / lasted:,.0f}" if size == SMALL else f"{len(done) / lasted:,.1f}",
        f"{sum(done) / lasted / 1e6:,.1f}",
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
