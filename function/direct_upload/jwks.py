"""The public keys that callers' tokens are checked with: the setting `JWT_JWKS`.

Needs PyJWT and cryptography, so it is imported only where AUTH is `jwt`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from .errors import Misconfigured

Keys: TypeAlias = Mapping[str | None, PyJWK]
"""Ready-made keys by `kid`; None is the name of a set's only key when it has no `kid`."""

# The one algorithm of each kind of key, so that a token has no say in it (RFC 8725, 3.1).
_ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
MIN_RSA_BITS = 2048  # RFC 7518, 3.3

_EXAMPLE = 'Set it to {"keys": [...]} or to file:NAME of a file beside index.py.'


def read_jwks(setting: str, directory: Path) -> Keys:
    """The keys of a JWK set (RFC 7517), inline or `file:NAME` in the directory."""
    text: str | bytes = setting
    if setting.startswith("file:"):
        text = _read(setting.removeprefix("file:"), directory)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        _wrong("is not JSON", _EXAMPLE)
    found = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(found, list) or not found:
        _wrong("holds no keys", _EXAMPLE)
    keys: dict[str | None, PyJWK] = {}
    for number, jwk in enumerate(found, start=1):
        kid, key = _key(jwk, f"key {number}")
        if kid in keys:
            _wrong(f"holds two keys of one kid (key {number})", "Give each a kid of its own.")
        if kid is None and len(found) > 1:
            _wrong(f"holds several keys, but key {number} has no kid", "Give each a kid.")
        keys[kid] = key
    return keys


def _read(name: str, directory: Path) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", name):
        _wrong("names no plain file", "Set it to file:NAME, such as file:jwks.json, without a /.")
    try:
        return (directory / name).read_bytes()
    except OSError:
        _wrong("names a file that cannot be read", "Deploy the file beside index.py.")


def _key(jwk: Any, which: str) -> tuple[str | None, PyJWK]:
    if not isinstance(jwk, dict):
        _wrong(f"holds something that is no key ({which})", _EXAMPLE)
    kind, kid = jwk.get("kty"), jwk.get("kid")
    if kind == "oct":
        # Whoever can check such a token can make one.
        _wrong(f"holds a shared secret ({which})", "Let the issuer sign with a key pair.")
    if "d" in jwk:
        _wrong(f"holds a private key ({which})", "Publish the public half, and replace this pair.")
    if kid is not None and (not isinstance(kid, str) or not kid):
        _wrong(f"holds a kid that is no name ({which})", "Make it a string, or leave it out.")
    curve = None if kind == "RSA" else jwk.get("crv")
    algorithm = next((name for kinds, name in _ALGORITHMS.items() if kinds == (kind, curve)), None)
    if algorithm is None or jwk.get("alg", algorithm) != algorithm:
        _wrong(
            f"holds a key of a kind that is not supported ({which})",
            "Use RSA with RS256, EC on P-256 with ES256 or OKP on Ed25519 with EdDSA.",
        )
    if jwk.get("use", "sig") != "sig":
        _wrong(f"holds a key that is not for signatures ({which})", "Take it out of the set.")
    try:
        key = PyJWK(jwk, algorithm)
    except PyJWTError:  # not Base64, not on the curve, of a wrong type
        _wrong(f"holds a broken key ({which})", "Copy the issuer's JWK set as it is.")
    if kind == "RSA" and key.key.key_size < MIN_RSA_BITS:
        _wrong(f"holds an RSA key under {MIN_RSA_BITS} bits ({which})", "Use a longer key.")
    return kid, key


def _wrong(problem: str, cure: str) -> NoReturn:
    # `from None`: the text of the cause may quote the key.
    raise Misconfigured(f"The setting JWT_JWKS {problem}.", cure) from None
