"""Whole uploads over real sockets: local_server.py, the real STS SDK, forms as browsers send."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.harness import ROOT, Harness, four_free_ports, running_harness

PAGE = {"Origin": "https://app.example.com"}
SETTINGS = {"ALLOWED_ORIGINS": PAGE["Origin"]}
FIVE_MEGABYTES = os.urandom(5 * 1024 * 1024)


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with running_harness(tmp_path_factory.mktemp("data"), SETTINGS) as harness:
        yield harness


def post_form(
    grant: Mapping[str, Any], name: str, content: bytes, **changes: str
) -> requests.Response:
    """Post the grant's fields in their order, then the file, as a browser does."""
    fields, file = grant["fields"] | changes, {"file": (name, content)}
    return requests.post(grant["url"], fields, files=file, headers=PAGE, timeout=30)


def sign(harness: Harness, **file: str | int) -> dict[str, Any]:
    response = requests.post(f"{harness.function}/sign", json=file, headers=PAGE, timeout=30)
    assert response.status_code == 200
    grant: dict[str, Any] = response.json()
    return grant


def stored(harness: Harness) -> list[Path]:
    return [path for path in harness.data.rglob("*") if path.is_file()]


def check_both_grants(harness: Harness) -> None:
    """Upload a Chinese name with a directory grant and 5 MB with a file grant; read both back."""
    grant = requests.get(harness.function, headers=PAGE, timeout=30).json()
    assert post_form(grant, "照片 一.png", b"\x89PNG one").status_code == 200
    key = quote(grant["dir"] + "照片 一.png")
    assert requests.get(f"{harness.oss}/{key}", timeout=30).content == b"\x89PNG one"

    grant = sign(harness, filename="视频.mp4", size=len(FIVE_MEGABYTES))
    assert post_form(grant, "视频.mp4", FIVE_MEGABYTES).status_code == 200
    read = requests.get(f"{harness.oss}/{grant['key']}", timeout=30)
    assert read.content == FIVE_MEGABYTES
    assert read.headers["Content-Type"] == "video/mp4"
    assert read.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''%E8%A7%86%E9%A2%91.mp4"
    )


def test_uploads_work_with_the_default_settings(harness: Harness) -> None:
    check_both_grants(harness)


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        pytest.param({"SIGNATURE_VERSION": "v1"}, (), id="V1"),
        pytest.param({}, ("--runtime", "python3.12"), id="credentials only in the environment"),
        pytest.param({"CREDENTIALS_SOURCE": "function-role"}, (), id="function-role"),
        pytest.param({"CREDENTIALS_SECONDS": "900", "POLICY_SECONDS": "12"}, (), id="short lives"),
        pytest.param(
            {"FORBID_OVERWRITE": "false", "OBJECT_ACL": "none"}, (), id="fewer pinned fields"
        ),
        pytest.param({}, ("--custom-domain",), id="custom domain"),
    ],
)
def test_uploads_work_with(
    tmp_path: Path, settings: dict[str, str], options: tuple[str, ...]
) -> None:
    with running_harness(tmp_path, SETTINGS | settings, *options) as harness:
        check_both_grants(harness)


def test_many_grants_cost_one_assume_role(harness: Harness) -> None:
    requests.get(harness.function, timeout=30).raise_for_status()
    assert harness.prints("AssumeRole")
    # From here on every call fails. Calls are not counted, because on a busy machine one may take
    # too long and be repeated.
    requests.put(f"{harness.sts}/faults?kind=no-permission", timeout=30).raise_for_status()
    try:
        for _ in range(20):
            requests.get(harness.function, timeout=30).raise_for_status()
    finally:
        requests.delete(f"{harness.sts}/faults", timeout=30)


def test_one_changed_character_in_the_policy_is_refused_with_a_reason(harness: Harness) -> None:
    grant = sign(harness, filename="a.png")
    before = stored(harness)
    policy = grant["fields"]["policy"]
    changed = policy[:20] + ("A" if policy[20] != "A" else "B") + policy[21:]
    response = post_form(grant, "a.png", b"content", policy=changed)
    assert response.status_code == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in response.text
    assert "<Hint>" in response.text
    assert harness.prints("SignatureDoesNotMatch")
    assert stored(harness) == before


