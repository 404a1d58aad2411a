"""The settings JWT_JWKS and JWT_SECRET: which keys they may be."""

from __future__ import annotations

import contextlib
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from direct_upload.callers.keys import KeySet, SharedSecret, WrongKeys, parse_jwks, read_jwks
from direct_upload.errors import Misconfigured
from tests.function.callers.issuer import ALGORITHMS, jwks, key_pair, public_jwk
from tests.function.invocations import NOW
from tests.function.strategies import any_json


def algorithm_of(keys: KeySet, kid: str | None) -> str | None:
    key = keys.find(kid, NOW)
    return None if key is None else key.algorithm_name


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_reads_a_key_and_fixes_its_algorithm(algorithm: str, tmp_path: Path) -> None:
    keys = read_jwks(jwks(public_jwk(algorithm, kid="a")), tmp_path)
    assert algorithm_of(keys, "a") == algorithm
    assert algorithm_of(keys, "b") is None


def test_reads_fifty_keys_from_a_file_beside_index(tmp_path: Path) -> None:
    names = [f"key-{number}" for number in range(50)]
    (tmp_path / "jwks.json").write_text(
        jwks(*(public_jwk("ES256", kid=name, name=name) for name in names))
    )
    keys = read_jwks("file:jwks.json", tmp_path)
    assert all(algorithm_of(keys, name) == "ES256" for name in names)
    assert algorithm_of(keys, None) is None


def test_a_single_key_needs_no_kid(tmp_path: Path) -> None:
    keys = read_jwks(jwks(public_jwk("EdDSA")), tmp_path)
    assert algorithm_of(keys, None) == "EdDSA"
    assert algorithm_of(keys, "a") is None


PRIVATE: dict[str, dict[str, Any]] = {
    "RSA": RSAAlgorithm.to_jwk(key_pair("RS256"), as_dict=True),
    "EC": ECAlgorithm.to_jwk(key_pair("ES256"), as_dict=True),
    "OKP": OKPAlgorithm.to_jwk(key_pair("EdDSA"), as_dict=True),
}


RSA = public_jwk("RS256", kid="a")
EC = public_jwk("ES256", kid="b")
GOOD = public_jwk("EdDSA", kid="good")

OTHERS = [
    pytest.param({**RSA, "kty": "AKP"}, "of an unsupported kind", id="unknown kty"),
    pytest.param({"kid": "a"}, "of an unsupported kind", id="no kty"),
    pytest.param({**RSA, "kty": ["RSA"]}, "of an unsupported kind", id="kty is a list"),
    pytest.param({**EC, "crv": "P-521"}, "of an unsupported kind", id="other curve"),
    pytest.param({**EC, "crv": "secp256k1"}, "of an unsupported kind", id="ES256K"),
    pytest.param({**public_jwk("EdDSA"), "crv": "X25519"}, "of an unsupported kind", id="X25519"),
    pytest.param({**RSA, "alg": "PS256"}, "of an unsupported kind", id="other algorithm"),
    pytest.param({**RSA, "alg": "RS512"}, "of an unsupported kind", id="other hash"),
    pytest.param({**RSA, "alg": "HS256"}, "of an unsupported kind", id="symmetric algorithm"),
    pytest.param({**RSA, "use": "enc"}, "not for signatures", id="for encryption"),
]


