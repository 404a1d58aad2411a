"""Who sends a request: what AUTH makes of its token.

Checking tokens needs PyJWT and cryptography, which cost a cold start time; `callers_for` loads them
with AUTH=jwt only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..http.outgoing import is_url
from ..settings import Settings
from .claims import Caller, RequiredClaims, parse_required_claims

if TYPE_CHECKING:
    from .keys import Keys

__all__ = ["NOBODY", "Anyone", "Caller", "Callers", "callers_for"]


class Callers(Protocol):
    """Tells who sends a request."""

    def caller(self, headers: Mapping[str, str], query: Mapping[str, str], now: datetime) -> Caller:
        """The caller, who has no name with AUTH=anonymous; else `Unauthorized`.

        `KeysUnavailable` while the keys of tokens cannot be fetched.
        """


NOBODY = Caller("")


class Anyone:
    """AUTH=anonymous: every caller is admitted, and none has a name."""

    def caller(self, headers: Mapping[str, str], query: Mapping[str, str], now: datetime) -> Caller:
        return NOBODY


def callers_for(settings: Settings, *, directory: Path) -> Callers:
    """What AUTH says; `directory` is where `file:NAME` in JWT_JWKS is looked up."""
    if settings.auth == "anonymous":
        return Anyone()
    from .tokens import JwtCallers

    return JwtCallers(
        keys=_keys(settings, directory),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        required=_required_claims(settings.jwt_claims),
        user_claim=settings.jwt_user_claim,
    )


def _keys(settings: Settings, directory: Path) -> Keys:
    if is_url(settings.jwt_jwks):
        from .fetched import FetchedKeys

        return FetchedKeys(settings.jwt_jwks)
    from .keys import SharedSecret, read_jwks

    if settings.jwt_secret:
        return SharedSecret(settings.jwt_secret)
    return read_jwks(settings.jwt_jwks, directory)


def _required_claims(setting: str) -> RequiredClaims:
    if not setting:
        return {}
    try:
        document = json.loads(setting)
    except (ValueError, RecursionError):
        document = None  # refused like any other JSON of a wrong shape
    return parse_required_claims("JWT_CLAIMS", document)
