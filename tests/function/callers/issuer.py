"""An issuer of tokens: key pairs of each kind, their public JWKs, and JWTs signed with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.function.invocations import NOW

ISSUER = "https://login.example.com/"
AUDIENCE = "uploads"
NOW_SECONDS = int(NOW.timestamp())

_TO_JWK: Mapping[str, Any] = {
    "RS256": RSAAlgorithm.to_jwk,
    "ES256": ECAlgorithm.to_jwk,
    "ES384": ECAlgorithm.to_jwk,
    "EdDSA": OKPAlgorithm.to_jwk,
}
ALGORITHMS = tuple(_TO_JWK)


def key_pair(algorithm: str, name: str = "first", rsa_bits: int = 2048) -> Any:
    """A private key, always the same one for the same arguments."""
    return _key_pair(algorithm, name, rsa_bits)


@cache
def _key_pair(algorithm: str, name: str, rsa_bits: int) -> Any:
    if algorithm == "RS256":
        return generate_rsa(public_exponent=65537, key_size=rsa_bits)
    if algorithm in ("ES256", "ES384"):
        return generate_private_key(SECP256R1() if algorithm == "ES256" else SECP384R1())
    return Ed25519PrivateKey.generate()


def public_jwk(
    algorithm: str, *, kid: str | None = None, name: str = "first", rsa_bits: int = 2048
) -> dict[str, Any]:
    """The public half, as an issuer publishes it."""
    key = key_pair(algorithm, name, rsa_bits).public_key()
    jwk = dict(_TO_JWK[algorithm](key, as_dict=True))
    jwk.pop("key_ops", None)
    return jwk if kid is None else {**jwk, "kid": kid}


def jwks(*keys: Mapping[str, Any]) -> str:
    return json.dumps({"keys": list(keys)})


SETTINGS = {
    "AUTH": "jwt",
    "JWT_JWKS": jwks(public_jwk("RS256", kid="first")),
    "JWT_ISSUER": ISSUER,
    "JWT_AUDIENCE": AUDIENCE,
}
"""The settings of a function that accepts this issuer's tokens."""


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a valid token; None removes a claim."""
    valid = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "exp": NOW_SECONDS + 60,
        "nbf": NOW_SECONDS,
        "iat": NOW_SECONDS,
    }
    return {name: value for name, value in (valid | changes).items() if value is not None}


@dataclass(frozen=True)
class Token:
    """A token to be signed; tests change one part of it."""

    payload: Mapping[str, Any] = field(default_factory=claims)
    headers: Mapping[str, Any] = field(default_factory=lambda: {"kid": "first"})
    algorithm: str = "RS256"

    def signed(self, key: Any = None) -> str:
        return jwt.encode(
            dict(self.payload),
            key_pair(self.algorithm) if key is None else key,
            algorithm=self.algorithm,
            headers=dict(self.headers),
        )
