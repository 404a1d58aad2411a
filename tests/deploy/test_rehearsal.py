"""A rehearsal as docs/deploy.md walks through it: the bundle is deployed by the calls of the real
component, runs from what was uploaded, and takes an upload."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
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
from emulator.control_plane import TEMPORARY_BUCKET_HOST
from emulator.keyring import AccessKey
from tests.deploy.conftest import ROOT, Bundle
from tests.deploy.test_doctor_with_emulators import four_free_ports
from tests.deploy.test_s_yaml import CHOICES, properties
from tests.emulator.control_plane.caller import Call, Signer, recorded

pytestmark = pytest.mark.timeout(600)  # the first test may have to wait for the bundle

ORIGIN = "https://www.example.com"


@dataclass(frozen=True)
class Rehearsal:
    """A running rehearsal, and what it printed for people to type."""

    process: subprocess.Popen[str]
    exports: dict[str, str]
    doctor: list[str]

    @property
    def url(self) -> str:
        return self.doctor[0].removeprefix("URL=")

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
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.rehearsal", "--port", str(four_free_ports())],
        cwd=tmp_path,  # .local/ is there
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout
    printed = ""
    for line in process.stdout:
        printed += line
        if line.strip() == "Ready":
            break
    exports = dict(re.findall(r"^    export (\w+)=(\S+)$", printed, re.MULTILINE))
    [typed] = re.findall(r"^    make doctor (.*)$", printed, re.MULTILINE)
    yield Rehearsal(process, exports, typed.split())
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    assert process.wait(60) == 0
    process.stdout.close()


def zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def settings_of(runtime: str) -> dict[str, Any]:
    """What the component sends of s.yaml for the function itself."""
    props = properties()
    rest = ("region", "triggers", "concurrencyConfig", "code")
    settings = {name: value for name, value in props.items() if name not in rest}
    multipart = {"MULTIPART": "true", "GRANT_SECRET": "x" * 32}  # the doctor tries it, too
    environment = {**props["environmentVariables"], "ALLOWED_ORIGINS": ORIGIN, **multipart}
    return {**settings, "runtime": runtime, "environmentVariables": environment}


def test_a_deployment_ends_with_an_upload(
    rehearsal: Rehearsal, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.main([rehearsal.url]) == 1  # nothing is deployed yet
    statuses = rehearsal.deploy(settings_of(bundle.runtime.name), zipped(bundle.folder))
    assert statuses == [call.status for call in recorded("deploy")]
    assert rehearsal.doctor[1:] == [f"ORIGIN={ORIGIN}", "UPLOAD=1"]
    capsys.readouterr()
    assert doctor.main([rehearsal.url, "--origin", ORIGIN, "--upload"]) == 0, capsys.readouterr()
    assert "Uploaded 1 byte(s) as user-dirs/" in capsys.readouterr().out


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
    rehearsal.deploy(settings_of("python3.10"), zipped(tmp_path / "code"))
    assert doctor.main([rehearsal.url]) == 1
    assert "The function runs" in capsys.readouterr().out
