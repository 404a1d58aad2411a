"""What the tests of the emulated OSS share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug import Response

from tests.emulator.oss.bucket import Bucket, running_bucket
from tests.recorder import Recorder, recording


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    with running_bucket(tmp_path) as bucket:
        yield bucket


@pytest.fixture
def application() -> Iterator[Recorder]:
    """An application whose callback accepts everything."""
    with recording(
        lambda recorded: Response('{"Status": "OK"}', content_type="application/json")
    ) as recorder:
        yield recorder
