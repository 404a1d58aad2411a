"""What tests of the function's credentials and of the whole handler share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from direct_upload.credentials.sts import load_sdk
from tests.function.raw_server import RawServer, close


@pytest.fixture
def sts_server() -> Iterator[RawServer]:
    """A new one for each test: an abandoned call may arrive late, and would be counted."""
    load_sdk()
    with RawServer(close) as server:
        yield server
