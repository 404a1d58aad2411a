"""The function's own credentials, as Function Compute hands them out, and signing with those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from ..errors import Misconfigured

# A grant must not outlive its credentials; the minute is for clocks that differ and slow forms.
GRANT_MARGIN = timedelta(seconds=60)


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials; `expiration` is None where it is unknown (`function-role`)."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str = field(repr=False)
    expiration: datetime | None


@dataclass(frozen=True)
class BaseCredentials:
    """The function's own credentials; `source` is "context" or "environment"."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(repr=False)
    source: str


class CredentialsSource(Protocol):
    """Where grants get their credentials: an `AssumedRole` or a `FunctionRole`."""

    def get(self, context: object) -> Credentials:
        """Credentials good for a grant now, else a `Refusal`."""


def base_credentials(context: object, environ: Mapping[str, str]) -> BaseCredentials:
    """The function's own credentials as they are now; never keep them, they rotate.

    python3.10 puts fresh ones into each request's `context.credentials`; python3.12 has only the
    environment (Function Compute documents, Context; documented).
    """
    handed: Any = getattr(context, "credentials", None)
    if getattr(handed, "access_key_id", None):
        found = BaseCredentials(
            access_key_id=handed.access_key_id,
            access_key_secret=getattr(handed, "access_key_secret", None) or "",
            security_token=getattr(handed, "security_token", None) or None,
            source="context",
        )
    else:
        found = BaseCredentials(
            access_key_id=environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", ""),
            access_key_secret=environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ""),
            security_token=environ.get("ALIBABA_CLOUD_SECURITY_TOKEN") or None,
            source="environment",
        )
    if not found.access_key_id or not found.access_key_secret:
        raise Misconfigured(
            "The function has no credentials of its own.",
            "Give the function a role; on another machine set ALIBABA_CLOUD_ACCESS_KEY_ID and "
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET.",
        )
    return found


class FunctionRole:
    """Signs with the function's own temporary credentials: no STS call, and no SDK to load."""

    def __init__(self, *, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def get(self, context: object) -> Credentials:
        base = base_credentials(context, self._environ)
        if base.security_token is None:
            # The ID and signatures of a permanent key must not reach a browser.
            raise Misconfigured(
                "CREDENTIALS_SOURCE is function-role, but the function's key has no token.",
                "Give the function a role, or set CREDENTIALS_SOURCE to assume-role.",
            )
        return Credentials(
            base.access_key_id, base.access_key_secret, base.security_token, expiration=None
        )
