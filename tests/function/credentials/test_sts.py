"""AssumeRole with the real SDK: what it sends, and what comes of each response and fault."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
import traceback
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from direct_upload.credentials import sts
from direct_upload.credentials.function_role import BaseCredentials, Credentials
from direct_upload.credentials.sts import AssumeRoleFailed, Role, assume_role
from direct_upload.http.outgoing import within
from tests.function.credentials.faulty_sts import (
    BASE_SECRET,
    BASE_TOKEN,
    FAULTS,
    ISSUED_SECRET,
    ISSUED_TOKEN,
    POLICY,
    SECRETS,
    Clock,
    grant,
    healthy,
    issued,
    refuse,
    respond,
)
from tests.function.raw_server import RawServer

BASE = BaseCredentials("STS.base", BASE_SECRET, BASE_TOKEN, "context")


def role(endpoint: str | None) -> Role:
    return Role("acs:ram::1:role/uploader", POLICY, 3600, endpoint, "cn-hangzhou")


def call(
    endpoint: str, clock: Clock, *, base: BaseCredentials = BASE, seconds: float = 60
) -> Credentials:
    return assume_role(base, role(endpoint), seconds=seconds, clock=clock)


def test_a_valid_response_becomes_credentials(sts_server: RawServer, clock: Clock) -> None:
    sts_server.become(healthy(clock, life=900))
    expiration = clock() + timedelta(seconds=900)
    assert call(sts_server.url, clock) == Credentials(
        "STS.1", ISSUED_SECRET, ISSUED_TOKEN, expiration
    )


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def test_the_expiration_is_utc_in_any_time_zone(
    zone: str, sts_server: RawServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts_server.become(healthy(clock))
    try:
        with monkeypatch.context() as changed:
            changed.setenv("TZ", zone)
            time.tzset()
            credentials = call(sts_server.url, clock)
    finally:
        time.tzset()
    assert credentials.expiration == clock() + timedelta(hours=1)


def test_the_request_names_the_role_and_its_policy(sts_server: RawServer, clock: Clock) -> None:
    sts_server.become(healthy(clock))
    call(sts_server.url, clock)
    (request,) = sts_server.requests
    target = request.split(" ")[1]
    assert parse_qs(target.partition("?")[2]) == {
        "DurationSeconds": ["3600"],
        "Policy": [POLICY],
        "RoleArn": ["acs:ram::1:role/uploader"],
        "RoleSessionName": ["direct-upload"],
    }
    assert f"\r\nhost: {sts_server.url.removeprefix('http://')}\r\n" in request
    assert f"\r\nx-acs-security-token: {BASE_TOKEN}\r\n" in request
    assert "Credential=STS.base," in request


def test_a_permanent_key_sends_no_token(sts_server: RawServer, clock: Clock) -> None:
    sts_server.become(healthy(clock))
    call(sts_server.url, clock, base=BaseCredentials("LTAI", BASE_SECRET, None, "environment"))
    assert "x-acs-security-token" not in sts_server.requests[0]


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        pytest.param(None, ("sts.cn-hangzhou.aliyuncs.com", 443), id="of the region"),
        pytest.param("sts.aliyuncs.com", ("sts.aliyuncs.com", 443), id="host"),
        pytest.param("http://127.0.0.1:9002", ("127.0.0.1", 9002), id="emulator"),
        pytest.param("http://sts.example", ("sts.example", 80), id="http"),
        pytest.param("https://sts.aliyuncs.com", ("sts.aliyuncs.com", 443), id="https"),
    ],
)
def test_the_sdk_connects_once_to_the_endpoint(
    endpoint: str | None,
    address: tuple[str, int],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up: list[tuple[str, int]] = []

    def look_up(host: str, port: int, *_: object, **__: object) -> None:
        looked_up.append((host, port))
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(AssumeRoleFailed, match="could not be reached"):
        assume_role(BASE, role(endpoint), seconds=60, clock=clock)
    assert looked_up == [address]


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [pytest.param(1.5, 1500, id="1.5 s"), pytest.param(0.0001, 1, id="never 0, which means 10 s")],
)
def test_the_sdk_gets_the_time_limit_in_milliseconds(
    seconds: float, milliseconds: int, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alibabacloud_sts20150401.client import Client

    limits: list[tuple[int, int]] = []

    def record(_: object, __: object, runtime: Any) -> None:
        limits.append((runtime.connect_timeout, runtime.read_timeout))

    monkeypatch.setattr(Client, "assume_role_with_options", record)
    monkeypatch.setattr(sts, "within", lambda _, call: call())
    with pytest.raises(AssumeRoleFailed):
        call("http://127.0.0.1:9", clock, seconds=seconds)
    assert limits == [(milliseconds, milliseconds)]


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_a_message_and_a_hint(
    name: str, sts_server: RawServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    responder, transient, message = FAULTS[name]
    sts_server.become(responder)
    if name == "trickle":  # on a busy machine bytes may be too rare for the SDK's own timeout
        monkeypatch.setattr(sts, "within", lambda _, call: within(0.2, call))
    with pytest.raises(AssumeRoleFailed) as caught:
        call(sts_server.url, clock, seconds=0.2 if name == "hang" else 60)
    assert re.search(message.replace("(", r"\(").replace(")", r"\)"), caught.value.message)
    assert caught.value.hint
    assert caught.value.transient is transient
    assert_no_secret(caught.value)


def assert_no_secret(error: BaseException | None) -> None:
    """Check the text of an exception and of those that caused it."""
    while error is not None:
        shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
        for secret in SECRETS:
            assert secret not in shown
        error = error.__cause__ or error.__context__


def test_a_redirect_to_a_closed_port_is_a_failed_connection(
    sts_server: RawServer, clock: Clock
) -> None:
    sts_server.become(respond("302 Found", "", "Location: http://127.0.0.1:1/"))
    with pytest.raises(AssumeRoleFailed, match="could not be reached"):
        call(sts_server.url, clock)


def test_a_refused_connection_is_a_failure(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(AssumeRoleFailed, match="could not be reached") as caught:
        call(f"http://127.0.0.1:{port}", clock)
    assert "STS_ENDPOINT" in caught.value.hint
    assert_no_secret(caught.value)


def test_a_hanging_name_lookup_is_abandoned(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    lookup_may_end = threading.Event()

    def look_up(*_: object, **__: object) -> None:
        lookup_may_end.wait()
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        with pytest.raises(AssumeRoleFailed, match="did not respond in time"):
            call("http://sts.invalid:80", clock, seconds=0.2)
    finally:
        lookup_may_end.set()


@pytest.mark.parametrize(
    ("code", "setting"),
    [
        ("NoPermission", "UPLOAD_ROLE_ARN.*trust policy"),
        ("EntityNotExist.Role", "UPLOAD_ROLE_ARN"),
        ("InvalidParameter.RoleArn", "UPLOAD_ROLE_ARN"),
        ("InvalidParameter.DurationSeconds", "CREDENTIALS_SECONDS.*MaxSessionDuration"),
        ("InvalidParameter.PolicyGrammar", "UPLOAD_DIR"),
        ("InvalidParameter.PolicySize", "UPLOAD_DIR"),
        ("InvalidTimeStamp.Expired", "clock"),
        ("Throttling.Api", "again"),
        ("SomethingElse", "documents"),
    ],
)
def test_the_hint_says_what_to_check(
    code: str, setting: str, sts_server: RawServer, clock: Clock
) -> None:
    sts_server.become(refuse("400 Bad Request", code))
    with pytest.raises(AssumeRoleFailed, match=code) as caught:
        call(sts_server.url, clock)
    assert re.search(setting, caught.value.hint)


@pytest.mark.parametrize("source", ["context", "environment"])
@pytest.mark.parametrize(
    "code",
    [
        "InvalidAccessKeyId.NotFound",
        "InvalidAccessKeyId.Inactive",
        "InvalidSecurityToken.Expired",
        "InvalidSecurityToken.Malformed",
        "InvalidSecurityToken.MismatchWithAccessKey",
        "MissingSecurityToken",
        "SignatureDoesNotMatch",
    ],
)
def test_the_hint_for_bad_base_credentials_suspects_role_and_environment(
    code: str, source: str, sts_server: RawServer, clock: Clock
) -> None:
    sts_server.become(refuse("400 Bad Request", code))
    base = BaseCredentials("STS.base", BASE_SECRET, BASE_TOKEN, source)
    with pytest.raises(AssumeRoleFailed) as caught:
        call(sts_server.url, clock, base=base)
    assert "function's role" in caught.value.hint
    assert ("python3.12" in caught.value.hint) is (source == "environment")


@pytest.mark.parametrize(
    ("life", "plausible"),
    [
        pytest.param(0, False, id="ends now"),
        pytest.param(1, True, id="ends in a second"),
        pytest.param(12 * 3600 + 900, True, id="longest, clock behind"),
        pytest.param(12 * 3600 + 901, False, id="longer than STS grants"),
    ],
)
def test_an_expiration_must_be_plausible(
    life: int, plausible: bool, sts_server: RawServer, clock: Clock
) -> None:
    expiration = clock() + timedelta(seconds=life)
    sts_server.become(grant(issued(expiration)))
    if plausible:
        assert call(sts_server.url, clock).expiration == expiration
    else:
        with pytest.raises(AssumeRoleFailed, match="Expiration"):
            call(sts_server.url, clock)


def test_no_repr_shows_the_session_policy() -> None:
    assert "Statement" not in repr(role(None))


def test_a_response_of_other_types_is_refused(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alibabacloud_sts20150401.client import Client

    response = SimpleNamespace(body=SimpleNamespace(credentials=object()))
    monkeypatch.setattr(Client, "assume_role_with_options", lambda *_: response)
    with pytest.raises(AssumeRoleFailed, match="access_key_id"):
        call("http://127.0.0.1:9", clock)


def test_the_sdk_prints_nothing_in_a_new_process() -> None:
    """It adds its log handlers at import, so only a new process shows what they print."""
    program = """
