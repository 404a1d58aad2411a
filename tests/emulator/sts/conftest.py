"""What the tests of the emulated STS share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.sts.harness import Harness, running_sts


@pytest.fixture
def harness() -> Iterator[Harness]:
    with running_sts() as harness:
        yield harness
