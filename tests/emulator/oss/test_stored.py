"""CopyObject and DeleteObject of the emulated OSS."""

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from emulator.keyring import AccessKey
from tests.emulator.client import Reply, send
from tests.emulator.oss.bucket import KEY, NOW, Bucket, running_bucket
from tests.emulator.oss.multipart import Query, signed_headers, started
from tests.emulator.oss.test_permissions import key_for

ETAG = "9A0364B9E99BB480DD25E1F0284C8555"  # of b"content"


def request(
    bucket: Bucket,
    method: str,
    key: str,
    headers: Mapping[str, str] | None = None,
    *,
    access_key: AccessKey = KEY,
    query: Query | None = None,
    body: bytes | None = None,
) -> Reply:
    """A request signed in its Authorization header, as server SDKs send it."""
    sent = {**(headers or {}), **({"content-type": "text/plain"} if body else {})}
    signed = signed_headers(method, f"/{key}", query or {}, key=access_key, headers=sent)
    path = quote(f"/{key}") + (f"?{'&'.join(query)}" if query else "")
    return send(bucket.url, method, path, body, {n.title(): v for n, v in signed.items()})


def copy(
    bucket: Bucket,
    source: str = "a.txt",
    key: str = "b.txt",
    headers: Mapping[str, str] | None = None,
    *,
    access_key: AccessKey = KEY,
) -> Reply:
    named = {"x-oss-copy-source": f"/post-test/{quote(source, safe='')}"}
    return request(bucket, "PUT", key, {**named, **(headers or {})}, access_key=access_key)


def test_a_copy_is_a_new_object_with_the_bytes_and_the_metadata_of_its_source(
    tmp_path: Path,
) -> None:
    times = iter(NOW + timedelta(seconds=second) for second in range(100))
    with running_bucket(tmp_path, clock=lambda: next(times)) as bucket:
        fields = {
            "x-oss-meta-grant": "用户",
            "Content-Disposition": "attachment",
            "x-oss-storage-class": "IA",
            "x-oss-object-acl": "public-read",
            "x-oss-server-side-encryption": "AES256",
        }
        bucket.post(fields=fields)
        copied = copy(bucket, headers={"x-oss-meta-grant": "ignored", "content-type": "ignored/a"})
        source, target = bucket.get("/a.txt"), bucket.get("/b.txt")
        modified = parsed(target)
        assert modified > parsed(source)
        assert copied.status == 200
        assert copied.element("ETag") == copied.headers["etag"] == f'"{ETAG}"'
        assert copied.element("LastModified") == f"{modified:%Y-%m-%dT%H:%M:%S.000Z}"
        assert target.body == source.body == b"content"
        same = (
            *("content-type", "content-disposition", "x-oss-meta-grant", "x-oss-storage-class"),
            *("etag", "x-oss-object-type", "x-oss-hash-crc64ecma"),
        )
        assert {name: target.headers[name] for name in same} == {
            name: source.headers[name] for name in same
        }
        assert copied.headers["x-oss-hash-crc64ecma"] == source.headers["x-oss-hash-crc64ecma"]
        # Documented: what encrypts the source says nothing of the copy.
        assert "x-oss-server-side-encryption" in source.headers
        assert "x-oss-server-side-encryption" not in target.headers


def parsed(reply: Reply) -> datetime:
    return datetime.strptime(reply.headers["last-modified"], "%a, %d %b %Y %H:%M:%S %Z")  # noqa: DTZ007


@pytest.mark.parametrize("directive", ["REPLACE", "Replace"])
def test_metadata_is_replaced_on_demand(bucket: Bucket, directive: str) -> None:
    bucket.post(fields={"x-oss-meta-old": "1", "x-oss-storage-class": "IA"})
    headers = {
        "x-oss-metadata-directive": directive,
        "x-oss-meta-new": "2",
        "content-type": "image/png",
        "x-oss-server-side-encryption": "AES256",
    }
    assert copy(bucket, headers=headers).headers["x-oss-server-side-encryption"] == "AES256"
    found = bucket.get("/b.txt").headers
    assert (found["content-type"], found["x-oss-meta-new"]) == ("image/png", "2")
    assert "x-oss-meta-old" not in found
    assert found["x-oss-storage-class"] == "IA"


def test_the_copy_has_a_class_and_an_acl_of_its_own(tmp_path: Path) -> None:
    with running_bucket(tmp_path, private_objects=True) as bucket:
        bucket.post(fields={"x-oss-object-acl": "public-read", "x-oss-storage-class": "IA"})
        copy(bucket, key="private.txt")
        own = {"x-oss-object-acl": "public-read", "x-oss-storage-class": "Standard"}
        copy(bucket, key="public.txt", headers=own)
        assert bucket.get("/private.txt").status == 403
        assert bucket.get("/public.txt").headers["x-oss-storage-class"] == "Standard"


