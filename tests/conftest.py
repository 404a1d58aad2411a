"""What every test gets."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from emulator.keyring import AccessKey, KeyRing
from tests.programs import program

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A busy machine makes any example slow; what tests prove is not speed.
settings.register_profile("desk", deadline=None)
# Continuous integration tries the same examples each time; chance is for people and `make fuzz`.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

# The STS SDK honours these even for 127.0.0.1, and has no way to turn that off.
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")

ISSUED: set[str] = set()
"""Secrets and tokens of all temporary credentials that this run's emulators made."""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True, scope="session")
def remember_issued() -> Iterator[None]:
    issue = KeyRing.issue

    def remembering(self: KeyRing, **parts: Any) -> AccessKey:
        key = issue(self, **parts)
        ISSUED.update((key.access_key_secret, key.security_token or key.access_key_secret))
        return key

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KeyRing, "issue", remembering)
        yield


class Lines(logging.Handler):
    """Keeps what was logged, as it would be printed."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(autouse=True)
def no_issued_secret_is_logged() -> Iterator[None]:
    """Holds for every test, whatever it is about."""
    lines = Lines()
    logging.getLogger().addHandler(lines)
    yield
    logging.getLogger().removeHandler(lines)
    logged = "\n".join(lines.lines)
    assert not [secret for secret in ISSUED if secret in logged]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one browser of a test worker: Playwright's synchronous API runs only once at a time."""
    path = program("chromium", "Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
