"""A caller's token that the function refuses: which of its checks fails.

The function never says. This reads the token itself, with nothing but the standard library, and
compares it with the JWT_ settings as they are in the environment or in .env.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from direct_upload.callers.claims import find_claim, has_claims, parse_required_claims
from direct_upload.errors import Misconfigured

from . import Finding, listed, show
from .documents import decode_part
from .keys import Document, check_key

MAX_CHARACTERS = 4096
LEEWAY_SECONDS = 30
MAX_SECONDS = 10**10  # that are shown; a claim may be any number


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
        *check_key(token, header, settings, directory),
    ]
    yield from failures
    if not any(failure.hint for failure in failures):
        yield Finding(
            "Nothing is wrong with TOKEN here, so its signature may be, or the deployed settings"
            " differ from those here.",
            "Compare them. The function's log says which check failed.",
        )
    unknown = [name for name in ("JWT_ISSUER", "JWT_AUDIENCE") if not settings.get(name)]
    if unknown:
        yield Finding(f"Not compared, as neither the environment nor .env has {listed(unknown)}.")


def _parse(token: str) -> tuple[Document, Document] | None:
    """Header and claims; None if it is not a JWT that anyone can read."""
    found = re.fullmatch(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+", token)
    header, claims = (_read_object(part) for part in found.groups()) if found else ({}, {})
    return (header, claims) if header and claims else None


def _read_object(part: str) -> dict[str, Any]:
    """The object in a part; empty for anything else. Its numbers may be as long as IDs are."""
    try:
        document = json.loads(decode_part(part).decode())
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
            f"TOKEN's iss is {show(claims.get('iss'))}, but JWT_ISSUER is {show(issuer)}.",
            "Set JWT_ISSUER to what the token has, to the letter: a slash at the end counts. If it"
            " has none, set it to *.",
        )
    found = claims.get("aud")
    if audience not in ("", "*", *(found if isinstance(found, list) else [found])):
        yield Finding(
            f"TOKEN's aud is {show(found)}, but JWT_AUDIENCE is {show(audience)}.",
            "Set JWT_AUDIENCE to what the token has, if it is made for uploads; else let the"
            " application request one that is. If it has none, set it to *.",
        )
    yield from _check_required(claims, settings.get("JWT_CLAIMS", ""))
    name = settings.get("JWT_USER_CLAIM") or "sub"
    user = find_claim(claims, name)
    if isinstance(user, bool) or not isinstance(user, (str, int)) or user == "":
        yield Finding(
            f"TOKEN names no user: its claim {show(name)} is not a text or a whole number.",
            f"Set JWT_USER_CLAIM to one of its claims: {listed(sorted(claims))}.",
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
                f"TOKEN {has} the claim {show(name)}, of which JWT_CLAIMS requires"
                f" {listed([show(value) for value in values])}.",
                "Use a token that has it; a refresh token, for one, is not for requests.",
            )
