"""Who sends a request: what AUTH makes of its token.

Checking tokens needs PyJWT and cryptography, which cost a cold start time; `callers_for` loads them
with AUTH=jwt only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ..settings import Settings
from .claims import Caller

__all__ = ["Anyone", "Caller", "Callers", "callers_for"]


class Callers(Protocol):
    """Tells who sends a request."""

    def caller(self, headers: Mapping[str, str], query: Mapping[str, str], now: datetime) -> Caller:
        """The caller, who has no name with AUTH=anonymous; else `Unauthorized`."""


class Anyone:
    """AUTH=anonymous: every caller is admitted, and none has a name."""

    def caller(self, headers: Mapping[str, str], query: Mapping[str, str], now: datetime) -> Caller:
        return Caller("")


def callers_for(settings: Settings, *, directory: Path) -> Callers:
    """What AUTH says; `directory` is where `file:NAME` in JWT_JWKS is looked up."""
    if settings.auth == "anonymous":
        return Anyone()
    from .keys import read_jwks
    from .tokens import JwtCallers

    return JwtCallers(
        keys=read_jwks(settings.jwt_jwks, directory),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        user_claim=settings.jwt_user_claim,
    )
