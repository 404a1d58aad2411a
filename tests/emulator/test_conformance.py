"""The emulated OSS gives the response that each conformance row expects, over bare sockets."""

from __future__ import annotations

import ipaddress
import json
import runpy
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from emulator.conformance.command import main, read_target, run_rows
from emulator.conformance.recipe import OssResponse, Target
from emulator.conformance.rows import (
    Row,
    differences,
    exchange,
    load_rows,
    try_row,
)
from emulator.keyring import AccessKey, KeyRing
from emulator.oss import Oss
from emulator.oss.errors.refusals import EVIDENCE
from emulator.oss.switches import Switches
from emulator.server import Server
from tests.emulator.oss.bucket import NOW

ROWS = load_rows()
ENVIRONMENT = {
    "CONFORMANCE_BUCKET": "post-test",
    "CONFORMANCE_REGION": "cn-hangzhou",
    "CONFORMANCE_ACCESS_KEY_ID": "LTAIpermanent",
    "CONFORMANCE_ACCESS_KEY_SECRET": "secret-1",
}
Endpoint = Callable[[dict[str, Any]], tuple[str, Target]]


def resolve(host: str) -> list[str]:
    """Without DNS: an address is its own, and no name exists."""
    return [str(ipaddress.ip_address(host))]


def make_keys() -> tuple[KeyRing, dict[str, AccessKey]]:
    ring = KeyRing()
    hour = timedelta(hours=1)
    elsewhere = {"Effect": "Allow", "Action": "oss:PutObject", "Resource": "acs:oss:*:*:*/user/*"}
    here = {**elsewhere, "Resource": "acs:oss:*:*:post-test/conformance/*"}

    def session_policy(statement: dict[str, str]) -> str:
        return json.dumps({"Version": "1", "Statement": [statement]})

    keys = {
        "permanent": AccessKey("LTAIpermanent", "secret-1"),
        "disabled": AccessKey("LTAIdisabled", "secret-2", enabled=False),
        "temporary": ring.issue(expiration=NOW + hour, session_policy=session_policy(here)),
        "limited": ring.issue(expiration=NOW + hour, session_policy=session_policy(elsewhere)),
        "expired": ring.issue(expiration=NOW),
    }
    ring.add(keys["permanent"])
    ring.add(keys["disabled"])
    return ring, keys


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """One emulator for each combination of switches, started when a row needs it."""
    ring, keys = make_keys()
    started: dict[str, str] = {}

    def start(switches: dict[str, Any]) -> tuple[str, Target]:
        name = repr(switches)
        if name not in started:
            oss = Oss(
                "post-test",
                "cn-hangzhou",
                tmp_path_factory.mktemp("oss"),
                ring,
                ["http://localhost:9003"],
                clock=lambda: NOW,
                log=lambda line: None,
                switches=Switches(**switches),
                resolve=resolve,
            )
            started[name] = stack.enter_context(Server(oss)).url
        url = started[name]
        host = url.removeprefix("http://")
        return url, Target(host=host, bucket="post-test", region="cn-hangzhou", keys=keys)

    with ExitStack() as stack:
        yield start


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_responds_as_oss_does(row: Row, endpoint: Endpoint) -> None:
    url, target = endpoint(row.switches)
    response = try_row(row, url, target, now=NOW)
    assert differences(row, response) == [], response.body.decode()
    if "code" in row.expect:
        assert response.element("Hint").endswith(".")
        assert response.element("RequestId") == response.headers["x-oss-request-id"]


def test_every_row_says_how_certain_it_is_and_why() -> None:
    assert all(row.evidence in EVIDENCE and row.source for row in ROWS)
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_a_row_without_a_code_expects_success() -> None:
    refused = [row for row in ROWS if row.expect["status"] not in (200, 201, 204, 303)]
    assert all("code" in row.expect and "ec" in row.expect for row in refused)


def test_the_runner_names_each_difference() -> None:
    row = Row(
        "a row",
        {},
        {"status": 403, "code": "A", "ec": "1", "message": "Right", "headers": {"ETag": "x"}},
        "documented",
        "a page",
    )
    body = b"<Error><Code>B</Code><Message>Wrong text</Message></Error>"
    assert differences(row, OssResponse(400, {"etag": "y"}, body)) == [
        "status is '400', expected '403'",
        "code is 'B', expected 'A'",
        "ec is '', expected '1'",
        "message is 'Wrong', expected 'Right'",
        "ETag is 'y', expected 'x'",
    ]
    right = b"<Error><Code>A</Code><Message>Right so</Message><EC>1</EC></Error>"
    assert differences(row, OssResponse(403, {"etag": "x"}, right)) == []
    assert "code is '', expected 'A'" in differences(row, OssResponse(403, {}, b"not XML"))


