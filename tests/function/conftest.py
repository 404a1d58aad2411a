"""What tests in several rooms use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from direct_upload.callbacks import report
from direct_upload.credentials.sts import load_sdk
from direct_upload.hook import Upload
from tests.function.raw_server import RawServer, close


@pytest.fixture
def sts_server() -> Iterator[RawServer]:
    """A new one for each test: an abandoned call may arrive late, and would be counted."""
    load_sdk()
    with RawServer(close) as server:
        yield server


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch) -> list[Upload]:
    """What the hook was called with."""
    received: list[Upload] = []
    monkeypatch.setattr(report, "on_upload", received.append)
    return received