@pytest.mark.parametrize(("other", "reason"), OTHERS)
def test_keys_for_other_purposes_are_skipped_and_logged(
    other: dict[str, Any], reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    keys = read_jwks(jwks(GOOD, other, EC), tmp_path)
    assert algorithm_of(keys, "good") == "EdDSA"
    assert algorithm_of(keys, "b") == "ES256"
    assert algorithm_of(keys, "a") is None
    assert f"{reason} (key 2), which is skipped" in caplog.text
    with pytest.raises(Misconfigured, match="no key that can be used"):
        read_jwks(jwks(other), tmp_path)


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        pytest.param("", "is not JSON", id="empty"),
        pytest.param("{", "is not JSON", id="truncated"),
        pytest.param("[" * 100_000, "is not JSON", id="nested too deep"),
        pytest.param("[]", "contains no keys", id="a list"),
        pytest.param("{}", "contains no keys", id="member keys missing"),
        pytest.param(jwks(), "contains no keys", id="an empty set"),
        pytest.param('{"keys": {"kty": "RSA"}}', "contains no keys", id="keys is not a list"),
        pytest.param(
            '{"keys": ["a"]}', "something that is not a key (key 1)", id="a key is a string"
        ),
        pytest.param(
            jwks({"kty": "oct", "k": "c2VjcmV0"}), "a shared secret (key 1)", id="symmetric"
        ),
        pytest.param(jwks(RSA, {"kty": "oct"}), "a shared secret (key 2)", id="symmetric, second"),
        *(
            pytest.param(jwks(jwk), "a private key (key 1)", id=f"private, {kind}")
            for kind, jwk in PRIVATE.items()
        ),
        pytest.param(jwks(RSA, PRIVATE["EC"]), "a private key (key 2)", id="private, second"),
        pytest.param(
            jwks(RSA, {**EC, "kid": "a"}), "two keys with one kid", id="the same kid twice"
        ),
        pytest.param(
            jwks(RSA, public_jwk("ES256")),
            "one of them without a kid (key 2)",
            id="only one of two has a kid",
        ),
        pytest.param(jwks({**RSA, "kid": 1}), "kid that is not a name", id="kid is a number"),
        pytest.param(jwks({**RSA, "kid": ""}), "kid that is not a name", id="kid is empty"),
        pytest.param(jwks({**RSA, "n": "!"}), "a broken key (key 1)", id="n is not Base64"),
        pytest.param(jwks({**RSA, "n": 5}), "a broken key (key 1)", id="n is a number"),
        pytest.param(jwks({**RSA, "e": "AQ"}), "a broken key (key 1)", id="exponent 1"),
        pytest.param(jwks({**EC, "x": EC["y"]}), "a broken key (key 1)", id="not on the curve"),
        pytest.param(jwks({**EC, "x": ""}), "a broken key (key 1)", id="x is empty"),
        pytest.param(
            jwks(public_jwk("RS256", name="short", rsa_bits=1024)),
            "fewer than 2048 bits",
            id="RSA 1024",
        ),
        pytest.param(
            jwks({**RSA, "p": "AQAB"}), "a private key (key 1)", id="part of a private key"
        ),
        pytest.param(
            jwks(public_jwk("RS256", name="short", rsa_bits=2047)),
            "fewer than 2048 bits",
            id="RSA 2047",
        ),
        pytest.param("file:missing.json", "cannot be read", id="missing file"),
    ],
)
def test_refuses_anything_but_public_keys(setting: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as refusal:
        read_jwks(setting, tmp_path)
    assert problem in refusal.value.message
    assert "JWT_JWKS" in refusal.value.message
    assert refusal.value.hint
    # What an exception comes from may quote the key.
    assert refusal.value.__context__ is None or refusal.value.__suppress_context__
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("member", ["d", "n"])
def test_a_refusal_quotes_no_part_of_the_key(member: str, tmp_path: Path) -> None:
    secret = "kept-from-every-log"
    with pytest.raises(Misconfigured) as refusal:
        read_jwks(jwks({**RSA, member: secret}), tmp_path)
    assert secret not in repr(refusal.value) + refusal.value.hint


LENIENT = [
    *OTHERS,
    pytest.param("a", "something that is not a key", id="a string"),
    pytest.param(None, "something that is not a key", id="null"),
    pytest.param({"kty": "oct", "k": "c2VjcmV0"}, "a shared secret", id="symmetric"),
    pytest.param(PRIVATE["RSA"], "a private key", id="private"),
    pytest.param({**RSA, "kid": 1}, "a kid that is not a name", id="kid is a number"),
    pytest.param({**RSA, "n": 5}, "a broken key", id="n is a number"),
    pytest.param({**RSA, "x5c": ["a"], "n": None}, "a broken key", id="no modulus"),
    pytest.param(public_jwk("RS256", name="short", rsa_bits=1024), "fewer than", id="RSA 1024"),
    pytest.param({**EC, "kid": "good"}, "two keys with one kid", id="the kid of another key"),
    pytest.param(public_jwk("ES256"), "one of them without a kid", id="no kid"),
]


@pytest.mark.parametrize(("wrong", "reason"), LENIENT)
def test_in_a_fetched_set_a_wrong_key_is_skipped_and_logged(
    wrong: object, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    keys = parse_jwks(json.dumps({"keys": [GOOD, wrong]}).encode())
    assert algorithm_of(keys, "good") == "EdDSA"
    assert algorithm_of(keys, None) == "EdDSA"
    assert reason in caplog.text
    assert "(key 2), which is skipped" in caplog.text


def test_in_a_fetched_set_wrong_keys_only_are_none() -> None:
    with pytest.raises(WrongKeys, match="no key that can be used"):
        parse_jwks(jwks({"kty": "oct", "k": "c2VjcmV0"}, PRIVATE["RSA"]))


@pytest.mark.parametrize("kid", [None, "", "any"])
def test_a_shared_secret_checks_tokens_of_any_kid_with_hs256(kid: str | None) -> None:
    key = SharedSecret(b"s" * 32).find(kid, NOW)
    assert key is not None
    assert key.algorithm_name == "HS256"


PEM = key_pair("RS256").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
SSH = key_pair("RS256").public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(PEM, id="PEM"),
        pytest.param(SSH, id="OpenSSH"),
        pytest.param(json.dumps(RSA).encode(), id="JWK"),
        pytest.param(jwks(RSA).encode(), id="JWK set"),
    ],
)
def test_a_public_key_is_not_a_shared_secret(secret: bytes) -> None:
    with pytest.raises(Misconfigured, match="JWT_SECRET is not a shared secret but a key") as wrong:
        SharedSecret(secret)
    assert wrong.value.__suppress_context__


members = st.sampled_from(["kty", "kid", "alg", "use", "crv", "n", "e", "x", "y", "d", "key_ops"])


@given(
    st.sampled_from(ALGORITHMS),
    st.dictionaries(members, any_json | st.sampled_from(["RSA", "EC", "OKP", "AQAB"])),
)
def test_a_key_with_any_change_is_read_or_refused(algorithm: str, changes: dict[str, Any]) -> None:
    # json.dumps escapes lone surrogates, which could not be encoded.
    setting = json.dumps({"keys": [{**public_jwk(algorithm), **changes}]})
    with contextlib.suppress(Misconfigured):
        read_jwks(setting, Path("nowhere"))


@given(st.binary() | st.text() | any_json.map(lambda v: jwks(v, GOOD)))
def test_any_response_is_read_or_refused(text: str | bytes) -> None:
    with contextlib.suppress(WrongKeys):
        parse_jwks(text)


@given(st.text() | any_json.map(json.dumps) | any_json.map(lambda v: jwks({"kty": v})))
def test_any_text_is_read_or_refused(setting: str) -> None:
    with contextlib.suppress(Misconfigured):
        read_jwks(setting, Path("nowhere"))