def test_the_command_compares_an_endpoint_with_the_rows(endpoint: Endpoint) -> None:
    url, target = endpoint({})
    assert list(read_target(url, ENVIRONMENT).keys) == ["permanent"]
    key = target.keys["temporary"]
    temporary = {
        "CONFORMANCE_TEMPORARY_ACCESS_KEY_ID": key.access_key_id,
        "CONFORMANCE_TEMPORARY_ACCESS_KEY_SECRET": key.access_key_secret,
        "CONFORMANCE_TEMPORARY_SECURITY_TOKEN": key.security_token or "",
    }
    both = read_target(url, ENVIRONMENT | temporary)
    assert list(both.keys) == ["permanent", "temporary"]
    lines, differing = run_rows(ROWS, url, both, clock=lambda: NOW)
    assert differing == 0
    assert "not run  an expired token: needs expired credentials" in lines
    assert "not run  V1 where it is switched off: applies only to the emulator" in lines
    assert lines[-1].startswith(f"{len(ROWS)} rows, 0 differ, ")


def test_the_rows_leave_no_upload_open(endpoint: Endpoint) -> None:
    url, target = endpoint({})
    for row in ROWS:
        if "operation" in row.recipe and not row.switches:
            try_row(row, url, target, now=NOW)
    listing = {"operation": "GET", "query": {"uploads": ""}, "key": ""}
    row = Row("open uploads", listing, {"status": 200}, "documented", "ListMultipartUploads")
    response = try_row(row, url, target, now=NOW)
    assert response.element("MaxUploads") == "1000"
    assert response.element("Upload/UploadId") == ""


def test_no_row_for_a_real_bucket_needs_a_fixed_clock(tmp_path: Path) -> None:
    ring, keys = make_keys()
    oss = Oss("post-test", "cn-hangzhou", tmp_path, ring, ["http://a"], resolve=resolve)
    with Server(oss) as server:
        target = Target(
            host=server.url.removeprefix("http://"),
            bucket="post-test",
            region="cn-hangzhou",
            keys={"permanent": keys["permanent"]},
        )
        lines, _ = run_rows(ROWS, server.url, target, clock=lambda: datetime.now(timezone.utc))
    assert [line for line in lines if line.startswith("differs")] == []


def test_the_command_reports_what_differs_and_exits_with_1(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url, _ = endpoint({})
    for name, value in (ENVIRONMENT | {"CONFORMANCE_ACCESS_KEY_ID": "LTAInobody"}).items():
        monkeypatch.setenv(name, value)
    name = "V4 with the bucket and the three signing conditions"
    rows = [row for row in ROWS if row.name == name]
    monkeypatch.setattr("emulator.conformance.command.load_rows", lambda: rows)
    monkeypatch.setattr(sys, "argv", ["conformance", url])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("emulator.conformance", run_name="__main__")
    assert ended.value.code == 1
    assert f"differs  {name} [documented]: status is '403'" in capsys.readouterr().out


def test_the_command_exits_with_0_when_nothing_differs(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = endpoint({})
    rows = [row for row in ROWS if row.name == "no Content-Type"]
    monkeypatch.setattr("emulator.conformance.command.load_rows", lambda: rows)
    assert main([url], ENVIRONMENT) == 0


@pytest.mark.parametrize("arguments", [[], ["a", "b"]], ids=["no URL", "two URLs"])
def test_the_command_shows_how_it_is_used(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, ENVIRONMENT) == 2
    assert capsys.readouterr().out.startswith("Try the conformance rows on an endpoint: ")


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_the_command_names_a_missing_variable(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {other: value for other, value in ENVIRONMENT.items() if other != name}
    assert main(["http://127.0.0.1:1"], given) == 2
    assert capsys.readouterr().out.startswith(f"Set {name} in the environment.\n")


@pytest.mark.parametrize(
    ("host", "other"),
    [
        ("127.0.0.1:9001", "no-such-bucket-0c1d.localhost"),
        ("localhost:9001", "no-such-bucket-0c1d.localhost"),
        (
            "scratch.oss-cn-hangzhou.aliyuncs.com",
            "no-such-bucket-0c1d.oss-cn-hangzhou.aliyuncs.com",
        ),
    ],
)
def test_knows_a_host_whose_bucket_does_not_exist(host: str, other: str) -> None:
    assert Target(host=host, bucket="b", region="r", keys={}).other_host == other


def test_speaks_tls_to_a_bucket_in_the_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []

    class Context:
        def wrap_socket(self, connection: socket.socket, *, server_hostname: str) -> socket.socket:
            calls.append((server_hostname,))
            return connection

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        calls.append(address)
        near, far = socket.socketpair()
        far.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
        stack.callback(far.close)
        return near

    monkeypatch.setattr(ssl, "create_default_context", Context)
    monkeypatch.setattr(socket, "create_connection", connect)
    with ExitStack() as stack:
        response = exchange(
            "https://scratch.oss-cn-hangzhou.aliyuncs.com", b"GET / HTTP/1.1\r\n\r\n"
        )
    assert response.status == 204
    assert calls == [
        ("scratch.oss-cn-hangzhou.aliyuncs.com", 443),
        ("scratch.oss-cn-hangzhou.aliyuncs.com",),
    ]
