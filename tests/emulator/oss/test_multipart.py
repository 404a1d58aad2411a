"""Multipart uploads: what each operation does and returns, and what is left on disk."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from emulator.oss.store import Uploads
from emulator.oss.store.store import IncomingObject
from tests.emulator.client import Reply, exchange, send
from tests.emulator.oss.bucket import NOW, ORIGIN, Bucket, running_bucket
from tests.emulator.oss.multipart import (
    PART,
    Uploader,
    part_list,
    send_part,
    signed_headers,
    signed_url,
    started,
)

TAIL = b"tail"


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest().upper()


def texts(reply: Reply, name: str) -> list[str | None]:
    return [element.text for element in reply.xml().iter(name)]


def test_parts_in_any_order_become_the_object(bucket: Bucket) -> None:
    uploader = Uploader(bucket, "用户/a b+&.bin")
    headers = {
        "content-type": "video/mp4",
        "content-disposition": "attachment",
        "cache-control": "no-cache",
        "x-oss-meta-user": "u1",
        "x-oss-storage-class": "IA",
        "x-oss-object-acl": "public-read",
    }
    initiated = uploader.initiate(headers)
    assert [initiated.element(name) for name in ("Bucket", "Key")] == [
        "post-test",
        uploader.object_key,
    ]
    uploader.put(7, TAIL)
    part = uploader.put(2, PART)
    assert (part.status, part.body) == (200, b"")
    assert part.headers["etag"] == f'"{md5(PART)}"'
    assert base64.b64decode(part.headers["content-md5"]).hex().upper() == md5(PART)
    completed = uploader.complete()
    etag = f"{md5((md5(PART) + md5(TAIL)).encode())}-2"
    location = f"{bucket.url}/%E7%94%A8%E6%88%B7/a%20b%2B%26.bin"
    assert {name: completed.element(name) for name in ("Location", "Bucket", "Key", "ETag")} == {
        "Location": location,
        "Bucket": "post-test",
        "Key": uploader.object_key,
        "ETag": f'"{etag}"',
    }
    stored = bucket.get(location.removeprefix(bucket.url))
    assert stored.body == PART + TAIL
    expected = {
        "etag": f'"{etag}"',
        "x-oss-object-type": "Multipart",
        "x-oss-hash-crc64ecma": completed.headers["x-oss-hash-crc64ecma"],
        **{name: value for name, value in headers.items() if name != "x-oss-object-acl"},
    }
    assert {name: stored.headers.get(name) for name in expected} == expected
    assert bucket.get("/").element("Contents/Type") == "Multipart"
    assert bucket.files() == ["content", "index"]


def test_the_crc_of_an_object_is_that_of_its_bytes(bucket: Bucket) -> None:
    content = bytes(range(256)) * 400
    by_form = bucket.post("form.bin", content + TAIL)
    started(bucket, content, TAIL).complete()
    by_parts = bucket.get("/a.bin").headers["x-oss-hash-crc64ecma"]
    assert by_parts == by_form.headers["x-oss-hash-crc64ecma"]


def test_initiating_leaves_an_existing_object_alone(bucket: Bucket) -> None:
    bucket.post("a.bin", b"old")
    uploader = started(bucket, b"new")
    assert bucket.get("/a.bin").body == b"old"
    assert uploader.complete().status == 200
    assert bucket.get("/a.bin").body == b"new"


def test_uploads_of_one_key_are_independent(bucket: Bucket) -> None:
    first, second = started(bucket, b"first"), started(bucket, b"second")
    assert first.upload_id != second.upload_id
    assert first.complete().status == 200
    assert second.list().status == 200
    assert second.complete().status == 200
    assert bucket.get("/a.bin").body == b"second"


def test_a_part_sent_again_replaces_the_first(bucket: Bucket) -> None:
    uploader = started(bucket, b"first")
    old = uploader.etags[1]
    assert uploader.put(1, b"second").status == 200
    assert uploader.put(1, b"second").status == 200
    assert texts(uploader.list(), "Size") == ["6"]
    assert bucket.files() == [uploader.upload_id] * 2  # upload.json, and one part
    refused = uploader.complete(body=part_list((1, old)))
    assert refused.element("Code") == "InvalidPart"
    assert uploader.complete().status == 200
    assert bucket.get("/a.bin").body == b"second"
    assert bucket.files() == ["content", "index"]


def test_a_subset_of_the_parts_is_enough_and_the_others_are_gone(bucket: Bucket) -> None:
    uploader = started(bucket, PART, b"left out", TAIL)
    assert uploader.complete(1, 3).status == 200
    assert bucket.get("/a.bin").body == PART + TAIL
    assert bucket.files() == ["content", "index"]


@pytest.mark.parametrize(
    "spelling",
    ['"{}"', "{}", "&quot;{}&quot;", "&#34;{}&#34;", "\n  {}\n"],
    ids=["quoted", "bare", "entity", "number", "blanks"],
)
@pytest.mark.parametrize("case", [str.upper, str.lower], ids=["upper", "lower"])
def test_an_etag_may_be_spelt_in_these_ways(
    bucket: Bucket, spelling: str, case: Callable[[str], str]
) -> None:
    uploader = started(bucket, TAIL)
    etag = spelling.format(case(md5(TAIL)))
    assert uploader.complete(body=part_list((1, etag))).status == 200


def test_an_empty_list_makes_an_empty_object(bucket: Bucket) -> None:
    """Seen live: the Java SDK's testNormalUploadWithEmptyPart; the object itself is inferred."""
    completed = started(bucket, TAIL).complete(body=part_list())
    assert completed.element("ETag") == f'"{md5(b"")}-0"'
    assert bucket.get("/a.bin").body == b""


