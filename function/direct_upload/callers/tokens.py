"""Callers' tokens: a JWT in the `Authorization` header (RFC 6750, RFC 7519).

PyJWT checks form and signature; the claims are checked here, against the time that is passed in.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import NoReturn

from jwt import PyJWS
from jwt.exceptions import PyJWTError

from ..errors import Unauthorized
from .claims import Caller, Claims, RequiredClaims, find_claim, has_claims
from .keys import Keys

logger = logging.getLogger("direct_upload")

MAX_TOKEN_CHARACTERS = 4096
LEEWAY_SECONDS = 30  # between the issuer's clock and this one

# Commas are not among them: Function Compute joins repeated headers with one.
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)")
# A token in a URL ends up in logs and histories (RFC 6750, 5.3), so a request with one there is
# refused, even if it has the header as well.
_QUERY_NAMES = frozenset({"access_token", "authorization", "id_token", "jwt", "token"})


class JwtCallers:
    """Checks tokens of one issuer for one audience; safe to share between threads.

    `*` as issuer or audience stands for any, and for none.
    """

    def __init__(
        self,
        *,
        keys: Keys,
        issuer: str,
        audience: str,
        required: RequiredClaims,
        user_claim: str,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._required = required
        self._user_claim = user_claim
        self._jws = PyJWS()

    def caller(self, headers: Mapping[str, str], query: Mapping[str, str], now: datetime) -> Caller:
        """The caller; else `Unauthorized`, which never says why, or `KeysUnavailable`."""
        try:
            claims = self._verified(_token(headers, query), now)
            _check_time(claims, now.timestamp())
            self._check_claims(claims)
            return Caller(self._name(claims), claims)
        except _WrongToken as reason:
            # One of the fixed texts below, with nothing of the token in it.
            logger.info("caller refused: %s", reason)
        raise Unauthorized(
            "Missing or invalid token.",
            "Send a valid token as Authorization: Bearer TOKEN.",
            {"WWW-Authenticate": "Bearer"},
        )

    def _verified(self, token: str, now: datetime) -> Claims:
        """The claims of a token that one of our keys signed."""
        try:
            header = self._jws.get_unverified_header(token)
            if "crit" in header:  # extensions that must be understood; there are none here
                raise _WrongToken("the token has a crit header")
            key = self._keys.find(header.get("kid"), now)
            if key is None:
                raise _WrongToken("the token names no key of JWT_JWKS")
            # The algorithm is the key's own; a token of another one is refused.
            payload = self._jws.decode_complete(token, key)["payload"]
            # Decoded here, as json would guess other encodings (RFC 8725, 3.7).
            claims = json.loads(payload.decode(), parse_constant=_not_json)
        except (PyJWTError, ValueError, RecursionError):
            raise _WrongToken("the token is malformed or its signature is wrong") from None
        if not isinstance(claims, dict):
            raise _WrongToken("the token's payload is not an object")
        return claims

    def _check_claims(self, claims: Claims) -> None:
        if self._issuer not in ("*", claims.get("iss")):
            raise _WrongToken("the token's iss is not JWT_ISSUER")
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if self._audience not in ("*", *audiences):
            raise _WrongToken("the token's aud is not JWT_AUDIENCE")
        if not has_claims(claims, self._required):
            raise _WrongToken("the token lacks a claim of JWT_CLAIMS")

    def _name(self, claims: Claims) -> str:
        name = find_claim(claims, self._user_claim)
        if isinstance(name, int) and not isinstance(name, bool):
            return str(name)
        if not isinstance(name, str) or not name:
            raise _WrongToken("the token does not name a user in JWT_USER_CLAIM")
        return name


class _WrongToken(Exception):
    """Why a caller is refused; only for the log."""


def _token(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    if any(name.lower() in _QUERY_NAMES for name in query):
        raise _WrongToken("there is a token in the query")
    value = headers.get("authorization")
    if value is None:
        raise _WrongToken("there is no Authorization header")
    found = _BEARER.fullmatch(value)
    if found is None:
        raise _WrongToken("the Authorization header is not one bearer token")
    if len(found[1]) > MAX_TOKEN_CHARACTERS:
        raise _WrongToken("the token is too long")
    return found[1]


def _check_time(claims: Claims, now: float) -> None:
    expires = _moment(claims, "exp")
    if expires is None:
        raise _WrongToken("the token has no exp")
    if now - LEEWAY_SECONDS >= expires:
        raise _WrongToken("the token has expired")
    for name in ("nbf", "iat"):
        begins = _moment(claims, name)
        if begins is not None and now + LEEWAY_SECONDS < begins:
            raise _WrongToken(f"the token's {name} lies in the future")


def _moment(claims: Claims, name: str) -> float | None:
    """A NumericDate in Unix seconds; None when the claim is absent."""
    if name not in claims:
        return None
    value = claims[name]
    # bool is an int to Python, not to JSON.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _WrongToken(f"the token's {name} is not a number")
    if value in (math.inf, -math.inf):  # how Python reads 1e999
        raise _WrongToken(f"the token's {name} is not a time")
    return value


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
