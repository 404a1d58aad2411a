"""The doctor finds each planted fault, names its one cause and cure, and tells no secret."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import doctor
import pytest
from diagnosis.bucket import check_place
from diagnosis.function import FOREIGN_ORIGIN
from werkzeug.wrappers import Response

from emulator.server import Server
from tests.deploy.conftest import ROOT
from tests.deploy.planted import ORIGIN, SECRETS, Deployment, Document

Fault = Callable[[Deployment], None]
FAULTS: list[Any] = []


def fault(cause: str) -> Callable[[Fault], Fault]:
    """Add a fault to the table, with words of the cause that has to be named."""

    def add(plant: Fault) -> Fault:
        FAULTS.append(pytest.param(plant, cause, id=plant.__name__.replace("_", " ")))
        return plant

    return add


# Function Compute and what stands before the function.


@fault("The function does not run: UnhandledInvocationError ImportModuleError.")
def the_code_does_not_load(it: Deployment) -> None:
    document = {"errorMessage": "no module", "errorType": "ImportModuleError", "stackTrace": []}
    it.answer("GET /healthz", 502, document, X_Fc_Error_Type="UnhandledInvocationError")


@fault("The function does not run: InitializationError.")
def the_initializer_fails_with_status_200(it: Deployment) -> None:
    it.answer("GET /healthz", 200, {}, X_Fc_Error_Type="InitializationError")


@fault("GET /healthz is answered 403, not by the function")
def the_public_address_is_switched_off(it: Deployment) -> None:
    it.answer("GET /healthz", 403, "access denied due to function internet URL is disable")


@fault("GET /healthz is answered 200, not by the function")
def something_else_is_deployed(it: Deployment) -> None:
    it.answer("GET /healthz", 200, "<h1>Welcome</h1>")


# Origins.


@fault(f"The function refuses pages of {ORIGIN}.")
def the_page_is_not_listed(it: Deployment) -> None:
    it.listed_origin = "https://other.example"


@fault("has two values")
def the_gateway_adds_its_own_cors_header(it: Deployment) -> None:
    it.headers["GET /healthz"] = {"Access-Control-Allow-Origin": f"{ORIGIN}, {ORIGIN}"}


@fault(f"Pages of {ORIGIN} may not read an answer.")
def a_proxy_takes_the_cors_header_away(it: Deployment) -> None:
    it.headers["GET /healthz"] = {"Access-Control-Allow-Origin": None}


@fault("A cache may hand an answer for one origin to another")
def a_proxy_takes_vary_away(it: Deployment) -> None:
    it.headers["GET /healthz"] = {"Vary": None}


@fault(f"The preflight of {ORIGIN} is answered 401.")
def the_gateway_wants_a_token_of_preflights(it: Deployment) -> None:
    it.answer("OPTIONS /sign", 401, "Authorization header is expected but missing")


@fault("The preflight does not allow POST with the headers authorization and content-type.")
def preflights_do_not_allow_json(it: Deployment) -> None:
    it.headers["OPTIONS /sign"] = {"Access-Control-Allow-Headers": "authorization"}


@fault("The preflight does not allow POST")
def preflights_do_not_allow_post(it: Deployment) -> None:
    it.headers["OPTIONS /sign"] = {"Access-Control-Allow-Methods": "GET"}


@fault("A preflight of a foreign origin is allowed")
def options_is_not_among_the_triggers_methods(it: Deployment) -> None:
    echo = {"Access-Control-Allow-Origin": FOREIGN_ORIGIN}
    it.foreign_answers["OPTIONS /sign"] = Response("", 200, echo)


@fault("A page of a foreign origin is answered 200, not 403.")
def foreign_pages_get_grants(it: Deployment) -> None:
    it.foreign_answers["POST /sign"] = Response('{"fields": {}}', 200)


# Grants.


@fault("A question for a grant is answered 401 unauthorized.")
def the_token_is_not_accepted(it: Deployment) -> None:
    it.refuse("GET /", 401, "unauthorized")
    it.refuse("POST /sign", 401, "unauthorized", SECRETS["token"])


@fault("500 misconfigured. The setting JWT_ISSUER is missing.")
def a_setting_is_missing(it: Deployment) -> None:
    it.refuse("GET /", 500, "misconfigured", "The setting JWT_ISSUER is missing.")


@fault("503 credentials_unavailable.")
def the_role_cannot_be_assumed(it: Deployment) -> None:
    it.refuse("GET /", 503, "credentials_unavailable")


@fault("A question for a grant is answered 504, not by the function")
def the_function_runs_out_of_time(it: Deployment) -> None:
    it.answer("GET /", 504, "")


@fault("The function does not run: UnhandledInvocationError.")
def the_function_crashes_on_grants(it: Deployment) -> None:
    it.answer("GET /", 200, {}, X_Fc_Error_Type="UnhandledInvocationError")


@fault("What is answered is no grant.")
def another_service_answers(it: Deployment) -> None:
    it.answer("GET /", 200, {"hello": "world"})


@fault("Caches may keep grants")
def a_proxy_makes_grants_cacheable(it: Deployment) -> None:
    it.headers["GET /"] = {"Cache-Control": "public, max-age=600"}


@fault("The grant lacks or garbles server_time.")
def a_member_is_missing(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant.pop("server_time")


@fault("The grant lacks or garbles fields.x-oss-date.")
def a_signing_field_is_missing(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].pop("x-oss-date")


@fault("The grant lacks or garbles fields.x-oss-extra.")
def a_field_is_no_text(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].update({"x-oss-extra": None})


@fault("The grant lacks or garbles limits.min_bytes.")
def a_limit_is_missing(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["limits"].pop("min_bytes")


@fault("The grant lacks or garbles the order of fields.")
def the_key_is_not_first(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].update(key=grant["fields"].pop("key"))


# Clocks.


def shift(grant: Document, seconds: int) -> None:
    grant["server_time"] += seconds
    grant["expires"] -= seconds


@fault("s from its gateway's.")
def the_function_is_slow(it: Deployment) -> None:
    it.edit_grant = lambda grant: shift(grant, -120)


@fault("s from that of OSS.")
def oss_has_another_time(it: Deployment) -> None:
    it.bucket_clock_seconds = -3600


@fault("expire, expires and server_time of the grant contradict each other.")
def the_times_of_a_grant_contradict_each_other(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant.update(expires=10)


# Policies.


@fault("The policy is not Base64 of a JSON policy that OSS reads.")
def the_policy_is_no_json(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].update(policy=base64.b64encode(b"{").decode())


@fault("The policy ends at another time than the grant says.")
def the_policy_ends_later(it: Deployment) -> None:
    it.edit_policy = lambda policy: policy.update(expiration="2099-01-01T00:00:00.000Z")


@fault("The grant has ended before it was answered.")
def the_grant_has_no_life(it: Deployment) -> None:
    it.life_seconds = 0


@fault("The policy does not pin success_action_status")
def a_field_is_not_pinned(it: Deployment) -> None:
    it.edit_policy = lambda policy: policy["conditions"].remove({"success_action_status": "200"})


@fault("The policy does not pin key")
def the_key_is_outside_the_prefix(it: Deployment) -> None:
    def move(grant: Document) -> None:
        grant["fields"]["key"] = "elsewhere/file.txt"

    it.edit_grant = move


@fault("The policy has no condition for bucket.")
def the_bucket_is_not_pinned(it: Deployment) -> None:
    it.edit_policy = lambda policy: policy["conditions"].remove({"bucket": "my-bucket"})


@fault("The policy has no condition for content-length-range.")
def the_size_is_not_limited(it: Deployment) -> None:
    it.edit_policy = lambda policy: policy["conditions"].pop(1)


@fault("it is signed with a permanent access key")
def a_permanent_key_signs(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].pop("x-oss-security-token")


# The bucket.


@fault(f"The bucket does not let pages of {ORIGIN} post to it.")
def the_bucket_has_no_rule(it: Deployment) -> None:
    it.answer("bucket OPTIONS", 403, "<Error><Code>AccessForbidden</Code></Error>")


@fault(f"The bucket does not let pages of {ORIGIN} post to it.")
def the_buckets_rule_is_for_another_page(it: Deployment) -> None:
    it.headers["bucket OPTIONS"] = {"Access-Control-Allow-Origin": "https://other.example"}


@fault("The bucket does not let pages read the ETag")
def the_etag_is_not_exposed(it: Deployment) -> None:
    it.headers["bucket OPTIONS"] = {"Access-Control-Expose-Headers": "x-oss-request-id"}


@fault("There is no such bucket.")
def the_bucket_does_not_exist(it: Deployment) -> None:
    it.answer("bucket OPTIONS", 404, "<Error><Code>NoSuchBucket</Code></Error>")


@fault("OSS answers 403 AccessDenied 0003-00000001")
def the_upload_role_lacks_the_permission(it: Deployment) -> None:
    it.refuse_form(403, "AccessDenied", "0003-00000001")


@fault("OSS answers 203 CallbackFailed 0007-00000203")
def the_callback_fails(it: Deployment) -> None:
    it.refuse_form(203, "CallbackFailed", "0007-00000203")


@fault("OSS answers 204")
def the_answer_is_not_the_one_that_was_asked_for(it: Deployment) -> None:
    it.answer("bucket POST", 204, "")


@fault("The file is stored, but its page would be told that it failed.")
def the_upload_is_answered_without_cors(it: Deployment) -> None:
    it.headers["bucket POST"] = {"Access-Control-Allow-Origin": None}


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


@pytest.fixture
def url(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with Server(deployment.function) as function, Server(deployment.bucket) as bucket:
        deployment.bucket_url = bucket.url

        def date(handler: Any, timestamp: float | None = None) -> str:
            ahead = deployment.bucket_clock_seconds if handler.server.port == bucket.port else 0
            return formatdate(time.time() + ahead, usegmt=True)

        monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", date)
        yield function.url


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


@pytest.fixture(params=["v4", "v1"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """The real function, OSS and STS emulators on four ports; gives the first."""
    port = four_free_ports()
    process = subprocess.Popen(
        [sys.executable, ROOT / "local_server.py", "--port", str(port), "--data", tmp_path],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "SIGNATURE_VERSION": request.param},
    )
    assert process.stdout is not None
    with process:
        try:
            for line in process.stdout:
                if line.strip() == "Ready":
                    break
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.stdout.read()


def four_free_ports() -> int:
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port: int = first.getsockname()[1]
        try:
            for offset in range(4):
                socket.create_server(("127.0.0.1", port + offset)).close()
        except OSError:
            continue
        return port


def test_finds_the_real_function_in_good_health(
    harness: int, capsys: pytest.CaptureFixture[str]
) -> None:
    url, page = f"http://127.0.0.1:{harness}", f"http://127.0.0.1:{harness + 3}"
    assert doctor.main([url, "--origin", page, "--upload"]) == 0
    assert "Uploaded 1 byte(s) as user-dirs/" in capsys.readouterr().out


def test_finds_that_the_real_function_does_not_know_a_page(
    harness: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.main([f"http://127.0.0.1:{harness}", "--origin", ORIGIN]) == 1
    said = capsys.readouterr().out
    assert f"The function refuses pages of {ORIGIN}." in said
    assert f"The bucket does not let pages of {ORIGIN} post to it." in said
    assert said.endswith("2 thing(s) wrong.\n")
