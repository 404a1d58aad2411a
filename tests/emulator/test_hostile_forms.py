"""Forms of any shape: the emulated OSS stores them, or refuses them with its XML."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from emulator.keyring import KeyRing
from emulator.oss import Oss
from emulator.oss.callback import read_callback
from emulator.oss.errors import Refused
from emulator.oss.form import Form, FormParts, finish_form, read_form
from emulator.oss.policy import Policy, parse_policy
from emulator.oss.signatures import read_claim
from emulator.oss.switches import NO_SWITCHES
from tests.emulator.client import BOUNDARY, FORM_TYPE, form, signed_fields
from tests.emulator.oss.bucket import KEY, NOW

# Fields come as UTF-8, which has no surrogates.
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
any_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
conditions = st.lists(
    st.sampled_from(
        [
            *({"bucket": "post-test"}, {"key": "a.txt"}, ["eq", "$key", "a.txt"]),
            *(["starts-with", "$key", ""], ["in", "$key", ["a.txt"]], ["not-in", "$key", []]),
            *(["content-length-range", 0, 9], ["content-length-range", 9, 0], ["eq"], {}),
        ]
    )
    | any_json,
    max_size=4,
)
policies = st.one_of(
    st.fixed_dictionaries(
        {"expiration": st.just("2026-11-24T13:00:00.000Z"), "conditions": conditions}
    ),
    st.dictionaries(st.sampled_from(["expiration", "conditions", "more"]), any_json),
    any_json,
).map(json.dumps)
callbacks = st.fixed_dictionaries(
    {"callbackUrl": st.text().map("http://a/{}".format), "callbackBody": st.text()},
    optional={"callbackHost": any_json},
).map(json.dumps)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def parts_of(body: bytes, chunk: int = 7) -> FormParts:
    pieces = iter([body[start : start + chunk] for start in range(0, len(body), chunk)])
    return FormParts(lambda: next(pieces, b""), BOUNDARY.encode(), NO_SWITCHES)


@given(
    policies.map(encoded)
    | policies
    | any_text
    | st.binary().map(lambda b: base64.b64encode(b).decode())
)
def test_any_policy_is_parsed_or_refused(text: str) -> None:
    try:
        assert isinstance(parse_policy(text), Policy)
    except Refused as refusal:
        assert refusal.hint


@given(
    st.dictionaries(
        st.sampled_from(["callback", "callback-var"]),
        (callbacks | policies).map(encoded) | any_text,
    )
)
def test_any_callback_field_is_read_or_refused(fields: dict[str, str]) -> None:
    try:
        callback = read_callback(fields)
    except Refused as refusal:
        assert refusal.hint
        return
    if callback is not None:  # then it can be sent
        assert "".join([*callback.urls, callback.host or "", callback.body]).encode()


signers = st.sampled_from(
    [
        *("x-oss-signature-version", "x-oss-credential", "x-oss-date", "x-oss-signature"),
        *("ossaccesskeyid", "signature", "policy", "x-oss-security-token", "x-amz-signature"),
    ]
)
claims = st.sampled_from(
    [
        *("OSS4-HMAC-SHA256", "OSS2", "", "a/20261124/cn-hangzhou/oss/aliyun_v4_request"),
        *("a/00000000/b/c/aliyun_v4_request", "////", "20261124T120000Z", "99999999T999999Z"),
    ]
)


@given(st.dictionaries(signers, claims | any_text))
def test_any_claim_is_read_or_refused(fields: dict[str, str]) -> None:
    try:
        read_claim(fields, NOW)
    except Refused as refusal:
        assert refusal.hint


VALID = signed_fields(KEY, now=NOW)


@st.composite
def changed_bodies(draw: st.DrawFn) -> bytes:
    """A valid form with bytes removed, doubled or inserted."""
    body = form(VALID)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 40)))
        between = draw(
            st.binary(max_size=20)
            | st.just(body[start:end] * 2)
            | st.sampled_from([b"\r\n", b"\r\n\r\n", f"--{BOUNDARY}".encode(), b'"', b"\x00"])
        )
        body = body[:start] + between + body[end:]
    return body


@given(changed_bodies() | st.binary(max_size=200), st.integers(1, 5000))
def test_any_body_is_a_form_or_refused(body: bytes, chunk: int) -> None:
    try:
        parts = parts_of(body, chunk)
        assert isinstance(read_form(parts), Form)
        for _ in parts.content():
            pass
        finish_form(parts, accept_trailing_fields=True)
    except Refused as refusal:
        assert refusal.hint


@dataclass
class Bucket:
    client: Client
    directory: Path
    log: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    directory, log = tmp_path_factory.mktemp("bucket"), list[str]()
    oss = Oss(
        "post-test", "cn-hangzhou", directory, KeyRing([KEY]), [], clock=lambda: NOW, log=log.append
    )
    return Bucket(Client(oss), directory, log)


@st.composite
def signed_bodies(draw: st.DrawFn) -> bytes:
    """A form made by someone who stole the secret: whatever it says, its signature is valid."""
    fields = signed_fields(
        KEY,
        now=NOW,
        object_key=draw(st.sampled_from(["a.txt", "a/${filename}", "../a", "/", ""]) | any_text),
        conditions=draw(st.just([]) | conditions),
    )
    names = [
        *("key", "content-type", "x-oss-object-acl", "x-oss-forbid-overwrite", "x-oss-meta-a"),
        *("success_action_status", "success_action_redirect", "callback", "Content-Disposition"),
        *("policy", "x-oss-content-type", "x-oss-storage-class", "x-oss-tagging", "Expires"),
    ]
    values = any_text | st.sampled_from(["true", "201", "http://a.example/?b", "http://[", "\r\n"])
    fields |= draw(st.dictionaries(st.sampled_from(names) | any_text, values, max_size=3))
    return form(fields, draw(st.binary(max_size=20)))


header_texts = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20)


@given(
    body=changed_bodies() | signed_bodies(),
    content_type=st.sampled_from([FORM_TYPE] * 5 + ["", "multipart/form-data; boundary="])
    | header_texts,
    headers=st.dictionaries(
        st.sampled_from(["Origin", "Content-MD5", "x-oss-meta-a", "Cache-Control"]),
        header_texts,
        max_size=2,
    ),
)
def test_any_post_is_stored_or_refused_with_xml(
    body: bytes, content_type: str, headers: dict[str, str], bucket: Bucket
) -> None:
    bucket.log.clear()
    reply = bucket.client.post("/", data=body, content_type=content_type, headers=headers)
    text = reply.get_data()
    assert reply.status_code in (200, 201, 204, 303) or 400 <= reply.status_code < 500
    if reply.status_code >= 400:
        error = ElementTree.fromstring(text)  # noqa: S314  our own emulator's XML
        assert error.findtext("Code")
        assert error.findtext("Hint")
    assert KEY.access_key_secret not in text.decode()
    assert not any(re.search(r"[\r\n]", line) for line in bucket.log)
    assert not any(KEY.access_key_secret in line for line in bucket.log)
    assert list((bucket.directory / "post-test" / "incoming").iterdir()) == []


queries = st.dictionaries(st.sampled_from(["prefix", "max-keys", "marker", "x"]), any_text)


@given(
    method=st.sampled_from(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "BREW"]),
    path=any_text,
    query=queries,
    host=st.sampled_from(["127.0.0.1", "post-test.localhost", "b.localhost:1", "[::1]", "..."]),
)
def test_any_other_request_gets_a_response(
    method: str, path: str, query: dict[str, str], host: str, bucket: Bucket
) -> None:
    reply = bucket.client.open(
        "/" + quote(path), method=method, query_string=query, headers={"Host": host}
    )
    assert reply.status_code < 500 or reply.status_code == 501