@pytest.mark.parametrize("key", ["tmp/头像 +%25?&=#.txt", "a/../b", "日/本", "a%2Fb"])
def test_the_source_is_percent_encoded(bucket: Bucket, key: str) -> None:
    bucket.post(key)
    assert copy(bucket, key).status == 200
    assert bucket.get("/b.txt").body == b"content"


def test_copies_what_came_in_parts(bucket: Bucket) -> None:
    started(bucket, b"content", headers={"x-oss-tagging": "a=1"}).complete()
    assert copy(bucket, "a.bin").element("ETag") == bucket.get("/a.bin").headers["etag"]
    found = bucket.get("/b.txt")
    assert (found.body, found.headers["x-oss-tagging-count"]) == (b"content", "1")


def test_an_object_can_be_copied_over_itself(bucket: Bucket) -> None:
    bucket.post()
    headers = {"x-oss-metadata-directive": "REPLACE", "x-oss-meta-new": "2"}
    assert copy(bucket, key="a.txt", headers=headers).status == 200
    assert bucket.get("/a.txt").headers["x-oss-meta-new"] == "2"
    assert bucket.files().count("content") == 1


@pytest.mark.parametrize("etag", [ETAG, f'"{ETAG}"'])
def test_copies_if_the_etag_is_the_expected_one(bucket: Bucket, etag: str) -> None:
    bucket.post()
    assert copy(bucket, headers={"x-oss-copy-source-if-match": etag}).status == 200
    bucket.post(content=b"another")
    refused = copy(bucket, key="c.txt", headers={"x-oss-copy-source-if-match": etag})
    assert (refused.status, refused.element("Code")) == (412, "PreconditionFailed")
    assert bucket.get("/c.txt").status == 404
    assert "incoming" not in bucket.files()


def test_a_copy_replaces_what_is_there_unless_it_must_not(bucket: Bucket) -> None:
    bucket.post()
    bucket.post("b.txt", b"another")
    refused = copy(bucket, headers={"x-oss-forbid-overwrite": "true"})
    assert (refused.status, refused.element("Code")) == (409, "FileAlreadyExists")
    assert bucket.get("/b.txt").body == b"another"
    assert copy(bucket, headers={"x-oss-forbid-overwrite": "false"}).status == 200
    assert bucket.get("/b.txt").body == b"content"
    assert bucket.files().count("content") == 2


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        pytest.param(
            {"x-oss-copy-source": "x/post-test/a.txt"}, 400, "InvalidArgument", id="slash"
        ),
        pytest.param({"x-oss-copy-source": "/post-test/"}, 400, "InvalidArgument", id="no key"),
        pytest.param({"x-oss-copy-source": "/post-test"}, 400, "InvalidArgument", id="bucket"),
        pytest.param(
            {"x-oss-copy-source": "/post-test/a.txt?a=1"}, 400, "InvalidArgument", id="parameter"
        ),
        pytest.param(
            {"x-oss-copy-source": "/post-test/a.txt?versionId=1"},
            501,
            "NotImplemented",
            id="version",
        ),
        pytest.param({"x-oss-copy-source": "/other/a.txt"}, 404, "NoSuchBucket", id="other bucket"),
        pytest.param({"x-oss-copy-source": "/post-test/absent"}, 404, "NoSuchKey", id="absent"),
        pytest.param({"x-oss-metadata-directive": "KEEP"}, 400, "InvalidArgument", id="directive"),
        pytest.param({"x-oss-forbid-overwrite": "yes"}, 400, "InvalidArgument", id="forbid"),
        pytest.param({"x-oss-storage-class": "Cheap"}, 400, "InvalidArgument", id="class"),
        pytest.param({"x-oss-tagging": "a=1"}, 501, "NotImplemented", id="tags"),
        pytest.param(
            {"x-oss-copy-source-if-none-match": ETAG}, 501, "NotImplemented", id="none-match"
        ),
    ],
)
def test_refuses_a_copy(bucket: Bucket, headers: dict[str, str], status: int, code: str) -> None:
    bucket.post()
    refused = copy(bucket, headers=headers)
    assert (refused.status, refused.element("Code")) == (status, code)
    assert bucket.get("/b.txt").status == 404


def test_refuses_a_key_that_starts_with_a_backslash(bucket: Bucket) -> None:
    bucket.post()
    assert copy(bucket, key="\\b.txt").element("Code") == "InvalidObjectName"


