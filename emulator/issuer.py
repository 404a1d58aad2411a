"""An issuer of tokens for development: anyone who can reach it gets a token for any user."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

KEY_ID = "development"
TOKEN_LIFE = timedelta(minutes=5)


class Issuer:
    """Signs with ES256 and a key that it makes for itself."""

    def __init__(self, *, issuer: str, audience: str, user_claim: str = "sub") -> None:
        self._always = {"iss": issuer, "aud": audience}
        self._user_claim = user_claim
        self._key = generate_private_key(SECP256R1())

    def jwks(self) -> dict[str, Any]:
        """The JWK set (RFC 7517) that its tokens are checked with."""
        jwk = json.loads(ECAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**jwk, "kid": KEY_ID, "alg": "ES256", "use": "sig"}]}

    def token(self, user: str, claims: Mapping[str, Any], now: datetime) -> str:
        """A token for a user; `claims` are added to its own, or replace them."""
        times = {"iat": int(now.timestamp()), "exp": int((now + TOKEN_LIFE).timestamp())}
        payload = {**self._always, **times, "sub": user, self._user_claim: user, **claims}
        # jwt.encode refuses some claims of wrong types, which developers may want to try.
        return jwt.api_jws.encode(
            json.dumps(payload).encode(), self._key, "ES256", {"typ": "JWT", "kid": KEY_ID}
        )
