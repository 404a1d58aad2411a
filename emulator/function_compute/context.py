"""The context argument of a handler, in both flavours of the built-in Python runtimes.

Source: Function Compute documents, "Context" of the Python runtime. Up to python3.10 it has
`credentials`; python3.12 has none, its keys are in the environment alone.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from emulator.keyring import AccessKey

ACCOUNT_ID = "1234567890123456"
FUNCTION_NAME = "direct-upload"
HANDLER = "index.handler"
MEMORY_MB = 512
TIMEOUT_SECONDS = 10
QUALIFIER = "LATEST"


@dataclass(frozen=True)
class Credentials:
    """Empty strings where the function has no role (empty is seen live, strings are inferred)."""

    access_key_id: str = ""
    access_key_secret: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Function:
    name: str = FUNCTION_NAME
    handler: str = HANDLER
    memory: int = MEMORY_MB
    timeout: int = TIMEOUT_SECONDS


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


def credentials_of(key: AccessKey | None) -> Credentials:
    if key is None:
        return Credentials()
    return Credentials(key.access_key_id, key.access_key_secret, key.security_token or "")
