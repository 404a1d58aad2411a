"""Function Compute's entry point, configured by the environment of its process."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest

from direct_upload.hook import Upload
from tests.function.events.uploads import SECRET, record
from tests.function.events.uploads import event as event_of_oss
from tests.function.invocations import ENVIRON, Context, event, read


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A new instance."""
    import index

    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    return importlib.reload(index)


def test_reads_the_environment_of_its_process(index: ModuleType) -> None:
    index.initialize(Context())
    grant = read(index.handler(event(), Context())).document
    assert grant["host"] == "https://post-test.oss-cn-hangzhou.aliyuncs.com"


def test_an_event_of_oss_reaches_the_hook(
    index: ModuleType, uploads: list[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRANT_SECRET", SECRET)
    for _ in range(2):
        assert index.object_created(event_of_oss(record()), Context()) is None
    assert [upload.source for upload in uploads] == ["event", "event"]
