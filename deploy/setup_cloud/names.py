"""The names and values of the cloud's side of a deployment, and which of them the cloud accepts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from direct_upload.errors import misconfigured

DEFAULTS = {  # those in s.yaml, and what is off
    "FUNCTION_NAME": "direct-upload",
    "EVENTS_FUNCTION_NAME": "direct-upload-events",
    "EVENTS_PREFIX": "user-dirs/",
    "FUNCTION_REGION": "cn-hangzhou",
    "LOG_STORE": "direct-upload",
    "UNCLAIMED_DAYS": "0",
}
# Those that the schema of the component fc3 0.1.22 lists: it deploys to no other.
REGIONS = frozenset(
    {
        *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("ap-southeast-3", "ap-southeast-5", "ap-southeast-7", "cn-beijing", "cn-chengdu"),
        *("cn-hangzhou", "cn-heyuan-acdr-1", "cn-hongkong", "cn-huhehaote", "cn-qingdao"),
        *("cn-shanghai", "cn-shanghai-cloudspe", "cn-shanghai-finance-1", "cn-shenzhen"),
        *("cn-wulanchabu", "cn-zhangjiakou", "eu-central-1", "eu-west-1", "me-central-1"),
        *("us-east-1", "us-west-1"),
    }
)
ROLE_NAME = re.compile(r"acs:ram::(?P<account>[0-9]+):role/(?P<name>.+)")


@dataclass(frozen=True)
class Rule:
    """What the cloud accepts as a value: the whole of it must match `pattern`."""

    pattern: str
    kind: str
    hint: str


# Sources: RAM documents, "CreateRole"; SLS documents, "CreateProject" and "CreateLogStore";
# Function Compute documents, "CreateFunction"; OSS documents, "Lifecycle" (whole days from 1).
FUNCTION_NAME = Rule(
    r"[A-Za-z_][A-Za-z0-9_-]{0,63}",
    "name of a function",
    "Use at most 64 letters, digits, '-' and '_', no digit or '-' first.",
)
LOWER_CASE_ROLE = Rule(  # fc3 lower-cases it
    r"acs:ram::[0-9]{1,20}:role/(?!-)[a-z0-9._-]{1,64}",
    "ARN of a role",
    "Write acs:ram::<account ID>:role/<name>, the name with at most 64 lower-case letters, digits,"
    " '.', '-' and '_': Serverless Devs lower-cases it.",
)
RULES: Mapping[str, Rule] = {
    "FUNCTION_NAME": FUNCTION_NAME,
    "EVENTS_FUNCTION_NAME": FUNCTION_NAME,
    "FUNCTION_REGION": Rule(
        "|".join(sorted(REGIONS)),
        "region of Function Compute",
        "Write it as Function Compute does, such as cn-hangzhou.",
    ),
    "FUNCTION_ROLE_ARN": LOWER_CASE_ROLE,
    "EVENTS_ROLE_ARN": LOWER_CASE_ROLE,
    "TRIGGER_ROLE_ARN": LOWER_CASE_ROLE,
    "EVENTS_PREFIX": Rule(r"[^*?]+", "prefix of keys", "Write it as UPLOAD_DIR begins."),
    "UPLOAD_ROLE_ARN": Rule(
        r"acs:ram::[0-9]{1,20}:role/(?!-)[A-Za-z0-9._-]{1,64}",
        "ARN of a role",
        "Write acs:ram::<account ID>:role/<name>, the name with at most 64 letters, digits, '.',"
        " '-' and '_'.",
    ),
    "LOG_PROJECT": Rule(
        r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
        "name of a log project",
        "Use 3 to 63 lower-case letters, digits and hyphens, no hyphen first or last.",
    ),
    "LOG_STORE": Rule(
        r"[a-z0-9][a-z0-9_-]{0,61}[a-z0-9]",
        "name of a log store",
        "Use 2 to 63 lower-case letters, digits, '-' and '_', a letter or digit first and last.",
    ),
    "UNCLAIMED_DAYS": Rule(
        r"[0-9]{1,4}",
        "number of days",
        "Write whole days, such as 2, or leave it empty to keep every object.",
    ),
}


def value(environ: Mapping[str, str], name: str) -> str:
    """A value of .env, or its default. Raises `Misconfigured` if the cloud would refuse it."""
    found = environ.get(name, "").strip() or DEFAULTS.get(name, "")
    rule = RULES[name]
    if not re.fullmatch(rule.pattern, found):
        raise misconfigured(
            name, f"is not a valid {rule.kind}" if found else "is missing", rule.hint
        )
    return found


def role_names(function_role_arn: str, upload_role_arn: str) -> tuple[str, str]:
    """The names in both ARNs, the second empty if there is no upload role.

    Raises `Misconfigured` unless they are two roles of one account.
    """
    function, upload = (ROLE_NAME.match(arn) for arn in (function_role_arn, upload_role_arn))
    if not function or not upload:
        return function["name"] if function else "", ""
    if function["account"] != upload["account"]:
        raise misconfigured(
            "UPLOAD_ROLE_ARN",
            "is in another account than FUNCTION_ROLE_ARN",
            "The commands create both roles with one access key: use one account.",
        )
    if function["name"].lower() == upload["name"].lower():  # RAM ignores the case of names
        raise misconfigured(
            "UPLOAD_ROLE_ARN",
            "is the function's own role",
            "Name a second role, or set CREDENTIALS_SOURCE=function-role to use one only.",
        )
    return function["name"], upload["name"]
