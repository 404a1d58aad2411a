"""The script that setup-cloud prints: run twice it changes nothing, and later only what changed.

It runs in a real shell against a fake `aliyun` command.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from deploy.dotenv import ROOT
from deploy.setup_cloud.script import commands
from tests.deploy import fake_aliyun
from tests.deploy.test_cloud_documents import ENVIRONMENT
from tests.deploy.test_s_yaml import EVENTS
from tests.documents import Document

pytestmark = pytest.mark.timeout(600)  # each run starts a dozen Pythons

DEPLOY = Document("docs/deploy.md")
READS = ("Get", "List", "get-")
EVERYTHING = [
    "ram CreateRole",
    "ram CreatePolicy",
    "ram AttachPolicyToRole",
    "ram CreatePolicy",
    "ram AttachPolicyToRole",
    "ram CreateRole",
    "ram CreatePolicy",
    "ram AttachPolicyToRole",
    "sls CreateProject",
    "sls CreateLogStore",
    "sls CreateIndex",
    "ossutil api put-bucket",
    "ossutil api put-bucket-cors",
]


@dataclass(frozen=True)
class Cloud:
    """A fake account, and how the script runs in it."""

    folder: Path

    def run(
        self, *, interpreter: str = "sh", create_bucket: str = "yes", **changes: str
    ) -> subprocess.CompletedProcess[str]:
        script = "\n".join(commands({**ENVIRONMENT, **changes}, create_bucket=bool(create_bucket)))
        return self.sh(script, interpreter)

    def sh(self, script: str, interpreter: str = "sh") -> subprocess.CompletedProcess[str]:
        (self.folder / "calls").write_text("")
        with fake_aliyun.serving(self.folder):
            return subprocess.run(
                [interpreter],
                input=script,
                cwd=self.folder,
                env={"PATH": f"{self.folder}:{os.environ['PATH']}", "PYTHON": sys.executable},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )

    def changes(self, *, interpreter: str = "sh", **changes: str) -> list[str]:
        """What a run changes; it must succeed."""
        return self.changed(self.run(interpreter=interpreter, **changes))

    def changed(self, done: subprocess.CompletedProcess[str]) -> list[str]:
        """What the last run changed."""
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1].startswith("Everything is as it should be.")
        calls = (self.folder / "calls").read_text().splitlines()
        return [call for call in calls if not call.split()[-1].startswith(READS)]

    @property
    def state(self) -> Any:
        return json.loads((self.folder / "account.json").read_text("utf-8"))

    def edit(self, *path: str, value: object) -> None:
        state = self.state
        part = state
        for name in path[:-1]:
            part = part[name]
        part[path[-1]] = value
        (self.folder / "account.json").write_text(json.dumps(state), "utf-8")


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """A fake account with nothing in it."""
    return make_cloud(tmp_path)


def make_cloud(folder: Path) -> Cloud:
    fake_aliyun.install(folder)
    (folder / "sleep").write_text(f'#!/bin/sh\necho "$@" >> {shlex.quote(str(folder / "slept"))}\n')
    (folder / "sleep").chmod(0o755)
    return Cloud(folder)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An account in which everything is as it should be."""
    cloud = make_cloud(tmp_path_factory.mktemp("everything"))
    cloud.changes()
    return (cloud.folder / "account.json").read_text("utf-8")


@pytest.fixture
def settled(cloud: Cloud, everything: str) -> Cloud:
    """A fake account after the first run."""
    (cloud.folder / "account.json").write_text(everything, "utf-8")
    return cloud


def test_the_second_run_changes_nothing(cloud: Cloud) -> None:
    assert cloud.changes() == EVERYTHING
    before = cloud.state
    assert cloud.changes() == []
    assert cloud.changes(interpreter="bash") == []
    assert cloud.state == before


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"ALLOWED_ORIGINS": "https://new.example"}, ["ossutil api put-bucket-cors"], id="origin"
        ),
        pytest.param({"UPLOAD_DIR": "other/"}, ["ram CreatePolicyVersion"], id="prefix"),
        pytest.param({"CREDENTIALS_SECONDS": "7200"}, ["ram UpdateRole"], id="session"),
        pytest.param(
            {"LOG_STORE": "second"},
            ["ram CreatePolicyVersion", "sls CreateLogStore", "sls CreateIndex"],
            id="log store",
        ),
        pytest.param(
            {"UNCLAIMED_DAYS": "2"}, ["ossutil api put-bucket-lifecycle"], id="unclaimed objects"
        ),
        pytest.param(
            {"MULTIPART": "true", "GRANT_SECRET": "x" * 32},
            [
                "ram CreatePolicyVersion",
                "ossutil api put-bucket-cors",
                "ossutil api put-bucket-lifecycle",
            ],
            id="resumable uploads",
        ),
        pytest.param(
            {**EVENTS, "GRANT_SECRET": "x" * 32},
            [
                *("ram CreateRole", "ram CreatePolicy", "ram AttachPolicyToRole"),
                *("ram CreatePolicy", "ram AttachPolicyToRole"),
                *("ram CreateRole", "ram CreatePolicy", "ram AttachPolicyToRole"),
            ],
            id="events",
        ),
    ],
)
def test_a_later_run_changes_only_what_changed(
    changes: dict[str, str], expected: list[str], settled: Cloud
) -> None:
    assert settled.changes(**changes) == expected
    assert settled.changes(**changes) == []


