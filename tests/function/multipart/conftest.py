"""A function with an emulated bucket, which may take its time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from direct_upload.multipart import oss
from tests.function.multipart.site import Site, running_site


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the emulated bucket takes longer than OSS may."""
    monkeypatch.setattr(oss, "STEP_SECONDS", 60.0)
    monkeypatch.setattr(oss, "TRY_SECONDS", 20.0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running_site(tmp_path) as running:
        yield running
