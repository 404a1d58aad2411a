"""One AssumeRole call through the SDK, bounded in time, its answer and its failures made plain.

This is the only file that names the SDK, and it imports it at the first call: half a second.
Exceptions and responses of the SDK can hold secrets in their text (a truncated answer is quoted
whole), so of them only the error code, the HTTP status and the types go further.
"""

from __future__ import annotations

import functools
import logging
import queue
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from .credentials import BaseCredentials, Credentials

# The longest session that STS grants, and the clock difference that it tolerates: 12 hours and 15
# minutes (documented; the latter for the gateway, under other products).
LONGEST_LIFE = timedelta(hours=12, minutes=15)

EXPIRATION_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
ROLE_SESSION_NAME = "direct-upload"

LOOK_UP = "Look the code up in the STS documents, AssumeRole, error codes."
RETRY_LATER = "This passes by itself; try again in a few seconds."
CHECK_THE_WAY = "Check STS_ENDPOINT, and that the function may reach it (internetAccess)."
CHECK_THE_ROLES = (
    "Allow the function's role to call sts:AssumeRole on the role that UPLOAD_ROLE_ARN names, and "
    "name the function's role in that role's trust policy."
)
CHECK_THE_FUNCTION_ROLE = (
    "STS refuses the function's own credentials: check that the function's role still exists."
)
STALE_ENVIRONMENT = (
    " They came from the environment, which an old instance of python3.12 may hold stale: deploy "
    "again to replace it."
)
# Error codes as the STS documents list them under AssumeRole; the gateway's own are of other
# products' documents, where their names are the same. First match by prefix.
CURES = {
    "NoPermission": CHECK_THE_ROLES,
    "EntityNotExist.Role": "UPLOAD_ROLE_ARN names a role that does not exist; correct it.",
    "InvalidParameter.RoleArn": "UPLOAD_ROLE_ARN must look like acs:ram::<account>:role/<name>.",
    "InvalidParameter.DurationSeconds": (
        "CREDENTIALS_SECONDS must be 900 to the MaxSessionDuration of the role that "
        "UPLOAD_ROLE_ARN names."
    ),
    "InvalidParameter.Policy": "Check OSS_BUCKET and UPLOAD_DIR: the session policy holds both.",
    "InvalidAccessKeyId": CHECK_THE_FUNCTION_ROLE,
    "InvalidSecurityToken": CHECK_THE_FUNCTION_ROLE,
    "MissingSecurityToken": CHECK_THE_FUNCTION_ROLE,
    "SignatureDoesNotMatch": CHECK_THE_FUNCTION_ROLE,
    "InvalidTimeStamp": "Set the clock of this machine: it is more than 15 minutes off.",
    "Throttling": "STS takes 100 AssumeRole calls a second of an account. " + RETRY_LATER,
}


@dataclass(frozen=True)
class Role:
    """What AssumeRole asks for, and where."""

    role_arn: str
    session_policy: str = field(repr=False)
    duration_seconds: int
    endpoint: str | None  # host, or http://host:port; None: what the SDK resolves for the region
    region: str


class AssumeRoleFailed(Exception):
    """No credentials from STS; `can_pass` when another try may fare better."""

    def __init__(self, message: str, hint: str, *, can_pass: bool) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.can_pass = can_pass


