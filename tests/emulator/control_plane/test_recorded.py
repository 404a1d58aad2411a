"""The control plane takes what the real component sent, and nothing that differs by a byte."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from emulator.control_plane import ControlPlane, Function
from emulator.control_plane.errors import FAULTS
from emulator.keyring import AccessKey, KeyRing
from tests.emulator.control_plane.caller import Call, Signer, key, recorded

NAME = "direct-upload"


def time_of(call: Call) -> datetime:
    text = call.headers.get("x-acs-date")
    if text:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    text = call.headers.get("x-oss-date") or call.headers["date"]
    return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=timezone.utc)


class Stage:
    """A control plane with the recorded keys, at the time of each call."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.keys = KeyRing([key(), key(temporary=True)])
        self.now = datetime(2026, 11, 26, 5, 4, tzinfo=timezone.utc)
        self.log: list[str] = []
        self.deployed: list[Function] = []
        self.removed: list[str] = []
        self.app = ControlPlane(
            self.keys,
            directory,
            deployed=self.deployed.append,
            removed=self.removed.append,
            url_of=lambda name: f"http://{name}.example",
            clock=lambda: self.now,
            log=self.log.append,
        )

    def send(self, call: Call, *, late: float = 0) -> TestResponse:
        self.now = time_of(call) + timedelta(seconds=late)
        return Client(self.app).open(
            call.target, method=call.method, headers=dict(call.headers), data=call.body or None
        )

    def replay(self, *parts: str) -> None:
        for part in parts:
            for call in recorded(part):
                response = self.send(call)
                assert response.status_code == call.status, (call.action, response.text)

    def api(self, action: str, **changes: Any) -> TestResponse:
        """A recorded call of the API with some members of its body changed, signed anew."""
        calls = [call for part in ("deploy", "deploy_again", "remove") for call in recorded(part)]
        [call, *_] = [call for call in calls if call.action == action]
        if changes:
            body = {**call.document(), **changes}
            body = {name: value for name, value in body.items() if value is not None}
            call = replace(call, body=json.dumps(body).encode())
        return self.send(self.signer().api(call))

    def signer(self, with_key: AccessKey | None = None) -> Signer:
        return Signer(with_key or key(), self.now, "127.0.0.1:9003")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def code(response: TestResponse) -> str:
    assert response.json is not None
    return str(response.json.get("Code") or response.json.get("ErrorCode"))


def message(response: TestResponse) -> str:
    assert response.json is not None
    return str(response.json["Message"])


def test_takes_every_call_of_a_deployment_a_second_one_and_a_removal(stage: Stage) -> None:
    stage.replay("deploy")
    function = stage.deployed[-1]
    assert (function.name, function.reserved_concurrency) == (NAME, None)
    assert function.settings["environmentVariables"]["LOG_LEVEL"] == "INFO"
    assert function.settings["handler"] == "index.handler"
    assert (function.code / "index.py").is_file()
    assert set(function.triggers) == {"http"}
    stage.replay("deploy_again")
    assert stage.deployed[-1].settings["environmentVariables"]["LOG_LEVEL"] == "DEBUG"
    assert stage.deployed[-1].code == function.code  # the second deployment uploads nothing
    assert stage.deployed[-1].reserved_concurrency == 20
    stage.replay("remove")
    assert stage.removed == [NAME]
    assert not [line for line in stage.log if " 5" in line]


def test_the_log_has_no_secret(stage: Stage) -> None:
    stage.replay("deploy")
    printed = "\n".join(stage.log) + repr(stage.deployed)
    for secret in ("recorded-example-secret", "recorded-temporary", "user-dirs/", "Signature"):
        assert secret not in printed


def test_the_response_about_a_trigger_names_the_address(stage: Stage) -> None:
    stage.replay("deploy")
    response = stage.api("GetTrigger")
    assert response.json is not None
    assert response.json["httpTrigger"]["urlInternet"] == f"http://{NAME}.example"
    assert json.loads(response.json["triggerConfig"])["methods"][-1] == "OPTIONS"


CALLS = {call.action: call for call in recorded("deploy")}


def with_header(call: Call, name: str) -> Call:
    return replace(call, headers={**call.headers, name: call.headers[name] + "0"})


TAMPERED = [
    pytest.param(replace(CALLS["GetFunction"], target="/2023-03-30/functions/other"), id="path"),
    pytest.param(
        replace(CALLS["GetScalingConfig"], target=CALLS["GetScalingConfig"].target + "2"),
        id="query",
    ),
    pytest.param(replace(CALLS["CreateFunction"], body=b"{}"), id="body"),
    pytest.param(with_header(CALLS["CreateFunction"], "authorization"), id="signature"),
    pytest.param(with_header(CALLS["CreateFunction"], "x-acs-signature-nonce"), id="nonce"),
    pytest.param(with_header(CALLS["FC"], "authorization"), id="older signature"),
    pytest.param(with_header(CALLS["FC"], "x-fc-account-id"), id="older header"),
    pytest.param(replace(CALLS["OSS"], target=CALLS["OSS"].target + "x"), id="object"),
    pytest.param(with_header(CALLS["OSS"], "authorization"), id="signature of the upload"),
    pytest.param(with_header(CALLS["OSS"], "x-oss-security-token"), id="token of the upload"),
]