import logging, sys
from datetime import datetime, timezone
logging.basicConfig(level=logging.DEBUG)
from direct_upload.credentials.function_role import BaseCredentials
from direct_upload.credentials.sts import AssumeRoleFailed, Role, assume_role, load_sdk
load_sdk()
try:
    assume_role(
        BaseCredentials("STS.base", "BaseSecret", "BaseToken", "context"),
        Role("acs:ram::1:role/uploader", "Statement", 3600, sys.argv[1], "cn-hangzhou"),
        seconds=60,
        clock=lambda: datetime.now(timezone.utc),
    )
except AssumeRoleFailed as failure:
    logging.getLogger("direct_upload").warning(failure.message)
for name in ("credentials", "darabonba-core", "alibabacloud-tea"):
    assert not logging.getLogger(name).handlers, name
"""
    responder, _, _ = FAULTS["truncated json"]
    with RawServer(responder) as faulty:
        finished = subprocess.run(
            [sys.executable, "-c", program, faulty.url],
            cwd="function",
            env=os.environ | {"DEBUG": "sdk"},
            capture_output=True,
            text=True,
            check=True,
        )
    printed = finished.stdout + finished.stderr
    assert "STS sent a response that is not AssumeRole's" in printed
    for secret in SECRETS:
        assert secret not in printed
