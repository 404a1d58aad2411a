"""One AssumeRole call through the SDK: bounded in time, its failures translated into our errors.

Only this file names the SDK, and imports it with the first call: half a second. The text of the
SDK's exceptions may quote a response with its secrets, so only error code, HTTP status and types
leave this file.
"""

from __future__ import annotations

import functools
import json
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from ..errors import Misconfigured
from ..http.outgoing import TookTooLong, within
from .function_role import BaseCredentials, Credentials

# The longest session that STS grants, and the clock difference that it tolerates: 12 hours and 15
# minutes (documented; the latter for the gateway, under other products).
LONGEST_LIFE = timedelta(hours=12, minutes=15)

EXPIRATION_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
ROLE_SESSION_NAME = "direct-upload"
# "must be smaller than 2048 bytes" (STS documents, AssumeRole, InvalidParameter.PolicySize).
MAX_SESSION_POLICY_BYTES = 2047

# RAM policies for OSS list both as actions on objects (OSS documents, "RAM policies").
MULTIPART_ACTIONS = ("oss:ListParts", "oss:AbortMultipartUpload")

LOOK_UP = "See AssumeRole, error codes, in the STS documents."
RETRY_LATER = "This is transient; try again in a few seconds."
CHECK_THE_WAY = "Check STS_ENDPOINT, and that the function can reach it (internetAccess)."
TOO_LATE = ("STS did not respond in time.", RETRY_LATER)
CHECK_THE_ROLES = (
    "Allow the function's role to call sts:AssumeRole on the role that UPLOAD_ROLE_ARN names, and "
    "name the function's role in that role's trust policy."
)
CHECK_THE_FUNCTION_ROLE = (
    "STS refuses the function's own credentials: check that the function's role still exists."
)
STALE_ENVIRONMENT = (
    " They came from the environment, which may be stale in an old instance of python3.12: deploy "
    "again to replace it."
)
# Error codes as the STS documents list them under AssumeRole; those of the gateway are from other
# products' documents, with the same names. The first prefix that matches counts.
HINTS = {
    "NoPermission": CHECK_THE_ROLES,
    "EntityNotExist.Role": "UPLOAD_ROLE_ARN names a role that does not exist; correct it.",
    "InvalidParameter.RoleArn": "UPLOAD_ROLE_ARN must look like acs:ram::<account>:role/<name>.",
    "InvalidParameter.DurationSeconds": (
        "CREDENTIALS_SECONDS must be 900 to the MaxSessionDuration of the role that "
        "UPLOAD_ROLE_ARN names."
    ),
    "InvalidParameter.Policy": "Check OSS_BUCKET and UPLOAD_DIR: the session policy contains both.",
    "InvalidAccessKeyId": CHECK_THE_FUNCTION_ROLE,
    "InvalidSecurityToken": CHECK_THE_FUNCTION_ROLE,
    "MissingSecurityToken": CHECK_THE_FUNCTION_ROLE,
    "SignatureDoesNotMatch": CHECK_THE_FUNCTION_ROLE,
    "InvalidTimeStamp": "Correct the clock of this machine: it is more than 15 minutes off.",
    "Throttling": "STS accepts 100 AssumeRole calls a second from an account. " + RETRY_LATER,
}


@dataclass(frozen=True)
class Role:
    """The role to assume, for how long, under which session policy, and where."""

    role_arn: str
    session_policy: str = field(repr=False)
    duration_seconds: int
    endpoint: str | None  # host, or http://host:port; None: what the SDK resolves for the region
    region: str


class AssumeRoleFailed(Exception):
    """No credentials from STS; `transient` when another try may succeed."""

    def __init__(self, message: str, hint: str, *, transient: bool) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.transient = transient


def session_policy(bucket: str, prefixes: Sequence[str], *, multipart: bool = False) -> str:
    """A RAM policy that allows putting objects below the prefixes, and nothing else.

    With `multipart` also what resumable uploads need besides: to list their parts and to abort.

    PostObject is authorised as oss:PutObject (OSS documents, PostObject). All users and presets
    share one AssumeRole, so a prefix is what all keys of a preset begin with; each POST policy pins
    its user's.
    """
    resources = [f"acs:oss:*:*:{bucket}/{prefix}*" for prefix in prefixes]
    policy = json.dumps(
        {
            "Version": "1",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["oss:PutObject", *MULTIPART_ACTIONS]
                    if multipart
                    else "oss:PutObject",
                    "Resource": resources if len(resources) > 1 else resources[0],
                }
            ],
        },
        separators=(",", ":"),
    )
    if len(policy) > MAX_SESSION_POLICY_BYTES:
        raise Misconfigured(
            "UPLOAD_DIR, or all dirs in UPLOAD_PRESETS, are too long for a session policy.",
            "Shorten them.",
        )
    return policy


