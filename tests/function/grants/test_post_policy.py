"""Policies as documented, and signatures equal to those of third parties."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from direct_upload.credentials import Credentials
from direct_upload.grants import post_policy

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/post_signatures.json").read_text())
NOW = int(datetime(2023, 12, 3, 12, 12, 12, tzinfo=timezone.utc).timestamp())

FORM: dict[str, Any] = {
    "expiration": post_policy.format_expiration(NOW + 300),
    "credentials": Credentials("STS.EXAMPLE", "StsSecretExample", "CAIS+EXAMPLE/TOKEN==", None),
    "region": "cn-hangzhou",
    "issued": NOW,
}
EXPIRATION = int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc).timestamp())


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param(post_policy.exactly("key", '"\\\n用'), {"key": '"\\\n用'}, id="exactly"),
        pytest.param(
            post_policy.starts_with("key", "a/"), ["starts-with", "$key", "a/"], id="starts-with"
        ),
        pytest.param(
            post_policy.one_of("content-type", ("image/png", "image/gif")),
            ["in", "$content-type", ["image/png", "image/gif"]],
            id="in",
        ),
        pytest.param(
            post_policy.content_length_range(0, 9), ["content-length-range", 0, 9], id="length"
        ),
    ],
)
def test_conditions_have_the_documented_forms(condition: str, expected: object) -> None:
    assert json.loads(condition) == expected


def test_encodes_compact_json_in_standard_base64() -> None:
    expiration = post_policy.format_expiration(EXPIRATION)
    text = post_policy.encode_policy(expiration, [post_policy.exactly("key", "用户/图~?>.png")])
    document: dict[str, Any] = json.loads(base64.b64decode(text, validate=True))
    assert document == {
        "expiration": "2026-01-02T03:04:05.000Z",
        "conditions": [{"key": "用户/图~?>.png"}],
    }
    assert b" " not in base64.b64decode(text)
    assert "用户/图" in base64.b64decode(text).decode()


@pytest.mark.parametrize("vector", VECTORS["v1"], ids=lambda vector: vector["id"])
def test_v1_signature_equals_the_published_one(vector: dict[str, str]) -> None:
    assert (
        post_policy.signature_v1(vector["policy"], vector["access_key_secret"])
        == vector["signature"]
    )


@pytest.mark.parametrize("vector", VECTORS["v4"], ids=lambda vector: vector["id"])
def test_v4_signature_equals_that_of_the_javascript_sdk(vector: dict[str, str]) -> None:
    key = post_policy.signing_key_v4(
        vector["access_key_secret"], vector["date"][:8], vector["region"]
    )
    assert post_policy.signature_v4(vector["policy"], key) == vector["signature"]


def test_v4_signing_key_is_the_last_of_the_chain() -> None:
    vector = VECTORS["v4"][0]
    key = post_policy.signing_key_v4(vector["access_key_secret"], "20231203", vector["region"])
    assert key.hex() == vector["signing_keys"][-1]


def test_v4_form_fields_come_in_the_documented_order() -> None:
    assert list(post_policy.sign_v4([], **FORM)) == [
        "policy",
        "x-oss-signature-version",
        "x-oss-credential",
        "x-oss-date",
        "x-oss-signature",
        "x-oss-security-token",
    ]


def test_v1_form_fields_come_in_the_documented_order() -> None:
    assert list(post_policy.sign_v1([], **FORM)) == [
        "policy",
        "OSSAccessKeyId",
        "Signature",
        "x-oss-security-token",
    ]


def test_v4_fields_contain_the_scope_and_the_second() -> None:
    fields = post_policy.sign_v4([], **FORM)
    assert fields["x-oss-credential"] == "STS.EXAMPLE/20231203/cn-hangzhou/oss/aliyun_v4_request"
    assert fields["x-oss-date"] == "20231203T121212Z"
    assert fields["x-oss-signature-version"] == "OSS4-HMAC-SHA256"


@pytest.mark.parametrize("version", sorted(post_policy.SIGNERS))
def test_signs_the_policy_that_it_returns(version: str) -> None:
    fields = post_policy.SIGNERS[version]([post_policy.starts_with("key", "用户/")], **FORM)
    policy = fields["policy"]
    if version == "v4":
        key = post_policy.signing_key_v4("StsSecretExample", "20231203", "cn-hangzhou")
        assert fields["x-oss-signature"] == post_policy.signature_v4(policy, key)
    else:
        assert fields["Signature"] == post_policy.signature_v1(policy, "StsSecretExample")


@pytest.mark.parametrize(
    ("version", "names"),
    [
        pytest.param(
            "v4",
            [
                "x-oss-date",
                "x-oss-signature-version",
                "x-oss-credential",
                "x-oss-security-token",
            ],
            id="v4",
        ),
        pytest.param("v1", ["x-oss-security-token"], id="v1"),
    ],
)
def test_a_signed_policy_ends_with_the_signing_fields(version: str, names: list[str]) -> None:
    fields = post_policy.SIGNERS[version]([post_policy.exactly("bucket", "b")], **FORM)
    document = json.loads(base64.b64decode(fields["policy"]))
    assert document == {
        "expiration": "2023-12-03T12:17:12.000Z",
        "conditions": [{"bucket": "b"}, *({name: fields[name]} for name in names)],
    }
