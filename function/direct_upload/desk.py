"""What the routes work with: all that is fixed for one configuration, made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .credentials import CredentialsSource, FunctionRole
from .form_budget import grant_maker
from .grants import GrantMaker
from .session_policy import session_policy
from .settings import Settings


class Callers(Protocol):
    """Tells who asks; `Unauthorized` for whoever may not."""

    def user(self, headers: Mapping[str, str], query: Mapping[str, str], now: datetime) -> str: ...


class Anyone:
    """Everyone may ask, and nobody is known."""

    def user(self, headers: Mapping[str, str], query: Mapping[str, str], now: datetime) -> str:
        return ""


@dataclass(frozen=True)
class Desk:
    """One per configuration; safe to share between threads."""

    settings: Settings
    callers: Callers
    credentials: CredentialsSource
    grants: GrantMaker
    clock: Callable[[], datetime]


def open_desk(
    settings: Settings, environ: Mapping[str, str], clock: Callable[[], datetime]
) -> Desk:
    """Make everything that a configuration needs; `Misconfigured` where it cannot be."""
    return Desk(
        settings=settings,
        callers=_callers(settings),
        credentials=_credentials(settings, environ, clock),
        grants=grant_maker(settings),
        clock=clock,
    )


def _callers(settings: Settings) -> Callers:
    if settings.auth == "anonymous":
        return Anyone()
    # PyJWT and cryptography cost a cold start that only those who use them should pay.
    from pathlib import Path

    from .callers import JwtCallers
    from .jwks import read_jwks

    return JwtCallers(
        jwks=read_jwks(settings.jwt_jwks, directory=Path(__file__).parents[1]),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        user_claim=settings.jwt_user_claim,
    )


def _credentials(
    settings: Settings, environ: Mapping[str, str], clock: Callable[[], datetime]
) -> CredentialsSource:
    if settings.credentials_source == "function-role":
        return FunctionRole(environ=environ)
    from .assumed_role import AssumedRole  # costs a cold start as well

    return AssumedRole(
        role_arn=settings.upload_role_arn,
        session_policy=session_policy(settings.oss_bucket, settings.upload_dir),
        duration_seconds=settings.credentials_seconds,
        policy_seconds=settings.policy_seconds,
        endpoint=settings.sts_endpoint,
        region=settings.sts_region,
        environ=environ,
        clock=clock,
    )