def assume_role(
    base: BaseCredentials, role: Role, *, seconds: float, clock: Callable[[], datetime]
) -> Credentials:
    """Call AssumeRole once and wait at most `seconds`, else raise `AssumeRoleFailed`."""

    def call() -> Any:
        try:
            return _call(base, role, seconds)
        except Exception as error:
            return _failure(error, base)

    try:
        response = within(seconds, call)
    except TookTooLong:
        response = AssumeRoleFailed(TOO_LATE[0], CHECK_THE_WAY, transient=True)
    if isinstance(response, AssumeRoleFailed):
        raise response
    return _credentials(response, clock())


@functools.cache
def load_sdk() -> None:
    """Import the SDK, and silence what it would print."""
    import alibabacloud_sts20150401.client  # noqa: F401

    # It adds its own handlers to these, which would print each line again to stderr. Above DEBUG,
    # DEBUG=sdk in the environment can no longer print tokens and signatures.
    for name in ("credentials", "darabonba-core", "alibabacloud-tea"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).setLevel(logging.WARNING)
    # Its lines contain whole URLs, and so the session policy.
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def _call(base: BaseCredentials, role: Role, seconds: float) -> Any:
    """What the SDK makes of the response: its type promises nothing about the content."""
    from alibabacloud_sts20150401.client import Client
    from alibabacloud_sts20150401.models import AssumeRoleRequest
    from alibabacloud_tea_openapi.utils_models import Config
    from darabonba.runtime import RuntimeOptions

    # With a scheme inside `endpoint` the SDK would send, and sign, a wrong Host.
    scheme, _, address = (role.endpoint or "").rpartition("://")
    milliseconds = max(1, int(seconds * 1000))  # 0 would mean the SDK's defaults, up to 10 s
    # A client costs 16 microseconds and keeps the base credentials, which rotate; the connections
    # belong to the process. No retry_options on purpose: the SDK would wait between its tries
    # without a deadline, and cannot retry a response that it cannot read.
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
        transient = overloaded or status >= 500 or getattr(error, "retry_after", None) is not None
        hints = (hint for prefix, hint in HINTS.items() if code.startswith(prefix))
        hint = next(hints, RETRY_LATER if transient else LOOK_UP)
        if hint == CHECK_THE_FUNCTION_ROLE and base.source == "environment":
            hint += STALE_ENVIRONMENT
        return AssumeRoleFailed(
            f"STS refused AssumeRole: {code} (HTTP {status}).", hint, transient=transient
        )
    inner = type(getattr(error, "inner_exception", None) or error).__name__
    if inner == "RetryError":  # the SDK's name for any failure of a connection
        return AssumeRoleFailed("STS could not be reached.", CHECK_THE_WAY, transient=True)
    return AssumeRoleFailed(
        f"STS sent a response that is not AssumeRole's ({inner}).", CHECK_THE_WAY, transient=True
    )


def _credentials(response: Any, now: datetime) -> Credentials:
    """The response's credentials; the SDK silently passes on absent and odd values."""
    issued = getattr(getattr(response, "body", None), "credentials", None)
    access_key_id = _word(issued, "access_key_id")
    access_key_secret = _word(issued, "access_key_secret")
    security_token = _word(issued, "security_token")
    expires = _instant(_word(issued, "expiration"))
    if expires is None or not now < expires <= now + LONGEST_LIFE:
        raise AssumeRoleFailed(
            "STS sent an impossible Expiration.",
            "Check the clock of this machine, and that STS_ENDPOINT names STS.",
            transient=True,
        )
    return Credentials(access_key_id, access_key_secret, security_token, expires)


def _word(issued: Any, name: str) -> str:
    value = getattr(issued, name, None)
    if not (isinstance(value, str) and re.fullmatch(r"[!-~]+", value)):
        raise AssumeRoleFailed(f"STS sent no usable {name}.", CHECK_THE_WAY, transient=True)
    return value


def _instant(text: str) -> datetime | None:
    """The instant that STS writes, in UTC whatever this machine's time zone is."""
    try:
        instant = datetime.strptime(text, EXPIRATION_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return instant if instant.strftime(EXPIRATION_FORMAT) == text else None
