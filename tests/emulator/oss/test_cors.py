"""Cross-origin rules: the default rule, those in cors.xml, and the headers for browsers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.client import Reply, send
from tests.emulator.oss.bucket import ORIGIN, Bucket, running_bucket

RULES = """<?xml version="1.0" encoding="UTF-8"?>
<CORSConfiguration>
  <CORSRule>
    <AllowedOrigin>https://*.example.com</AllowedOrigin>
    <AllowedOrigin>https://example.org</AllowedOrigin>
    <AllowedMethod>POST</AllowedMethod>
    <AllowedMethod>PATCH</AllowedMethod>
    <AllowedHeader>x-a-*</AllowedHeader>
    <ExposeHeader>ETag</ExposeHeader>
    <MaxAgeSeconds>60</MaxAgeSeconds>
  </CORSRule>
  <CORSRule>
    <AllowedOrigin>*</AllowedOrigin>
    <AllowedMethod>GET</AllowedMethod>
  </CORSRule>
</CORSConfiguration>
"""


def preflight(bucket: Bucket, origin: str, method: str = "POST", headers: str = "") -> Reply:
    requested = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        requested["Access-Control-Request-Headers"] = headers
    return send(bucket.url, "OPTIONS", "/", headers=requested)


def test_the_default_rule_allows_the_page_to_upload_with_any_header(bucket: Bucket) -> None:
    reply = preflight(bucket, ORIGIN, headers="x-requested-with, content-type")
    assert (reply.status, reply.body) == (200, b"")
    expected = {
        "access-control-allow-origin": ORIGIN,
        "access-control-allow-methods": "POST, PUT, GET, HEAD",
        "access-control-allow-headers": "x-requested-with, content-type",
        "access-control-expose-headers": "ETag, x-oss-request-id",
        "access-control-max-age": "600",
        "vary": "Origin",
    }
    assert {name: reply.headers.get(name) for name in expected} == expected


def test_a_preflight_that_requests_no_header_gets_none(bucket: Bucket) -> None:
    assert "access-control-allow-headers" not in preflight(bucket, ORIGIN).headers


@pytest.mark.parametrize(
    ("origin", "method"),
    [
        ("http://localhost:9004", "POST"),
        ("null", "POST"),
        (ORIGIN, "DELETE"),
        (ORIGIN + "/", "POST"),
    ],
)
def test_the_default_rule_allows_nothing_else(bucket: Bucket, origin: str, method: str) -> None:
    reply = preflight(bucket, origin, method)
    assert reply.status == 403
    assert b"<Code>AccessForbidden</Code>" in reply.body
    assert b"ALLOWED_ORIGINS" in reply.body
    assert "access-control-allow-origin" not in reply.headers


def test_the_page_can_read_the_response_to_an_upload_and_a_refusal(bucket: Bucket) -> None:
    for reply, status in (
        (bucket.post(headers={"Origin": ORIGIN}), 204),
        (bucket.post("/a", headers={"Origin": ORIGIN}), 400),
        (bucket.get("/a.txt", {"Origin": ORIGIN}), 200),
    ):
        assert reply.status == status
        assert reply.headers["access-control-allow-origin"] == ORIGIN
        assert reply.headers["access-control-expose-headers"] == "ETag, x-oss-request-id"


def test_an_upload_from_a_foreign_origin_is_stored_but_its_response_cannot_be_read(
    bucket: Bucket,
) -> None:
    reply = bucket.post(headers={"Origin": "http://elsewhere"})
    assert reply.status == 204
    assert "access-control-allow-origin" not in reply.headers
    assert bucket.get("/a.txt").status == 200


def test_everyone_is_allowed_when_the_setting_says_so(tmp_path: Path) -> None:
    with running_bucket(tmp_path, allowed_origins=["*"]) as bucket:
        for reply in (
            preflight(bucket, "http://anywhere"),
            bucket.post(headers={"Origin": "http://anywhere"}),
        ):
            # Seen live: NG-ZORRO/ng-zorro-antd#3594.
            assert reply.headers["access-control-allow-origin"] == "*"


def test_without_allowed_origins_there_is_no_rule(tmp_path: Path) -> None:
    with running_bucket(tmp_path, allowed_origins=[]) as bucket:
        reply = preflight(bucket, ORIGIN)
        assert reply.status == 403
        assert b"<EC>0003-00000601</EC>" in reply.body
        assert b"set ALLOWED_ORIGINS or write cors.xml" in reply.body


@pytest.mark.parametrize(
    ("origin", "method", "headers", "status"),
    [
        ("https://a.example.com", "POST", "", 200),
        ("https://example.org", "POST", "X-A-Name", 200),
        ("https://a.example.com", "POST", "x-b", 403),
        ("https://example.com", "POST", "", 403),
        ("https://aXexample.com", "POST", "", 403),
        ("https://a.example.com", "PATCH", "", 403),
        ("https://a.example.com", "GET", "", 200),
        ("https://a.example.com", "GET", "x-a-b", 403),
        (ORIGIN, "POST", "", 403),
    ],
)
def test_a_file_of_rules_replaces_the_default(
    bucket: Bucket, origin: str, method: str, headers: str, status: int
) -> None:
    assert preflight(bucket, ORIGIN).status == 200
    (bucket.directory / "cors.xml").write_text(RULES)
    assert preflight(bucket, origin, method, headers).status == status


def test_the_first_matching_rule_of_the_file_applies(bucket: Bucket) -> None:
    (bucket.directory / "cors.xml").write_text(RULES)
    first = preflight(bucket, "https://a.example.com").headers
    assert first["access-control-allow-methods"] == "POST"
    assert first["access-control-max-age"] == "60"
    assert "vary" not in first
    second = preflight(bucket, "http://anywhere", "GET").headers
    assert "access-control-max-age" not in second
    assert "access-control-expose-headers" not in second
    assert first["access-control-allow-origin"] == "https://a.example.com"
    assert second["access-control-allow-origin"] == "*"


def test_an_empty_element_of_the_file_allows_nothing(bucket: Bucket) -> None:
    rules = RULES.replace("<AllowedOrigin>*</AllowedOrigin>", "<AllowedOrigin/>")
    (bucket.directory / "cors.xml").write_text(rules)
    assert preflight(bucket, "http://anywhere", "GET").status == 403


def test_the_file_may_request_vary(bucket: Bucket) -> None:
    rules = RULES.replace("</CORSConf", "<ResponseVary>true</ResponseVary></CORSConf")
    (bucket.directory / "cors.xml").write_text(rules)
    assert preflight(bucket, "https://a.example.com").headers["vary"] == "Origin"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("<CORSConfiguration>", b"no element found: line 1", id="not well-formed"),
        pytest.param(
            '<?xml version="1.0" encoding="shift-jis"?><a/>', b"multi-byte encodings", id="encoding"
        ),
        pytest.param(None, b"Is a directory", id="a folder"),
    ],
)
def test_an_invalid_file_allows_nothing_and_the_hint_says_why(
    bucket: Bucket, text: str | None, problem: bytes
) -> None:
    file = bucket.directory / "cors.xml"
    if text is None:
        file.mkdir()
    else:
        file.write_text(text)
    reply = preflight(bucket, ORIGIN)
    assert reply.status == 403
    assert b"<Hint>cors.xml cannot be used: " in reply.body
    assert problem in reply.body
    upload = bucket.post(headers={"Origin": ORIGIN})
    assert upload.status == 204
    assert "access-control-allow-origin" not in upload.headers
