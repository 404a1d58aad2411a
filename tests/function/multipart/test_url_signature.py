"""V4 signatures in URLs, compared with what official SDKs compute and publish."""

from __future__ import annotations

import hmac
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from direct_upload.credentials import Credentials
from direct_upload.grants.post_policy import signing_key_v4
from direct_upload.multipart.url_signature import (
    Operation,
    canonical_query,
    canonical_request,
    plain_url,
    signed_headers,
    signed_url,
    string_to_sign,
)
from tests.function.invocations import NOW

FILE = Path(__file__).parents[2] / "vectors/request_signatures.json"
DOCUMENT = json.loads(FILE.read_text("utf-8"))
VECTORS = DOCUMENT["vectors"] + DOCUMENT["published_vectors"]
CREDENTIALS = Credentials("STS.EXAMPLE", "StsSecretExample", "CAIS+EXAMPLE/TOKEN==", None)


def operation(vector: dict[str, Any], **headers: str) -> Operation:
    given = {name.lower(): value for name, value in vector["headers"].items()}
    return Operation(
        vector["method"],
        vector["bucket"],
        vector["key"],
        vector["query"],
        given | headers,
        tuple(name.lower() for name in vector["additional_headers"]),
    )


def signer(vector: dict[str, Any]) -> tuple[Credentials, datetime]:
    token = vector["security_token"] or ""
    credentials = Credentials(vector["access_key_id"], vector["access_key_secret"], token, None)
    moment = datetime.strptime(vector["date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    return credentials, moment


def url(vector: dict[str, Any]) -> str:
    credentials, moment = signer(vector)
    return signed_url(
        operation(vector),
        credentials,
        origin="https://examplebucket.oss-cn-hangzhou.aliyuncs.com",
        region=vector["region"],
        now=moment,
        seconds=vector["expires"],
    )


def of_kind(kind: str) -> list[Any]:
    return [pytest.param(v, id=v["name"]) for v in VECTORS if v["auth"] == kind]


def test_all_vectors_are_used() -> None:
    assert len(of_kind("url") + of_kind("header")) == len(VECTORS) == 26


@pytest.mark.parametrize("vector", of_kind("url"))
def test_urls_are_those_of_the_sdks(vector: dict[str, Any]) -> None:
    made = url(vector)
    assert made.endswith(f"&x-oss-signature={vector['expected']['signature']}")
    if "url_sorted" in vector["expected"]:
        assert made == vector["expected"]["url_sorted"]


@pytest.mark.parametrize("vector", of_kind("header"))
def test_the_rules_beneath_give_the_signatures_in_headers(vector: dict[str, Any]) -> None:
    token = vector["security_token"]
    signed = operation(
        vector,
        **{"x-oss-date": vector["date"], "x-oss-content-sha256": "UNSIGNED-PAYLOAD"},
        **({"x-oss-security-token": token} if token else {}),
    )
    canonical = canonical_request(signed, canonical_query(vector["query"]))
    date, region = vector["date"][:8], vector["region"]
    text = string_to_sign(canonical, vector["date"], f"{date}/{region}/oss/aliyun_v4_request")
    expected = vector["expected"]
    assert (canonical, text) == (expected["canonical_request"], expected["string_to_sign"])
    key = signing_key_v4(vector["access_key_secret"], date, region)
    assert hmac.digest(key, text.encode(), "sha256").hex() == expected["signature"]


@pytest.mark.parametrize("vector", of_kind("header"))
def test_headers_are_those_of_the_sdks(vector: dict[str, Any]) -> None:
    credentials, moment = signer(vector)
    headers = signed_headers(operation(vector), credentials, region=vector["region"], now=moment)
    version, _, members = headers["authorization"].partition(" ")
    found = dict(member.split("=", 1) for member in members.split(","))
    assert version == "OSS4-HMAC-SHA256"
    assert found["Signature"] == vector["expected"]["signature"]
    scope = f"{vector['date'][:8]}/{vector['region']}/oss/aliyun_v4_request"
    assert found["Credential"] == f"{vector['access_key_id']}/{scope}"
    named = ";".join(sorted(name.lower() for name in vector["additional_headers"]))
    assert found.get("AdditionalHeaders", "") == named
    assert headers["x-oss-date"] == vector["date"]
    assert headers.get("x-oss-security-token") == vector["security_token"]


def test_a_plain_url_quotes_the_key() -> None:
    assert plain_url(PART, origin="https://h") == "https://h/user-dirs/%E5%9B%BE.mp4"


PART = Operation(
    "PUT",
    "post-test",
    "user-dirs/图.mp4",
    {"partNumber": "2", "uploadId": "0004B9894A22E5B1888A1E29F8236E2D"},
    {"content-length": "5242880"},
    ("content-length",),
)


def part_url(
    part: Operation = PART, origin: str = "https://post-test.oss-cn-hangzhou.aliyuncs.com"
) -> str:
    return signed_url(part, CREDENTIALS, origin=origin, region="cn-hangzhou", now=NOW, seconds=300)


def signature_of(made: str) -> str:
    return dict(parse_qsl(urlsplit(made).query))["x-oss-signature"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        pytest.param("method", "GET", id="method"),
        pytest.param("bucket", "post-tes", id="bucket"),
        pytest.param("key", "user-dirs/图.mp3", id="key"),
        pytest.param("query", {"partNumber": "3", "uploadId": "x"}, id="query"),
        pytest.param("headers", {"content-length": "5242881"}, id="length"),
        pytest.param("additional", (), id="length not counted"),
        pytest.param(
            "headers", {"content-length": "5242880", "content-type": "a/b"}, id="further header"
        ),
    ],
)
def test_each_part_of_an_operation_is_signed(member: str, value: Any) -> None:
    changed = PART._replace(**{member: value})
    assert signature_of(part_url(changed)) != signature_of(part_url())


def test_the_host_is_not_signed() -> None:
    inside = part_url(origin="http://127.0.0.1:9001")
    assert inside.partition("?")[2] == part_url().partition("?")[2]


def test_a_url_shows_no_secret_and_has_only_plain_characters() -> None:
    made = part_url()
    assert CREDENTIALS.access_key_secret not in made
    assert "%E5%9B%BE.mp4?" in made
    assert made.isascii()
    assert not set(made) & set(' "<>\\^`{|}')


utf_8 = st.characters(codec="utf-8")


@given(st.dictionaries(st.text(utf_8, min_size=1), st.text(utf_8)))
def test_any_query_survives_its_encoding(query: dict[str, str]) -> None:
    assert dict(parse_qsl(canonical_query(query), keep_blank_values=True)) == query
