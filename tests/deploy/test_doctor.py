"""The doctor finds each planted fault, gives one message and one hint, and reveals no secret."""

from __future__ import annotations

import base64
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response

from deploy import doctor
from deploy.diagnosis.bucket import check_place
from deploy.diagnosis.errors import STS_HINTS
from direct_upload.credentials import sts
from direct_upload.errors import Refusal
from emulator.server import Server
from tests.deploy.faults import FAULTS, Fault
from tests.deploy.planted import ORIGIN, SECRETS, Deployment, Document
from tests.harness import ROOT


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


@dataclass
class Stage:
    """Two servers for all tests in this file; each test puts its own deployment behind them."""

    function: Server
    bucket: Server
    deployment: Deployment


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with (
        Server(lambda *call: current.deployment.function(*call)) as function,
        Server(lambda *call: current.deployment.bucket(*call)) as bucket,
    ):
        current = Stage(function, bucket, Deployment())
        yield current


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
    environ = {"TOKEN": SECRETS["token"]}
    return doctor.main([url, "--origin", ORIGIN, *options], environ=environ)


def test_finds_no_problem_where_there_is_none(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(url, "--upload") == 0
    printed = capsys.readouterr().out
    assert "FAIL" not in printed
    assert "No problems found." in printed
    assert "Uploaded 1 byte(s) as user-dirs/leaf/file.txt" in printed


@pytest.mark.parametrize(("plant", "message"), FAULTS)
def test_gives_one_message_and_one_hint(
    plant: Fault,
    message: str,
    deployment: Deployment,
    url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant(deployment)
    assert examine(url, "--upload") == 1
    printed = capsys.readouterr().out
    assert message in printed
    assert printed.count("      -> ") == 1
    assert printed.endswith("Problems found: 1.\n")
    assert not [name for name, secret in SECRETS.items() if secret in printed]


def test_finds_that_this_machines_clock_is_wrong(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.main([url], lambda: datetime.now(timezone.utc) - timedelta(hours=1)) == 1
    assert "This machine's clock differs from the function's by -3" in capsys.readouterr().out


def test_admitting_all_pages_is_not_a_problem(
    deployment: Deployment, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    grant = Response("{}", 200, {"Access-Control-Allow-Origin": "*"})
    deployment.foreign_responses["POST /sign"] = grant
    assert examine(url) == 0
    assert "ALLOWED_ORIGINS is *" in capsys.readouterr().out


def test_disabled_directory_grants_are_not_a_problem(
    deployment: Deployment, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.refuse("GET /", 404, "not_found")
    assert examine(url) == 0
    assert "DIRECTORY_GRANTS is false" in capsys.readouterr().out


def test_requests_a_type_that_the_deployment_allows(
    deployment: Deployment, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.allowed_suffixes = (".mp4",)
    assert examine(url) == 0
    assert "FAIL" not in capsys.readouterr().out


def test_says_what_it_cannot_check_without_an_origin(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.main([url]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("note  Add --origin")
    assert "the bucket allows the page" not in printed


def test_reports_that_the_function_does_not_respond(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert doctor.main([f"http://127.0.0.1:{port}"]) == 1
    assert f"127.0.0.1:{port} does not respond" in capsys.readouterr().out


def test_reports_that_the_bucket_does_not_respond(
    deployment: Deployment, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.bucket_url = "http://nowhere.invalid"
    assert examine(url) == 1
    assert "nowhere.invalid does not respond" in capsys.readouterr().out


@pytest.mark.parametrize(
    "address",
    [
        *("ftp://example.com", "example.com", "file:///etc/passwd", "data:,x", "https://", "/"),
        *("http://[::1", "http://a:b", "https://u:p@example.com", "https://exa\x1bmple.com"),
    ],
)
@pytest.mark.parametrize("options", [["{}"], ["https://example.com", "--origin", "{}"]])
def test_rejects_an_invalid_web_address(
    options: list[str], address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        doctor.main([option.replace("{}", address) for option in options])
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("token", ["two words", "a\nb", "a\x1bb", "密"])
def test_rejects_a_token_that_no_header_can_carry_without_showing_it(
    token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        doctor.main(["https://example.com"], environ={"TOKEN": token})
    error = capsys.readouterr().err
    assert "TOKEN is not a valid token" in error
    assert token not in error


def test_the_token_comes_from_the_environment_only(
    deployment: Deployment, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", SECRETS["token"])
    assert doctor.main([url]) == 0
    assert deployment.tokens == {f"Bearer {SECRETS['token']}"}
    with pytest.raises(SystemExit, match="2"):
        doctor.main([url, "--token", "a"])


def test_make_passes_the_token_on_where_no_list_of_processes_shows_it() -> None:
    command = subprocess.run(
        ["make", "--dry-run", "doctor", "URL=https://a.example"],
        cwd=ROOT,
        env={**os.environ, "TOKEN": SECRETS["token"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "deploy.doctor https://a.example" in command
    assert SECRETS["token"] not in command


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
    ("grant", "message"),
    [
        pytest.param(
            grant_for("https://my-bucket.oss-cn-hangzhou.aliyuncs.com/"), None, id="correct"
        ),
        pytest.param(grant_for("http://127.0.0.1:9001/"), None, id="on this machine"),
        pytest.param(
            grant_for("https://my-bucket.oss-accelerate.aliyuncs.com/"), None, id="accelerated"
        ),
        pytest.param(
            grant_for("https://my-bucket.oss-cn-hangzhou.aliyuncs.com/", region="cn-beijing"),
            "goes to cn-hangzhou but is signed for cn-beijing",
            id="another region",
        ),
        pytest.param(
            grant_for("https://my-bucket.oss-cn-hangzhou.aliyuncs.com/", bucket="other"),
            "goes to the bucket my-bucket but is signed for other",
            id="another bucket",
        ),
        pytest.param(
            grant_for("https://my-bucket.oss-cn-hangzhou-internal.aliyuncs.com/"),
            "internal endpoint",
            id="an internal endpoint",
        ),
        pytest.param(
            grant_for("http://my-bucket.oss-cn-hangzhou.aliyuncs.com/"),
            "browsers block on https pages",
            id="without TLS",
        ),
    ],
)
def test_address_policy_and_signature_must_match(grant: Document, message: str | None) -> None:
    messages = [finding.message for finding in check_place(grant) if finding.hint]
    assert len(messages) == (0 if message is None else 1)
    assert all(message in found for found in messages if message)


def test_a_custom_domain_is_only_mentioned() -> None:
    [finding] = check_place(grant_for("https://files.example.com/"))
    assert "files.example.com does not name a region" in finding.message
    assert not finding.hint


def codes(kind: type[Refusal] = Refusal) -> set[str]:
    """Every error code of the function."""
    own = {kind.code} if "code" in vars(kind) else set()
    return own.union(*map(codes, kind.__subclasses__()))


@pytest.mark.parametrize("code", sorted(codes()))
def test_has_a_hint_of_its_own_for_every_refusal(
    code: str, deployment: Deployment, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.refuse("POST /sign", 400, code)
    assert examine(url) == 1
    printed = capsys.readouterr().out
    assert f"400 {code}." in printed
    assert "under the same request ID" not in printed


@pytest.mark.parametrize("code", sorted(STS_HINTS))
def test_tells_a_refusal_of_sts_from_an_outage(code: str) -> None:
    assert code in "".join(sts.HINTS), "the function knows it, too"
    assert "STS is down" not in STS_HINTS[code]


def test_without_an_address_it_says_what_it_wants(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        doctor.main([])
    assert "make doctor URL=https://... ORIGIN=" in capsys.readouterr().err


def test_make_passes_on_that_there_is_no_address() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "doctor"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.search(r"-m deploy\.doctor *$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("end", ["/", "/page", "?a", "#a", "/?a"])
def test_an_address_as_origin_is_named_as_that(
    end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        doctor.main(["https://f.example", "--origin", f"https://www.example.com:8443{end}"])
    error = capsys.readouterr().err
    assert "is an address, not an origin" in error
    assert error.strip().endswith("ORIGIN=https://www.example.com:8443")


@pytest.mark.parametrize("origin", ["https://a b", "https://a:99999", "app://a/", "null"])
def test_what_no_browser_sends_is_refused_as_origin(
    origin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        doctor.main(["https://f.example", "--origin", origin])
    assert "is not the origin of a page or an app" in capsys.readouterr().err


def test_a_value_that_serverless_devs_would_change_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_text("GRANT_SECRET=a$b\n")
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="2"):
        doctor.main(["https://f.example"], environ={})
    assert "Serverless Devs would replace '$'" in capsys.readouterr().err
