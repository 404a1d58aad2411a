"""Whose key signs: the function's own credentials, or those of a role that it assumes.

The assumed role's are cached, and its session policy limits what they may do. Only `sts` names the
SDK, and loads it with the first AssumeRole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ..settings import Settings
from .function_role import GRANT_MARGIN, Credentials, CredentialsSource, FunctionRole

__all__ = ["GRANT_MARGIN", "Credentials", "CredentialsSource", "credentials_for"]


def credentials_for(
    settings: Settings,
    environ: Mapping[str, str],
    clock: Callable[[], datetime],
    *,
    prefixes: Sequence[str],
    policy_seconds: int,
    multipart: bool = False,
) -> CredentialsSource:
    """What CREDENTIALS_SOURCE says; `environ` is where the function's own keys may be.

    The credentials may put objects below the prefixes, with `multipart` also list and abort uploads
    there. They are renewed in time for grants of `policy_seconds`.
    """
    if settings.credentials_source == "function-role":
        return FunctionRole(environ=environ)
    from .assumed_role import AssumedRole  # costs a cold start time
    from .sts import Role, session_policy

    return AssumedRole(
        Role(
            settings.upload_role_arn,
            session_policy(settings.oss_bucket, prefixes, multipart=multipart),
            settings.credentials_seconds,
            settings.sts_endpoint,
            settings.sts_region,
        ),
        policy_seconds=policy_seconds,
        environ=environ,
        clock=clock,
    )
