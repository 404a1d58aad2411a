"""The commands in the README work as written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import Document, run
from tests.harness import ROOT, Harness, running_harness

README = Document("README.md")


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with running_harness(tmp_path_factory.mktemp("data"), {}) as harness:
        yield harness


def test_the_tour_uploads_and_reads_back(harness: Harness, tmp_path: Path) -> None:
    printed = run(README.block("tour"), tmp_path, harness)
    assert "HTTP/1.1 200 OK" in printed
    assert "ETag" in printed
    assert printed.endswith("Hello, OSS\n")


def test_a_changed_form_is_refused_as_shown(harness: Harness, tmp_path: Path) -> None:
    run(README.block("tour"), tmp_path, harness)
    assert run(README.block("refusal"), tmp_path, harness) == README.block("hint")


def test_it_is_short() -> None:
    assert len(README.text.split()) <= 1600


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:`|\n)make ([a-z-]+)", README.text)):
        assert f"\n{target}:" in makefile, target
