"""Function Compute's entry point, configured by the environment of its process."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType

import pytest

from direct_upload.callbacks import report
from direct_upload.hook import Upload
from tests.function.events import uploads
from tests.function.events.uploads import SECRET
from tests.function.invocations import ENVIRON, Context, event, read


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A new instance."""
    import index

    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    yield importlib.reload(index)


def test_reads_the_environment_of_its_process(index: ModuleType) -> None:
    index.initialize(Context())
    grant = read(index.handler(event(), Context())).document
    assert grant["host"] == "https://post-test.oss-cn-hangzhou.aliyuncs.com"


def test_an_event_of_oss_reaches_the_hook(
    index: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Upload] = []
    monkeypatch.setattr(report, "on_upload", found.append)
    monkeypatch.setenv("GRANT_SECRET", SECRET)
    for _ in range(2):
        assert index.object_created(uploads.event(uploads.record()), Context()) is None
    assert [upload.source for upload in found] == ["event", "event"]