@pytest.mark.parametrize("call", TAMPERED)
def test_a_call_that_was_changed_is_refused(call: Call, stage: Stage) -> None:
    assert stage.send(call).status_code == 403


@pytest.mark.parametrize("action", ["GetFunction", "FC", "OSS"])
def test_a_call_is_valid_for_fifteen_minutes(action: str, stage: Stage) -> None:
    assert stage.send(CALLS[action], late=899).status_code in (200, 404)
    assert stage.send(CALLS[action], late=901).status_code == 403
    assert stage.send(CALLS[action], late=-901).status_code == 403


def test_a_call_cannot_be_replayed(stage: Stage) -> None:
    assert stage.send(CALLS["GetFunction"]).status_code == 404
    assert code(stage.send(CALLS["GetFunction"])) == "SignatureNonceUsed"


@pytest.mark.parametrize("action", ["GetFunction", "FC", "OSS"])
def test_only_known_keys_may_call(action: str, stage: Stage) -> None:
    stage.app._keys = KeyRing()
    response = stage.send(CALLS[action])
    assert response.status_code == 403
    assert "the emulator does not know this access key" in response.text


def test_a_temporary_key_needs_its_token_and_ends(stage: Stage) -> None:
    stage.now = datetime(2026, 11, 26, tzinfo=timezone.utc)
    temporary = stage.keys.issue(expiration=stage.now + timedelta(minutes=10))
    call = CALLS["GetFunction"]
    assert stage.send(stage.signer(temporary).api(call)).status_code == 404
    foreign = replace(temporary, security_token="another")
    assert code(stage.send(stage.signer(foreign).api(call))) == "InvalidSecurityToken"
    late = stage.signer(temporary)
    assert code(stage.send(late.api(call), late=601)) == "SecurityTokenExpired"
    token = late.simple(CALLS["FC"], CALLS["FC"].target)
    assert stage.send(token).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer x"},
        {"authorization": "OSS recorded"},
        {"date": "yesterday"},
    ],
    ids=["another scheme", "no signature", "no date"],
)
def test_the_older_api_needs_a_signature_and_a_date(headers: dict[str, str], stage: Stage) -> None:
    call = CALLS["FC"]
    response = Client(stage.app).get(call.target, headers={**call.headers, **headers})
    assert code(response) == "AccessDenied"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"functionName": "1st"}, "functionName '1st' is not valid"),
        ({"functionName": "a" * 65}, "is not valid"),
        ({"functionName": None}, "functionName '' is not valid"),
        ({"runtime": None}, "runtime is missing"),
        ({"handler": ""}, "handler is missing"),
        ({"code": None}, "code is missing"),
        ({"code": {}}, "code is missing"),
        ({"code": {"ossBucketName": "mine", "ossObjectName": "a"}}, "code must be in the bucket"),
        ({"code": {"ossBucketName": "function-code-temp"}}, "the code is not in the bucket"),
        ({"environmentVariables": {"A": 1}}, "must be strings"),
        ({"environmentVariables": {"FC_A": "1"}}, "FC_A: names with FC_ are reserved"),
        ({"environmentVariables": {"A": "é" * 2048}}, "exceed 4096 bytes"),
        ({"memorySize": 100}, "steps of 64"),
        ({"memorySize": 32832, "cpu": 16}, "steps of 64"),
        ({"memorySize": 2112}, "1 to 4 GB"),
        ({"cpu": 1}, "1 to 4 GB"),
        ({"diskSize": 1024}, "diskSize must be"),
        ({"timeout": 0}, "timeout must be"),
        ({"timeout": 86401}, "timeout must be"),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else None,
)
def test_a_function_beyond_the_limits_is_refused(
    changes: dict[str, Any], refusal: str, stage: Stage
) -> None:
    stage.send(CALLS["OSS"])
    response = stage.api("CreateFunction", **changes)
    assert code(response) == "InvalidArgument"
    assert refusal in message(response)
    assert stage.deployed == []


def test_a_function_at_the_limits_is_accepted(stage: Stage) -> None:
    stage.send(CALLS["OSS"])
    response = stage.api(
        "CreateFunction",
        functionName="a" * 64,
        environmentVariables={"A": "x" * 4095},
        memorySize=2048,
        timeout=86400,
        diskSize=10240,
    )
    assert response.status_code == 200


