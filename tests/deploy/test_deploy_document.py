"""docs/deploy.md is sufficient to deploy, and correct."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import yaml

from deploy.dotenv import read_environment
from deploy.setup_cloud.script import commands
from direct_upload.settings.value_files import with_secrets
from tests.deploy.serverless_devs import FOLDER, ServerlessDevs
from tests.deploy.test_s_yaml import SOURCE, rendered
from tests.documents import Document
from tests.harness import ROOT

DEPLOY = Document("docs/deploy.md")


def choices(folder: Path) -> dict[str, str]:
    """The values that its first block lets people choose, as the file .env of a folder."""
    [values, *_] = re.findall(r"```sh\n(.*?)```", DEPLOY.text, re.DOTALL)
    (folder / ".env").write_text(values, "utf-8")
    return read_environment(folder, {})


def test_its_choices_suffice_for_the_deployment(tmp_path: Path) -> None:
    signer = rendered(environ=choices(tmp_path))["resources"]["signer"]
    assert signer["props"]["environmentVariables"]["AUTH"] == "anonymous"


def test_its_choices_suffice_for_the_account(tmp_path: Path) -> None:
    assert "role oss-signer-fc" in "\n".join(commands(choices(tmp_path)))


def test_names_every_document() -> None:
    named = set(re.findall(r"deploy/[\w-]+\.(?:json|xml)", DEPLOY.text))
    existing = {path for kind in ("json", "xml") for path in (ROOT / "deploy").glob(f"*.{kind}")}
    assert named == {path.relative_to(ROOT).as_posix() for path in existing}


def test_names_the_limit_of_the_bundle() -> None:
    assert "13 MB zipped at most" in DEPLOY.text


def test_its_second_environment_extends_s_yaml(s: ServerlessDevs, tmp_path: Path) -> None:
    choices(tmp_path)
    (tmp_path / "s.yaml").write_text(SOURCE, "utf-8")
    (tmp_path / "s.prod.yaml").write_text(DEPLOY.block("extend"), "utf-8")
    plain = s.preview(tmp_path)["resources"]["signer"]
    prod = s.preview(tmp_path, "-t", "s.prod.yaml")["resources"]["signer"]
    assert prod["props"]["functionName"] == "direct-upload-prod"
    assert prod["props"]["concurrencyConfig"] == {"reservedConcurrency": 50}
    assert prod["props"]["environmentVariables"]["OSS_BUCKET"] == "my-prod-bucket"
    changed = ("functionName", "concurrencyConfig", "environmentVariables")
    for name in plain["props"].keys() - set(changed):
        assert prod["props"][name] == plain["props"][name]
    assert prod["actions"] == plain["actions"]
    assert prod["props"]["environmentVariables"].keys() == (
        plain["props"]["environmentVariables"].keys()
    )


def test_its_secret_is_in_a_file_that_git_ignores_and_the_function_reads(tmp_path: Path) -> None:
    (tmp_path / "function").mkdir()
    subprocess.run(["bash", "-euc", DEPLOY.block("secrets")], cwd=tmp_path, check=True, timeout=60)
    environ = read_environment(tmp_path, {})
    assert environ == {"GRANT_SECRET": "file:grant-secret.txt"}
    assert len(with_secrets(environ, tmp_path / "function")["GRANT_SECRET"]) == 64
    ignored = ("setup.sh", ".env", "private-key.pem", "certificate.pem")
    for file in ("function/grant-secret.txt", "function/jwt-secret.txt", *ignored):
        subprocess.run(["git", "check-ignore", "-q", file], cwd=ROOT, check=True, timeout=60)


def test_its_workflow_deploys(s: ServerlessDevs, tmp_path: Path) -> None:
    """Its steps in a shell like the runner's, with the values that GitHub would fill in."""
    job = yaml.safe_load(DEPLOY.block("actions"))["jobs"]["deploy"]
    secrets = {"vars.ACCOUNT_ID": "1", "secrets.ACCESS_KEY_ID": "LTAI", "secrets.ACCESS_KEY_SECRET":
               "key-secret", "secrets.GRANT_SECRET": "0123456789abcdef" * 4}  # fmt: skip

    def filled(value: str) -> str:
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: secrets[found[1]], value)

    (tmp_path / "function").mkdir()
    (tmp_path / "bin").mkdir()
    component = FOLDER / "component"
    source = re.sub(r"component: fc3@\S+", f"component: {component}", SOURCE)
    (tmp_path / "s.yaml").write_text(source, "utf-8")
    for name, command in {
        "npm": "exit 0",  # the lock beside the tests has the version that it installs
        "make": "exit 0",
        "s": shlex.join(["node", str(s.script)]) + ' "$@"',
    }.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{command}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    environ = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(s.home),
        "GITHUB_ENV": str(tmp_path / "github"),
        "RECORD": str(tmp_path / "recorded"),
        **{name: filled(value) for name, value in job["env"].items()},
    }
    printed = ""
    for step in job["steps"]:
        if "run" not in step:
            continue
        own = {name: filled(value) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=tmp_path,
            env=environ | own,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        printed += done.stdout + done.stderr
        if (tmp_path / "github").exists():
            lines = (tmp_path / "github").read_text().splitlines()
            environ |= dict(line.split("=", 1) for line in lines)
    [recorded] = (tmp_path / "recorded").read_text("utf-8").splitlines()
    environment = json.loads(recorded)["props"]["environmentVariables"]
    assert environment["GRANT_SECRET"] == "file:grant-secret.txt"
    assert (tmp_path / "function" / "grant-secret.txt").read_text() == secrets[
        "secrets.GRANT_SECRET"
    ]
    assert secrets["secrets.GRANT_SECRET"] not in printed
    locked = json.loads((FOLDER / "package.json").read_text("utf-8"))["devDependencies"]
    assert f"@serverless-devs/s@{locked['@serverless-devs/s']}" in DEPLOY.block("actions")


def test_its_versions_are_those_of_the_project() -> None:
    [version] = set(re.findall(r"fc3@([\d.]+)", SOURCE))
    assert f"fc3 {version}" in DEPLOY.text
