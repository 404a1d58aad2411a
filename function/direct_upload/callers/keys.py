"""The public keys that callers' tokens are checked with: the setting `JWT_JWKS`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from ..errors import Misconfigured, misconfigured

Keys: TypeAlias = Mapping[str | None, PyJWK]
"""Ready-made keys by `kid`; None is the name of a set's only key when it has no `kid`."""

# The one algorithm of each kind of key, so that a token has no say in it (RFC 8725, 3.1).
_ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})  # RFC 7518, 6.2.2, 6.3.2
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
        raise _wrong("is not JSON", _EXAMPLE) from None  # the cause may quote the key
    found = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(found, list) or not found:
        raise _wrong("contains no keys", _EXAMPLE)
    keys: dict[str | None, PyJWK] = {}
    for number, jwk in enumerate(found, start=1):
        kid, key = _key(jwk, f"key {number}")
        if kid in keys:
            raise _wrong(f"contains two keys with one kid (key {number})", "Give each its own kid.")
        if kid is None and len(found) > 1:
            raise _wrong(f"contains several keys, but key {number} has no kid", "Give each a kid.")
        keys[kid] = key
    return keys


def _read(name: str, directory: Path) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", name):
        raise _wrong("does not name a plain file", "Set it to file:NAME without a /.")
    try:
        return (directory / name).read_bytes()
    except OSError:
        raise _wrong(
            "names a file that cannot be read", "Deploy the file beside index.py."
        ) from None


def _key(jwk: Any, which: str) -> tuple[str | None, PyJWK]:
    if not isinstance(jwk, dict):
        raise _wrong(f"contains something that is not a key ({which})", _EXAMPLE)
    kind, kid = jwk.get("kty"), jwk.get("kid")
    if kind == "oct":
        # Anyone who can check such a token can make one.
        raise _wrong(f"contains a shared secret ({which})", "Let the issuer sign with a key pair.")
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise _wrong(
            f"contains a private key ({which})", "Publish the public half, and replace this pair."
        )
    if kid is not None and (not isinstance(kid, str) or not kid):
        raise _wrong(
            f"contains a kid that is not a name ({which})", "Make it a string, or leave it out."
        )
    curve = None if kind == "RSA" else jwk.get("crv")
    algorithm = next((name for kinds, name in _ALGORITHMS.items() if kinds == (kind, curve)), None)
    if algorithm is None or jwk.get("alg", algorithm) != algorithm:
        raise _wrong(
            f"contains a key of an unsupported kind ({which})",
            "Use RSA with RS256, EC on P-256 with ES256 or OKP on Ed25519 with EdDSA.",
        )
    if jwk.get("use", "sig") != "sig":
        raise _wrong(
            f"contains a key that is not for signatures ({which})", "Take it out of the set."
        )
    try:
        key = PyJWK(jwk, algorithm)
    except PyJWTError:  # not Base64, not on the curve, of a wrong type
        raise _wrong(
            f"contains a broken key ({which})", "Copy the issuer's JWK set as it is."
        ) from None
    if kind == "RSA" and key.key.key_size < MIN_RSA_BITS:
        raise _wrong(
            f"contains an RSA key of fewer than {MIN_RSA_BITS} bits ({which})", "Use a longer key."
        )
    return kid, key


def _wrong(problem: str, hint: str) -> Misconfigured:
    return misconfigured("JWT_JWKS", problem, hint)
