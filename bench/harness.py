"""The local harness as the bench loads it: local_server.py as a user starts it, on free ports."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .environment import ROOT


@dataclass(frozen=True)
class Harness:
    """The addresses of its servers."""

    function: str
    oss: str


@contextmanager
def harness(**settings: str) -> Iterator[Harness]:
    """local_server.py in its own process and with its own folder, until the end of the block."""
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


def free_ports() -> int:
    """The first of four consecutive free ports."""
    for port in range(20_000, 60_000, 4):
        sockets = [socket.socket() for _ in range(4)]
        try:
            for offset, one in enumerate(sockets):
                one.bind(("127.0.0.1", port + offset))
            return port
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise RuntimeError("there are no four consecutive free ports")