def test_complete_all_takes_every_part(bucket: Bucket) -> None:
    uploader = started(bucket, PART, TAIL)
    named, headers = uploader.named, {"x-oss-complete-all": "yes"}
    reply = uploader.send("POST", named, headers=headers)
    assert reply.element("ETag") == f'"{md5((md5(PART) + md5(TAIL)).encode())}-2"'
    assert bucket.get("/a.bin").body == PART + TAIL


def test_keys_are_encoded_where_the_client_requests_it(bucket: Bucket) -> None:
    uploader = Uploader(bucket, "a/用 b.bin")
    query = {"encoding-type": "url"}
    initiated = uploader.send("POST", {"uploads": "", **query})
    uploader.upload_id = initiated.element("UploadId") or ""
    uploader.put(1, TAIL)
    body = part_list((1, md5(TAIL)))
    for reply in (
        initiated,
        uploader.list(encoding_type="url"),
        uploader.send("POST", {**uploader.named, **query}, body),
    ):
        assert reply.element("EncodingType") == "url"
        assert reply.element("Key") != uploader.object_key
        assert unquote(reply.element("Key") or "") == uploader.object_key


def test_lists_parts_in_pages(bucket: Bucket) -> None:
    uploader = started(bucket)
    for number in (9, 1, 10_000, 5):
        uploader.put(number, b"x" * number)
    page = uploader.list(max_parts="2")
    names = ("PartNumberMarker", "NextPartNumberMarker", "MaxParts", "IsTruncated", "StorageClass")
    assert [page.element(name) for name in names] == ["0", "5", "2", "true", "Standard"]
    assert texts(page, "PartNumber") == ["1", "5"]
    assert texts(page, "Size") == ["1", "5"]
    assert texts(page, "ETag") == [f'"{md5(b"x")}"', f'"{md5(b"x" * 5)}"']
    assert texts(page, "LastModified") == ["2026-11-24T12:00:00.000Z"] * 2
    rest = uploader.list(part_number_marker="5")
    assert [rest.element(name) for name in names] == ["5", "10000", "1000", "false", "Standard"]
    assert texts(rest, "PartNumber") == ["9", "10000"]
    nothing = uploader.list(part_number_marker="10000")
    assert [nothing.element(name) for name in names] == ["10000", "0", "1000", "false", "Standard"]
    assert texts(nothing, "PartNumber") == []


def test_lists_open_uploads_in_pages(bucket: Bucket) -> None:
    keys = ["b/2", "b/1", "a", "b/1", "c"]
    ids = {started(bucket, object_key=key).upload_id: key for key in keys}
    nobody = Uploader(bucket, "")

    def list_uploads(**query: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in query.items()}
        return nobody.send("GET", {"uploads": "", **named})

    everything = list_uploads()
    assert texts(everything, "Key") == sorted(keys)
    assert {i: k for i, k in zip(texts(everything, "UploadId"), sorted(keys), strict=True)} == ids
    assert texts(everything, "Initiated") == ["2026-11-24T12:00:00.000Z"] * 5
    found: list[str | None] = []
    page = list_uploads(prefix="b/", max_uploads="1")
    while page.element("IsTruncated") == "true":
        found += texts(page, "Key")
        page = list_uploads(
            prefix="b/",
            max_uploads="1",
            key_marker=page.element("NextKeyMarker") or "",
            upload_id_marker=page.element("NextUploadIdMarker") or "",
        )
    assert [*found, *texts(page, "Key")] == ["b/1", "b/1", "b/2"]
    assert texts(list_uploads(key_marker="b/1"), "Key") == ["b/2", "c"]
    assert texts(list_uploads(upload_id_marker="F" * 32), "Key") == sorted(keys)
    assert list_uploads(delimiter="/").status == 501


