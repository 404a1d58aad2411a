"""Many parts at once, what goes on while an upload is completed, and the memory of a large one."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from emulator.oss.store import Upload, Uploads
from emulator.oss.store.store import IncomingObject
from tests.emulator.client import wait_for
from tests.emulator.oss.bucket import Bucket, running_bucket
from tests.emulator.oss.memory import growth
from tests.emulator.oss.multipart import PART, Uploader, started


def test_parts_sent_at_once_are_neither_lost_nor_mixed(bucket: Bucket) -> None:
    contents = {number: os.urandom(len(PART) + number) for number in range(1, 31)}
    uploader = started(bucket)
    with ThreadPoolExecutor(30) as pool:
        replies = list(pool.map(lambda item: uploader.put(*item), contents.items()))
    assert [reply.status for reply in replies] == [200] * 30
    assert uploader.complete().status == 200
    assert bucket.get("/a.bin").body == b"".join(contents.values())


def note_found(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The uploads that requests find from now on, which they do before they wait for each other."""
    find, ids = Uploads.find, list[str]()

    def noting(self: Uploads, upload_id: str, key: str) -> Upload:
        upload = find(self, upload_id, key)
        ids.append(upload_id)
        return upload

    monkeypatch.setattr(Uploads, "find", noting)
    return ids


def test_of_ten_completions_at_once_one_copies_and_wins(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploader = started(bucket, PART, b"tail")
    append, appended = IncomingObject.append, list[object]()
    found = note_found(monkeypatch)

    def waiting(self: IncomingObject, *rest: object) -> None:
        appended.append(self)
        wait_for(lambda: len(found) == 10)
        append(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(IncomingObject, "append", waiting)
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda _: uploader.complete(), range(10)))
    assert sorted(reply.status for reply in replies) == [200, *[404] * 9]
    assert len(appended) == 2  # the parts, once each
    assert bucket.get("/a.bin").body == PART + b"tail"
    assert bucket.files() == ["content", "index"]


def test_a_completion_that_waited_for_one_that_failed_succeeds(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploader = started(bucket, b"content")
    append, attempts = IncomingObject.append, list[object]()
    found = note_found(monkeypatch)

    def failing_once(self: IncomingObject, *rest: object) -> None:
        attempts.append(self)
        if len(attempts) == 1:
            wait_for(lambda: len(found) == 2)
            raise OSError(28, "No space left on device")
        append(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(IncomingObject, "append", failing_once)
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda _: uploader.complete(), range(2)))
    assert {reply.status for reply in replies} == {200, 500}
    assert bucket.get("/a.bin").body == b"content"


def test_while_an_upload_is_completed_everything_else_goes_on(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploader, other = started(bucket, PART, b"tail"), started(bucket, object_key="b.bin")
    append, copying, go_on = IncomingObject.append, threading.Event(), threading.Event()

    def waiting(self: IncomingObject, *rest: object) -> None:
        copying.set()
        go_on.wait()
        append(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(IncomingObject, "append", waiting)
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        stack.callback(go_on.set)  # the pool waits for the completion, whatever fails here
        completion = pool.submit(uploader.complete)
        copying.wait()
        assert bucket.post("form.txt").status == 204
        assert bucket.get("/form.txt").status == 200
        assert other.put(1, b"content").status == 200
        assert Uploader(bucket, "c.bin").initiate().status == 200
        assert uploader.list().status == 200
        assert uploader.put(3, b"too late").status == 200
        go_on.set()
        assert completion.result().status == 200
    assert bucket.get("/a.bin").body == PART + b"tail"


UPLOAD = """
count = 60
with running_bucket(directory) as bucket:
    uploader = started(bucket, b"warm")
    assert uploader.complete().status == 200
    uploader, before = started(bucket), peak()
    for number in (1, 2, 3):
        url = signed_url("PUT", "/a.bin", {**uploader.named, "partNumber": str(number)},
                         headers={"content-type": "a/b"})
        headers = {"Content-Type": "a/b", "Content-Length": str(len(chunk) * count)}
        reply = send(bucket.url, "PUT", url, itertools.repeat(chunk, count), headers)
        assert reply.status == 200, reply.body
        uploader.etags[number] = reply.headers["etag"]
    assert uploader.complete().status == 200
    print(peak() - before)
"""


def test_a_large_upload_needs_little_memory(tmp_path: Path) -> None:
    """With 180 MB here; memory does not grow with the size."""
    assert growth(UPLOAD, tmp_path) < 64 * 1024**2


def test_a_disk_that_is_full_at_the_end_keeps_the_upload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: IncomingObject, *_: object) -> None:
        raise OSError(28, "No space left on device")

    with running_bucket(tmp_path) as bucket:
        uploader = started(bucket, PART, b"tail")
        files = bucket.files()
        with monkeypatch.context() as patch:
            patch.setattr(IncomingObject, "append", full)
            assert uploader.complete().status == 500
        assert bucket.files() == files
        assert uploader.complete().status == 200
