"""The keys that callers' tokens are checked with: the settings `JWT_JWKS` and `JWT_SECRET`."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from jwt import PyJWK
from jwt.exceptions import PyJWTError
from jwt.utils import base64url_encode

from ..errors import misconfigured
from ..settings.value_files import read_value

logger = logging.getLogger("direct_upload")

# The one algorithm of each kind of key, so that a token has no say in it (RFC 8725, 3.1).
_ALGORITHMS = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("EC", "P-384"): "ES384",
    ("OKP", "Ed25519"): "EdDSA",
}
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})  # RFC 7518, 6.2.2, 6.3.2
MIN_RSA_BITS = 2048  # RFC 7518, 3.3

_SUPPORTED = (
    "Let the issuer sign with RS256 (RSA), ES256 (P-256), ES384 (P-384) or EdDSA (Ed25519)."
)
_EXAMPLE = "Set it to the URL of a JWK set, to file:NAME of a file beside index.py or to the set."


class Keys(Protocol):
    """Finds the key of a token."""

    def find(self, kid: str | None, now: datetime) -> PyJWK | None:
        """The key that the header names; `kid` is None if it names none."""


class KeySet:
    """Ready-made keys by `kid`; None is the name of a set's only key when it has no `kid`."""

    def __init__(self, keys: Mapping[str | None, PyJWK]) -> None:
        self._keys = keys
        self._only = next(iter(keys.values())) if len(keys) == 1 else None

    def find(self, kid: str | None, now: datetime) -> PyJWK | None:
        return self._only if kid is None else self._keys.get(kid)


class SharedSecret:
    """The secret of JWT_SECRET, for tokens signed with HS256. It checks whatever `kid` they name.

    Raises `Misconfigured` for a key of a pair: its public half would be no secret.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = PyJWK({"kty": "oct", "k": base64url_encode(secret).decode()}, "HS256")
        try:
            self._key.Algorithm.prepare_key(secret)
        except PyJWTError:
            hint = "Put the issuer's public keys into JWT_JWKS."
            raise misconfigured("JWT_SECRET", "is not a shared secret but a key", hint) from None

    def find(self, kid: str | None, now: datetime) -> PyJWK | None:
        return self._key


class WrongKeys(Exception):
    """What is wrong with a set or a key, and what to do about it; quotes nothing of either."""

    def __init__(self, problem: str, hint: str = _EXAMPLE) -> None:
        super().__init__(problem)
        self.hint = hint


class _OtherKey(WrongKeys):
    """The key is for another purpose than these tokens: right in the set, but not for us."""


def read_jwks(setting: str, directory: Path) -> KeySet:
    """The keys of a JWK set (RFC 7517), inline or `file:NAME` in the directory.

    Keys for other purposes are skipped; all else that cannot be used raises `Misconfigured`.
    """
    text = read_value("JWT_JWKS", setting, directory)
    try:
        return parse_jwks(text, skip=_OtherKey)
    except WrongKeys as wrong:
        raise misconfigured("JWT_JWKS", str(wrong), wrong.hint) from None


def parse_jwks(text: str | bytes, *, skip: type[WrongKeys] = WrongKeys) -> KeySet:
    """The usable keys of a JWK set; what is wrong with the others is logged.

    Raises `WrongKeys` if there are none, and for a key that is wrong in another way than `skip`.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise WrongKeys("is not JSON") from None  # the cause may quote the key
    found = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(found, list) or not found:
        raise WrongKeys("contains no keys")
    keys: dict[str | None, tuple[int, PyJWK]] = {}

    def leave_out(wrong: WrongKeys, number: int) -> None:
        if not isinstance(wrong, skip):
            raise WrongKeys(f"{wrong} (key {number})", wrong.hint)
        logger.info("JWT_JWKS %s (key %d), which is skipped", wrong, number)

    for number, jwk in enumerate(found, start=1):
        try:
            kid, key = _key(jwk)
            if kid in keys:
                raise WrongKeys("contains two keys with one kid", "Give each its own kid.")
        except WrongKeys as wrong:
            leave_out(wrong, number)
        else:
            keys[kid] = number, key
    if None in keys and len(keys) > 1:
        nameless = WrongKeys("contains several keys, one of them without a kid", "Give each a kid.")
        leave_out(nameless, keys.pop(None)[0])
    if not keys:
        raise WrongKeys("contains no key that can be used", _SUPPORTED)
    return KeySet({kid: key for kid, (_, key) in keys.items()})


def _key(jwk: Any) -> tuple[str | None, PyJWK]:
    if not isinstance(jwk, dict):
        raise WrongKeys("contains something that is not a key")
    kind, kid = jwk.get("kty"), jwk.get("kid")
    if kind == "oct":
        # Anyone who can check such a token can make one.
        raise WrongKeys(
            "contains a shared secret", "Use a key pair, or JWT_SECRET instead of JWT_JWKS."
        )
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise WrongKeys("contains a private key", "Publish the public half, and replace this pair.")
    if kid is not None and (not isinstance(kid, str) or not kid):
        raise WrongKeys("contains a kid that is not a name", "Make it a string, or leave it out.")
    curve = None if kind == "RSA" else jwk.get("crv")
    algorithm = next((name for kinds, name in _ALGORITHMS.items() if kinds == (kind, curve)), None)
    if algorithm is None or jwk.get("alg", algorithm) != algorithm:
        raise _OtherKey("contains a key of an unsupported kind", _SUPPORTED)
    if jwk.get("use", "sig") != "sig":
        raise _OtherKey("contains a key that is not for signatures", _SUPPORTED)
    try:
        key = PyJWK(jwk, algorithm)
    except PyJWTError:  # not Base64, not on the curve, of a wrong type
        raise WrongKeys("contains a broken key", "Copy the issuer's JWK set as it is.") from None
    if kind == "RSA" and key.key.key_size < MIN_RSA_BITS:
        raise WrongKeys(
            f"contains an RSA key of fewer than {MIN_RSA_BITS} bits", "Use a longer key."
        )
    return kid, key
