"""Many uploads at once, and the memory that a large one needs."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.emulator.oss.bucket import running_bucket
from tests.emulator.oss.memory import growth


def test_fifty_uploads_at_once_are_neither_lost_nor_mixed(tmp_path: Path) -> None:
    contents = {f"user/{number}": os.urandom(100_000 + number) for number in range(50)}
    with running_bucket(tmp_path) as bucket, ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda item: bucket.post(*item), contents.items()))
        assert [reply.status for reply in replies] == [204] * 50
        stored = {key: bucket.get(f"/{key}").body for key in contents}
    assert stored == contents


def test_of_twenty_posts_that_forbid_overwriting_one_wins(tmp_path: Path) -> None:
    contents = [b"%d" % number * 1000 for number in range(20)]
    forbid = {"x-oss-forbid-overwrite": "true"}
    with running_bucket(tmp_path) as bucket, ThreadPoolExecutor(20) as pool:
        replies = list(
            pool.map(lambda content: bucket.post("a.txt", content, fields=forbid), contents)
        )
        assert Counter(reply.status for reply in replies) == {204: 1, 409: 19}
        (winner,) = (reply for reply in replies if reply.status == 204)
        stored = bucket.get("/a.txt")
        assert stored.headers["etag"] == winner.headers["etag"]
        assert stored.body in contents
        assert bucket.files() == ["content", "index"]


def test_of_twenty_posts_that_overwrite_each_other_one_remains_whole(tmp_path: Path) -> None:
    contents = [b"%d" % number * 1000 for number in range(20)]
    with running_bucket(tmp_path) as bucket, ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda content: bucket.post("a.txt", content), contents))
        assert [reply.status for reply in replies] == [204] * 20
        stored = bucket.get("/a.txt")
        md5 = hashlib.md5(stored.body, usedforsecurity=False).hexdigest().upper()
        assert stored.headers["etag"] == f'"{md5}"'
        assert bucket.files() == ["content", "index"]


def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    with running_bucket(tmp_path) as bucket:
        bucket.post("用户/头像.txt", b"abc", fields={"x-oss-meta-a": "b"})
        before = bucket.get("/%E7%94%A8%E6%88%B7/%E5%A4%B4%E5%83%8F.txt")
    with running_bucket(tmp_path) as bucket:
        after = bucket.get("/%E7%94%A8%E6%88%B7/%E5%A4%B4%E5%83%8F.txt")
    assert (after.status, after.body) == (200, b"abc")
    for name in ("content-type", "etag", "last-modified", "x-oss-meta-a", "x-oss-hash-crc64ecma"):
        assert after.headers[name] == before.headers[name]


UPLOAD = """
count, start = 200, form_start(signed_fields(KEY, now=NOW))
length = str(len(start) + len(chunk) * count + len(FORM_END))
headers = {"Content-Type": FORM_TYPE, "Content-Length": length}
with running_bucket(directory) as bucket:
    assert bucket.post().status == 204
    before = peak()
    body = itertools.chain([start], itertools.repeat(chunk, count), [FORM_END])
    assert send(bucket.url, body=body, headers=headers).status == 204
    print(peak() - before)
"""


def test_a_large_upload_needs_little_memory(tmp_path: Path) -> None:
    """With 200 MB here; 1 GB needs no more, since memory does not grow with the size."""
    assert growth(UPLOAD, tmp_path) < 64 * 1024**2
