"""Every test of credentials has a clock of its own, and none may log a secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from direct_upload.credentials.sts import load_sdk
from tests.function.credentials.faulty_sts import SECRETS, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def no_secret_is_logged(
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Although everything is logged, and DEBUG=sdk makes the SDK print each request."""
    load_sdk()
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("DEBUG", "sdk")
    yield
    logged = "\n".join(caplog.handler.format(record) for record in caplog.get_records("call"))
    printed = "".join(capfd.readouterr())
    assert not [secret for secret in SECRETS if secret in logged + printed]
