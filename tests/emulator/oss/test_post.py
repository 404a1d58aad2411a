"""An accepted form: what is stored, under which conditions, and the response to it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import quote

import pytest

from emulator.keyring import AccessKey, KeyRing
from emulator.oss import Oss
from emulator.oss.switches import Switches
from emulator.server import Server
from tests.emulator.client import FORM_END, form, form_start, send, signed_fields
from tests.emulator.oss.bucket import KEY, NOW, Bucket, running_bucket


def test_the_host_names_the_bucket(bucket: Bucket) -> None:
    bucket.post("a.txt")
    hosts = ("post-test.localhost", "POST-TEST.localhost:9001", "post-test.localhost.", "[::1]:1")
    for host in (*hosts, "localhost:9001"):
        assert bucket.get("/a.txt", {"Host": host}).status == 200
    for host in ("other.localhost:9001", "other.localhost.:9001"):
        reply = bucket.get("/a.txt", {"Host": host})
        assert reply.status == 404
        assert b"<BucketName>other</BucketName>" in reply.body


def test_refuses_methods_that_are_not_emulated(bucket: Bucket) -> None:
    assert send(bucket.url, "PUT", "/a.txt", b"x").status == 501
    assert send(bucket.url, "DELETE", "/").status == 501
    assert send(bucket.url, "POST", "/a.txt", b"x").status == 405


def test_an_object_without_a_type_is_an_octet_stream(bucket: Bucket) -> None:
    fields = signed_fields(KEY, now=NOW, object_key="a")
    start = form_start(fields).replace(b"\r\nContent-Type: text/plain", b"")
    assert send(bucket.url, body=start + b"x" + FORM_END).status == 204
    assert bucket.get("/a").headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "fields",
    [
        {"Content-Disposition": "attachment\r\nX-Evil: 1"},
        {"x-oss-meta-a": "b\nc"},
        {"x-oss-meta-a b": "c"},
        {"x-oss-content-type": "text/html\x00"},
    ],
    ids=["line break", "line feed", "blank in a name", "NUL"],
)
def test_stored_values_cannot_split_headers(bucket: Bucket, fields: dict[str, str]) -> None:
    reply = bucket.post("a.txt", fields=fields)
    assert reply.status == 400
    assert b"<Code>InvalidArgument</Code>" in reply.body
    assert bucket.files() == []


def test_the_acl_of_the_form_takes_precedence_over_the_header(bucket: Bucket) -> None:
    wrong = {"x-oss-object-acl": "nonsense"}
    assert bucket.post(headers=wrong).status == 400
    assert bucket.post(fields={"x-oss-object-acl": "private"}, headers=wrong).status == 204


def test_the_default_clock_is_the_systems(tmp_path: Path) -> None:
    oss = Oss("post-test", "cn-hangzhou", tmp_path, KeyRing([KEY]), [], log=lambda line: None)
    with Server(oss) as server:
        old = form(signed_fields(KEY, now=NOW - timedelta(days=3650)))
        fresh = form(signed_fields(KEY, now=datetime.now(timezone.utc)))
        assert send(server.url, body=old).status == 400
        assert send(server.url, body=fresh).status == 204


def test_any_of_several_permanent_keys_may_sign(bucket: Bucket) -> None:
    other = AccessKey("LTAIother", "another-secret")
    bucket.keys.add(other)
    assert [bucket.post(access_key=key).status for key in (KEY, other)] == [204, 204]


def test_a_token_need_not_expire(bucket: Bucket) -> None:
    endless = AccessKey("STS.endless", "secret", security_token="CAISendless")
    bucket.keys.add(endless)
    assert bucket.post(access_key=endless).status == 204


def test_a_plain_success_has_no_body_and_headers_that_describe_the_object(bucket: Bucket) -> None:
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
    root = reply.xml()
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
def test_an_unusable_redirect_counts_as_missing(bucket: Bucket, address: str) -> None:
    reply = bucket.post("a.txt", fields={"success_action_redirect": address})
    assert reply.status == 204
    assert "location" not in reply.headers


def test_the_etag_need_not_be_the_md5(tmp_path: Path) -> None:
    with running_bucket(tmp_path, switches=Switches(uuid_etag=True)) as bucket:
        first, second = (bucket.post("a.txt").headers["etag"] for _ in range(2))
        assert bucket.get("/a.txt").headers["etag"] == second
    assert re.fullmatch('"[0-9A-F]{32}"', first)
    assert len({first, second, '"9A0364B9E99BB480DD25E1F0284C8555"'}) == 3


@pytest.mark.parametrize("key_id", ["9468da86-3509-4f8d-a61e-6eab1eac0000", "钥匙"])
def test_kms_and_its_key_are_in_every_response_about_the_object(
    bucket: Bucket, key_id: str
) -> None:
    sent = {
        "x-oss-server-side-encryption": "KMS",
        "x-oss-server-side-encryption-key-id": key_id,
    }
    for reply in (bucket.post(fields=sent), bucket.get("/a.txt")):
        found = {name: reply.headers[name].encode("latin-1").decode() for name in sent}
        assert found == sent


def test_a_tagging_field_tags_nothing(bucket: Bucket) -> None:
    assert bucket.post(fields={"x-oss-tagging": "a=b"}).status == 204
    assert not any("tagging" in name for name in bucket.get("/a.txt").headers)
