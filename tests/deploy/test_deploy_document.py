"""docs/deploy.md is sufficient to deploy, and correct."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.dotenv import read_environment
from deploy.setup_cloud.script import commands
from tests.deploy.conftest import ROOT
from tests.deploy.test_s_yaml import rendered

DOCUMENT = (ROOT / "docs" / "deploy.md").read_text("utf-8")


def choices(folder: Path) -> dict[str, str]:
    [block, *_] = re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)
    (folder / ".env").write_text(block, "utf-8")
    return read_environment(folder, {})


def test_its_choices_suffice_for_the_deployment(tmp_path: Path) -> None:
    signer = rendered(environ=choices(tmp_path))["resources"]["signer"]
    assert signer["props"]["environmentVariables"]["AUTH"] == "anonymous"


def test_its_choices_suffice_for_the_account(tmp_path: Path) -> None:
    assert "role oss-signer-fc" in "\n".join(commands(choices(tmp_path)))


def test_names_every_document() -> None:
    named = set(re.findall(r"deploy/[\w-]+\.(?:json|xml)", DOCUMENT))
    existing = {path for kind in ("json", "xml") for path in (ROOT / "deploy").glob(f"*.{kind}")}
    assert named == {path.relative_to(ROOT).as_posix() for path in existing}


def test_names_the_limit_of_the_bundle() -> None:
    assert "13 MB zipped at most" in DOCUMENT