def test_code_must_be_a_zip_file_that_stays_in_its_folder(stage: Stage) -> None:
    call = CALLS["OSS"]
    resource = f"/function-code-temp{call.target}"
    signer = stage.signer(key(temporary=True))
    stage.send(replace(signer.simple(call, resource), body=b"not a zip file"))
    assert "not a zip file" in message(stage.api("CreateFunction"))
    file = stage.directory / "evil.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../../evil.py", "evil")
    stage.send(replace(signer.simple(call, resource), body=file.read_bytes()))
    assert stage.api("CreateFunction").status_code == 200
    assert [path.parent for path in stage.directory.rglob("evil.py")] == [stage.deployed[-1].code]


@pytest.mark.parametrize(
    "config", ["{", "{}", '{"authType": "anonymous"}'], ids=["not JSON", "empty", "no methods"]
)
def test_a_trigger_that_cannot_work_is_refused(config: str, stage: Stage) -> None:
    stage.replay("deploy")
    response = stage.api("CreateTrigger", triggerName="b", triggerConfig=config)
    assert code(response) == "InvalidArgument"


def test_what_exists_is_not_created_again(stage: Stage) -> None:
    stage.replay("deploy")
    assert code(stage.api("CreateFunction")) == "FunctionAlreadyExists"
    assert code(stage.api("CreateTrigger")) == "TriggerAlreadyExists"


def test_what_does_not_exist_is_not_found(stage: Stage) -> None:
    assert code(stage.api("UpdateFunction", runtime="python3.12")) == "FunctionNotFound"
    assert code(stage.api("PutConcurrencyConfig")) == "FunctionNotFound"
    assert code(stage.api("DeleteFunction")) == "FunctionNotFound"
    stage.replay("deploy")
    stage.api("DeleteTrigger")
    assert code(stage.api("UpdateTrigger")) == "TriggerNotFound"


def test_an_event_trigger_has_no_address(stage: Stage) -> None:
    stage.replay("deploy")
    response = stage.api("CreateTrigger", triggerName="uploads", triggerType="oss")
    assert response.json is not None
    assert "httpTrigger" not in response.json


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_stays_until_it_is_cleared(kind: str, stage: Stage) -> None:
    client = Client(stage.app)
    assert client.put("/faults", query_string={"kind": kind}).json == {"kind": kind}
    assert client.get("/faults").json == {"kind": kind}
    stage.send(CALLS["OSS"])
    responses = [stage.api("CreateFunction"), stage.api("PutConcurrencyConfig")]
    expected = FAULTS[kind].error[1]
    assert expected in [code(response) for response in responses]
    assert client.delete("/faults").json == {"kind": None}
    stage.api("CreateFunction")
    assert stage.api("PutConcurrencyConfig").status_code == 200


def test_the_concurrency_fails_when_the_function_is_open_already(stage: Stage) -> None:
    """As in the cloud: the component sets the limit last."""
    Client(stage.app).put("/faults", query_string={"kind": "quota"})
    statuses = {call.action: stage.send(call).status_code for call in recorded("deploy")[:-4]}
    assert statuses["CreateTrigger"] == 200
    assert statuses["PutConcurrencyConfig"] == 400
    assert stage.deployed[-1].triggers


def test_an_unknown_fault_or_method_is_refused(stage: Stage) -> None:
    client = Client(stage.app)
    response = client.put("/faults", query_string={"kind": "flood"})
    assert "quota, name-taken" in message(response)
    assert client.post("/faults").status_code == 405


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/"), ("PATCH", "/2023-03-30/functions/a"), ("GET", "/2023-03-30/functions/a/b/c")],
)
def test_what_is_not_emulated_says_so(method: str, target: str, stage: Stage) -> None:
    response = Client(stage.app).open(target, method=method)
    assert (response.status_code, code(response)) == (404, "InvalidAction.NotFound")


def test_path_and_action_must_agree(stage: Stage) -> None:
    call = CALLS["GetFunction"]
    headers = {**call.headers, "x-acs-action": "DeleteFunction"}
    assert code(stage.send(replace(call, headers=headers))) == "InvalidAction"


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{", b"\xff", b"[" * 100_000],
    ids=["list", "cut", "not UTF-8", "nested too deep"],
)
def test_a_body_that_is_not_an_object_is_refused(body: bytes, stage: Stage) -> None:
    call = replace(CALLS["CreateFunction"], body=body)
    assert code(stage.send(stage.signer().api(call))) == "InvalidArgument"


def test_a_refusal_of_an_upload_is_xml(stage: Stage) -> None:
    call = CALLS["OSS"]
    response = stage.send(replace(call, target=call.target + "x"))
    assert "<Code>SignatureDoesNotMatch</Code>" in response.text


def test_code_that_is_too_large_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.control_plane.app.MAX_CODE_BYTES", 10)
    assert stage.send(CALLS["OSS"]).status_code == 413
