"""What a refusal tells a person, in the XML and in the log, and what it never tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from emulator.oss import refusals, store
from emulator.oss.errors import Refused, error_xml
from emulator.oss.refusals import DOCUMENTED, INFERRED, LIVE, NO_SUCH_KEY, Refusal
from tests.emulator.multipart import form, send, signed_fields
from tests.emulator.oss_server import KEY, NOW, Bucket, running_bucket


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    with running_bucket(tmp_path) as bucket:
        yield bucket


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        pytest.param(
            ["eq", "$key", "a.jpg"],
            "The policy demands that 'key' be 'a.jpg', and it is 'a.txt' (first difference at "
            "character 3); send it as the grant gives it (UPLOAD_DIR of the function decides).",
            id="eq",
        ),
        pytest.param(
            ["starts-with", "$key", "a.txt.gz"],
            "The policy demands that 'key' start with 'a.txt.gz', and it is 'a.txt' (first "
            "difference at character 6); send it as the grant gives it (UPLOAD_DIR of the "
            "function decides).",
            id="starts-with",
        ),
        pytest.param(
            ["in", "$content-type", ["image/png", "image/gif"]],
            "The policy demands that 'content-type' be one of 'image/png', 'image/gif', and it is "
            "'text/plain'; send it as the grant gives it (ALLOWED_CONTENT_TYPES of the function "
            "decides).",
            id="in",
        ),
        pytest.param(
            ["not-in", "$x:a", ["1"]],
            "The policy demands that 'x:a' be none of '1', and it is '1'; send it as the grant "
            "gives it.",
            id="not-in",
        ),
        pytest.param(
            ["eq", "$cache-control", "no-cache"],
            "The policy has a condition on 'cache-control', which the form does not send before "
            "`file`; send it as the grant gives it.",
            id="an absent field",
        ),
    ],
)
def test_names_what_was_expected_and_what_came(
    bucket: Bucket, condition: list[object], hint: str
) -> None:
    reply = bucket.post(conditions=[condition], fields={"x:a": "1"})
    assert f"<Hint>{hint}</Hint>" in reply.body.decode()
    assert bucket.log == [line for line in bucket.log if line.endswith(hint)]


def test_logs_one_line_for_each_request(bucket: Bucket) -> None:
    bucket.post("头像\n.txt", b"0123456789")
    bucket.get("/a.txt")
    etag = bucket.get("/%E5%A4%B4%E5%83%8F%0A.txt").headers["etag"]
    bucket.get("/%E5%A4%B4%E5%83%8F%0A.txt", {"If-None-Match": etag})
    send(bucket.url, "HEAD", "/%E5%A4%B4%E5%83%8F%0A.txt")
    bucket.post("b.txt", conditions=[["content-length-range", 1, 3]])
    assert bucket.log == [
        "POST '头像\\n.txt' 204 10 bytes",
        "GET '/a.txt' 404 0 bytes: NoSuchKey: There is no object 'a.txt'; the list at / shows what "
        "there is.",
        "GET '/头像\\n.txt' 200 10 bytes",
        "GET '/头像\\n.txt' 304 0 bytes",
        "HEAD '/头像\\n.txt' 200 0 bytes",
        "POST 'b.txt' 400 7 bytes: EntityTooLarge 0006-00000003: The file has more than the 3 "
        "bytes that content-length-range allows (MAX_UPLOAD_BYTES, or the size declared for the "
        "grant).",
    ]


def test_a_form_cannot_break_a_line_of_the_log(bucket: Bucket) -> None:
    fields = signed_fields(KEY, now=NOW)
    forged = fields["x-oss-credential"].replace("cn-", "\r\nGET 'x' 200 \x1b[2J-")
    fields["x-oss-credential"] = forged
    send(bucket.url, body=form(fields, b"content"))
    (line,) = bucket.log
    assert line.isprintable()
    assert "20261124/\\r\\nGET" in line


def test_no_secret_reaches_the_log(bucket: Bucket) -> None:
    key = bucket.keys.issue(expiration=NOW + timedelta(hours=1))
    expired = bucket.keys.issue(expiration=NOW)
    garbled = replace(key, security_token="CAISgarbage")
    foreign = replace(key, security_token=expired.security_token)
    wrong = replace(key, access_key_secret="wrong")
    for one in (key, expired, garbled, foreign, wrong):
        bucket.post(access_key=one)
        bucket.post(access_key=one, conditions=[{"x-oss-security-token": "pinned-token"}])
        bucket.post(access_key=one, conditions=[["eq", "$policy", "pinned-policy"]])
        bucket.post(access_key=one, conditions=[["in", "$x-oss-signature", ["pinned-signature"]]])
    log = "\n".join(bucket.log)
    assert len(bucket.log) == 20
    assert log.count("is not what the policy pins") == 3
    fields = signed_fields(key, now=NOW)
    secrets = [
        *(one.access_key_secret for one in (key, expired)),
        *(one.security_token or "" for one in (key, expired, garbled)),
        fields["policy"],
        fields["x-oss-signature"],
        "pinned",
    ]
    assert [secret for secret in secrets if secret in log] == []


def test_a_wrong_signature_shows_what_was_signed(bucket: Bucket) -> None:
    fields = {**signed_fields(KEY, now=NOW), "x-oss-signature": "0" * 64}
    body = send(bucket.url, body=form(fields)).body.decode()
    assert f"<StringToSign>{fields['policy']}</StringToSign>" in body
    assert f"<SignatureProvided>{'0' * 64}</SignatureProvided>" in body
    assert f"<OSSAccessKeyId>{KEY.access_key_id}</OSSAccessKeyId>" in body


def test_the_error_is_xml_whatever_it_quotes() -> None:
    refused = Refused(NO_SUCH_KEY, hint="a\x00<&>\ud800", elements={"Key": "]]>\x1b"})
    xml = error_xml(refused, request_id="1", host="h").decode()
    assert "<Hint>a\ufffd&lt;&amp;&gt;\ufffd</Hint>" in xml
    assert "<Key>]]&gt;\ufffd</Key>" in xml
    assert "<EC>" not in xml
    assert "<RecommendDoc>" not in xml


def test_an_error_code_links_to_its_page(bucket: Bucket) -> None:
    body = bucket.post(conditions=[{"bucket": "b"}]).body
    assert b"<EC>0006-00000227</EC>" in body
    assert b"<RecommendDoc>https://api.aliyun.com/troubleshoot?q=0006-00000227<" in body


def test_a_failure_of_the_emulator_is_told_and_leaves_nothing(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: store.Upload, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.Upload, "write", full)
    reply = bucket.post()
    assert reply.status == 500
    assert b"<Code>InternalError</Code>" in reply.body
    assert "No space left on device" in bucket.log[0]
    assert bucket.files() == []


@pytest.mark.parametrize("document", ["{", json.dumps({"Version": "1", "Statement": []})])
def test_a_session_policy_that_cannot_be_evaluated_is_no_permission(
    bucket: Bucket, document: str
) -> None:
    key = bucket.keys.issue(expiration=NOW + timedelta(hours=1), session_policy=document)
    reply = bucket.post(access_key=key)
    assert reply.status == 501
    assert b"The session policy cannot be evaluated" in reply.body


def test_every_refusal_says_how_sure_it_is() -> None:
    table = [value for value in vars(refusals).values() if isinstance(value, Refusal)]
    assert len(table) > 80
    assert all(row.evidence in (DOCUMENTED, LIVE, INFERRED) for row in table)
    assert len({row.message for row in table}) > 60
