"""The parameters of AssumeRole and their rules (STS documents, AssumeRole)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ..ram import RamPolicyError, parse_statements
from .responses import StsError

MIN_SECONDS = 900
MAX_SECONDS = 43200  # the highest MaxSessionDuration a role can have; this role has it
DEFAULT_SECONDS = 3600
MAX_POLICY_BYTES = 2048  # documented in characters and, in the error, in bytes: the stricter one

ROLE_ARN = re.compile(r"acs:ram::[0-9]+:role/[A-Za-z0-9.-]{1,64}")
ROLE_SESSION_NAME = re.compile(r"[A-Za-z0-9.@_-]{2,64}")
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
SOURCE_IDENTITY = re.compile(
    r"(?!acs:|aliyun:|alibabacloud:)[\w+=,.@-]{2,64}", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True)
class AssumeRole:
    """A request with well-formed parameters."""

    role_arn: str
    role_session_name: str
    duration: timedelta
    session_policy: str | None = field(repr=False)
    source_identity: str | None


def parse_assume_role(parameters: Mapping[str, str]) -> AssumeRole:
    """Unknown parameters are ignored, and an empty one counts as missing (inferred)."""
    for name in ("RoleArn", "RoleSessionName"):
        if not parameters.get(name):
            raise StsError("MissingParameter", f"{name} is required")
    _check(parameters, "RoleArn", ROLE_ARN, "acs:ram::<account id>:role/<name>")
    _check(parameters, "RoleSessionName", ROLE_SESSION_NAME, "2 to 64 of A-Z a-z 0-9 . @ - _")
    _check(parameters, "ExternalId", EXTERNAL_ID, "2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -")
    _check(
        parameters,
        "SourceIdentity",
        SOURCE_IDENTITY,
        "2 to 64 of A-Z a-z 0-9 _ + = , . @ -, not starting with acs:, aliyun: or alibabacloud:",
    )
    return AssumeRole(
        role_arn=parameters["RoleArn"],
        role_session_name=parameters["RoleSessionName"],
        duration=_duration(parameters.get("DurationSeconds") or str(DEFAULT_SECONDS)),
        session_policy=_session_policy(parameters.get("Policy")),
        source_identity=parameters.get("SourceIdentity") or None,
    )


def _check(parameters: Mapping[str, str], name: str, rule: re.Pattern[str], words: str) -> None:
    value = parameters.get(name)
    if value and not rule.fullmatch(value):
        raise StsError(f"InvalidParameter.{name}", f"expected {words}")


def _duration(text: str) -> timedelta:
    if not re.fullmatch(r"[0-9]{1,9}", text) or not MIN_SECONDS <= int(text) <= MAX_SECONDS:
        raise StsError(
            "InvalidParameter.DurationSeconds", f"expected {MIN_SECONDS} to {MAX_SECONDS}"
        )
    return timedelta(seconds=int(text))


def _session_policy(text: str | None) -> str | None:
    if not text:
        return None
    if len(text.encode()) > MAX_POLICY_BYTES:
        raise StsError(
            "InvalidParameter.PolicySize",
            f"it has {len(text.encode())} bytes; the limit is {MAX_POLICY_BYTES}",
        )
    try:
        parse_statements(text)
    except RamPolicyError as error:
        raise StsError("InvalidParameter.PolicyGrammar", str(error)) from error
    return text
