"""The pages in docs/ match the code: tables, samples, commands and links."""

from __future__ import annotations

import json
import re
from pathlib import Path
from unittest.mock import Mock

import pytest

from bench.soak.report import MARK, write
from direct_upload import errors, settings
from direct_upload.files import keys
from direct_upload.presets import parsing
from direct_upload.routes import ROUTES
from tests.documents import Document, run
from tests.function.invocations import ENVIRON, invoke
from tests.harness import ROOT, running_harness

SETTINGS = Document("docs/settings.md")
INTERFACE = Document("docs/routes.md")
LOCAL = Document("docs/local.md")
PRESETS = Document("docs/presets.md")
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
    table = {cells[0].strip("`"): int(cells[1]) for cells in INTERFACE.rows("| code | status")}
    classes = errors.Refusal.__subclasses__()
    assert table == {cls.code: cls.status for cls in classes}


def test_every_route_is_in_the_table() -> None:
    table = " ".join(cells[0] for cells in INTERFACE.rows("| route | response"))
    for route in ROUTES:
        assert route in table


def test_the_sample_grant_has_the_members_of_a_real_one() -> None:
    sample = json.loads(INTERFACE.block("file grant"))
    body = '{"filename": "照片.jpg", "size": 5}'
    real = invoke(ENVIRON, "POST", "/sign", body=body).document
    assert list(sample) == list(real)
    assert list(sample["fields"]) == list(real["fields"])
    assert sample["limits"] == real["limits"]


def test_the_sample_limits_have_the_members_of_real_ones() -> None:
    sample = json.loads(INTERFACE.block("limits"))
    types = {"ALLOWED_CONTENT_TYPES": "image/png,application/pdf"}
    assert invoke(ENVIRON | types, path="/limits").document == sample


def test_the_tables_of_presets_match_the_code() -> None:
    members = {
        cells[0].strip("`"): cells[1].strip("`") for cells in PRESETS.rows("| member | setting")
    }
    rows = {row.member: name for name, row in settings.ROWS.items() if row.member}
    assert members == rows
    without = PRESETS.text.partition("These have no setting:")[2].partition("\n\nDirectory")[0]
    assert re.findall(r"^- `(\w+)`:", without, re.MULTILINE) == list(parsing._OWN_MEMBERS)
    places = {
        tuple(re.findall(r"`\{(\w+)\}`", cells[0])): cells[2:]
        for cells in PRESETS.rows("| placeholder | becomes")
    }
    in_prefixes = {name for names, (yes, _) in places.items() for name in names if yes == "yes"}
    assert in_prefixes == set(keys.IN_PREFIXES)
    assert {name for names in places for name in names} == set(keys.IN_NAMES)


def test_the_presets_of_the_page_work_as_pasted(tmp_path: Path) -> None:
    with running_harness(tmp_path, {"UPLOAD_PRESETS": PRESETS.block("presets")}) as harness:
        lines = run(PRESETS.block("tour"), tmp_path, harness).splitlines()
        document, avatar, video = map(json.loads, lines)
        names = [found["preset"] for found in (document, avatar, video)]
        assert names == ["document", "avatar", "video"]
        assert re.fullmatch(r"documents/\d{4}/\d\d/[0-9a-f]{32}/年报-2026\.docx", document["key"])
        assert document["fields"]["x-oss-meta-source"] == "portal"
        assert avatar["key"].startswith("avatars/")
        assert avatar["fields"]["x-oss-object-acl"] == "public-read"
        assert video["max_bytes"] == 5 * 1024**3


def test_a_grant_says_what_each_preset_of_the_page_pins() -> None:
    presets = json.loads(PRESETS.block("presets"))
    env = ENVIRON | {"UPLOAD_PRESETS": json.dumps(presets)}
    body = '{"filename": "a.mp4", "preset": "video", "size": 5368709120}'
    grant = invoke(env, "POST", "/sign", body=body).document
    assert grant["fields"]["x-oss-storage-class"] == "IA"
    assert grant["expires"] == 3599


def test_a_directory_grant_has_the_flat_names() -> None:
    sentence = re.search(
        r"the\s+documentation's\s+pages\s+read:(.*?)\.\n", INTERFACE.text, re.DOTALL
    )
    assert sentence
    names = re.findall(r"`(\w+)`", sentence[1])
    assert len(names) == 12
    assert set(names) <= set(invoke(ENVIRON).document)


def test_the_command_that_makes_sts_fail_works(tmp_path: Path) -> None:
    (command,) = re.findall(r"^ +(curl -X PUT .*)$", LOCAL.text, re.MULTILINE)
    with running_harness(tmp_path, {}) as harness:
        assert json.loads(run(command, tmp_path, harness))["kind"] == "503"


def test_every_point_of_rfc_8725_is_held_by_a_test() -> None:
    rows = Document("docs/security.md").rows("| section | here")
    assert [row[0].split()[0] for row in rows] == [f"3.{point}" for point in range(1, 13)]
    for row in rows:
        names = re.findall(r"`(test_\w+)`(?: \(`(.*?)`\))?", row[2])
        assert names
        for name, path in names:
            files = [ROOT / path] if path else (ROOT / "tests/function/callers").glob("test_*.py")
            assert any(f"def {name}(" in file.read_text(encoding="utf-8") for file in files), name


def test_the_claim_of_the_page_is_the_example() -> None:
    """tests/end_to_end/test_claim.py runs it, with the page's policy."""
    example = (ROOT / "examples/claim.py").read_text(encoding="utf-8")
    assert Document("docs/claims.md").block("claim") == example


def test_every_promise_about_uploads_says_how_sure_it_is() -> None:
    rows = Document("docs/reliability.md").rows("| way | promises")
    assert [re.findall(r"callback|event|claim|list", row[0])[0] for row in rows] == [
        *("callback", "event", "claim", "list")
    ]
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for _, promised, not_promised, noticed in rows:
        assert noticed
        for statement in (*promised.split("; "), *not_promised.split("; ")):
            mark = re.search(r"\(([^()]*)\)$", statement)
            assert mark, statement
            names = re.findall(r"`(test_\w+)`", mark[1])
            assert names or re.match("documented|seen live|inferred", mark[1]), statement
            assert all(f"def {name}(" in tests for name in names), statement


def test_the_soak_replaces_only_its_own_part_of_the_page(tmp_path: Path) -> None:
    page = ROOT / "docs/reliability.md"
    written, mark, _ = page.read_text("utf-8").partition(MARK)
    assert mark
    copy = tmp_path / page.name
    copy.write_bytes(page.read_bytes())
    write(Mock(markdown=lambda: "new figures\n"), copy)
    assert copy.read_text("utf-8") == f"{written}{MARK}\n\nnew figures\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Document) -> None:
    for path, anchor in page.links():
        target = (page.path.parent / path).resolve() if path else page.path
        assert target.exists(), path
        if anchor:
            linked = Document(target.relative_to(ROOT).as_posix())
            assert anchor in linked.anchors(), f"{path}#{anchor}"
