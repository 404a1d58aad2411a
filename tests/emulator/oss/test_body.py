"""Unusual connections: clients that vanish, stall, or send too much."""

from __future__ import annotations

import base64
import hashlib
import socket

import pytest

from emulator.oss.form import Body
from emulator.oss.form import body as body_module
from emulator.oss.store import IncomingObject
from emulator.server import LINGER_ZERO
from tests.emulator.client import (
    FORM_END,
    FORM_TYPE,
    connect,
    exchange,
    form,
    form_start,
    read_all,
    send,
    signed_fields,
    wait_for,
)
from tests.emulator.oss.bucket import KEY, NOW, Bucket


def head(*lines: str) -> bytes:
    start = ("POST / HTTP/1.1", "Host: localhost", f"Content-Type: {FORM_TYPE}", *lines, "", "")
    return "\r\n".join(start).encode()


def start_upload(connection: socket.socket, content: bytes) -> None:
    fields = signed_fields(KEY, now=NOW)
    connection.sendall(head("Content-Length: 1000000000") + form_start(fields) + content)


def test_bytes_go_to_the_disk_while_they_arrive_and_show_only_when_complete(
    bucket: Bucket,
) -> None:
    start, content = form_start(signed_fields(KEY, now=NOW)), b"x" * 1_000_000
    with connect(bucket.url) as connection:
        length = len(start) + len(content) + len(FORM_END)
        connection.sendall(head(f"Content-Length: {length}") + start + content)
        wait_for(lambda: bucket.files() == ["incoming"])
        assert bucket.get("/a.txt").status == 404
        connection.sendall(FORM_END)
        assert b" 204 " in read_all(connection)
    assert bucket.get("/a.txt").body == content
    assert bucket.files() == ["content", "index"]


def test_a_client_that_vanishes_leaves_nothing(bucket: Bucket) -> None:
    with connect(bucket.url) as connection:
        start_upload(connection, b"x" * 300_000)
        wait_for(lambda: bucket.files() == ["incoming"])
    wait_for(lambda: bool(bucket.log))
    assert "IncompleteBody" in bucket.log[0]
    assert bucket.files() == []


def test_a_client_that_is_reset_leaves_nothing(bucket: Bucket) -> None:
    with connect(bucket.url) as connection:
        start_upload(connection, b"x" * 300_000)
        wait_for(lambda: bucket.files() == ["incoming"])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
    wait_for(lambda: bool(bucket.log))
    assert "IncompleteBody" in bucket.log[0]
    assert bucket.files() == []


def test_an_early_refusal_reaches_a_client_that_keeps_sending(bucket: Bucket) -> None:
    fields = {**signed_fields(KEY, now=NOW), "x-oss-signature": "0"}
    reply = send(bucket.url, body=form(fields, b"x" * 20_000_000))
    assert reply.status == 403
    assert b"SignatureDoesNotMatch" in reply.body


def test_a_file_too_large_is_cut_off_at_the_limit(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = IncomingObject.write

    def counting(self: IncomingObject, data: bytes) -> None:
        written.append(len(data))
        write(self, data)

    monkeypatch.setattr(IncomingObject, "write", counting)
    range_ = ["content-length-range", 0, 1_000_000]
    reply = bucket.post("a.txt", b"x" * 20_000_000, conditions=[range_])
    assert reply.status == 400
    assert b"<Code>EntityTooLarge</Code>" in reply.body
    assert sum(written) <= 1_000_000
    assert bucket.files() == []


def test_the_emulator_does_not_wait_for_a_refused_client_that_stalls(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_module, "DRAIN_SECONDS", 0.05)
    with connect(bucket.url) as connection:
        connection.sendall(head("Content-Length: 1000").replace(b"multipart", b"text"))
        received = b""
        while b"</Error>" not in received:
            received += connection.recv(65536)
    assert b"RequestIsNotMultiPartContent" in received


def test_draining_ends_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "DRAIN_SECONDS", 0.0)

    class Endless:
        reads = 0

        def read(self, size: int) -> bytes:
            self.reads += 1
            return b"x" * size

    stream = Endless()
    Body({"wsgi.input": stream, "CONTENT_LENGTH": str(10**12)}).drain()
    assert stream.reads == 1


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"-1\r\n", b"5\r\nab"])
def test_broken_chunks_are_an_incomplete_body(bucket: Bucket, chunk: bytes) -> None:
    reply = exchange(bucket.url, head("Transfer-Encoding: chunked") + chunk)
    assert b"<Code>IncompleteBody</Code>" in reply
    assert bucket.files() == []


def test_many_small_chunks_are_one_file(bucket: Bucket) -> None:
    whole = form(signed_fields(KEY, now=NOW), b"0123456789" * 100)
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(piece), piece)
        for piece in (whole[start : start + 100] for start in range(0, len(whole), 100))
    )
    reply = exchange(bucket.url, head("Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n")
    assert b" 204 " in reply
    assert bucket.get("/a.txt").body == b"0123456789" * 100


def test_a_client_may_wait_for_100_continue(bucket: Bucket) -> None:
    whole = form(signed_fields(KEY, now=NOW))
    with connect(bucket.url) as connection:
        connection.sendall(head(f"Content-Length: {len(whole)}", "Expect: 100-continue"))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(whole)
        assert b" 204 " in read_all(connection)


def test_content_md5_covers_the_whole_body(bucket: Bucket) -> None:
    whole = form(signed_fields(KEY, now=NOW))
    right = base64.b64encode(hashlib.md5(whole, usedforsecurity=False).digest()).decode()
    of_the_file = base64.b64encode(hashlib.md5(b"content", usedforsecurity=False).digest()).decode()
    assert send(bucket.url, body=whole, headers={"Content-MD5": right}).status == 204
    refused = send(bucket.url, body=whole, headers={"Content-MD5": of_the_file})
    assert b"<Code>InvalidDigest</Code>" in refused.body


def test_a_length_of_thousands_of_digits_is_too_large(bucket: Bucket) -> None:
    reply = exchange(bucket.url, head(f"Content-Length: {'9' * 5000}"))
    assert b"<Code>EntityTooLarge</Code>" in reply


def test_chunked_encoding_overrides_content_length(bucket: Bucket) -> None:
    whole = form(signed_fields(KEY, now=NOW))
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(whole), whole)
    headers = head("Transfer-Encoding: chunked", f"Content-Length: {10**12}")
    assert b" 204 " in exchange(bucket.url, headers + chunked)
