"""A walk through docs/deploy.md, with its commands as written, that ends in a rehearsal: the real
CLI, the recorded calls of the real component, and an upload by the code that they sent."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from deploy import doctor
from deploy import rehearsal as rehearsal_module
from emulator.control_plane import TEMPORARY_BUCKET_HOST, Function
from emulator.keyring import AccessKey, KeyRing
from tests.deploy.conftest import Bundle
from tests.deploy.serverless_devs import ServerlessDevs
from tests.deploy.test_s_yaml import CHOICES, properties
from tests.deploy.test_serverless_devs import KEY, Project
from tests.documents import Document
from tests.emulator.control_plane.caller import Call, Signer, recorded
from tests.harness import ROOT, four_free_ports

pytestmark = pytest.mark.timeout(600)  # the first test may have to wait for the bundle

DEPLOY = Document("docs/deploy.md")
ORIGIN = "https://www.example.com"


@dataclass(frozen=True)
class Rehearsal:
    """What a running rehearsal printed for people to type."""

    exports: dict[str, str]
    s: list[str]
    doctor: list[str]

    @property
    def url(self) -> str:
        return self.doctor[0].removeprefix("URL=")

    def here(self, command: str) -> str:
        """A documented command with this rehearsal's ports instead of the documented ones."""
        first = urlsplit(self.url).port or 0
        port = re.compile(r"(?<=127\.0\.0\.1:)900\d")
        return port.sub(lambda found: str(first + int(found[0]) - 9000), command)

    def deploy(self, settings: dict[str, Any], code: bytes) -> list[int]:
        """What `s deploy` does: the recorded calls with our settings, code and key."""
        statuses = []
        key = AccessKey(self.exports["AccessKeyID"], self.exports["AccessKeySecret"])
        temporary, name = key, ""
        for call in recorded("deploy"):
            body = call.body
            if call.action == "OSS":
                body = code
                call = replace(call, target=f"/account/{name}")
            elif call.action == "CreateFunction":
                stored = {"ossBucketName": "function-code-temp", "ossObjectName": f"account/{name}"}
                body = json.dumps({**settings, "code": stored}).encode()
            status, document = self.send(replace(call, body=body), key, temporary)
            statuses.append(status)
            if call.action == "FC":
                found, name = document["credentials"], document["objectName"]
                names = ("AccessKeyId", "AccessKeySecret", "SecurityToken")
                temporary = AccessKey(*(found[one] for one in names))
        return statuses

    def send(self, call: Call, key: AccessKey, temporary: AccessKey) -> tuple[int, Any]:
        address = urlsplit(self.exports["FC_CLIENT_CUSTOM_ENDPOINT"])
        now = datetime.now(timezone.utc)
        signer = Signer(key, now, address.netloc)
        if call.action == "OSS":
            resource = f"/function-code-temp{call.target}"
            call = replace(call, headers={**call.headers, "host": TEMPORARY_BUCKET_HOST})
            call = replace(signer, key=temporary).simple(call, resource)
        elif call.action == "FC":
            call = signer.simple(call, call.target)
        else:
            call = signer.api(call)
        headers = {name: value for name, value in call.headers.items() if name != "content-length"}
        connection = http.client.HTTPConnection(address.netloc, timeout=60)
        connection.request(call.method, call.target, call.body or None, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if text else None


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.rehearsal", "--port", str(four_free_ports())],
        cwd=tmp_path,  # .local/ is there
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        printed = ""
        for line in process.stdout:
            printed += line
            if line.strip() == "Ready":
                break
        exports = dict(re.findall(r"^    export (\w+)=(\S+)$", printed, re.MULTILINE))
        [s, doctor] = re.findall(r"^    (?:s|make doctor) (.*)$", printed, re.MULTILINE)
        yield Rehearsal(exports, s.split(), doctor.split())
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
    assert process.returncode == 0


def zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def sent(props: dict[str, Any]) -> dict[str, Any]:
    """What the component sends of s.yaml for the function itself."""
    rest = ("region", "triggers", "concurrencyConfig", "code")
    return {name: value for name, value in props.items() if name not in rest}


@pytest.fixture
def walk(tmp_path: Path, bundle: Bundle, s: ServerlessDevs) -> Project:
    """A clone after the first section of the document, whose `make` has the bundle ready."""
    project = Project(tmp_path / "clone", s)
    (project.folder / "function").mkdir(parents=True)
    project.write()
    [values, *_] = re.findall(r"```sh\n(.*?)```", DEPLOY.text, re.DOTALL)
    (project.folder / ".env").write_text(values, "utf-8")
    subprocess.run(["sh", "-euc", DEPLOY.block("secrets")], cwd=project.folder, check=True)
    make = project.folder / "make"
    made = f"cp -R {shlex.quote(str(bundle.folder))} build && cp function/*.txt build"
    make.write_text(f'#!/bin/sh\n[ "$*" = "bundle RUNTIME={bundle.runtime.name}" ] && {made}\n')
    make.chmod(0o755)
    return project


def test_a_walk_through_the_document_ends_with_an_upload(
    walk: Project, rehearsal: Rehearsal, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.main([rehearsal.url]) == 1  # nothing is deployed yet
    assert f"    s {' '.join(rehearsal.s)}\n" in DEPLOY.text
    environ = {"FUNCTION_RUNTIME": bundle.runtime.name, "MULTIPART": "true"}  # the doctor tries it
    environ |= walk.environ | rehearsal.exports
    done = walk.s(walk.folder, *rehearsal.s, environ=environ)
    assert done.returncode == 0, done.stdout + done.stderr
    [recorded_by_us] = walk.recorded()
    credential, props = recorded_by_us["credential"], recorded_by_us["props"]
    assert [credential[name] for name in KEY] == [rehearsal.exports[name] for name in KEY]
    statuses = rehearsal.deploy(sent(props), zipped(walk.folder / props["code"]))
    assert statuses == [call.status for call in recorded("deploy")]
    assert rehearsal.doctor[1:] == [f"ORIGIN={ORIGIN}", "UPLOAD=1"]
    capsys.readouterr()
    assert doctor.main([rehearsal.url, "--origin", ORIGIN, "--upload"]) == 0, capsys.readouterr()
    assert "Uploaded 1 byte(s) as user-dirs/" in capsys.readouterr().out
    tour = Document("README.md").block("tour")
    printed = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", rehearsal.here(tour)],
        cwd=walk.folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "HTTP/1.1 200 OK" in printed
    assert printed.endswith("Hello, OSS\n")


def test_the_document_says_how_to_see_a_failure(rehearsal: Rehearsal) -> None:
    rehearsal.deploy(sent(properties()), zipped(Path(__file__).parent / "component"))
    [call] = [call for call in recorded("deploy") if call.action == "PutConcurrencyConfig"]
    key = AccessKey(rehearsal.exports["AccessKeyID"], rehearsal.exports["AccessKeySecret"])
    commands = re.findall(r"`(curl -X [^`]*:9003/faults[^`]*)`", DEPLOY.text)
    statuses = []
    for command in commands:
        subprocess.run(["sh", "-euc", rehearsal.here(command)], check=True, capture_output=True)
        statuses.append(rehearsal.send(call, key, key)[0])
    assert statuses == [400, 200]


def test_a_key_of_a_real_account_is_not_needed(rehearsal: Rehearsal) -> None:
    assert rehearsal.exports["AccountID"] in CHOICES["UPLOAD_ROLE_ARN"]
    endpoint = rehearsal.exports["FC_CLIENT_CUSTOM_ENDPOINT"]
    assert rehearsal.exports["FC_CODE_TEMP_OSS_ENDPOINT"] == endpoint
    assert endpoint.startswith("http://127.0.0.1:")


def test_code_that_cannot_be_loaded_shows_when_it_is_called(
    rehearsal: Rehearsal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_text("")
    rehearsal.deploy(sent(properties()), zipped(tmp_path / "code"))
    assert doctor.main([rehearsal.url]) == 1
    assert "The function runs" in capsys.readouterr().out


def test_the_address_stays_with_the_function_deployed_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.rehearsal.find_interpreter", lambda _: Path(sys.executable))
    (tmp_path / "index.py").write_text("def handler(event, context): ...\n")
    trigger = {"triggerType": "http", "triggerConfig": '{"authType": "anonymous"}'}
    settings = {"runtime": "python3.10", "handler": "index.handler"}
    first = Function("first", settings, tmp_path, "", "", "", {"http": trigger})
    stage = rehearsal_module.Rehearsal(tmp_path, KeyRing(), 9000, print)
    place = stage.function
    try:
        stage.deployed(first)
        stage.deployed(replace(first, name="second"))
        second = place.app
        stage.removed("first")
        assert place.app is second
        stage.removed("second")
        assert place.app is not second
    finally:
        stage.stop()
