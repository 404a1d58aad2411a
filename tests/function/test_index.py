"""Function Compute's entry point, configured by the environment of its process."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType

import pytest

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
