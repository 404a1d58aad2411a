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


def test_a_changed_character_is_refused_as_described(harness: Harness, tmp_path: Path) -> None:
    lines = README.block("tour").splitlines()
    change = "sed -i.bak '/^form-string \"Content-Type/s/plain/plaim/' form.txt"
    printed = run("\n".join([*lines[:5], change, lines[5]]), tmp_path, harness)
    assert "403" in printed
    assert "text/plaim" in printed
    assert "text/plain" in printed


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:`|\n)make ([a-z-]+)", README.text)):
        assert f"\n{target}:" in makefile, target