def test_an_open_upload_is_not_an_object(bucket: Bucket) -> None:
    started(bucket, TAIL)
    assert bucket.get("/a.bin").status == 404
    assert texts(bucket.get("/"), "Key") == []


def test_abort_leaves_nothing(bucket: Bucket) -> None:
    uploader = started(bucket, PART, TAIL)
    reply = uploader.abort()
    assert (reply.status, reply.body) == (204, b"")
    assert "content-type" not in reply.headers
    assert bucket.files() == []
    assert [path.name for path in bucket.directory.glob("*/uploads/*")] == []


@pytest.mark.parametrize("end", ["complete", "abort"])
def test_an_upload_that_has_ended_is_gone(bucket: Bucket, end: str) -> None:
    uploader = started(bucket, TAIL)
    assert getattr(uploader, end)().status in (200, 204)
    files = bucket.files()
    for reply, ec in (
        (uploader.put(1, TAIL), "0042-00000104"),
        (uploader.list(), "0042-00000002"),
        (uploader.complete(body=part_list((1, md5(TAIL)))), None),
        (uploader.abort(), "0042-00000002"),
    ):
        assert reply.status == 404
        assert [reply.element(name) for name in ("Code", "UploadId", "EC")] == [
            "NoSuchUpload",
            uploader.upload_id,
            ec,
        ]
    assert bucket.files() == files


def test_an_upload_is_not_found_under_another_key(bucket: Bucket) -> None:
    uploader = started(bucket, TAIL)
    other = Uploader(bucket, "b.bin", upload_id=uploader.upload_id, etags=dict(uploader.etags))
    for reply in (other.complete(), other.put(1, TAIL), other.list(), other.abort()):
        assert reply.element("Code") == "NoSuchUpload"
    assert uploader.complete().status == 200


def test_a_restart_keeps_open_uploads(tmp_path: Path) -> None:
    with running_bucket(tmp_path) as bucket:
        before = started(bucket, PART, TAIL, headers={"content-type": "video/mp4"})
        listed = before.list().body
        started(bucket, TAIL, object_key="aborted").abort()
    with running_bucket(tmp_path) as bucket:
        after = Uploader(bucket, upload_id=before.upload_id, etags=before.etags)
        assert after.list().body == listed
        assert after.put(2, b"another tail").status == 200
        assert after.complete().status == 200
        stored = bucket.get("/a.bin")
        assert (stored.body, stored.headers["content-type"]) == (
            PART + b"another tail",
            "video/mp4",
        )
    with running_bucket(tmp_path) as bucket:
        assert bucket.get("/a.bin").body == PART + b"another tail"
        assert bucket.files() == ["content", "index"]


def test_a_restart_sweeps_away_what_was_being_removed(tmp_path: Path) -> None:
    with running_bucket(tmp_path) as bucket:
        started(bucket, TAIL)
        (folder,) = bucket.directory.glob("*/uploads/*")
        folder.rename(folder.parent.parent / "incoming" / "removed")
    with running_bucket(tmp_path) as bucket:
        assert bucket.files() == []


def test_overwriting_is_forbidden_at_both_ends(bucket: Bucket) -> None:
    forbid = {"x-oss-forbid-overwrite": "true"}
    late = started(bucket, b"late", headers=forbid)
    anyway = started(bucket, b"anyway", headers=forbid)
    bucket.post("a.bin", b"old")
    refused = Uploader(bucket).initiate(forbid)
    assert (refused.status, refused.element("EC")) == (409, "0026-00000002")
    refused = late.complete(headers=forbid)
    assert (refused.status, refused.element("Code")) == (409, "FileAlreadyExists")
    assert bucket.get("/a.bin").body == b"old"
    assert late.abort().status == 204  # it was still open
    assert anyway.complete().status == 200  # decided anew, whatever initiate said
    assert bucket.get("/a.bin").body == b"anyway"


