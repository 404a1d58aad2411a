"""The real Serverless Devs CLI makes of s.yaml what it means, and hands it to the component."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.serverless_devs import FOLDER, ServerlessDevs
from tests.deploy.test_s_yaml import (
    CHOICES,
    SCHEMA,
    SOURCE,
    WITH_EVENTS,
    WITH_OPTIONS,
    needs_schema,
    rendered,
)

KEY = {"AccountID": "1234567890123456", "AccessKeyID": "LTAItest", "AccessKeySecret": "secret"}


@dataclass(frozen=True)
class Project:
    """A copy of s.yaml with a component of ours, a .env of its own, and a `make` that records."""

    folder: Path
    s: ServerlessDevs

    def write(self, environ: Mapping[str, str] = CHOICES, source: str = SOURCE) -> None:
        source = re.sub(r"component: fc3@\S+", f"component: {FOLDER / 'component'}", source)
        (self.folder / "s.yaml").write_text(source, "utf-8")
        lines = "".join(f"{name}={value}\n" for name, value in environ.items())
        (self.folder / ".env").write_text(lines, "utf-8")

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self.s(self.folder, *arguments, environ={**self.environ, **KEY, **environ})

    @property
    def environ(self) -> dict[str, str]:
        """What the fake `make` and our component need."""
        return {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "RECORD": str(self.folder / "recorded"),
            "SCHEMA": str(SCHEMA),
        }

    def recorded(self) -> list[dict[str, Any]]:
        file = self.folder / "recorded"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
def project(tmp_path: Path, s: ServerlessDevs) -> Project:
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\necho "make $*" >> "$RECORD.make"\n')
    make.chmod(0o755)
    project = Project(tmp_path, s)
    project.write()
    return project


@pytest.mark.parametrize("source", [SOURCE, WITH_OPTIONS], ids=["as it is", "with options"])
def test_the_preview_is_what_the_other_tests_take_it_for(source: str, project: Project) -> None:
    expected = rendered(source)
    project.write(WITH_EVENTS, source)
    found = project.s.preview(project.folder)
    for resource in found["resources"].values():
        assert resource.pop("component") == str(FOLDER / "component")
    for resource in expected["resources"].values():
        del resource["component"]
    assert found == expected


def test_values_of_the_environment_replace_those_of_the_file(project: Project) -> None:
    found = project.s.preview(project.folder, OSS_BUCKET="other", MAX_UPLOAD_BYTES="5")
    environment = found["resources"]["signer"]["props"]["environmentVariables"]
    assert (environment["OSS_BUCKET"], environment["MAX_UPLOAD_BYTES"]) == ("other", "5")


def test_a_deployment_without_a_value_that_has_no_default_fails_and_names_it(
    project: Project,
) -> None:
    project.write({name: value for name, value in CHOICES.items() if name != "AUTH"})
    done = project.run("deploy", "-y")
    assert done.returncode != 0
    assert "AUTH" in done.stdout + done.stderr
    assert project.recorded() == []


def test_a_deployment_builds_the_bundle_and_passes_everything_on(project: Project) -> None:
    done = project.run("deploy", "-y")
    assert done.returncode == 0, done.stdout + done.stderr
    [recorded] = project.recorded()
    assert recorded["props"] == rendered()["resources"]["signer"]["props"]
    assert "-y" in recorded["args"] or "--assume-yes" in recorded["args"]
    made = (project.folder / "recorded.make").read_text()
    assert made == "make bundle RUNTIME=python3.10\n"


def test_a_deployment_with_events_deploys_the_signer_first_whose_build_both_take(
    project: Project,
) -> None:
    project.write(WITH_EVENTS, WITH_OPTIONS)
    done = project.run("deploy", "-y")
    assert done.returncode == 0, done.stdout + done.stderr
    expected = rendered(WITH_OPTIONS)["resources"]
    assert [recorded["props"] for recorded in project.recorded()] == [
        expected["signer"]["props"],
        expected["events"]["props"],
    ]
    made = (project.folder / "recorded.make").read_text()
    assert made == "make bundle RUNTIME=python3.10\n"


def test_the_key_comes_from_the_variables_that_make_rehearse_and_ci_set(project: Project) -> None:
    project.run("deploy", "-y")
    [recorded] = project.recorded()
    assert {name: recorded["credential"][name] for name in KEY} == KEY


def test_a_temporary_key_of_ci_comes_as_json(project: Project) -> None:
    """As docs/deploy.md says: the three variables have no place for a token."""
    key = {**KEY, "SecurityToken": "token"}
    alias = "ci_serverless_devs_key"
    own = {**project.environ, alias: json.dumps(key)}
    done = project.s(project.folder, "deploy", "-y", "-a", alias, environ=own)
    assert done.returncode == 0, done.stdout + done.stderr
    [recorded] = project.recorded()
    assert {name: recorded["credential"][name] for name in key} == key


def test_without_a_key_nothing_is_deployed(project: Project) -> None:
    done = project.s(project.folder, "deploy", "-y", environ=project.environ)
    assert "Not found access: default" in done.stdout + done.stderr
    assert project.recorded() == []


def test_secrets_in_files_are_printed_nowhere(project: Project) -> None:
    secret = "0123456789abcdef" * 4
    project.write({**CHOICES, "GRANT_SECRET": secret})
    assert secret in project.run("preview").stdout, "which is why they belong into files"
    project.write({**CHOICES, "GRANT_SECRET": "file:grant-secret.txt"})
    for arguments in (["preview"], ["deploy", "-y"]):
        done = project.run(*arguments)
        assert secret not in done.stdout + done.stderr
    assert project.recorded()[-1]["props"]["environmentVariables"]["GRANT_SECRET"] == (
        "file:grant-secret.txt"
    )


@needs_schema
def test_the_cli_verifies_it_against_the_components_schema(project: Project) -> None:
    done = project.run("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    project.write(source=SOURCE.replace("memorySize: 512", "memorySize: 500"))
    done = project.run("verify")
    assert "multiple of 64" in done.stdout + done.stderr
