"""What the README says is so: its commands run, its tables and samples match the code."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from direct_upload import errors, settings
from direct_upload.routes import ROUTES
from tests.function.invocations import ENVIRON, invoke
from tests.harness import ROOT, Harness, running_harness

README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    """The fenced block that follows a comment."""
    found = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, mark
    return found[1]


def rows(head: str) -> list[list[str]]:
    """The cells of the table with this first line."""
    lines = README[README.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with running_harness(tmp_path_factory.mktemp("data"), {}) as harness:
        yield harness


def run(command: str, folder: Path, harness: Harness) -> str:
    for documented, actual in (
        ("http://127.0.0.1:9000", harness.function),
        ("http://127.0.0.1:9001", harness.oss),
        ("http://127.0.0.1:9002", harness.sts),
    ):
        command = command.replace(documented, actual)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_the_tour_uploads_and_reads_back(harness: Harness, tmp_path: Path) -> None:
    said = run(block("tour"), tmp_path, harness)
    assert "HTTP/1.1 200 OK" in said
    assert "ETag" in said
    assert said.endswith("Hello, OSS\n")


def test_a_changed_character_is_refused_as_the_tour_says(harness: Harness, tmp_path: Path) -> None:
    lines = block("tour").splitlines()
    changed = "sed -i.bak '/^form-string \"Content-Type/s/plain/plaim/' form.txt"
    said = run("\n".join([*lines[:5], changed, lines[5]]), tmp_path, harness)
    assert "403" in said
    assert "text/plaim" in said
    assert "text/plain" in said


def test_the_fault_switch_works_as_written(harness: Harness, tmp_path: Path) -> None:
    (command,) = re.findall(r"`(curl -X PUT [^`]+)`", README)
    assert '"kind": "503"' in run(command, tmp_path, harness).replace('":"', '": "')
    run("curl -s -X DELETE http://127.0.0.1:9002/faults", tmp_path, harness)


def test_settings_table_matches_the_code() -> None:
    table = {cells[0].strip("`"): cells[-1].strip("`") for cells in rows("| name | meaning")}
    assert list(table) == list(settings.DEFAULTS)
    for name, default in settings.DEFAULTS.items():
        if default:
            assert table[name] == default


def test_error_table_matches_the_code() -> None:
    table = {cells[0].strip("`"): int(cells[1]) for cells in rows("| code | status")}
    classes = errors.Refusal.__subclasses__()
    assert table == {cls.code: cls.status for cls in classes}


def test_every_route_is_in_the_table() -> None:
    table = " ".join(cells[0] for cells in rows("| route | answers"))
    for path, route in ROUTES.items():
        assert f"{route.method} {path}" in table


def test_sample_grant_has_the_members_of_a_real_one() -> None:
    sample = json.loads(block("file grant"))
    body = '{"filename": "照片.jpg", "size": 5}'
    real = invoke(ENVIRON, "POST", "/sign", body=body).document
    assert list(sample) == list(real)
    assert list(sample["fields"]) == list(real["fields"])
    assert sample["limits"] == real["limits"]


def test_directory_grant_has_the_flat_names() -> None:
    sentence = re.search(r"the documentation's pages read: (.*?)\.\n", README, re.DOTALL)
    assert sentence
    names = re.findall(r"`(\w+)`", sentence[1])
    assert len(names) == 12
    assert set(names) <= set(invoke(ENVIRON).document)


def test_every_make_target_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:`|\n)make ([a-z-]+)", README)):
        assert f"\n{target}:" in makefile, target


def test_every_file_it_links_exists() -> None:
    for link in re.findall(r"\]\(([^)#]+)", README):
        assert link.startswith("http") or (ROOT / link).exists(), link
