"""The local harness as a process of its own, for tests that use it from outside."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
TRIES = 10


@dataclass(frozen=True)
class Harness:
    """The addresses of the four servers, and what the harness printed so far."""

    function: str
    oss: str
    sts: str
    page: str
    data: Path
    printed: list[str]
    process: subprocess.Popen[str]

    def prints(self, *words: str, since: int = 0) -> bool:
        """Whether it prints a line with these words; a response may come before its line.

        `since` is how many lines of `printed` are too old to count.
        """
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if any(all(word in line for word in words) for line in self.printed[since:]):
                return True
            time.sleep(0.01)
        return False


@contextlib.contextmanager
def running_harness(
    data: Path, settings: Mapping[str, str], *options: str, again: Harness | None = None
) -> Iterator[Harness]:
    """Run local_server.py on free ports, with `settings` in its environment and no other.

    `{function}` in a setting becomes the function's address. `again` is one that has ended, whose
    ports are taken once more.
    """
    process, port, printed = _start(data, settings, options, again)
    try:
        function, oss, sts, page = (f"http://127.0.0.1:{port + offset}" for offset in range(4))
        yield Harness(function, oss, sts, page, data, printed, process)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _start(
    data: Path, settings: Mapping[str, str], options: Sequence[str], again: Harness | None
) -> tuple[subprocess.Popen[str], int, list[str]]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    printed: list[str] = []
    for _ in range(TRIES):  # somebody may take a port between the look and the start
        port = int(again.function.rpartition(":")[2]) if again else four_free_ports()
        function = f"http://127.0.0.1:{port}"
        given = {name: value.replace("{function}", function) for name, value in settings.items()}
        process = subprocess.Popen(
            [sys.executable, "local_server.py", "--port", str(port), "--data", str(data), *options],
            cwd=ROOT,
            env={**environment, "PYTHONUNBUFFERED": "1", **given},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        printed = []
        for line in process.stdout:
            printed.append(line)
            if line.strip() == "Ready":
                # A full pipe would stop the servers.
                threading.Thread(
                    target=_collect, args=(process.stdout, printed), daemon=True
                ).start()
                return process, port, printed
        process.stdout.close()
        process.wait()
    raise AssertionError("local_server.py does not start:\n" + "".join(printed))


def _collect(lines: IO[str], printed: list[str]) -> None:
    with lines:
        printed.extend(lines)


def four_free_ports() -> int:
    """The first of four consecutive ports that nobody listens on.

    They lie below those that systems give to outgoing connections, which come and go.
    """
    while True:
        port = random.randrange(20000, 32000, 4)
        with contextlib.ExitStack() as sockets, contextlib.suppress(OSError):
            for offset in range(4):
                sockets.enter_context(socket.create_server(("127.0.0.1", port + offset)))
            return port
