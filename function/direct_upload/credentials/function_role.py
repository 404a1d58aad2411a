"""The function's own credentials, as Function Compute hands them out, and signing with those."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from ..errors import Misconfigured

# A grant must not outlive its credentials; the minute is for clocks that differ and slow forms.
GRANT_MARGIN = timedelta(seconds=60)


class Credentials(NamedTuple):
    """Temporary credentials; `expiration` is None where it is unknown (`function-role`)."""

    access_key_id: str
    access_key_secret: str
    security_token: str
    expiration: datetime | None

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id!r}, expiration={self.expiration!r})"


class BaseCredentials(NamedTuple):
    """The function's own credentials; `source` is "context" or "environment"."""

    access_key_id: str
    access_key_secret: str
    security_token: str | None
    source: str

    def __repr__(self) -> str:
        return f"BaseCredentials({self.access_key_id!r}, source={self.source!r})"


class CredentialsSource(Protocol):
    """Where grants get their credentials: an `AssumedRole` or a `FunctionRole`."""

    def get(self, context: object) -> Credentials:
        """Credentials good for a grant now, else a `Refusal`."""


def base_credentials(context: object, environ: Mapping[str, str]) -> BaseCredentials:
    """The function's own credentials as they are now; never keep them, they rotate.

    python3.10 puts fresh ones into each request's `context.credentials`; python3.12 has only the
    environment (Function Compute documents, "Context").
    """
    handed: Any = getattr(context, "credentials", None)
    if getattr(handed, "access_key_id", None):
        found = BaseCredentials(
            handed.access_key_id,
            getattr(handed, "access_key_secret", None) or "",
            getattr(handed, "security_token", None) or None,
            "context",
        )
    else:
        found = BaseCredentials(
            environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", ""),
            environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ""),
            environ.get("ALIBABA_CLOUD_SECURITY_TOKEN") or None,
            "environment",
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
