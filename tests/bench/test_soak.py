"""The soak notices what is wrong."""

from __future__ import annotations

import threading
from pathlib import Path
from unittest.mock import Mock

from werkzeug import Response

from bench.soak.__main__ import BUCKET, left_over
from bench.soak.clients import Client, Target
from bench.soak.observations import Tally
from emulator.oss.store import Store, Upload, Uploads
from tests.recorder import recording


def test_a_response_that_cannot_be_read_is_a_failure_and_ends_no_client() -> None:
    tally, stop = Tally(most_uploads=1), threading.Event()
    with recording(lambda _: Response("no JSON")) as server:
        target = Target(server.url, server.url, server.url)
        client = Client(target, tally, Mock(), stop, seed=0)
        client.start()
        while client.is_alive() and sum("JSONDecodeError" in what for what in tally.failures) < 2:
            stop.wait(0.01)
        stop.set()
        client.join()
    assert sum("JSONDecodeError" in what for what in tally.failures) >= 2


def test_a_resumable_upload_that_stays_open_is_left_over(tmp_path: Path) -> None:
    uploads = Uploads(Store(tmp_path / BUCKET))
    assert left_over(tmp_path) == 0
    uploads.initiate(Upload("0" * 32, "a.mp4", "2026-11-24T06:30:45.000Z", "video/mp4", {}))
    assert left_over(tmp_path) == 1