@pytest.mark.parametrize(
    ("path", "value", "expected", "notice"),
    [
        pytest.param(
            ("roles", "oss-uploader", "AssumeRolePolicyDocument"),
            '{"Version": "1", "Statement": []}',
            ["ram UpdateRole"],
            'oss-uploader: trusted until now: {"Version": "1", "Statement": []}',
            id="trust",
        ),
        pytest.param(
            ("roles", "oss-uploader", "MaxSessionDuration"),
            43200,
            ["ram UpdateRole"],
            "oss-uploader: longest session until now: 43200 s",
            id="session",
        ),
        pytest.param(
            ("policies", "oss-uploader-upload"),
            ['{"Version": "1", "Statement": "oss:*"}'],
            ["ram CreatePolicyVersion"],
            'oss-uploader-upload: allowed until now: {"Version": "1", "Statement": "oss:*"}',
            id="rights",
        ),
        pytest.param(
            ("attached", "oss-uploader"),
            ["another"],
            ["ram AttachPolicyToRole"],
            "oss-uploader: did not have the policy oss-uploader-upload",
            id="attachment",
        ),
    ],
)
def test_drift_is_noticed_and_mended(
    path: tuple[str, ...], value: object, expected: list[str], notice: str, settled: Cloud
) -> None:
    before = settled.state
    settled.edit(*path, value=value)
    done = settled.run()
    assert notice in done.stderr
    assert settled.changed(done) == expected
    after = settled.state
    for kind in ("roles", "buckets"):
        assert as_data(after[kind]) == as_data(before[kind])
    assert "oss-uploader-upload" in after["attached"]["oss-uploader"]


def test_the_rule_for_forms_becomes_the_rule_for_parts_and_back(settled: Cloud) -> None:
    for multipart, methods in (("true", ["POST", "PUT"]), ("false", ["POST"])):
        settled.changes(MULTIPART=multipart, GRANT_SECRET="x" * 32)
        [rule] = ElementTree.fromstring(settled.state["buckets"]["my-bucket"]["cors"]).iter(  # noqa: S314
            "CORSRule"
        )
        assert [one.text for one in rule.findall("AllowedMethod")] == methods


def as_data(part: Any) -> Any:
    """Policies as what they mean, however they are spaced."""
    if isinstance(part, dict):
        return {name: as_data(value) for name, value in part.items()}
    if isinstance(part, str) and part.startswith("{"):
        return json.loads(part)
    return part


FOREIGN_CORS = (
    "<CORSConfiguration><CORSRule><AllowedOrigin>https://site.example</AllowedOrigin>"
    "<AllowedMethod>GET</AllowedMethod></CORSRule><ResponseVary>false</ResponseVary>"
    "</CORSConfiguration>"
)
FOREIGN_LIFECYCLE = (
    "<LifecycleConfiguration><Rule><ID>theirs</ID><Prefix>logs/</Prefix><Status>Enabled</Status>"
    "<Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>"
)


def test_rules_of_others_stay(cloud: Cloud) -> None:
    cloud.changes(UNCLAIMED_DAYS="2")
    cloud.edit("buckets", "my-bucket", "cors", value=FOREIGN_CORS)
    cloud.edit("buckets", "my-bucket", "lifecycle", value=FOREIGN_LIFECYCLE)
    done = cloud.run(UNCLAIMED_DAYS="2")
    assert "1 other CORS rule(s) of the bucket stay" in done.stderr
    assert "1 other lifecycle rule(s) of the bucket stay" in done.stderr
    bucket = cloud.state["buckets"]["my-bucket"]
    assert bucket["cors"].index("https://www.example.com") < bucket["cors"].index("site.example")
    assert "<ResponseVary>true</ResponseVary>" in bucket["cors"]
    assert "<Prefix>user-dirs/</Prefix>" in bucket["lifecycle"]
    assert "<Prefix>logs/</Prefix>" in bucket["lifecycle"]
    assert cloud.changes(UNCLAIMED_DAYS="2") == []
    # Without unclaimed objects only our own rule goes.
    assert cloud.changes() == ["ossutil api put-bucket-lifecycle"]
    lifecycle = cloud.state["buckets"]["my-bucket"]["lifecycle"]
    assert "user-dirs/" not in lifecycle
    assert "logs/" in lifecycle


