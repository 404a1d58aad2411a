"""Runs the soak: `python -m bench.soak [--seconds 135] [--clients 64] [--events] [--write F]`."""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from ..environment import ROOT
from ..harness import free_ports
from .clients import Client, Target
from .faults import Faults
from .observations import Memory, Tally, open_files
from .report import Result, write
from .wire import send

BUCKET = "post-test"
CALM_SECONDS = 30.0  # how long connections may take to close after the last client


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=135)
    parser.add_argument(
        "--uploads", type=int, default=20_000, help="stop when this many are stored"
    )
    parser.add_argument(
        "--events",
        action="store_true",
        help="the receiver of callbacks is down all the time, and events reach the hook",
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="update the report in this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = soak(
            options.clients, options.seconds, options.uploads, Path(folder), events=options.events
        )
    print(result.markdown())
    if options.write is not None:
        write(result, options.write)
    for problem in result.problems[:20]:
        print(f"problem: {problem}", file=sys.stderr)
    return 1 if result.problems else 0


def soak(clients: int, seconds: float, uploads: int, data: Path, *, events: bool) -> Result:
    """Load the harness, wait until it is idle, and check what is left."""
    port = free_ports()
    function, oss, page = (f"http://127.0.0.1:{port + offset}" for offset in (0, 1, 3))
    target = Target(function, oss, page, has_receiver=not events)
    tally, stop = Tally(most_uploads=uploads), threading.Event()
    with harness(port, data, *(["events"] if events else [])) as pid:
        send(target.function, "GET", "/")  # imports what is imported lazily
        faults = Faults(f"http://127.0.0.1:{port + 2}", stop)
        memory = Memory(pid, stop)
        threads = [Client(target, tally, faults, stop, seed) for seed in range(clients)]
        files_before = open_files(pid)
        began = time.monotonic()
        for thread in (faults, memory, *threads):
            thread.start()
        while time.monotonic() - began < seconds and not tally.is_full:
            time.sleep(0.2)
        stop.set()
        for thread in (faults, memory, *threads):
            thread.join()
        lasted = time.monotonic() - began
        reported = {one.key for one in tally.stored if one.is_reported}
        hooked = await_hook(data, reported) if events else []
        files_after = calm(pid, files_before)
        lost = sum(not is_intact(target, one.key, one.digest) for one in tally.stored)
    memory_before, memory_after = memory.quarters()
    return Result(
        clients=clients,
        seconds=lasted,
        counts=tally.counts,
        faults=faults.set_times,
        kinds=len(faults.kinds),
        stored=len(tally.stored),
        stored_bytes=sum(one.size for one in tally.stored),
        lost=lost,
        surplus=left_over(data) - len(tally.stored),
        hook_calls=len(hooked) if events else None,
        missed=len(reported.difference(hooked)) if events else 0,
        failures=tally.failures,
        files_before=files_before,
        files_after=files_after,
        memory_before=memory_before,
        memory_after=memory_after,
    )


@contextmanager
def harness(port: int, data: Path, *options: str) -> Iterator[int]:
    """The harness in its own process, which ends when its input is closed."""
    environ = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    command = [sys.executable, "-m", "bench.soak.harness", str(port), str(data), *options]
    with subprocess.Popen(  # noqa: S603  our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environ
    ) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101
        if process.stdout.readline() != b"Ready\n":
            raise RuntimeError("the harness did not start")
        yield process.pid
        process.stdin.close()


def await_hook(data: Path, reported: set[str]) -> list[str]:
    """The keys with which the hook was called, once it has all that it should have, or never."""
    end = time.monotonic() + CALM_SECONDS
    while True:
        hooked = (data / "hooked").read_text().split()
        if reported.issubset(hooked) or time.monotonic() > end:
            return hooked
        time.sleep(0.2)


def calm(pid: int, files_before: int) -> int:
    """How many files are still open after connections have closed and garbage is collected."""
    end = time.monotonic() + CALM_SECONDS
    while (files := open_files(pid)) > files_before and time.monotonic() < end:
        os.kill(pid, signal.SIGUSR1)
        time.sleep(0.2)
    return files


def is_intact(target: Target, key: str, digest: bytes) -> bool:
    reply = send(target.oss, "GET", f"/{quote(key)}")
    return reply.status == 200 and hashlib.sha256(reply.body).digest() == digest


def left_over(data: Path) -> int:
    """The number of objects, of files that are still arriving, and of open resumable uploads."""
    rooms = ("index", "incoming", "uploads")
    return sum(len(list((data / BUCKET / room).iterdir())) for room in rooms)


if __name__ == "__main__":
    sys.exit(main())
