"""The pages in docs/ match the code: tables, samples, commands and links."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from direct_upload import errors, settings
from direct_upload.routes import ROUTES
from tests.documents import Document, run
from tests.function.invocations import ENVIRON, invoke
from tests.harness import ROOT, running_harness

SETTINGS = Document("docs/settings.md")
ANSWERS = Document("docs/answers.md")
LOCAL = Document("docs/local.md")
PAGES = [
    Document(path.relative_to(ROOT).as_posix())
    for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
]


def test_the_settings_table_matches_the_code() -> None:
    rows = SETTINGS.rows("| name | meaning")
    table = {cells[0].strip("`"): cells[-1].strip("`") for cells in rows}
    assert list(table) == list(settings.DEFAULTS)
    for name, default in settings.DEFAULTS.items():
        if default:
            assert table[name] == default


def test_the_error_table_matches_the_code() -> None:
    table = {cells[0].strip("`"): int(cells[1]) for cells in ANSWERS.rows("| code | status")}
    classes = errors.Refusal.__subclasses__()
    assert table == {cls.code: cls.status for cls in classes}


def test_every_route_is_in_the_table() -> None:
    table = " ".join(cells[0] for cells in ANSWERS.rows("| route | response"))
    for path, route in ROUTES.items():
        assert f"{route.method} {path}" in table


def test_the_sample_grant_has_the_members_of_a_real_one() -> None:
    sample = json.loads(ANSWERS.block("file grant"))
    body = '{"filename": "照片.jpg", "size": 5}'
    real = invoke(ENVIRON, "POST", "/sign", body=body).document
    assert list(sample) == list(real)
    assert list(sample["fields"]) == list(real["fields"])
    assert sample["limits"] == real["limits"]


def test_a_directory_grant_has_the_flat_names() -> None:
    sentence = re.search(r"the\s+documentation's\s+pages\s+read:(.*?)\.\n", ANSWERS.text, re.DOTALL)
    assert sentence
    names = re.findall(r"`(\w+)`", sentence[1])
    assert len(names) == 12
    assert set(names) <= set(invoke(ENVIRON).document)


def test_the_command_that_makes_sts_fail_works(tmp_path: Path) -> None:
    (command,) = re.findall(r"^ +(curl -X PUT .*)$", LOCAL.text, re.MULTILINE)
    with running_harness(tmp_path, {}) as harness:
        assert json.loads(run(command, tmp_path, harness))["kind"] == "503"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Document) -> None:
    for path, anchor in page.links():
        target = (page.path.parent / path).resolve() if path else page.path
        assert target.exists(), path
        if anchor:
            linked = Document(target.relative_to(ROOT).as_posix())
            assert anchor in linked.anchors(), f"{path}#{anchor}"