def test_the_last_lifecycle_rule_is_removed_and_an_origin_that_went_is_named(cloud: Cloud) -> None:
    cloud.changes(UNCLAIMED_DAYS="2")
    done = cloud.run(ALLOWED_ORIGINS="https://www.example.com")
    assert done.returncode == 0, done.stderr
    assert "no longer allowed to upload: http://localhost:8000" in done.stderr
    assert "lifecycle rule removed: direct-upload-unclaimed-1" in done.stderr
    assert "ossutil api delete-bucket-lifecycle" in (cloud.folder / "calls").read_text()
    assert "localhost" not in cloud.state["buckets"]["my-bucket"]["cors"]


def test_fields_that_have_an_index_keep_it(settled: Cloud) -> None:
    index = settled.state["indexes"]["direct-upload"]
    assert index["keys"]["durationMs"] == {"type": "double", "doc_value": True}
    theirs = {"keys": {"durationMs": {"type": "long"}, "own": {"type": "text"}}, "max_text_len": 64}
    settled.edit("indexes", "direct-upload", value=theirs)
    assert settled.changes() == ["sls UpdateIndex"]
    merged = settled.state["indexes"]["direct-upload"]
    assert merged == {**index, **theirs, "keys": {**index["keys"], **theirs["keys"]}}  # type: ignore[dict-item]


@pytest.mark.parametrize("times", [1, 11])
def test_what_is_not_known_everywhere_yet_is_tried_again_for_a_minute(
    times: int, cloud: Cloud
) -> None:
    (cloud.folder / "unknown").write_text("AttachPolicyToRole\n" * times)
    done = cloud.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("trying again in 5 s") == times
    assert (cloud.folder / "slept").read_text() == "5\n" * times


def test_it_gives_up_after_a_minute_with_the_clouds_own_words(cloud: Cloud) -> None:
    (cloud.folder / "unknown").write_text("AttachPolicyToRole\n" * 12)
    done = cloud.run()
    assert done.returncode == 1
    assert "EntityNotExist.Role" in done.stderr
    assert "sls" not in (cloud.folder / "calls").read_text()


def test_it_changes_nothing_if_it_may_not_look(cloud: Cloud) -> None:
    (cloud.folder / "aliyun").write_text("#!/bin/sh\necho 'ErrorCode: NoPermission' >&2\nexit 1\n")
    done = cloud.run()
    assert (done.returncode, done.stdout) == (1, "")
    assert "NoPermission" in done.stderr


def test_it_ends_when_a_comparison_fails(settled: Cloud) -> None:
    settled.edit("roles", "oss-signer-fc", value={"AssumeRolePolicyDocument": 1})
    done = settled.run()
    assert done.returncode not in (0, 3)
    assert settled.state["roles"]["oss-signer-fc"] == {"AssumeRolePolicyDocument": 1}


def test_the_bucket_is_created_only_if_asked(cloud: Cloud) -> None:
    done = cloud.run(create_bucket="")
    assert done.returncode == 1
    assert "The bucket my-bucket does not exist. Create it, or" in done.stderr
    assert cloud.state["buckets"] == {}


def test_the_document_removes_what_the_script_made(settled: Cloud) -> None:
    """Its commands as written for the upload role, and then for the rest, as it says."""
    [removal] = re.findall(r"((?:^    aliyun .*\n)+)", DEPLOY.text, re.MULTILINE)
    removal = removal.replace("my-company-direct-upload", ENVIRONMENT["LOG_PROJECT"])
    detach, delete, role, project = removal.splitlines()
    other = [
        line.replace("oss-uploader-upload", f"oss-signer-fc-{policy}").replace(
            "oss-uploader", "oss-signer-fc"
        )
        for policy in ("logs", "assume")
        for line in (detach, delete)
    ]
    last = role.replace("oss-uploader", "oss-signer-fc")
    done = settled.sh("\n".join(["set -e", detach, delete, role, *other, last, project]))
    assert done.returncode == 0, done.stderr
    state = settled.state
    assert not any(state[kind] for kind in ("roles", "policies", "projects"))
    assert not any(state["attached"].values())


def test_the_script_runs_from_any_folder() -> None:
    assert f"cd {shlex.quote(str(ROOT))}" in list(commands(ENVIRONMENT))


def test_make_passes_on_that_the_bucket_is_to_be_created() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "setup-cloud", "CREATE_BUCKET=1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "deploy.setup_cloud --create-bucket" in done.stdout
