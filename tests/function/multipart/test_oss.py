"""OSS that is down, slow or hostile, over real sockets: each a documented error with a cure."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from werkzeug import Response

from direct_upload.multipart import oss
from tests.function.multipart.site import MULTIPART, Site
from tests.function.multipart.stub import PART, RESPONSES, Reply, Stub, error
from tests.function.raw_server import RawServer, sending
from tests.recorder import Recorded, trickling


def always(body: str | bytes, status: int = 200, **headers: str) -> Reply:
    return lambda recorded: Response(body, status, headers=headers)


def refusing(status: int, code: str) -> Reply:
    return lambda recorded: error(status, code)


def in_turn(*replies: Reply) -> Reply:
    remaining = iter(replies)
    return lambda recorded: next(remaining)(recorded)


def run(step: str, seconds: float = 60.0, /, **replaced: Reply) -> tuple[Any, list[str]]:
    """The response to one step that has so much time, and the operations that reached OSS."""
    with Stub() as stub, pytest.MonkeyPatch.context() as patch:
        site = Site(stub.url, MULTIPART, Path())
        upload = site.begin(7)
        stub.requests.clear()
        stub.replaced.update(replaced)
        patch.setattr(oss, "STEP_SECONDS", seconds)
        patch.setattr(oss, "TRY_SECONDS", seconds / 3)
        steps: dict[str, Callable[[], Any]] = {
            "initiate": lambda: site.create(7),
            "list": lambda: site.step(upload),
            "complete": lambda: site.complete(upload),
            "abort": lambda: site.step(upload, "DELETE"),
        }
        return steps[step](), stub.operations


# What each step calls in OSS, and the right that this needs.
OPERATIONS = {
    "initiate": ("InitiateMultipartUpload", "oss:PutObject"),
    "list": ("ListParts", "oss:ListParts"),
    "complete": ("CompleteMultipartUpload", "oss:PutObject"),
    "abort": ("AbortMultipartUpload", "oss:AbortMultipartUpload"),
}
STEPS = pytest.mark.parametrize("step", OPERATIONS)
ODD = {
    "a redirect": always("", 301, Location="http://127.0.0.1:9/"),
    "a page": always("<html>"),
    "too much": always("x" * (1024**2 + 1)),
    "a bomb": always('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
    "an error in a success": always("<Error><Code>NoSuchUpload</Code></Error>"),
    "server error": refusing(500, "InternalError"),
    "overloaded": refusing(503, "SlowDown"),
    "too many requests": refusing(429, "Throttling"),
}


@pytest.mark.parametrize("reply", ODD)
@STEPS
def test_an_odd_response_is_an_error(step: str, reply: str) -> None:
    response, _ = run(step, **{step: ODD[reply]})
    if reply == "a redirect":
        assert (response.status, response.code) == (500, "misconfigured")
    elif step == "abort" and reply in ("a page", "a bomb", "an error in a success"):
        assert response.document == {}  # only the status counts
    else:
        assert (response.status, response.code) == (503, "storage_unavailable")
        assert response.headers["Retry-After"] == "5"
        assert "Try again" in response.document["error"]["hint"]


@pytest.mark.parametrize(
    ("code", "status", "shown"),
    [
        pytest.param("AccessDenied", 403, "AccessDenied", id="no right"),
        pytest.param("NoSuchBucket", 404, "NoSuchBucket", id="no bucket"),
        pytest.param("InvalidArgument", 400, "InvalidArgument", id="wrong argument"),
        pytest.param("<x>", 403, "unknown", id="a code that is not one"),
        pytest.param("X" * 65, 403, "unknown", id="a long code"),
    ],
)
@STEPS
def test_a_refusal_names_the_operation_and_the_code(
    step: str, code: str, status: int, shown: str
) -> None:
    response, recorded = run(step, **{step: refusing(status, code)})
    assert (response.status, response.code) == (500, "misconfigured")
    name, right = OPERATIONS[step]
    assert response.document["message"] == f"OSS refuses {name}: {shown} (HTTP {status})."
    assert right in response.document["error"]["hint"]
    assert recorded.count(step) == 1


@pytest.mark.parametrize(
    ("step", "code"), [("initiate", "FileAlreadyExists"), ("initiate", "NoSuchUpload"),
                       ("list", "FileAlreadyExists"), ("abort", "FileAlreadyExists"),
                       ("list", "InvalidPart")]
)  # fmt: skip
def test_a_code_that_cannot_be_meant_is_a_refusal(step: str, code: str) -> None:
    response, _ = run(step, **{step: refusing(409, code)})
    assert (response.status, response.code) == (500, "misconfigured")


@pytest.mark.parametrize("step", ["initiate", "list", "abort"])
def test_a_call_that_fails_once_is_repeated_once(step: str) -> None:
    status, body = RESPONSES[step]
    response, recorded = run(step, **{step: in_turn(refusing(500, "X"), always(body, status))})
    assert response.status == 200
    assert recorded == [step, step]


def test_a_completion_is_sent_once_and_can_be_repeated() -> None:
    response, recorded = run("complete", complete=refusing(500, "X"))
    assert response.code == "storage_unavailable"
    assert recorded == ["list", "complete"]


@STEPS
def test_a_slow_response_ends_in_time(step: str) -> None:
    with trickling() as reply:
        response, _ = run(step, 0.9, **{step: reply})
    assert (response.status, response.code) == (503, "storage_unavailable")


def test_no_time_is_left_after_slow_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oss, "STEP_SECONDS", 0.0)
    with Stub() as stub:
        response = Site(stub.url, MULTIPART, Path()).create(7)
        assert response.code == "storage_unavailable"
        assert stub.requests == []


def test_where_nothing_listens_the_reason_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    response = Site(f"http://127.0.0.1:{port}", MULTIPART, Path()).create(7)
    assert (response.status, response.code) == (503, "storage_unavailable")
    assert "InitiateMultipartUpload: the server cannot be reached" in caplog.text


RAW = {
    "silence": b"",
    "not HTTP": b"\x00\x01\x02\r\n\r\n",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    "a long header": b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000 + b"\r\n\r\n",
    "shorter than said": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<x>",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n<x>",
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "status 1000": b"HTTP/1.1 1000 OK\r\n\r\n",
    "for ever 100": b"HTTP/1.1 100 Continue\r\n\r\n" * 5000,
}


@pytest.mark.parametrize("kind", RAW)
def test_bytes_that_are_not_a_response_are_an_error(kind: str) -> None:
    with RawServer(sending(RAW[kind])) as server:
        response = Site(server.url, MULTIPART, Path()).create(7)
    assert (response.status, response.code) == (503, "storage_unavailable")


def test_completing_what_is_complete_already_needs_no_right_to_read() -> None:
    gone, taken = refusing(404, "NoSuchUpload"), refusing(409, "FileAlreadyExists")
    response, recorded = run("complete", list=gone, initiate=taken)
    assert response.document["size"] == 7
    assert recorded == ["list", "initiate"]
    response, recorded = run("complete", complete=taken, initiate=taken)
    assert response.status == 200
    assert recorded == ["list", "complete", "initiate"]


@pytest.mark.parametrize("abort", [always("", 204), refusing(404, "NoSuchUpload"),
                                   refusing(500, "X"), refusing(403, "AccessDenied")])  # fmt: skip
def test_looking_for_the_object_leaves_no_upload_open(
    abort: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    response, recorded = run("complete", list=refusing(404, "NoSuchUpload"), abort=abort)
    assert (response.status, response.code) == (404, "upload_not_found")
    assert recorded[:3] == ["list", "initiate", "abort"]


def test_a_part_that_was_replaced_between_check_and_end_is_not_stored() -> None:
    response, _ = run("complete", complete=refusing(400, "InvalidPart"))
    assert (response.status, response.code) == (409, "upload_incomplete")
    assert "once more" in response.document["error"]["hint"]


def test_deleting_what_is_gone_is_done() -> None:
    response, _ = run("abort", abort=refusing(404, "NoSuchUpload"))
    assert response.document == {}


def test_ten_thousand_parts_are_listed_by_pages_and_completed_at_once() -> None:
    def page(recorded: Recorded) -> Response:
        query = dict(parse_qsl(urlsplit(recorded.target).query))
        marker = int(query.get("part-number-marker", 0))
        numbers = range(marker + 1, marker + 1001)
        full = PART.replace(">7<", f">{5 * 1024**2}<")
        parts = "".join(full.replace(">1<", f">{number}<") for number in numbers)
        more = "false" if numbers[-1] == 10_000 else "true"
        return Response(
            f"<ListPartsResult>{parts}<IsTruncated>{more}</IsTruncated>"
            f"<NextPartNumberMarker>{numbers[-1]}</NextPartNumberMarker></ListPartsResult>"
        )

    size = 10_000 * 5 * 1024**2
    with Stub(list=page) as stub:
        site = Site(stub.url, MULTIPART | {"MAX_UPLOAD_BYTES": str(size)}, Path())
        done = site.complete(site.begin(size))
        assert done.document["size"] == size
        assert stub.operations == ["initiate", *["list"] * 10, "complete"]
        assert stub.requests[-1].body.count(b"<Part>") == 10_000
        assert len(stub.requests[-1].body) < 1024**2


def test_nothing_secret_is_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="direct_upload")
    ticket = r"[A-Za-z0-9_-]{100,}\."
    secrets = ["StsSecretExample", MULTIPART["GRANT_SECRET"], "CAIS" + "t" * 20]
    shown = []
    for step in OPERATIONS:
        for reply in (refusing(403, "AccessDenied"), refusing(500, "X"), always("<html>")):
            response, _ = run(step, **{step: reply})
            shown.append(str(response.document))
    text = caplog.text + "".join(shown)
    assert not [secret for secret in [*secrets, "x-oss-signature"] if secret in text]
    assert not re.search(ticket, text)
