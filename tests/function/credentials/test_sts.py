from __future__ import annotations

import logging
import os
import re
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from direct_upload.credentials import sts
from direct_upload.credentials.function_role import BaseCredentials, Credentials
from direct_upload.credentials.sts import AssumeRoleFailed, Role, assume_role
from tests.function.credentials.faulty_sts import (
    FAULTS,
    ISSUED_SECRET,
    ISSUED_TOKEN,
    NOW,
    SILENT,
    Clock,
    FaultySts,
    close,
    grant,
    healthy,
    issued,
    refuse,
    respond,
)

POLICY = '{"Version":"1","Statement":[]}'
BASE = BaseCredentials("STS.base", "BaseSecret", "BaseToken", "context")
SECRETS = (ISSUED_SECRET, ISSUED_TOKEN, "BaseSecret", "BaseToken", "Signature=", "Statement")


@pytest.fixture
def server() -> Iterator[FaultySts]:
    """One for each test: a call that was given up may reach it late, and be counted."""
    sts.load_sdk()
    with FaultySts(close) as faulty:
        yield faulty


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def no_secret_shows(
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Although everything is logged, and the SDK asked to print each request."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("DEBUG", "sdk")
    yield
    logged = "\n".join(caplog.handler.format(record) for record in caplog.get_records("call"))
    for secret in SECRETS:
        assert secret not in logged + "".join(capfd.readouterr())


def role(endpoint: str | None) -> Role:
    return Role("acs:ram::1:role/uploader", POLICY, 3600, endpoint, "cn-hangzhou")


def call(
    endpoint: str, clock: Clock, *, base: BaseCredentials = BASE, seconds: float = 60
) -> Credentials:
    return assume_role(base, role(endpoint), seconds=seconds, clock=clock)


def test_a_good_answer_becomes_credentials(server: FaultySts, clock: Clock) -> None:
    server.become(healthy(clock, life=900))
    expiration = clock() + timedelta(seconds=900)
    assert call(server.endpoint, clock) == Credentials(
        "STS.1", ISSUED_SECRET, ISSUED_TOKEN, expiration
    )


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def test_the_expiration_is_utc_whatever_the_machine_thinks(
    zone: str, server: FaultySts, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.become(healthy(clock))
    with monkeypatch.context() as changed:
        changed.setenv("TZ", zone)
        time.tzset()
        credentials = call(server.endpoint, clock)
    time.tzset()
    assert credentials.expiration == clock() + timedelta(hours=1)


def test_the_request_asks_for_the_role_with_its_policy(server: FaultySts, clock: Clock) -> None:
    server.become(healthy(clock))
    call(server.endpoint, clock)
    (request,) = server.requests
    target = request.split(" ")[1]
    assert parse_qs(target.partition("?")[2]) == {
        "DurationSeconds": ["3600"],
        "Policy": [POLICY],
        "RoleArn": ["acs:ram::1:role/uploader"],
        "RoleSessionName": ["direct-upload"],
    }
    assert f"\r\nhost: {server.endpoint.removeprefix('http://')}\r\n" in request
    assert "\r\nx-acs-security-token: BaseToken\r\n" in request
    assert "Credential=STS.base," in request


def test_a_permanent_key_sends_no_token(server: FaultySts, clock: Clock) -> None:
    server.become(healthy(clock))
    call(server.endpoint, clock, base=BaseCredentials("LTAI", "BaseSecret", None, "environment"))
    assert "x-acs-security-token" not in server.requests[0]


@pytest.mark.parametrize(
    ("endpoint", "protocol", "host"),
    [
        pytest.param(None, "HTTPS", "sts.cn-hangzhou.aliyuncs.com", id="of the region"),
        pytest.param("sts.aliyuncs.com", "HTTPS", "sts.aliyuncs.com", id="host"),
        pytest.param("http://127.0.0.1:9002", "HTTP", "127.0.0.1:9002", id="emulator"),
        pytest.param("https://sts.aliyuncs.com", "HTTPS", "sts.aliyuncs.com", id="https"),
    ],
)
def test_the_endpoint_is_what_the_sdk_takes(
    endpoint: str | None,
    protocol: str,
    host: str,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from alibabacloud_sts20150401.client import Client

    seen: list[object] = []

    def answer(client: Any, _: object, runtime: Any) -> None:
        seen.append((client._protocol, client._endpoint, client._retry_options))
        seen.append((runtime.connect_timeout, runtime.read_timeout))

    monkeypatch.setattr(Client, "assume_role_with_options", answer)
    with pytest.raises(AssumeRoleFailed):
        assume_role(BASE, role(endpoint), seconds=1.5, clock=clock)
    assert seen == [(protocol, host, None), (1500, 1500)]


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_told_in_our_words(
    name: str, server: FaultySts, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, transient, message = FAULTS[name]
    server.become(answer)
    if name == "trickle":  # on a busy machine the SDK may see no byte for as long as it waits
        call_sdk = sts._call
        monkeypatch.setattr(sts, "_call", lambda base, role, _: call_sdk(base, role, 60))
    with pytest.raises(AssumeRoleFailed) as caught:
        call(server.endpoint, clock, seconds=0.2 if name in SILENT else 60)
    assert re.search(message.replace("(", r"\(").replace(")", r"\)"), caught.value.message)
    assert caught.value.hint
    assert caught.value.transient is transient
    assert_no_secret(caught.value)


def assert_no_secret(error: BaseException | None) -> None:
    """Neither in the text of an exception, nor in those that it came from."""
    while error is not None:
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
        for secret in SECRETS:
            assert secret not in told
        error = error.__cause__ or error.__context__


def test_a_redirect_does_not_help(server: FaultySts, clock: Clock) -> None:
    server.become(respond("302 Found", "", "Location: http://127.0.0.1:1/"))
    with pytest.raises(AssumeRoleFailed, match="could not be reached"):
        call(server.endpoint, clock)


def test_nobody_listens(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(AssumeRoleFailed, match="could not be reached") as caught:
        call(f"http://127.0.0.1:{port}", clock)
    assert "STS_ENDPOINT" in caught.value.hint
    assert_no_secret(caught.value)


def test_a_name_lookup_that_hangs_is_left_behind(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
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
def test_the_hint_names_the_cure(code: str, setting: str, server: FaultySts, clock: Clock) -> None:
    server.become(refuse("400 Bad Request", code))
    with pytest.raises(AssumeRoleFailed, match=code) as caught:
        call(server.endpoint, clock)
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
def test_bad_base_credentials_name_the_function_role_and_a_stale_environment(
    code: str, source: str, server: FaultySts, clock: Clock
) -> None:
    server.become(refuse("400 Bad Request", code))
    base = BaseCredentials("STS.base", "BaseSecret", "BaseToken", source)
    with pytest.raises(AssumeRoleFailed) as caught:
        call(server.endpoint, clock, base=base)
    assert "function's role" in caught.value.hint
    assert ("python3.12" in caught.value.hint) is (source == "environment")


@pytest.mark.parametrize(
    ("life", "good"),
    [
        pytest.param(0, False, id="ends now"),
        pytest.param(1, True, id="ends in a second"),
        pytest.param(12 * 3600 + 900, True, id="longest, clock behind"),
        pytest.param(12 * 3600 + 901, False, id="longer than STS grants"),
    ],
)
def test_an_expiration_must_be_possible(
    life: int, good: bool, server: FaultySts, clock: Clock
) -> None:
    expiration = clock() + timedelta(seconds=life)
    server.become(grant(issued(expiration)))
    if good:
        assert call(server.endpoint, clock).expiration == expiration
    else:
        with pytest.raises(AssumeRoleFailed, match="Expiration"):
            call(server.endpoint, clock)


def test_a_value_keeps_its_secrets_to_itself() -> None:
    assert "Statement" not in repr(role(None))


def test_odd_attributes_of_a_response_are_refused() -> None:
    response = SimpleNamespace(body=SimpleNamespace(credentials=object()))
    with pytest.raises(AssumeRoleFailed, match="access_key_id"):
        sts._credentials(response, NOW)


def test_the_sdk_prints_nothing_from_a_fresh_process(clock: Clock) -> None:
    """Its handlers are hung up at import, so only a process of its own shows them."""
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
    answer, _, _ = FAULTS["truncated json"]
    with FaultySts(answer) as faulty:
        finished = subprocess.run(
            [sys.executable, "-c", program, faulty.endpoint],
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
