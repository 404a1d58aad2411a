"""STS fails from time to time, in every way that the emulator supports."""

from __future__ import annotations

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

FAULT_SECONDS = 1.5
GOOD_SECONDS = 8.0
# How long a fault may have effects after its end, because a request may have waited for STS. In
# the rest of the good time, every request for a grant must succeed.
AFTERMATH_SECONDS = 6.0


class Faults(threading.Thread):
    """Switches on each kind in turn until `stop` is set; `set_times` counts them."""

    def __init__(self, sts_url: str, stop: threading.Event) -> None:
        super().__init__(name="faults")
        self._sts_url = sts_url
        self._halt = stop
        self._ended = -AFTERMATH_SECONDS
        self._on = False
        self.set_times = 0
        self.kinds: list[str] = []

    @property
    def may_have_effects(self) -> bool:
        return self._on or time.monotonic() - self._ended < AFTERMATH_SECONDS

    def run(self) -> None:
        self.kinds = json.loads(self._switch("GET", "/faults"))["kinds"]
        while not self._halt.wait(GOOD_SECONDS):
            kind = self.kinds[self.set_times % len(self.kinds)]
            self._on = True
            self._switch("PUT", f"/faults?kind={kind}")
            self.set_times += 1
            self._halt.wait(FAULT_SECONDS)
            self._switch("DELETE", "/faults")
            self._ended, self._on = time.monotonic(), False

    def _switch(self, method: str, path: str) -> bytes:
        connection = http.client.HTTPConnection(urlsplit(self._sts_url).netloc, timeout=30)
        try:
            connection.request(method, path)
            return connection.getresponse().read()
        finally:
            connection.close()
