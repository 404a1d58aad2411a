"""Function Compute's HTTP events become requests; everything else is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from direct_upload.app import App
from direct_upload.errors import InvalidRequest
from direct_upload.http import events
from tests.function.invocations import ENVIRON, NOW, Context, event, read

GONE = "gone"


def changed(**changes: Any) -> bytes:
    """A valid event with some members replaced; `GONE` removes one."""
    document = json.loads(event("POST", "/sign", body="{}")) | changes
    return json.dumps({name: value for name, value in document.items() if value != GONE}).encode()


def test_reads_a_request() -> None:
    request = events.parse_event(
        event(
            "POST",
            "/sign",
            headers={"Content-Type": "application/json", "X-Twice": "a,b"},
            query={"filename": "a,b.png"},
            body='{"filename": "图.png"}',
        )
    )
    assert request == events.Request(
        method="POST",
        path="/sign",
        headers={"content-type": "application/json", "x-twice": "a,b"},
        query={"filename": "a,b.png"},
        body='{"filename": "图.png"}'.encode(),
    )


def test_no_repr_shows_credentials() -> None:
    parts = event(headers={"Authorization": "kept"}, query={"token": "kept"}, body="kept")
    assert "kept" not in repr(events.parse_event(parts))


def test_reads_a_body_in_base64() -> None:
    assert events.parse_event(event(body=b"\x00\xff")).body == b"\x00\xff"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"rawPath": "/s3%2Fparams"}, "/s3/params", id="encoded path"),
        pytest.param({"rawPath": GONE}, "/sign", id="only the decoded path"),
        pytest.param({"rawPath": ""}, "/sign", id="empty raw path"),
    ],
)
def test_decodes_the_path(changes: dict[str, Any], expected: str) -> None:
    assert events.parse_event(changed(**changes)).path == expected


@pytest.mark.parametrize("member", ["body", "headers", "queryParameters", "isBase64Encoded"])
@pytest.mark.parametrize("value", [GONE, None])
def test_tolerates_missing_members(member: str, value: str | None) -> None:
    request = events.parse_event(changed(**{member: value}))
    assert (request.method, request.path) == ("POST", "/sign")


def test_a_byte_order_mark_before_the_event_is_ignored() -> None:
    data = event("POST", "/sign", body="{}")
    assert events.parse_event("\ufeff".encode() + data) == events.parse_event(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello", id="not JSON"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(changed().decode().encode("utf-16"), id="UTF-16"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="an empty object"),
        pytest.param(b'{"requestContext": {"http": "GET"}}', id="a string for an object"),
        pytest.param(changed(requestContext={"http": {"path": "/"}}), id="no method"),
        pytest.param(changed(requestContext={"http": {"method": 1}}), id="a number for a method"),
        pytest.param(changed(headers=["a"]), id="a list of headers"),
        pytest.param(changed(queryParameters="a=b"), id="a string for a query"),
        pytest.param(changed(rawPath=7), id="a number for a path"),
        pytest.param(changed(body={"filename": "a"}), id="an object for a body"),
        pytest.param(changed(body="*", isBase64Encoded=True), id="not Base64"),
        pytest.param(b"[" * 100_000, id="nested too deep"),
    ],
)
def test_refuses_anything_but_an_http_event(data: bytes) -> None:
    with pytest.raises(InvalidRequest):
        events.parse_event(data)
    response = read(App(ENVIRON, lambda: NOW).handle(data, Context()))
    assert (response.status, response.code) == (400, "invalid_request")
    assert response.document["error"]["request_id"] == Context.request_id


@pytest.mark.parametrize("sent", [None, 7, "{}", {}, ["GET"]], ids=repr)
def test_an_event_that_is_not_bytes_is_refused(sent: Any) -> None:
    response = read(App(ENVIRON, lambda: NOW).handle(sent, Context()))
    assert (response.status, response.code) == (400, "invalid_request")


def test_a_lone_surrogate_in_a_body_is_replaced_and_not_json() -> None:
    assert events.parse_event(changed(body="a\ud800b")).body == b"a?b"
    response = read(App(ENVIRON, lambda: NOW).handle(changed(body="\ud800"), Context()))
    assert (response.status, response.code) == (400, "invalid_request")


PEAK = """
import resource, sys
from direct_upload.app import App
from direct_upload.http.events import MAX_EVENT_BYTES
app = App({})
app.handle(b"{}", None)
event = "\\U0001f600".encode().ljust(int(sys.argv[1]), b"\\x01")  # with no other peak before it
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
status = app.handle(event, None)["statusCode"]
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(status, grown // (1024 if sys.platform == "darwin" else 1))  # macOS counts bytes, not KB
"""


def test_a_huge_event_is_refused_without_memory_for_it() -> None:
    """One emoji makes Python store four bytes for each character of a decoded event."""
    command = [sys.executable, "-c", PEAK, str(32 * 1024 * 1024)]
    done = subprocess.run(command, cwd="function", capture_output=True, text=True, check=True)
    status, grown_kb = map(int, done.stdout.split())
    assert status == 400
    assert grown_kb < 8 * 1024


@pytest.mark.parametrize(
    ("extra", "status"), [(0, 200), (1, 400)], ids=["the limit", "a byte more"]
)
def test_events_of_more_than_256_kb_are_refused_unread(extra: int, status: int) -> None:
    frame = event("GET", "/healthz", body="")
    whole = event("GET", "/healthz", body="x" * (events.MAX_EVENT_BYTES - len(frame) + extra))
    response = read(App(ENVIRON).handle(whole, None))
    assert response.status == status
    if status == 400:
        assert response.code == "invalid_request"
        assert "larger than 262144 bytes" in response.document["message"]
