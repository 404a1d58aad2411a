"""GET, HEAD and the listing of the emulated bucket."""

from __future__ import annotations

import base64
import re
from html import unescape
from typing import BinaryIO
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from emulator.oss.store import Record, Store
from tests.emulator.client import Reply, send, wait_for
from tests.emulator.oss.bucket import Bucket


def test_returns_what_was_uploaded_with_its_headers(bucket: Bucket) -> None:
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


def test_head_has_the_headers_of_get_without_the_bytes(bucket: Bucket) -> None:
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


def test_returns_304_if_the_client_has_the_object(bucket: Bucket) -> None:
    bucket.post("a.txt")
    etag = bucket.get("/a.txt").headers["etag"]
    assert bucket.get("/a.txt", {"If-None-Match": etag}).status == 304


@pytest.mark.parametrize("path", ["/absent", "/%FF", "/a.txt/"])
def test_a_missing_object_is_404(bucket: Bucket, path: str) -> None:
    bucket.post("a.txt")
    reply = bucket.get(path)
    assert reply.status == 404
    assert b"<Code>NoSuchKey</Code>" in reply.body


def test_a_head_has_its_error_in_a_header(bucket: Bucket) -> None:
    reply = send(bucket.url, "HEAD", "/absent")
    assert (reply.status, reply.body) == (404, b"")
    error = ElementTree.fromstring(base64.b64decode(reply.headers["x-oss-err"]))  # noqa: S314
    assert (error.findtext("Code"), error.findtext("Key")) == ("NoSuchKey", "absent")
    assert error.findtext("RequestId") == reply.headers["x-oss-request-id"]


def keys(reply: Reply) -> list[str | None]:
    return [element.findtext("Key") for element in reply.xml().iter("Contents")]


def test_lists_in_pages(bucket: Bucket) -> None:
    for key in ("b/2", "b/1", "a", "b/3"):
        bucket.post(key)
    assert keys(bucket.get("/")) == ["a", "b/1", "b/2", "b/3"]
    assert bucket.get("/?max-keys=4").element("IsTruncated") == "false"
    page = bucket.get("/?prefix=b/&max-keys=2")
    assert page.headers["content-type"] == "application/xml"
    assert keys(page) == ["b/1", "b/2"]
    root = page.xml()
    assert (root.findtext("IsTruncated"), root.findtext("NextMarker")) == ("true", "b/2")
    rest = bucket.get("/?prefix=b/&max-keys=2&marker=b/2")
    assert keys(rest) == ["b/3"]
    assert rest.element("IsTruncated") == "false"


def test_lists_any_key_as_xml_or_url_encoded(bucket: Bucket) -> None:
    bucket.post("a\x01<&>用")
    assert keys(bucket.get("/")) == ["a\ufffd<&>用"]
    encoded = bucket.get("/?encoding-type=url")
    assert encoded.element("EncodingType") == "url"
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
    assert "1 object under b/&lt;" in bucket.get("/?prefix=b/%3C", accept).body.decode()
    assert "0 objects" in bucket.get("/?prefix=c", accept).body.decode()
    assert ">More</a>" not in text


def test_an_incomplete_page_links_to_the_next(bucket: Bucket) -> None:
    for key in ("a&/1", "a&/2", "a&/3", "b"):
        bucket.post(key)
    path, shown = "/?prefix=a%26/&max-keys=1", []
    while path:
        page = bucket.get(path, {"Accept": "text/html"}).body.decode()
        shown.append(re.findall(">([^<]+)</a><td>", page))
        more = re.search('<a href="([^"]+)">More</a>', page)
        path = unescape(more[1]) if more else ""
    assert shown == [["a&amp;/1"], ["a&amp;/2"], ["a&amp;/3"]]


def test_clients_that_do_not_request_a_page_get_xml(bucket: Bucket) -> None:
    for accept in ("*/*", "application/xml", "image/png"):
        assert bucket.get("/", {"Accept": accept}).headers["content-type"] == "application/xml"


def test_an_uploaded_page_cannot_run_scripts(bucket: Bucket) -> None:
    bucket.post("a.html", fields={"x-oss-content-type": "text/html"})
    reply = bucket.get("/a.html")
    assert reply.headers["content-type"] == "text/html"
    policy = reply.headers["content-security-policy"].split("; ")
    assert policy == ["script-src 'none'", "base-uri 'none'", "form-action 'none'"]


def test_a_name_on_the_page_of_objects_can_neither_move_links_nor_submit_forms(
    bucket: Bucket,
) -> None:
    policy = bucket.get("/", {"Accept": "text/html"}).headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "form-action 'none'"} <= set(policy)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("HEAD", {}),
        ("GET", {"Range": "bytes=0-1"}),
        ("GET", {"Range": "bytes=99-"}),
        ("GET", {"If-None-Match": '"9A0364B9E99BB480DD25E1F0284C8555"'}),
    ],
    ids=["GET", "HEAD", "a range", "no such range", "not modified"],
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
