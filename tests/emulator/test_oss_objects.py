"""GET, HEAD and the listing of the emulated bucket, and the answers to an upload."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from html import unescape
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from emulator.keyring import AccessKey, KeyRing
from emulator.oss import Oss
from emulator.oss.store import Record, Store
from emulator.server import Server
from tests.emulator.multipart import FORM_END, form, form_start, send, signed_fields
from tests.emulator.oss_server import KEY, NOW, Bucket, running_bucket, wait_for


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    with running_bucket(tmp_path) as bucket:
        yield bucket


def upload(bucket: Bucket, key: str, content: bytes, filename: str, content_type: str) -> None:
    fields = signed_fields(KEY, now=NOW, object_key=key)
    start = form_start(fields, filename=filename, content_type=content_type)
    assert send(bucket.url, body=start + content + FORM_END).status == 204


def test_gives_back_what_was_uploaded_with_its_headers(bucket: Bucket) -> None:
    posted = bucket.post(
        "a/头像.txt",
        b"0123456789",
        fields={
            "Content-Disposition": "attachment; filename*=UTF-8''%E5%A4%B4.txt",
            "Cache-Control": "no-cache",
            "x-oss-meta-Owner": "用户",
            "x-oss-object-acl": "private",
        },
    )
    reply = bucket.get("/" + quote("a/头像.txt"))
    assert (reply.status, reply.body) == (200, b"0123456789")
    headers = {
        "content-type": "text/plain",
        "content-length": "10",
        "content-disposition": "attachment; filename*=UTF-8''%E5%A4%B4.txt",
        "cache-control": "no-cache",
        "x-oss-meta-owner": "用户".encode().decode("latin-1"),
        "etag": '"781E5E245D69B566979B86E28D23F2C7"',
        "x-oss-hash-crc64ecma": posted.headers["x-oss-hash-crc64ecma"],
        "last-modified": "Tue, 24 Nov 2026 12:00:00 GMT",
        "x-oss-storage-class": "Standard",
        "x-content-type-options": "nosniff",
    }
    assert {name: reply.headers.get(name) for name in headers} == headers


def test_head_answers_like_get_without_the_bytes(bucket: Bucket) -> None:
    bucket.post("a.txt", b"0123456789")
    head, get = send(bucket.url, "HEAD", "/a.txt"), bucket.get("/a.txt")
    assert (head.status, head.body) == (200, b"")
    changing = {"date", "x-oss-request-id", "x-oss-server-time"}
    assert {name: value for name, value in head.headers.items() if name not in changing} == {
        name: value for name, value in get.headers.items() if name not in changing
    }


@pytest.mark.parametrize(
    ("header", "status", "body"),
    [
        ("bytes=2-4", 206, b"234"),
        ("bytes=8-", 206, b"89"),
        ("bytes=-3", 206, b"789"),
        ("bytes=5-99", 206, b"56789"),
        ("bytes=10-12", 416, None),
    ],
)
def test_serves_ranges(bucket: Bucket, header: str, status: int, body: bytes | None) -> None:
    bucket.post("a.txt", b"0123456789")
    reply = bucket.get("/a.txt", {"Range": header})
    assert reply.status == status
    if body is None:
        assert b"<Code>InvalidRange</Code>" in reply.body
    else:
        assert reply.body == body


def test_answers_304_when_the_client_has_it(bucket: Bucket) -> None:
    bucket.post("a.txt")
    etag = bucket.get("/a.txt").headers["etag"]
    assert bucket.get("/a.txt", {"If-None-Match": etag}).status == 304


@pytest.mark.parametrize("path", ["/absent", "/%FF", "/a.txt/"])
def test_an_object_that_is_not_there(bucket: Bucket, path: str) -> None:
    bucket.post("a.txt")
    reply = bucket.get(path)
    assert reply.status == 404
    assert b"<Code>NoSuchKey</Code>" in reply.body


def test_the_host_names_the_bucket(bucket: Bucket) -> None:
    bucket.post("a.txt")
    for host in ("post-test.localhost", "POST-TEST.localhost:9001", "localhost:9001"):
        assert bucket.get("/a.txt", {"Host": host}).status == 200
    reply = bucket.get("/a.txt", {"Host": "other.localhost:9001"})
    assert reply.status == 404
    assert b"<BucketName>other</BucketName>" in reply.body


def test_refuses_methods_that_are_not_emulated(bucket: Bucket) -> None:
    assert send(bucket.url, "PUT", "/a.txt", b"x").status == 501
    assert send(bucket.url, "DELETE", "/a.txt").status == 501
    assert send(bucket.url, "POST", "/a.txt", b"x").status == 405


def parse(xml: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(xml)  # noqa: S314  the emulator's own


def keys(xml: bytes) -> list[str | None]:
    return [element.findtext("Key") for element in parse(xml).iter("Contents")]


def test_lists_in_pages(bucket: Bucket) -> None:
    for key in ("b/2", "b/1", "a", "b/3"):
        bucket.post(key)
    assert keys(bucket.get("/").body) == ["a", "b/1", "b/2", "b/3"]
    assert parse(bucket.get("/?max-keys=4").body).findtext("IsTruncated") == "false"
    page = bucket.get("/?prefix=b/&max-keys=2")
    assert page.headers["content-type"] == "application/xml"
    assert keys(page.body) == ["b/1", "b/2"]
    root = parse(page.body)
    assert (root.findtext("IsTruncated"), root.findtext("NextMarker")) == ("true", "b/2")
    rest = bucket.get("/?prefix=b/&max-keys=2&marker=b/2").body
    assert keys(rest) == ["b/3"]
    assert parse(rest).findtext("IsTruncated") == "false"


def test_lists_any_key_as_xml_or_url_encoded(bucket: Bucket) -> None:
    bucket.post("a\x01<&>用")
    assert keys(bucket.get("/").body) == ["a\ufffd<&>用"]
    encoded = bucket.get("/?encoding-type=url").body
    assert parse(encoded).findtext("EncodingType") == "url"
    assert keys(encoded) == ["a%01%3C%26%3E%E7%94%A8"]


@pytest.mark.parametrize("value", ["0", "1001", "-1", "x", "", "00002000", "１"])
def test_refuses_a_page_size_out_of_range(bucket: Bucket, value: str) -> None:
    reply = bucket.get("/?max-keys=" + quote(value))
    assert reply.status == 400
    assert b"<ArgumentName>max-keys</ArgumentName>" in reply.body


def test_shows_people_a_page(bucket: Bucket) -> None:
    bucket.post("b/<script>.txt")
    bucket.post("b/头像.txt", b"x" * 12345)
    accept = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    page = bucket.get("/", accept)
    text = page.body.decode()
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "b/&lt;script&gt;.txt" in text
    assert "<script" not in text
    assert f'href="/{quote("b/头像.txt")}"' in text
    assert "12,345" in text
    assert "2 objects" in text
    assert "1 object below b/&lt;" in bucket.get("/?prefix=b/%3C", accept).body.decode()
    assert "0 objects" in bucket.get("/?prefix=c", accept).body.decode()
    assert ">More</a>" not in text


def test_a_page_that_does_not_show_all_leads_to_the_next(bucket: Bucket) -> None:
    for key in ("a&/1", "a&/2", "a&/3", "b"):
        bucket.post(key)
    path, shown = "/?prefix=a%26/&max-keys=1", []
    while path:
        page = bucket.get(path, {"Accept": "text/html"}).body.decode()
        shown.append(re.findall(">([^<]+)</a><td>", page))
        more = re.search('<a href="([^"]+)">More</a>', page)
        path = unescape(more[1]) if more else ""
    assert shown == [["a&amp;/1"], ["a&amp;/2"], ["a&amp;/3"]]


def test_xml_is_for_clients_that_do_not_ask_for_a_page(bucket: Bucket) -> None:
    for accept in ("*/*", "application/xml", "image/png"):
        assert bucket.get("/", {"Accept": accept}).headers["content-type"] == "application/xml"


def test_an_uploaded_page_cannot_run_scripts(bucket: Bucket) -> None:
    upload(bucket, "a.html", b"<script>1</script>", "a.html", "text/html")
    reply = bucket.get("/a.html")
    assert reply.headers["content-type"] == "text/html"
    assert reply.headers["content-security-policy"] == "script-src 'none'"


def test_an_object_without_any_type_is_bytes(bucket: Bucket) -> None:
    fields = signed_fields(KEY, now=NOW, object_key="a")
    start = form_start(fields).replace(b"\r\nContent-Type: text/plain", b"")
    assert send(bucket.url, body=start + b"x" + FORM_END).status == 204
    assert bucket.get("/a").headers["content-type"] == "application/octet-stream"


def test_a_plain_success_has_no_body_and_tells_what_was_stored(bucket: Bucket) -> None:
    reply = bucket.post("a.txt", b"123456789", fields={"success_action_status": "200"})
    assert (reply.status, reply.body) == (200, b"")
    assert "content-type" not in reply.headers
    assert reply.headers["etag"] == '"25F9E794323B453885F5181F1B624D0B"'
    assert reply.headers["x-oss-hash-crc64ecma"] == str(0x995DC9BBDF1939FA)
    assert len(bytes.fromhex(reply.headers["x-oss-request-id"])) == 12
    assert reply.headers["x-oss-server-time"].isdecimal()


def test_201_describes_the_object_in_xml(bucket: Bucket) -> None:
    key = "a/<用&户>.txt"
    reply = bucket.post(key, fields={"success_action_status": "201"})
    root = parse(reply.body)
    assert root.tag == "PostResponse"
    assert {child.tag: child.text for child in root} == {
        "Bucket": "post-test",
        "Location": f"{bucket.url}/{quote(key)}",
        "Key": key,
        "ETag": reply.headers["etag"],
    }


@pytest.mark.parametrize(
    ("address", "location"),
    [
        (
            "https://example.com/done?a=1#top",
            "https://example.com/done?a=1&bucket=post-test&key=a.txt"
            "&etag=%229A0364B9E99BB480DD25E1F0284C8555%22#top",
        ),
        (
            "http://example.com",
            "http://example.com?bucket=post-test&key=a.txt"
            "&etag=%229A0364B9E99BB480DD25E1F0284C8555%22",
        ),
    ],
)
def test_redirects_with_what_was_stored(bucket: Bucket, address: str, location: str) -> None:
    reply = bucket.post("a.txt", fields={"success_action_redirect": address})
    assert (reply.status, reply.headers["location"]) == (303, location)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "ftp://example.com/",
        "/done",
        "http://[",
        "http://a\r\nX-Evil: 1",
        "http://",
    ],
)
def test_a_redirect_that_cannot_be_used_counts_as_absent(bucket: Bucket, address: str) -> None:
    reply = bucket.post("a.txt", fields={"success_action_redirect": address})
    assert reply.status == 204
    assert "location" not in reply.headers


@pytest.mark.parametrize(
    "fields",
    [
        {"Content-Disposition": "attachment\r\nX-Evil: 1"},
        {"x-oss-meta-a": "b\nc"},
        {"x-oss-meta-a b": "c"},
        {"x-oss-content-type": "text/html\x00"},
    ],
)
def test_nothing_stored_can_split_the_headers(bucket: Bucket, fields: dict[str, str]) -> None:
    reply = bucket.post("a.txt", fields=fields)
    assert reply.status == 400
    assert b"<Code>InvalidArgument</Code>" in reply.body
    assert bucket.files() == []


def test_the_acl_of_the_form_goes_before_the_header(bucket: Bucket) -> None:
    wrong = {"x-oss-object-acl": "nonsense"}
    assert bucket.post(headers=wrong).status == 400
    assert bucket.post(fields={"x-oss-object-acl": "private"}, headers=wrong).status == 204


def test_the_clock_is_the_real_one_when_none_is_given(tmp_path: Path) -> None:
    oss = Oss("post-test", "cn-hangzhou", tmp_path, KeyRing([KEY]), [], log=lambda line: None)
    with Server(oss) as server:
        old = form(signed_fields(KEY, now=NOW - timedelta(days=3650)))
        fresh = form(signed_fields(KEY, now=datetime.now(timezone.utc)))
        assert send(server.url, body=old).status == 400
        assert send(server.url, body=fresh).status == 204


@pytest.mark.parametrize("host", ["a b", "", "[", "用户.localhost", "a:b:c"])
def test_an_odd_host_does_no_harm(bucket: Bucket, host: str) -> None:
    fields = signed_fields(KEY, now=NOW, fields={"success_action_status": "201"})
    reply = send(bucket.url, body=form(fields), headers={"Host": host.encode().decode("latin-1")})
    assert reply.status in (201, 404)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("HEAD", {}),
        ("GET", {"Range": "bytes=0-1"}),
        ("GET", {"Range": "bytes=99-"}),
        ("GET", {"If-None-Match": '"9A0364B9E99BB480DD25E1F0284C8555"'}),
    ],
)
def test_no_file_stays_open(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, method: str, headers: dict[str, str]
) -> None:
    opened: list[BinaryIO] = []
    store_open = Store.open

    def spying(self: Store, key: str) -> tuple[Record, BinaryIO] | None:
        found = store_open(self, key)
        opened.extend(found[1:] if found else ())
        return found

    monkeypatch.setattr(Store, "open", spying)
    bucket.post()
    send(bucket.url, method, "/a.txt", headers=headers)
    wait_for(lambda: [file.closed for file in opened] == [True])


def test_any_of_several_permanent_keys_may_sign(bucket: Bucket) -> None:
    other = AccessKey("LTAIother", "another-secret")
    bucket.keys.add(other)
    assert [bucket.post(access_key=key).status for key in (KEY, other)] == [204, 204]


def test_a_token_may_have_no_end(bucket: Bucket) -> None:
    endless = AccessKey("STS.endless", "secret", security_token="CAISendless")
    bucket.keys.add(endless)
    assert bucket.post(access_key=endless).status == 204