def test_encryption_is_decided_at_initiate_and_said_by_each_step(bucket: Bucket) -> None:
    name = "x-oss-server-side-encryption"
    uploader = Uploader(bucket)
    replies = [uploader.initiate({name: "KMS", f"{name}-key-id": "k1"}), uploader.put(1, TAIL)]
    refused = uploader.send("PUT", {**uploader.named, "partNumber": "1"}, TAIL, {name: "AES256"})
    assert (refused.status, refused.element("ArgumentName")) == (400, name)
    replies.append(uploader.complete())
    for reply in replies:
        assert reply.headers[name] == "KMS"
        assert reply.headers[f"{name}-key-id"] == "k1"


@pytest.mark.parametrize(
    ("tagging", "count"),
    [
        ("a=1", "1"),
        ("a=1&b=&%E7%94%A8=%E6%88%B7", "3"),
        ("&".join(f"k{n}={n}" for n in range(10)), "10"),
        ("", None),
        ("=1", None),
        ("a=1&a=2", None),
        ("&".join(f"k{n}={n}" for n in range(11)), None),
        (f"{'k' * 129}=1", None),
        (f"k={'v' * 257}", None),
    ],
)
def test_tags_are_counted_or_refused(bucket: Bucket, tagging: str, count: str | None) -> None:
    uploader = Uploader(bucket)
    reply = uploader.initiate({"x-oss-tagging": tagging})
    if count is None:
        assert reply.element("Code") == "InvalidTag"
        assert bucket.files() == []
    else:
        uploader.put(1, TAIL)
        uploader.complete()
        assert bucket.get("/a.bin").headers["x-oss-tagging-count"] == count


def test_a_page_may_send_parts_and_read_their_etags(bucket: Bucket) -> None:
    uploader = started(bucket)
    query = {**uploader.named, "partNumber": "1"}
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
    url = signed_url("PUT", "/a.bin", query)
    allowed = send(bucket.url, "OPTIONS", url, headers=preflight)
    assert (allowed.status, allowed.headers["access-control-allow-origin"]) == (200, ORIGIN)
    sent = send_part(bucket.url, url, TAIL, {"Origin": ORIGIN})
    assert sent.status == 200
    assert "ETag" in sent.headers["access-control-expose-headers"]
    expired = signed_url("PUT", "/a.bin", query, now=NOW - timedelta(hours=1))
    refused = send_part(bucket.url, expired, TAIL, {"Origin": ORIGIN})
    assert refused.status == 403
    assert refused.headers["access-control-allow-origin"] == ORIGIN


def test_a_part_whose_digest_is_wrong_or_that_ends_early_is_not_kept(bucket: Bucket) -> None:
    uploader = started(bucket)
    query, digest = {**uploader.named, "partNumber": "1"}, base64.b64encode(bytes(16)).decode()
    wrong = uploader.send("PUT", query, TAIL, {"content-md5": digest})
    assert wrong.element("Code") == "InvalidDigest"
    url = signed_url("PUT", "/a.bin", query)
    head = f"PUT {url} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
    assert b"<Code>IncompleteBody</Code>" in exchange(bucket.url, head.encode() + b"12345")
    assert texts(uploader.list(), "PartNumber") == []
    assert bucket.files() == [uploader.upload_id]  # nothing but upload.json


def test_a_part_may_be_chunked_unless_its_length_is_signed(bucket: Bucket) -> None:
    """Seen live: the Java SDK's testUploadPartWithChunked; the refusal is inferred."""
    uploader = started(bucket)
    query = {**uploader.named, "partNumber": "1"}
    length = {"content-length": "4"}
    binding = signed_url("PUT", "/a.bin", query, headers=length, additional=["content-length"])

    def chunked(url: str, *lines: str) -> bytes:
        named = ("Host: localhost", "Transfer-Encoding: chunked", *lines, "", "")
        start = "\r\n".join((f"PUT {url} HTTP/1.1", *named)).encode()
        return exchange(bucket.url, start + b"8\r\n12345678\r\n0\r\n\r\n")

    assert b" 200 " in chunked(signed_url("PUT", "/a.bin", query))
    assert b"<EC>0002-00000211</EC>" in chunked(binding)
    assert b"<EC>0002-00000211</EC>" in chunked(binding, "Content-Length: 4")
    assert texts(uploader.list(), "Size") == ["8"]
    assert send_part(bucket.url, binding, TAIL).status == 200
    assert send_part(bucket.url, binding, b"12345").status == 403
    assert send_part(bucket.url, binding, b"123").status == 403
    assert texts(uploader.list(), "Size") == ["4"]