def test_deletes_what_is_there_and_says_the_same_of_what_is_not(bucket: Bucket) -> None:
    bucket.post()
    for _ in range(2):
        deleted = request(bucket, "DELETE", "a.txt")
        assert (deleted.status, deleted.body) == (204, b"")
        assert "content-type" not in deleted.headers
        assert bucket.get("/a.txt").status == 404
        assert bucket.files() == []


@pytest.mark.parametrize(
    ("method", "key", "query", "body"),
    [
        pytest.param("PUT", "a.txt", {}, b"content", id="PutObject"),
        pytest.param("PUT", "", {}, None, id="PutBucket"),
        pytest.param("DELETE", "", {}, None, id="DeleteBucket"),
        pytest.param("DELETE", "a.txt", {"tagging": ""}, None, id="DeleteObjectTagging"),
        pytest.param("PUT", "a.txt", {"acl": ""}, None, id="PutObjectACL"),
    ],
)
def test_other_operations_are_not_emulated_and_do_nothing(
    bucket: Bucket, method: str, key: str, query: dict[str, str], body: bytes | None
) -> None:
    bucket.post(content=b"kept")
    assert request(bucket, method, key, query=query, body=body).status == 501
    assert bucket.get("/a.txt").body == b"kept"


def test_copying_needs_reading_the_source_and_writing_the_copy(bucket: Bucket) -> None:
    bucket.post("user/a")
    allowed = key_for(bucket, "oss:GetObject", "oss:PutObject")
    assert copy(bucket, "user/a", "user/b", access_key=allowed).status == 200
    for lacking, having in (("oss:GetObject", "oss:PutObject"), ("oss:PutObject", "oss:GetObject")):
        refused = copy(bucket, "user/a", "user/b", access_key=key_for(bucket, having))
        assert (refused.status, refused.element("EC")) == (403, "0003-00000301")
        assert f"does not allow {lacking} on post-test/user/" in (refused.element("Hint") or "")
    # Whether an object exists is not said to who may not read it.
    for source, key in (("other/absent", "user/b"), ("user/a", "other/b")):
        assert copy(bucket, source, key, access_key=allowed).status == 403


def test_deleting_needs_its_own_action(bucket: Bucket) -> None:
    bucket.post("user/a")
    others = key_for(bucket, "oss:GetObject", "oss:PutObject")
    refused = request(bucket, "DELETE", "user/a", access_key=others)
    assert "does not allow oss:DeleteObject on post-test/user/a" in (refused.element("Hint") or "")
    assert bucket.get("/user/a").status == 200
    deleter = key_for(bucket, "oss:DeleteObject")
    assert request(bucket, "DELETE", "other/a", access_key=deleter).status == 403
    assert request(bucket, "DELETE", "user/a", access_key=deleter).status == 204


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_nothing_is_done_without_a_signature_or_in_another_bucket(
    bucket: Bucket, method: str
) -> None:
    bucket.post()
    headers = {"X-Oss-Copy-Source": "/post-test/a.txt"}
    reply = send(bucket.url, method, "/a.txt", headers=headers)
    assert (reply.status, reply.element("EC")) == (403, "0003-00000001")
    elsewhere = {**headers, "Host": "other.localhost"}
    assert send(bucket.url, method, "/a.txt", headers=elsewhere).status == 404
    assert bucket.get("/a.txt").status == 200


def test_logs_what_was_copied_and_what_was_deleted(bucket: Bucket) -> None:
    bucket.post()
    copy(bucket)
    request(bucket, "DELETE", "a.txt")
    assert bucket.log[1:] == ["PUT '/b.txt' 200 7 bytes", "DELETE '/a.txt' 204 0 bytes"]


def test_many_at_once_leave_whole_objects_and_nothing_else(bucket: Bucket) -> None:
    contents = {b"a" * 50_000, b"b" * 70_000}
    expected = {"post": {204}, "copy": {200, 404}, "delete": {204}, "get": {200, 404}}
    keys = ("a.txt", "b.txt")

    def act(number: int) -> None:
        chance = random.Random(number)
        action, (one, other) = chance.choice(list(expected)), chance.sample(keys, 2)
        if action == "post":
            reply = bucket.post(one, chance.choice(sorted(contents)))
        elif action == "copy":
            reply = copy(bucket, one, other)
        elif action == "delete":
            reply = request(bucket, "DELETE", one)
        else:
            reply = bucket.get(f"/{one}")
            assert reply.status == 404 or reply.body in contents
        assert reply.status in expected[action], reply.body

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(act, range(400)))
    left = [key for key in keys if bucket.get(f"/{key}").status == 200]
    assert bucket.files() == sorted(["content", "index"] * len(left))
