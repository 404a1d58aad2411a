"""The harness under load, in its own process: `python -m bench.soak.harness PORT DATA [events]`.

With `events`, the receiver of callbacks is down, OSS sends events, and the hook writes the key of
each upload into DATA/hooked. As on Function Compute, instances of the function come and go; each
new one calls STS. Serves until its standard input ends, and collects garbage at SIGUSR1.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from emulator.keyring import KeyRing
from local_server import Addresses, function_environment, give_keys, serving

# Imported after local_server, which puts the function's directory on the path.
from direct_upload.app import App, utc_now  # isort: skip
from direct_upload.callbacks import report  # isort: skip
from direct_upload.events import Receiver  # isort: skip
from direct_upload.hook import Upload  # isort: skip

INSTANCE_SECONDS = 1.0  # shorter than a fault of STS, so that each fault meets a new instance
NOBODY = "http://127.0.0.1:9/callback"  # where nothing listens


class Hook:
    """Writes down each call, one line for each."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._file.touch()
        self._lock = threading.Lock()

    def __call__(self, upload: Upload) -> None:
        with self._lock, self._file.open("a") as file:
            file.write(f"{upload.key}\n")


class Instances:
    """Handles requests with the newest initialized instance."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._turnover = threading.Lock()
        self._app = App(environ)
        self._ends = time.monotonic() + INSTANCE_SECONDS

    def handle(self, event: bytes, context: Any) -> object:
        if time.monotonic() > self._ends and self._turnover.acquire(blocking=False):
            try:
                successor = App(self._environ)
                successor.warm(context)
                self._app, self._ends = successor, time.monotonic() + INSTANCE_SECONDS
            finally:
                self._turnover.release()
        return self._app.handle(event, context)


def main() -> None:
    # Refusals are part of the load; a defect shows in its response.
    logging.disable(logging.CRITICAL)
    port, data = int(sys.argv[1]), Path(sys.argv[2])
    addresses = Addresses("127.0.0.1", port)
    has_events = sys.argv[3:] == ["events"]
    settings = {
        "CALLBACK_URL": NOBODY if has_events else f"{addresses.function}/callback",
        "MULTIPART": "true",
    }
    environment = function_environment({**os.environ, **settings}, addresses)
    keys = KeyRing()
    own_key = give_keys(environment, keys)
    hook = mock.patch.object(report, "on_upload", Hook(data / "hooked"))
    with (
        hook,
        serving(
            addresses,
            environment,
            keys,
            own_key=own_key,
            handler=Instances(environment).handle,
            initializer=lambda context: None,
            object_created=Receiver(environment, utc_now).handle if has_events else None,
            data=data,
            log=lambda line: None,
        ),
    ):
        # After a reset connection, werkzeug's server leaves its selector to the garbage collector.
        signal.signal(signal.SIGUSR1, lambda *_: gc.collect())
        print("Ready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
