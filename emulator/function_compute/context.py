"""The context argument of a handler, for both kinds of built-in Python runtimes.

Source: Function Compute documents, "Context" of the Python runtime. Up to python3.10 it has
`credentials`; in python3.12 the keys are only in the environment.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..keyring import ACCOUNT_ID, AccessKey

QUALIFIER = "LATEST"
FUNCTION_ROLE_LIFE = timedelta(hours=36)  # of the credentials that a function gets


@dataclass(frozen=True)
class Credentials:
    """Those of the function's role. Without one they are empty (seen live) strings (inferred)."""

    access_key_id: str = ""
    access_key_secret: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Function:
    name: str = "direct-upload"
    handler: str = "index.handler"
    memory: int = 512  # MB
    timeout: int = 10  # seconds


@dataclass(frozen=True)
class VersionedFunction(Function):
    version_id: str = ""
    qualifier: str = QUALIFIER


@dataclass(frozen=True)
class Service:
    log_project: str = ""
    log_store: str = ""
    qualifier: str = QUALIFIER
    version_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ContextWithCredentials:
    """As of python3.10."""

    request_id: str
    region: str
    credentials: Credentials
    account_id: str = ACCOUNT_ID
    function: Function = Function()
    service: Service = Service()


@dataclass(frozen=True, kw_only=True)
class ContextWithoutCredentials:
    """As of python3.12."""

    request_id: str
    region: str
    account_id: str = ACCOUNT_ID
    function: VersionedFunction = VersionedFunction()
    logger: logging.Logger = field(default_factory=logging.getLogger)
    log_project: str = ""
    log_store: str = ""


Context = ContextWithCredentials | ContextWithoutCredentials


@dataclass(frozen=True)
class Contexts:
    """What the contexts of all calls of a function have in common."""

    region: str
    credentials: Credentials
    in_context: bool  # as up to python3.10

    def make(self, request_id: str) -> Context:
        if self.in_context:
            return ContextWithCredentials(
                request_id=request_id, region=self.region, credentials=self.credentials
            )
        return ContextWithoutCredentials(request_id=request_id, region=self.region)


def new_request_id(now: datetime) -> str:
    return f"1-{int(now.timestamp()):08x}-{secrets.token_hex(12)}"


def credentials_of(key: AccessKey | None) -> Credentials:
    if key is None:
        return Credentials()
    return Credentials(key.access_key_id, key.access_key_secret, key.security_token or "")
