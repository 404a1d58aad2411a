"""OSS that is down, slow or hostile, over real sockets: each a documented error with a cure."""

from __future__ import annotations

import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from werkzeug import Response

from direct_upload.multipart import oss
from tests.function.multipart.site import MULTIPART, Site
from tests.function.multipart.stub import ANSWERS, PART, Answer, Stub, error
from tests.recorder import Recorded, trickling


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oss, "STEP_SECONDS", 1.5)
    monkeypatch.setattr(oss, "TRY_SECONDS", 0.5)


def always(body: str | bytes, status: int = 200, **headers: str) -> Answer:
    return lambda recorded: Response(body, status, headers=headers)


def refusing(status: int, code: str) -> Answer:
    return lambda recorded: error(status, code)


def in_turn(*answers: Answer) -> Answer:
    remaining = iter(answers)
    return lambda recorded: next(remaining)(recorded)


def run(step: str, **replaced: Answer) -> tuple[Any, list[str]]:
    """The response to one step, and the operations that reached OSS."""
    with Stub() as stub:
        site = Site(stub.url, MULTIPART, Path())
        upload = site.begin(7)
        stub.requests.clear()
        stub.replaced.update(replaced)
        steps: dict[str, Callable[[], Any]] = {
            "initiate": lambda: site.create(7),
            "list": lambda: site.step(upload),
            "complete": lambda: site.complete(upload),
            "abort": lambda: site.step(upload, "DELETE"),
        }
        return steps[step](), stub.operations


STEPS = pytest.mark.parametrize("step", ["initiate", "list", "complete", "abort"])
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


@pytest.mark.parametrize("answer", ODD)
@STEPS
def test_an_odd_answer_is_an_error(step: str, answer: str) -> None:
    response, _ = run(step, **{step: ODD[answer]})
    if answer == "a redirect":
        assert (response.status, response.code) == (500, "misconfigured")
    elif step == "abort" and answer in ("a page", "a bomb", "an error in a success"):
        assert response.document == {}  # only the status counts
    else:
        assert (response.status, response.code) == (503, "storage_unavailable")
        assert response.headers["Retry-After"] == "5"
        assert "Try again" in response.document["error"]["hint"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        pytest.param("AccessDenied", 403, id="no right"),
        pytest.param("SecurityTokenExpired", 403, id="token ended"),
        pytest.param("NoSuchBucket", 404, id="no bucket"),
        pytest.param("InvalidArgument", 400, id="wrong argument"),
        pytest.param("<x>", 403, id="a code that is not one"),
        pytest.param("X" * 65, 403, id="a long code"),
    ],
)
@STEPS
def test_a_refusal_names_the_operation_and_the_code(
    step: str, code: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    response, recorded = run(step, **{step: refusing(status, code)})
    assert (response.status, response.code) == (500, "misconfigured")
    name = oss._RIGHTS.keys() & {response.document["message"].split()[2].rstrip(":")}
    assert len(name) == 1
    shown = code if code.isalpha() and len(code) < 65 else "unknown"
    assert f"{shown} (HTTP {status})" in response.document["message"]
    assert oss._RIGHTS[name.pop()] in response.document["error"]["hint"]
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
    status, body = ANSWERS[step]
    response, recorded = run(step, **{step: in_turn(refusing(500, "X"), always(body, status))})
    assert response.status == 200
    assert recorded == [step, step]


def test_a_completion_is_sent_once_and_can_be_repeated() -> None:
    response, recorded = run("complete", complete=refusing(500, "X"))
    assert response.code == "storage_unavailable"
    assert recorded == ["list", "complete"]


@STEPS
def test_a_slow_answer_ends_in_time(step: str) -> None:
    with trickling() as reply:
        response, _ = run(step, **{step: reply})
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


@pytest.fixture
def raw_server() -> Iterator[tuple[str, list[bytes]]]:
    """A server that sends some bytes to each connection, and closes it."""
    sent: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(sent[0])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", sent
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("kind", RAW)
def test_bytes_that_are_not_an_answer_are_an_error(
    kind: str, raw_server: tuple[str, list[bytes]]
) -> None:
    url, sent = raw_server
    sent.append(RAW[kind])
    response = Site(url, MULTIPART, Path()).create(7)
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
    abort: Answer, caplog: pytest.LogCaptureFixture
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
    def answer(recorded: Recorded) -> Response:
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
    with Stub(list=answer) as stub:
        site = Site(stub.url, MULTIPART | {"MAX_UPLOAD_BYTES": str(size)}, Path())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(oss, "STEP_SECONDS", 60.0)
            patch.setattr(oss, "TRY_SECONDS", 30.0)
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
    for step in ("initiate", "list", "complete", "abort"):
        for answer in (refusing(403, "AccessDenied"), refusing(500, "X"), always("<html>")):
            response, _ = run(step, **{step: answer})
            shown.append(str(response.document))
    text = caplog.text + "".join(shown)
    assert not [secret for secret in [*secrets, "x-oss-signature"] if secret in text]
    assert not re.search(ticket, text)