@pytest.mark.parametrize(
    ("changes", "content", "status", "code"),
    [
        pytest.param({"key": "user-dirs/mine.png"}, b"x" * 5, 403, "AccessDenied", id="other key"),
        pytest.param({"Content-Type": "text/html"}, b"x" * 5, 403, "AccessDenied", id="other type"),
        pytest.param(
            {"x-oss-object-acl": "public-read"}, b"x" * 5, 403, "AccessDenied", id="other ACL"
        ),
        pytest.param(
            {"x-oss-security-token": "CAISx"}, b"x" * 5, 403, "InvalidSecurityToken", id="token"
        ),
        pytest.param({}, b"x" * 4, 400, "EntityTooSmall", id="smaller than declared"),
        pytest.param({}, b"x" * 6, 400, "EntityTooLarge", id="larger than declared"),
    ],
)
def test_an_upload_beyond_the_grant_is_refused_and_leaves_nothing(
    harness: Harness, changes: dict[str, str], content: bytes, status: int, code: str
) -> None:
    before = stored(harness)
    response = post_form(sign(harness, filename="a.png", size=5), "a.png", content, **changes)
    assert (response.status_code, f"<Code>{code}</Code>" in response.text) == (status, True)
    assert stored(harness) == before


def test_a_grant_writes_its_key_once(harness: Harness) -> None:
    grant = sign(harness, filename="a.png")
    assert post_form(grant, "a.png", b"first").status_code == 200
    assert post_form(grant, "a.png", b"second").status_code == 409
    assert requests.get(f"{harness.oss}/{grant['key']}", timeout=30).content == b"first"


def test_pages_of_listed_origins_can_read_both_responses(harness: Harness) -> None:
    signed = requests.post(
        f"{harness.function}/sign", json={"filename": "a.png"}, headers=PAGE, timeout=30
    )
    assert signed.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    response = post_form(signed.json(), "a.png", b"content")
    assert response.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    assert "etag" in response.headers["Access-Control-Expose-Headers"].lower()


def test_a_page_of_another_origin_gets_no_grant(harness: Harness) -> None:
    response = requests.get(
        harness.function, headers={"Origin": "https://evil.example"}, timeout=30
    )
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "origin_not_allowed"


def test_objects_survive_a_restart(tmp_path: Path) -> None:
    with running_harness(tmp_path, SETTINGS) as harness:
        grant = sign(harness, filename="a.png")
        assert post_form(grant, "a.png", b"content").status_code == 200
    with running_harness(tmp_path, SETTINGS) as harness:
        assert requests.get(f"{harness.oss}/{grant['key']}", timeout=30).content == b"content"


def test_the_page_knows_where_the_function_is(harness: Harness) -> None:
    config = requests.get(f"{harness.page}/config.json", timeout=30)
    assert config.json() == {"endpoint": harness.function}
    page = requests.get(harness.page, timeout=30)
    assert page.headers["Content-Type"].startswith("text/html")
    assert harness.oss in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_and_frees_its_ports(
    tmp_path: Path, number: signal.Signals
) -> None:
    with running_harness(tmp_path, SETTINGS) as harness:
        port = int(harness.function.rpartition(":")[2])
        idle = socket.create_connection(("127.0.0.1", port))
        harness.process.send_signal(number)
        assert harness.process.wait(timeout=60) == 0  # although a connection is open
        idle.close()
        for offset in range(4):
            socket.create_server(("127.0.0.1", port + offset)).close()


def fail_to_start(port: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "local_server.py", "--port", port, "--data", str(data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_port_in_use_is_an_error_without_a_traceback(tmp_path: Path, harness: Harness) -> None:
    port = harness.function.rpartition(":")[2]
    done = fail_to_start(port, tmp_path)
    assert done.returncode == 1
    assert port in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_at_the_last_moment_is_not_the_end(
    tmp_path: Path, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = int(harness.function.rpartition(":")[2])
    ports = iter([taken, four_free_ports()])
    monkeypatch.setattr("tests.harness.four_free_ports", lambda: next(ports))
    with running_harness(tmp_path, SETTINGS) as other:
        assert requests.get(other.function, headers=PAGE, timeout=30).status_code == 200
    gc.collect()  # warns of files that the first attempt left open


@pytest.mark.parametrize("port", ["0", "65533", "70000", "http"])
def test_a_port_that_cannot_be_the_first_of_four_is_an_error(tmp_path: Path, port: str) -> None:
    done = fail_to_start(port, tmp_path)
    assert done.returncode == 2
    assert "argument --port: " in done.stderr
    assert "Traceback" not in done.stderr


def test_no_secret_is_printed(harness: Harness) -> None:
    grant = requests.get(harness.function, timeout=30).json()
    post_form(grant, "last.png", b"content")
    assert harness.prints("last.png")
    printed = "".join(harness.printed)
    for secret in (grant["security_token"], grant["policy"], grant["signature"]):
        assert secret not in printed
