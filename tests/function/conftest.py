"""What tests of the function's credentials and of the whole handler share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from direct_upload.credentials.sts import load_sdk
from tests.function.credentials.faulty_sts import FaultySts, close


@pytest.fixture
def sts_server() -> Iterator[FaultySts]:
    """A new one for each test: an abandoned call may arrive late, and would be counted."""
    load_sdk()
    with FaultySts(close) as server:
        yield server
