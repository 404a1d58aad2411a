"""Many parts at once, what goes on while an upload is completed, and the memory of a large one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emulator.oss.store import Upload, Uploads
from emulator.oss.store.store import IncomingObject
from tests.emulator.client import wait_for
from tests.emulator.oss.bucket import Bucket, running_bucket
from tests.emulator.oss.multipart import PART, Uploader, started

REPOSITORY = Path(__file__).parents[3]


def test_parts_sent_at_once_are_neither_lost_nor_mixed(bucket: Bucket) -> None:
    contents = {number: os.urandom(len(PART) + number) for number in range(1, 31)}
    uploader = started(bucket)
    with ThreadPoolExecutor(30) as pool:
        replies = list(pool.map(lambda item: uploader.put(*item), contents.items()))
    assert [reply.status for reply in replies] == [200] * 30
    assert uploader.complete().status == 200
    assert bucket.get("/a.bin").body == b"".join(contents.values())


def test_of_ten_completions_at_once_one_copies_and_wins(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploader = started(bucket, PART, b"tail")
    find, append, found, appended = Uploads.find, IncomingObject.append, list[str](), list[object]()

    def counting(self: Uploads, upload_id: str, key: str) -> Upload:
        upload = find(self, upload_id, key)
        found.append(upload_id)
        return upload

    def waiting(self: IncomingObject, *rest: object) -> None:
        appended.append(self)
        wait_for(lambda: len(found) == 10)
        append(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Uploads, "find", counting)
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
    copying, go_on = threading.Event(), threading.Event()

    def failing_once(self: IncomingObject, *rest: object) -> None:
        attempts.append(self)
        if len(attempts) == 1:
            copying.set()
            go_on.wait()
            raise OSError(28, "No space left on device")
        append(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(IncomingObject, "append", failing_once)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(uploader.complete)
        copying.wait()
        second = pool.submit(uploader.complete)
        go_on.set()
        assert (first.result().status, second.result().status) == (500, 200)
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
    with ThreadPoolExecutor(1) as pool:
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
import itertools, resource, sys
from pathlib import Path
from tests.emulator.client import send
from tests.emulator.oss.bucket import running_bucket
from tests.emulator.oss.multipart import signed_url, started

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

chunk, count = bytes(1024) * 1024, 60
with running_bucket(Path(sys.argv[1])) as bucket:
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
    done = subprocess.run(
        [sys.executable, "-c", UPLOAD, str(tmp_path)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    assert int(done.stdout) * unit < 64 * 1024**2


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
