"""What a refusal tells developers, in the XML and in the log, and what it never reveals."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from emulator.oss.errors import Refused, error_xml, refusals
from emulator.oss.errors.refusals import EVIDENCE, INVALID_RANGE, Refusal
from emulator.oss.store import IncomingObject
from tests.emulator.client import form, send, signed_fields
from tests.emulator.oss.bucket import KEY, NOW, Bucket


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        pytest.param(
            ["eq", "$key", "a.jpg"],
            "'key' must be 'a.jpg' according to the policy, but is 'a.txt' (they differ from "
            "character 3); send it as the grant gives it (the function's setting is UPLOAD_DIR).",
            id="eq",
        ),
        pytest.param(
            ["starts-with", "$key", "a.txt.gz"],
            "'key' must start with 'a.txt.gz' according to the policy, but is 'a.txt' (they differ "
            "from character 6); send it as the grant gives it (the function's setting is "
            "UPLOAD_DIR).",
            id="starts-with",
        ),
        pytest.param(
            ["in", "$content-type", ["image/png", "image/gif"]],
            "'content-type' must be one of 'image/png', 'image/gif' according to the policy, but "
            "is 'text/plain'; send it as the grant gives it (the function's setting is "
            "ALLOWED_CONTENT_TYPES).",
            id="in",
        ),
        pytest.param(
            ["not-in", "$x:a", ["1"]],
            "'x:a' must not be any of '1' according to the policy, but is '1'; send it as the "
            "grant gives it.",
            id="not-in",
        ),
        pytest.param(
            ["eq", "$cache-control", "no-cache"],
            "The policy has a condition on 'cache-control', but the form has no such field before "
            "`file`; send it as the grant gives it.",
            id="a missing field",
        ),
    ],
)
def test_names_what_was_expected_and_what_was_sent(
    bucket: Bucket, condition: list[object], hint: str
) -> None:
    reply = bucket.post(conditions=[condition], fields={"x:a": "1"})
    assert f"<Hint>{hint}</Hint>" in reply.body.decode()
    (line,) = bucket.log
    assert line.endswith(hint)


def test_logs_one_line_for_each_request(bucket: Bucket) -> None:
    bucket.post("头像\n.txt", b"0123456789")
    bucket.get("/a.txt")
    etag = bucket.get("/%E5%A4%B4%E5%83%8F%0A.txt").headers["etag"]
    bucket.get("/%E5%A4%B4%E5%83%8F%0A.txt", {"If-None-Match": etag})
    send(bucket.url, "HEAD", "/%E5%A4%B4%E5%83%8F%0A.txt")
    bucket.post("b.txt", conditions=[["content-length-range", 1, 3]])
    assert bucket.log == [
        "POST '头像\\n.txt' 204 10 bytes",
        "GET '/a.txt' 404 0 bytes: NoSuchKey 0026-00000001: There is no object 'a.txt'; see the "
        "list of objects at /.",
        "GET '/头像\\n.txt' 200 10 bytes",
        "GET '/头像\\n.txt' 304 0 bytes",
        "HEAD '/头像\\n.txt' 200 0 bytes",
        "POST 'b.txt' 400 7 bytes: EntityTooLarge 0006-00000003: The file is larger than the "
        "3 bytes that content-length-range allows (MAX_UPLOAD_BYTES, or the size declared for the "
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
    assert log.count("differs from what the policy pins") == 3
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
    refused = Refused(INVALID_RANGE, hint="a\x00<&>\ud800", elements={"Key": "]]>\x1b"})
    xml = error_xml(refused, request_id="1", host="h").decode()
    assert "<Hint>a\ufffd&lt;&amp;&gt;\ufffd</Hint>" in xml
    assert "<Key>]]&gt;\ufffd</Key>" in xml
    assert "<EC>" not in xml
    assert "<RecommendDoc>" not in xml


def test_an_error_code_links_to_its_page(bucket: Bucket) -> None:
    body = bucket.post(conditions=[{"bucket": "b"}]).body
    assert b"<EC>0006-00000227</EC>" in body
    assert b"<RecommendDoc>https://api.aliyun.com/troubleshoot?q=0006-00000227<" in body


def test_a_failure_of_the_emulator_is_reported_and_leaves_nothing(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: IncomingObject, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(IncomingObject, "write", full)
    reply = bucket.post()
    assert reply.status == 500
    assert b"<Code>InternalError</Code>" in reply.body
    assert "No space left on device" in bucket.log[0]
    assert bucket.files() == []


@pytest.mark.parametrize("document", ["{", json.dumps({"Version": "1", "Statement": []})])
def test_a_session_policy_that_cannot_be_evaluated_gives_no_permission(
    bucket: Bucket, document: str
) -> None:
    key = bucket.keys.issue(expiration=NOW + timedelta(hours=1), session_policy=document)
    reply = bucket.post(access_key=key)
    assert reply.status == 501
    assert b"The session policy cannot be evaluated" in reply.body


def test_a_malformed_form_is_called_so_without_a_full_stop(bucket: Bucket) -> None:
    """Seen live: mpflutter#396, android-async-http#1158. The rows compare only how texts begin."""
    reply = send(bucket.url, body=b"no form")
    assert reply.element("Message") == (
        "The body of your POST request is not well-formed multipart/form-data"
    )


def test_every_refusal_says_how_certain_it_is() -> None:
    table = [value for value in vars(refusals).values() if isinstance(value, Refusal)]
    assert len(table) > 80
    assert all(row.evidence in EVIDENCE for row in table)
