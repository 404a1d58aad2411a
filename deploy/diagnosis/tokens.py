"""A caller's token that the function refuses: which of its checks fails.

The function never says. This reads the token itself, with nothing but the standard library, and
compares it with the JWT_ settings as they are in the environment or in .env. A signature is only
checked with a shared secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from direct_upload.callers.claims import find_claim, has_claims, parse_required_claims
from direct_upload.errors import Misconfigured

from . import Finding
from .browser import NoResponse, fetch
from .documents import parse_object

Document = Mapping[str, Any]

MAX_CHARACTERS = 4096
LEEWAY_SECONDS = 30
MAX_SECONDS = 10**10  # that are shown; a claim may be any number
# Of keys in a set: kind and curve, and the algorithm that the function takes from them.
ALGORITHMS = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("EC", "P-384"): "ES384",
    ("OKP", "Ed25519"): "EdDSA",
}
SETTINGS = ("JWT_JWKS", "JWT_SECRET", "JWT_ISSUER", "JWT_AUDIENCE")


def check_token(
    token: str, settings: Mapping[str, str], now: datetime, *, directory: Path
) -> Iterator[Finding]:
    """Each check of the function that the token fails; `directory` is that of index.py."""
    settings = {name: value.strip() for name, value in settings.items()}
    parts = _parse(token)
    if parts is None:
        yield Finding(
            "TOKEN is not a signed JWT: three parts with JSON in the first two.",
            "Use the access token that the application sends. Some issuers send one that only they"
            " can read (opaque, or encrypted) until the application names an API as its audience.",
        )
        return
    header, claims = parts
    failures = [
        *_check_form(token, header),
        *_check_times(claims, now.timestamp()),
        *_check_claims(claims, settings),
        *_check_key(token, header, settings, directory),
    ]
    yield from failures
    if not any(failure.hint for failure in failures):
        yield Finding(
            "Nothing is wrong with TOKEN here, so its signature may be, or the deployed settings"
            " differ from those here.",
            "Compare them. The function's log says which check failed.",
        )
    unknown = [name for name in SETTINGS[2:] if not settings.get(name)]
    if unknown:
        yield Finding(f"Not compared, as neither the environment nor .env has {_list(unknown)}.")


def _parse(token: str) -> tuple[Document, Document] | None:
    """Header and claims; None if it is not a JWT that anyone can read."""
    found = re.fullmatch(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+", token)
    header, claims = (_read_object(part) for part in found.groups()) if found else ({}, {})
    return (header, claims) if header and claims else None


def _decode(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:  # a length that Base64 does not have
        return b""


def _read_object(part: str) -> dict[str, Any]:
    """The object in a part; empty for anything else. Its numbers may be as long as IDs are."""
    try:
        document = json.loads(_decode(part).decode())
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _check_form(token: str, header: Document) -> Iterator[Finding]:
    if len(token) > MAX_CHARACTERS:
        hint = "Let the issuer put less into it."
        yield Finding(f"TOKEN has more than {MAX_CHARACTERS} characters.", hint)
    if "crit" in header:
        hint = "Let the issuer send tokens without it."
        yield Finding("TOKEN has a header crit: extensions that the function does not know.", hint)


def _check_times(claims: Document, now: float) -> Iterator[Finding]:
    if "exp" not in claims:
        hint = "Let the issuer limit the life of its tokens."
        yield Finding("TOKEN has no exp, so it would never expire.", hint)
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name, now)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield Finding(f"TOKEN's {name} is not a number.", "Let the issuer send Unix seconds.")
        elif name == "exp" and now - LEEWAY_SECONDS >= value:
            hint = "Get a new token from the issuer, and set TOKEN to it."
            yield Finding(f"TOKEN expired {_seconds(now, value)} s ago.", hint)
        elif name != "exp" and now + LEEWAY_SECONDS < value:
            hint = "Compare the clocks of the issuer and of this machine."
            yield Finding(f"TOKEN's {name} lies {_seconds(now, value)} s in the future.", hint)


def _seconds(now: float, value: float) -> str:
    return f"{min(abs(int(now) - value), MAX_SECONDS):.0f}"


def _check_claims(claims: Document, settings: Mapping[str, str]) -> Iterator[Finding]:
    issuer, audience = settings.get("JWT_ISSUER", ""), settings.get("JWT_AUDIENCE", "")
    if issuer not in ("", "*", claims.get("iss")):
        yield Finding(
            f"TOKEN's iss is {_show(claims.get('iss'))}, but JWT_ISSUER is {_show(issuer)}.",
            "Set JWT_ISSUER to what the token has, to the letter: a slash at the end counts. If it"
            " has none, set it to *.",
        )
    found = claims.get("aud")
    if audience not in ("", "*", *(found if isinstance(found, list) else [found])):
        yield Finding(
            f"TOKEN's aud is {_show(found)}, but JWT_AUDIENCE is {_show(audience)}.",
            "Set JWT_AUDIENCE to what the token has, if it is made for uploads; else let the"
            " application request one that is. If it has none, set it to *.",
        )
    yield from _check_required(claims, settings.get("JWT_CLAIMS", ""))
    name = settings.get("JWT_USER_CLAIM") or "sub"
    user = find_claim(claims, name)
    if isinstance(user, bool) or not isinstance(user, (str, int)) or user == "":
        yield Finding(
            f"TOKEN names no user: its claim {_show(name)} is not a text or a whole number.",
            f"Set JWT_USER_CLAIM to one of its claims: {_list(sorted(claims))}.",
        )


def _check_required(claims: Document, setting: str) -> Iterator[Finding]:
    try:
        required = parse_required_claims("JWT_CLAIMS", json.loads(setting)) if setting else {}
    except (Misconfigured, ValueError, RecursionError):
        hint = 'Write it as {"token_type": ["access"]}.'
        yield Finding("JWT_CLAIMS is not JSON that lists permitted values.", hint)
        return
    for name, values in required.items():
        if not has_claims(claims, {name: values}):
            has = "lacks" if find_claim(claims, name) is None else "has another value in"
            yield Finding(
                f"TOKEN {has} the claim {_show(name)}, of which JWT_CLAIMS requires"
                f" {_list([_show(value) for value in values])}.",
                "Use a token that has it; a refresh token, for one, is not for requests.",
            )


def _check_key(
    token: str, header: Document, settings: Mapping[str, str], directory: Path
) -> Iterator[Finding]:
    algorithm = header.get("alg")
    secret, jwks = settings.get("JWT_SECRET", ""), settings.get("JWT_JWKS", "")
    if secret:
        if algorithm != "HS256":
            yield Finding(
                f"TOKEN is signed with {_show(algorithm)}, but JWT_SECRET is for HS256 only.",
                "Set JWT_JWKS to the issuer's public keys instead of JWT_SECRET.",
            )
        elif not _is_signed(token, secret):
            hint = "Set JWT_SECRET to the issuer's, to the letter."
            yield Finding("TOKEN is signed with another secret than JWT_SECRET.", hint)
    elif algorithm not in ALGORITHMS.values():
        yield Finding(
            f"TOKEN is signed with {_show(algorithm)}, which needs "
            + ("JWT_SECRET instead of JWT_JWKS." if algorithm == "HS256" else "another algorithm."),
            f"Let the issuer sign with one of {_list(list(ALGORITHMS.values()))}; for HS256 set"
            " JWT_SECRET.",
        )
    elif jwks:
        yield from _check_kid(header, jwks, directory)
    else:
        yield Finding("Not compared: neither the environment nor .env has JWT_JWKS or JWT_SECRET.")


def _is_signed(token: str, secret: str) -> bool:
    signed, _, signature = token.rpartition(".")
    expected = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)
    return hmac.compare_digest(expected, _decode(signature))


def _check_kid(header: Document, jwks: str, directory: Path) -> Iterator[Finding]:
    keys = _read_keys(jwks, directory)
    if isinstance(keys, Finding):
        yield keys
        return
    kid = header.get("kid")
    named = [key for key in keys if kid is None or key.get("kid") == kid]
    if not named:
        yield Finding(
            f"TOKEN names the key {_show(kid)}, which is not among the {len(keys)} of JWT_JWKS.",
            "Use the set of the issuer that made the token. If it changed its keys, copy the set"
            " again, or set JWT_JWKS to its URL. A set that was fetched is fetched again for a new"
            " key, at most once a minute.",
        )
    elif kid is None and len(keys) > 1:
        hint = "Let the issuer name the key (kid)."
        yield Finding("TOKEN names no key, and JWT_JWKS has several.", hint)
    elif not any(_algorithm(key) == header["alg"] for key in named):
        yield Finding(
            f"TOKEN is signed with {_show(header['alg'])}, but the function accepts"
            f" {_list(sorted({_algorithm(key) for key in named}))} with its key.",
            f"Let the issuer sign with one of {_list(list(ALGORITHMS.values()))}, and publish a key"
            " for it.",
        )


def _algorithm(key: Document) -> str:
    kind = key.get("kty"), None if key.get("kty") == "RSA" else key.get("crv")
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


def _show(value: object) -> str:
    """A setting or a public part of the token, such as an issuer; shortened."""
    if value is None:
        return "missing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else text[:100] + "..."


def _list(words: list[str]) -> str:
    return ", ".join(words)[:200]
