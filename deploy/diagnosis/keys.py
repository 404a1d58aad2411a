"""The key of a caller's token: whether the JWT_ settings have it.

A signature is only checked with a shared secret.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import Finding, listed, show
from .browser import NoResponse, fetch
from .documents import decode_part, parse_object

Document = Mapping[str, Any]

# Of keys in a set: kind and curve, and the algorithm that the function takes from them.
ALGORITHMS = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("EC", "P-384"): "ES384",
    ("OKP", "Ed25519"): "EdDSA",
}
SIGN_ANOTHER_WAY = f"Let the issuer sign with one of {', '.join(ALGORITHMS.values())}"


def check_key(
    token: str, header: Document, settings: Mapping[str, str], directory: Path
) -> Iterator[Finding]:
    """Whether the function accepts the token's algorithm, and has the key that it names."""
    algorithm = header.get("alg")
    secret, jwks = settings.get("JWT_SECRET", ""), settings.get("JWT_JWKS", "")
    if secret:
        if algorithm != "HS256":
            yield Finding(
                f"TOKEN is signed with {show(algorithm)}, but JWT_SECRET is for HS256 only.",
                "Set JWT_JWKS to the issuer's public keys instead of JWT_SECRET.",
            )
        elif not _is_signed(token, secret):
            hint = "Set JWT_SECRET to the issuer's, to the letter."
            yield Finding("TOKEN is signed with another secret than JWT_SECRET.", hint)
    elif algorithm not in ALGORITHMS.values():
        yield Finding(
            f"TOKEN is signed with {show(algorithm)}, which needs "
            + ("JWT_SECRET instead of JWT_JWKS." if algorithm == "HS256" else "another algorithm."),
            f"{SIGN_ANOTHER_WAY}; for HS256 set JWT_SECRET.",
        )
    elif jwks:
        yield from _check_kid(header, jwks, directory)
    else:
        yield Finding("Not compared: neither the environment nor .env has JWT_JWKS or JWT_SECRET.")


def _is_signed(token: str, secret: str) -> bool:
    signed, _, signature = token.rpartition(".")
    expected = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)
    return hmac.compare_digest(expected, decode_part(signature))


def _check_kid(header: Document, jwks: str, directory: Path) -> Iterator[Finding]:
    keys = _read_keys(jwks, directory)
    if isinstance(keys, Finding):
        yield keys
        return
    kid = header.get("kid")
    named = [key for key in keys if kid is None or key.get("kid") == kid]
    if not named:
        yield Finding(
            f"TOKEN names the key {show(kid)}, which is not among the {len(keys)} of JWT_JWKS.",
            "Use the set of the issuer that made the token. If it changed its keys, copy the set"
            " again, or set JWT_JWKS to its URL. A set that was fetched is fetched again for a new"
            " key, at most once a minute.",
        )
    elif kid is None and len(keys) > 1:
        hint = "Let the issuer name the key (kid)."
        yield Finding("TOKEN names no key, and JWT_JWKS has several.", hint)
    elif not any(_algorithm(key) == header["alg"] for key in named):
        yield Finding(
            f"TOKEN is signed with {show(header['alg'])}, but the function accepts"
            f" {listed(sorted({_algorithm(key) for key in named}))} with its key.",
            f"{SIGN_ANOTHER_WAY}, and publish a key for it.",
        )


def _algorithm(key: Document) -> str:
    """The algorithm that the function takes from a key; "nothing" if it does not use the key."""
    kind = key.get("kty"), None if key.get("kty") == "RSA" else key.get("crv")
    # Compared, not looked up: the set may have a list where a name belongs.
    algorithm = next((name for kinds, name in ALGORITHMS.items() if kinds == kind), "")
    usable = key.get("alg", algorithm) == algorithm and key.get("use", "sig") == "sig"
    return algorithm if algorithm and usable else "nothing"


def _read_keys(jwks: str, directory: Path) -> list[Document] | Finding:
    where = "JWT_JWKS"
    try:
        if jwks.lower().startswith(("http:", "https:")):
            where = "The URL in JWT_JWKS"
            response = fetch("GET", jwks, headers={})
            if response.status != 200:
                return Finding(
                    f"{where} returned {response.status}.", "Set it to the issuer's JWK set."
                )
            content = response.body
        elif jwks.startswith("file:"):
            content = (directory / Path(jwks[5:]).name).read_bytes()
        else:
            content = jwks.encode()
    except NoResponse as failure:
        return failure.finding
    except (OSError, ValueError):
        return Finding("The file in JWT_JWKS cannot be read.", "Put it beside index.py.")
    keys = parse_object(content).get("keys")
    found: list[Document] = (
        [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
    )
    return found or Finding(f"{where} has no keys.", "Set it to the issuer's JWK set.")