def assume_role(
    base: BaseCredentials, role: Role, *, seconds: float, clock: Callable[[], datetime]
) -> Credentials:
    """Call AssumeRole once and wait at most `seconds`, else raise `AssumeRoleFailed`.

    The SDK's timeouts bound one connect and one read, neither a name look-up nor an answer that
    trickles. Hence the thread: it lives on only as long as such a server holds it.
    """
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def call() -> None:
        try:
            answers.put(_call(base, role, seconds))
        except Exception as error:
            answers.put(_failure(error, base))

    threading.Thread(target=call, name="assume-role", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        answer = AssumeRoleFailed("STS did not answer in time.", CHECK_THE_WAY, can_pass=True)
    if isinstance(answer, AssumeRoleFailed):
        raise answer
    return _credentials(answer, clock())


@functools.cache
def load_sdk() -> None:
    """Import the SDK, and silence what it would print."""
    import alibabacloud_sts20150401.client  # noqa: F401

    # It hangs handlers of its own to these, which would print each line again to stderr. Above
    # DEBUG, DEBUG=sdk in the environment can no longer print tokens and signatures.
    for name in ("credentials", "darabonba-core", "alibabacloud-tea"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).setLevel(logging.WARNING)
    # Its lines hold whole URLs, and with them the session policy.
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def _call(base: BaseCredentials, role: Role, seconds: float) -> Any:
    """What the SDK makes of the answer: its type promises nothing about the content."""
    from alibabacloud_sts20150401.client import Client
    from alibabacloud_sts20150401.models import AssumeRoleRequest
    from alibabacloud_tea_openapi.utils_models import Config
    from darabonba.runtime import RuntimeOptions

    # With a scheme inside `endpoint` the SDK would send, and sign, a wrong Host.
    scheme, _, address = (role.endpoint or "").rpartition("://")
    milliseconds = max(1, int(seconds * 1000))  # 0 would mean the SDK's defaults, up to 10 s
    # A client costs 16 microseconds and holds the base credentials, which rotate; the connections
    # belong to the process. No retry_options on purpose: the SDK would wait between its tries
    # without a deadline, and cannot retry an answer that it cannot read.
    client = Client(
        Config(
            access_key_id=base.access_key_id,
            access_key_secret=base.access_key_secret,
            security_token=base.security_token,
            region_id=role.region,
            endpoint=address or None,
            protocol=scheme.upper() or "HTTPS",
        )
    )
    return client.assume_role_with_options(
        AssumeRoleRequest(
            duration_seconds=role.duration_seconds,
            policy=role.session_policy,
            role_arn=role.role_arn,
            role_session_name=ROLE_SESSION_NAME,
        ),
        RuntimeOptions(connect_timeout=milliseconds, read_timeout=milliseconds),
    )


def _failure(error: Exception, base: BaseCredentials) -> AssumeRoleFailed:
    """The failure in our words; never looks at the text of the error."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        code = str(getattr(error, "code", None))
        if not re.fullmatch(r"[A-Za-z0-9.]{1,64}", code):
            code = "unknown"
        overloaded = code.startswith("Throttling") or status == 429
        can_pass = overloaded or status >= 500 or getattr(error, "retry_after", None) is not None
        cures = (cure for prefix, cure in CURES.items() if code.startswith(prefix))
        hint = next(cures, RETRY_LATER if can_pass else LOOK_UP)
        if hint == CHECK_THE_FUNCTION_ROLE and base.source == "environment":
            hint += STALE_ENVIRONMENT
        return AssumeRoleFailed(
            f"STS refused AssumeRole: {code} (HTTP {status}).", hint, can_pass=can_pass
        )
    inner = type(getattr(error, "inner_exception", None) or error).__name__
    if inner == "RetryError":  # the SDK's name for whatever happens to a connection
        return AssumeRoleFailed("STS could not be reached.", CHECK_THE_WAY, can_pass=True)
    return AssumeRoleFailed(
        f"STS gave an answer that is not AssumeRole's ({inner}).", CHECK_THE_WAY, can_pass=True
    )


def _credentials(response: Any, now: datetime) -> Credentials:
    """The response's credentials; the SDK passes on absent and odd values without a word."""
    issued = getattr(getattr(response, "body", None), "credentials", None)
    access_key_id = _word(issued, "access_key_id")
    access_key_secret = _word(issued, "access_key_secret")
    security_token = _word(issued, "security_token")
    expires = _instant(_word(issued, "expiration"))
    if expires is None or not now < expires <= now + LONGEST_LIFE:
        raise AssumeRoleFailed(
            "STS answered with an Expiration that cannot be.",
            "Check the clock of this machine, and that STS_ENDPOINT names STS.",
            can_pass=True,
        )
    return Credentials(access_key_id, access_key_secret, security_token, expires)


def _word(issued: Any, name: str) -> str:
    value = getattr(issued, name, None)
    if not (isinstance(value, str) and re.fullmatch(r"[!-~]+", value)):
        raise AssumeRoleFailed(
            f"STS answered without a usable {name}.", CHECK_THE_WAY, can_pass=True
        )
    return value


def _instant(text: str) -> datetime | None:
    """The instant that STS writes, in UTC whatever this machine's time zone is."""
    try:
        instant = datetime.strptime(text, EXPIRATION_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return instant if instant.strftime(EXPIRATION_FORMAT) == text else None
