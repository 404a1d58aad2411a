"""The setting JWT_JWKS: public keys for signatures, and nothing else."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from direct_upload.callers.keys import read_jwks
from direct_upload.errors import Misconfigured
from tests.function.callers.issuer import ALGORITHMS, jwks, key_pair, public_jwk
from tests.function.strategies import any_json


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_reads_a_key_and_fixes_its_algorithm(algorithm: str, tmp_path: Path) -> None:
    keys = read_jwks(jwks(public_jwk(algorithm, kid="a")), tmp_path)
    assert {kid: key.algorithm_name for kid, key in keys.items()} == {"a": algorithm}


def test_reads_fifty_keys_from_a_file_beside_index(tmp_path: Path) -> None:
    many = [public_jwk("ES256", kid=f"key-{number}", name=f"{number}") for number in range(50)]
    (tmp_path / "jwks.json").write_text(jwks(*many))
    assert len(read_jwks("file:jwks.json", tmp_path)) == 50


def test_a_single_key_needs_no_kid(tmp_path: Path) -> None:
    assert list(read_jwks(jwks(public_jwk("EdDSA")), tmp_path)) == [None]


PRIVATE: dict[str, dict[str, Any]] = {
    "RSA": RSAAlgorithm.to_jwk(key_pair("RS256"), as_dict=True),
    "EC": ECAlgorithm.to_jwk(key_pair("ES256"), as_dict=True),
    "OKP": OKPAlgorithm.to_jwk(key_pair("EdDSA"), as_dict=True),
}


RSA = public_jwk("RS256", kid="a")
EC = public_jwk("ES256", kid="b")


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
            jwks(RSA, public_jwk("ES256")), "key 2 has no kid", id="only one of two has a kid"
        ),
        pytest.param(jwks({**RSA, "kid": 1}), "kid that is not a name", id="kid is a number"),
        pytest.param(jwks({**RSA, "kid": ""}), "kid that is not a name", id="kid is empty"),
        pytest.param(jwks({**RSA, "kty": "AKP"}), "unsupported kind (key 1)", id="unknown kty"),
        pytest.param(jwks({"kid": "a"}), "unsupported kind (key 1)", id="no kty"),
        pytest.param(jwks({**RSA, "kty": ["RSA"]}), "unsupported kind (key 1)", id="kty is a list"),
        pytest.param(jwks({**EC, "crv": "P-384"}), "unsupported kind (key 1)", id="other curve"),
        pytest.param(jwks({**EC, "crv": "secp256k1"}), "unsupported kind (key 1)", id="ES256K"),
        pytest.param(
            jwks({**public_jwk("EdDSA"), "crv": "X25519"}), "unsupported kind (key 1)", id="X25519"
        ),
        pytest.param(
            jwks({**RSA, "alg": "PS256"}), "unsupported kind (key 1)", id="other algorithm"
        ),
        pytest.param(
            jwks({**RSA, "alg": "HS256"}), "unsupported kind (key 1)", id="symmetric algorithm"
        ),
        pytest.param(
            jwks({**RSA, "use": "enc"}), "not for signatures (key 1)", id="for encryption"
        ),
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
        pytest.param("file:", "does not name a plain file", id="file without a name"),
        pytest.param(
            "file:../jwks.json", "does not name a plain file", id="file in the parent directory"
        ),
        pytest.param("file:/etc/passwd", "does not name a plain file", id="absolute file"),
        pytest.param(
            "file:..\\jwks.json",
            "does not name a plain file",
            id="file in the parent directory, Windows",
        ),
        pytest.param("file:..", "does not name a plain file", id="the parent directory"),
        pytest.param("file:a\x00.json", "does not name a plain file", id="NUL in the name"),
        pytest.param("file:a.json\n", "does not name a plain file", id="line break in the name"),
        pytest.param("file:missing.json", "cannot be read", id="missing file"),
        pytest.param("file:folder", "cannot be read", id="a folder"),
        pytest.param("file:binary.json", "is not JSON", id="a file that is not text"),
    ],
)
def test_refuses_anything_but_public_keys(setting: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\xfd")
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


@given(st.text() | any_json.map(json.dumps) | any_json.map(lambda v: jwks({"kty": v})))
def test_any_text_is_read_or_refused(setting: str) -> None:
    with contextlib.suppress(Misconfigured):
        read_jwks(setting, Path("nowhere"))
