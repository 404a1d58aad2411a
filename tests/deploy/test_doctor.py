"""The doctor finds each planted fault, names its one cause and cure, and tells no secret."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from werkzeug.wrappers import Response

from deploy import doctor
from deploy.diagnosis.bucket import check_place
from emulator.server import Server
from tests.deploy.faults import FAULTS, Fault
from tests.deploy.planted import ORIGIN, SECRETS, Deployment, Document


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


@dataclass
class Stage:
    """Two servers for all tests here; each test puts its own deployment behind them."""

    function: Server
    bucket: Server
    deployment: Deployment


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with (
        Server(lambda *call: standing.deployment.function(*call)) as function,
        Server(lambda *call: standing.deployment.bucket(*call)) as bucket,
    ):
        standing = Stage(function, bucket, Deployment())
        yield standing


@pytest.fixture
def url(deployment: Deployment, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> str:
    stage.deployment = deployment
    deployment.bucket_url = stage.bucket.url

    def date(handler: Any, timestamp: float | None = None) -> str:
        ahead = deployment.bucket_clock_seconds if handler.server.port == stage.bucket.port else 0
        return formatdate(time.time() + ahead, usegmt=True)

    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", date)
    return stage.function.url


def examine(url: str, *options: str) -> int:
    return doctor.main([url, "--origin", ORIGIN, "--token", SECRETS["token"], *options])


def test_finds_nothing_wrong_where_nothing_is(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(url, "--upload") == 0
    said = capsys.readouterr().out
    assert "WRONG" not in said
    assert "Nothing is wrong." in said
    assert "Uploaded 1 byte(s) as user-dirs/leaf/file.txt" in said


@pytest.mark.parametrize(("plant", "cause"), FAULTS)
def test_names_the_one_cause_and_its_cure(
    plant: Fault,
    cause: str,
    deployment: Deployment,
    url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant(deployment)
    assert examine(url, "--upload") == 1
    said = capsys.readouterr().out
    assert cause in said
    assert said.count("       -> ") == 1
    assert said.endswith("1 thing(s) wrong.\n")
    assert not [name for name, secret in SECRETS.items() if secret in said]


def test_finds_that_this_machine_has_another_time(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.main([url], lambda: datetime.now(timezone.utc) - timedelta(hours=1)) == 1
    assert "This machine's clock is -3" in capsys.readouterr().out


def test_everyones_pages_are_a_choice_and_no_fault(
    deployment: Deployment, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    grant = Response("{}", 200, {"Access-Control-Allow-Origin": "*"})
    deployment.foreign_answers["POST /sign"] = grant
    assert examine(url) == 0
    assert "ALLOWED_ORIGINS is *" in capsys.readouterr().out


def test_missing_directory_grants_are_a_choice_and_no_fault(
    deployment: Deployment, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.refuse("GET /", 404, "not_found")
    assert examine(url) == 0
    assert "DIRECTORY_GRANTS is false" in capsys.readouterr().out


def test_asks_for_a_type_that_the_deployment_allows(
    deployment: Deployment, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.allowed_suffixes = (".mp4",)
    assert examine(url) == 0
    assert "WRONG" not in capsys.readouterr().out


def test_says_what_it_cannot_check_without_an_origin(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.main([url]) == 0
    said = capsys.readouterr().out
    assert said.startswith("note   Give --origin")
    assert "the bucket admits the page" not in said


def test_says_that_nothing_answers(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert doctor.main([f"http://127.0.0.1:{port}"]) == 1
    assert f"127.0.0.1:{port} does not answer" in capsys.readouterr().out


def test_says_that_the_bucket_does_not_answer(
    deployment: Deployment, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.bucket_url = "http://nowhere.invalid"
    assert examine(url) == 1
    assert "nowhere.invalid does not answer" in capsys.readouterr().out


@pytest.mark.parametrize("address", ["ftp://example.com", "example.com", "file:///etc/passwd"])
def test_refuses_what_is_no_web_address(address: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        doctor.main([address])


def grant_for(url: str, *, bucket: str = "my-bucket", region: str = "cn-hangzhou") -> Document:
    policy = f'{{"expiration":"2026-11-24T00:00:00.000Z","conditions":[{{"bucket":"{bucket}"}}]}}'
    return {
        "url": url,
        "fields": {
            "policy": base64.b64encode(policy.encode()).decode(),
            "x-oss-credential": f"STS.id/20261124/{region}/oss/aliyun_v4_request",
        },
    }


@pytest.mark.parametrize(
    ("grant", "cause"),
    [
        pytest.param(
            grant_for("https://my-bucket.oss-cn-hangzhou.aliyuncs.com/"), None, id="as it should be"
        ),
        pytest.param(grant_for("http://127.0.0.1:9001/"), None, id="on this machine"),
        pytest.param(
            grant_for("https://my-bucket.oss-accelerate.aliyuncs.com/"), None, id="accelerated"
        ),
        pytest.param(
            grant_for("https://my-bucket.oss-cn-hangzhou.aliyuncs.com/", region="cn-beijing"),
            "posted to cn-hangzhou but signed for cn-beijing",
            id="another region",
        ),
        pytest.param(
            grant_for("https://my-bucket.oss-cn-hangzhou.aliyuncs.com/", bucket="other"),
            "posted to the bucket my-bucket but signed for other",
            id="another bucket",
        ),
        pytest.param(
            grant_for("https://my-bucket.oss-cn-hangzhou-internal.aliyuncs.com/"),
            "internal endpoint",
            id="an internal endpoint",
        ),
        pytest.param(
            grant_for("http://my-bucket.oss-cn-hangzhou.aliyuncs.com/"),
            "browsers refuse for https pages",
            id="without TLS",
        ),
    ],
)
def test_address_policy_and_signature_name_one_place(grant: Document, cause: str | None) -> None:
    causes = [finding.cause for finding in check_place(grant) if finding.cure]
    assert len(causes) == (0 if cause is None else 1)
    assert all(cause in found for found in causes if cause)


def test_a_domain_of_ones_own_is_only_mentioned() -> None:
    [finding] = check_place(grant_for("https://files.example.com/"))
    assert "files.example.com has no region in its name" in finding.cause
    assert not finding.cure
