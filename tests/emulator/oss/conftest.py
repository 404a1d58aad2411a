"""What the tests of the emulated OSS share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator.oss.bucket import Bucket, running_bucket


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    with running_bucket(tmp_path) as bucket:
        yield bucket