def test_a_part_has_at_most_5_gb(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    uploader = started(bucket)
    url = signed_url("PUT", "/a.bin", {**uploader.named, "partNumber": "1"})
    head = f"PUT {url} HTTP/1.1\r\nHost: localhost\r\n"
    declared = f"{head}Content-Length: {5 * 1024**3 + 1}\r\n\r\n"
    assert b"<Code>EntityTooLarge</Code>" in exchange(bucket.url, declared.encode())
    monkeypatch.setattr("emulator.oss.multipart.operations.MAX_BODY_BYTES", 7)
    chunked = f"{head}Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n0\r\n\r\n"
    assert b"<Code>EntityTooLarge</Code>" in exchange(bucket.url, chunked.encode())
    assert texts(uploader.list(), "Size") == []


def test_what_is_signed_in_the_header_is_served_alike(bucket: Bucket) -> None:
    headers = signed_headers("POST", "/a.bin", {"uploads": ""})
    reply = send(bucket.url, "POST", "/a.bin?uploads", headers=headers)
    uploader = Uploader(bucket, upload_id=reply.element("UploadId") or "")
    assert uploader.put(1, TAIL).status == 200
    path = f"/a.bin?uploadId={uploader.upload_id}"
    headers = signed_headers("GET", "/a.bin", uploader.named)
    assert send(bucket.url, "GET", path, headers=headers).status == 200


@pytest.mark.parametrize("change", ["replace", "abort"])
def test_parts_that_change_while_they_are_put_together_are_noticed(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    uploader = started(bucket, PART, TAIL)
    append, changes = IncomingObject.append, [lambda: uploader.put(2, b"new")]
    if change == "abort":
        changes = [uploader.abort]
    before = dict(uploader.etags)

    def changing(self: IncomingObject, *rest: object) -> None:
        append(self, *rest)  # type: ignore[arg-type]
        if changes:
            changes.pop()()

    monkeypatch.setattr(IncomingObject, "append", changing)
    reply = uploader.complete(body=part_list(*before.items()))
    assert reply.element("Code") == ("InvalidPart" if change == "replace" else "NoSuchUpload")
    assert bucket.get("/a.bin").status == 404
    if change == "replace":
        assert uploader.complete().status == 200
        assert bucket.get("/a.bin").body == PART + b"new"


def test_a_part_that_changes_after_it_was_copied_is_noticed(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploader = started(bucket, TAIL)
    assemble, changes = Uploads.assemble, [b"new"]

    def changing(self: Uploads, *rest: object) -> None:
        assemble(self, *rest)  # type: ignore[arg-type]
        if changes:
            uploader.put(1, changes.pop())

    monkeypatch.setattr(Uploads, "assemble", changing)
    reply = uploader.send("POST", uploader.named, headers={"x-oss-complete-all": "yes"})
    assert reply.status == 200
    assert bucket.get("/a.bin").body == b"new"


def test_no_secret_reaches_the_log(bucket: Bucket) -> None:
    hour = timedelta(hours=1)
    key, expired = bucket.keys.issue(expiration=NOW + hour), bucket.keys.issue(expiration=NOW)
    wrong = replace(key, access_key_secret="wrong")
    garbled = replace(key, security_token="CAISgarbage")
    urls, query = [], {"uploads": ""}
    for one in (key, expired, wrong, garbled):
        urls.append(signed_url("POST", "/a.bin", query, key=one))
        urls.append(signed_url("POST", "/a.bin", query, key=one, now=NOW - hour))
        urls.append(signed_url("POST", "/a.bin", query, key=one, expires="x"))
        send(bucket.url, "POST", "/a.bin?uploads", headers=signed_headers("POST", "/a.bin", query))
    for url in urls:
        send(bucket.url, "POST", url)
        send(bucket.url, "POST", url, headers={"Authorization": "OSS4-HMAC-SHA256 Credential=a"})
        send(bucket.url, "POST", url.replace("x-oss-date", "x-oss-dat"))
    log = "\n".join(bucket.log)
    secrets = [
        *(one.access_key_secret for one in (key, expired)),
        *(one.security_token or "" for one in (key, expired, garbled)),
        *(url.partition("x-oss-signature=")[2].partition("&")[0] for url in urls),
    ]
    assert len(bucket.log) == 40
    assert [secret for secret in secrets if secret in log] == []


def test_a_body_that_nobody_needs_does_not_lose_the_response(bucket: Bucket) -> None:
    reply = Uploader(bucket).send("POST", {"uploads": ""}, bytes(3_000_000))
    assert (reply.status, bool(reply.element("UploadId"))) == (200, True)
