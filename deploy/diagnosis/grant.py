"""A grant: whether a browser can post it as it is, and whether it pins what it should."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from . import Finding
from .browser import is_web_address
from .documents import parse_object

REDEPLOY = "Deploy the current code (s deploy -y), and let no proxy rewrite its responses."
SET_CLOCK = "Set the clock with NTP; in the cloud, report it to Alibaba Cloud with a request ID."
CLOCK_TOLERANCE = timedelta(seconds=60)

MEMBERS: Mapping[str, type] = {
    "method": str,
    "url": str,
    "fields": dict,
    "expires": int,
    "expire": int,
    "expiration": str,
    "server_time": int,
    "limits": dict,
}
TIMES = ("expire", "server_time")
YEAR_10000 = 253402300800  # in Unix seconds; no datetime reaches it
# The names that the pages of OSS's own documents read.
CLASSIC_MEMBERS = ("accessid", "host", "policy", "signature", "dir", "callback")

# OSS documents, PostObject: the fields that sign the form, which no condition can cover.
UNSIGNED = {"policy", "x-oss-signature", "signature", "ossaccesskeyid"}
V4_FIELDS = ("x-oss-signature-version", "x-oss-credential", "x-oss-date", "x-oss-signature")
V1_FIELDS = ("OSSAccessKeyId", "Signature")

# OSS cannot require that a field is absent, so an uploader may send what is not pinned.
ABUSABLE = ("content-type", "x-oss-object-acl", "x-oss-forbid-overwrite")


def check_shape(grant: Mapping[str, Any]) -> Iterator[Finding]:
    """The grant has the members that every client builds its form from."""
    wrong = [name for name, kind in MEMBERS.items() if not _is(kind, grant.get(name))]
    wrong += [name for name in TIMES if name not in wrong and not 0 <= grant[name] < YEAR_10000]
    if "url" not in wrong and not is_web_address(grant["url"]):
        wrong.append("url")
    if "dir" in grant:
        wrong += [name for name in CLASSIC_MEMBERS if not isinstance(grant.get(name), str)]
    limits = grant.get("limits")
    if isinstance(limits, dict):
        sizes = ("min_bytes", "max_bytes")
        wrong += [f"limits.{name}" for name in sizes if not _is(int, limits.get(name))]
    fields = grant.get("fields")
    if isinstance(fields, dict):
        version = V4_FIELDS if "x-oss-signature-version" in fields else V1_FIELDS
        needed = ("key", "policy", *version)
        names = {**dict.fromkeys(needed), **fields}
        wrong += [f"fields.{name}" for name in names if not isinstance(fields.get(name), str)]
        if "file" in fields or next(iter(fields), "") != "key":
            wrong.append("the order of fields")
    if wrong:
        yield Finding(f"Missing or wrong in the grant: {', '.join(wrong)}.", REDEPLOY)


def _is(kind: type, value: object) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def check_clocks(
    grant: Mapping[str, Any], *, gateway: datetime | None, now: datetime
) -> Iterator[Finding]:
    """The clocks agree: the function's decides when a grant expires, whatever a browser's says."""
    server_time = datetime.fromtimestamp(grant["server_time"], timezone.utc)
    if gateway and abs(server_time - gateway) > CLOCK_TOLERANCE:
        difference = int((server_time - gateway).total_seconds())
        yield Finding(
            f"The function's clock differs from its gateway's by {difference} s.", SET_CLOCK
        )
    elif abs(server_time - now) > CLOCK_TOLERANCE:
        difference = int((now - server_time).total_seconds())
        yield Finding(
            f"This machine's clock differs from the function's by {difference} s.", SET_CLOCK
        )
    if grant["expire"] - grant["server_time"] not in (grant["expires"], grant["expires"] + 1):
        yield Finding(
            "The grant's expire, expires and server_time contradict each other.", REDEPLOY
        )


@dataclass(frozen=True)
class PostPolicy:
    """What a decoded policy requires; field names in lower case."""

    expiration: datetime
    exactly: Mapping[str, str]
    prefixes: Mapping[str, str]
    choices: Mapping[str, list[str]]
    size: tuple[int, int] | None

    def names(self, name: str) -> bool:
        return any(name in required for required in (self.exactly, self.prefixes, self.choices))

    def covers(self, name: str, value: str) -> bool:
        name = name.lower()
        return (
            self.exactly.get(name) == value
            or bool(self.prefixes.get(name) and value.startswith(self.prefixes[name]))
            or value in self.choices.get(name, [])
        )


def read_policy(text: str) -> PostPolicy | None:
    """Decode the form field `policy`; None if OSS could not read it either."""
    try:
        document = parse_object(base64.b64decode(text, validate=True))
        texts: dict[str, dict[str, str]] = {"eq": {}, "starts-with": {}}
        lists: dict[str, dict[str, list[str]]] = {"in": {}, "not-in": {}}
        size = None
        for condition in document["conditions"]:
            if isinstance(condition, dict):
                texts["eq"] |= {name.lower(): _text(value) for name, value in condition.items()}
            elif condition[0] == "content-length-range":
                size = (int(condition[1]), int(condition[2]))
            else:
                operator, name, value = condition
                field = _text(name).lower().removeprefix("$")
                if operator in texts:
                    texts[operator][field] = _text(value)
                else:
                    lists[operator][field] = [_text(choice) for choice in value]
        return PostPolicy(
            _moment(document["expiration"]), texts["eq"], texts["starts-with"], lists["in"], size
        )
    except (binascii.Error, ValueError, KeyError, TypeError, IndexError):
        return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a condition is about text")
    return value


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def check_policy(grant: Mapping[str, Any]) -> Iterator[Finding]:
    """The policy expires when the grant says, and pins every field that is posted."""
    fields = grant["fields"]
    policy = read_policy(fields["policy"])
    if policy is None:
        yield Finding("The policy is not Base64 of JSON that OSS can read.", REDEPLOY)
        return
    if policy.expiration.timestamp() != grant["expire"]:
        yield Finding("The policy expires at another time than the grant says.", REDEPLOY)
    if grant["expires"] <= 0:
        yield Finding(
            "The grant had already expired when it arrived.",
            "Set POLICY_SECONDS to more than a request takes, and CREDENTIALS_SECONDS to more than"
            " POLICY_SECONDS.",
        )
    loose = [
        name
        for name, value in fields.items()
        if name.lower() not in UNSIGNED and not policy.covers(name, value)
    ]
    if loose:
        yield Finding(
            f"The policy does not pin {', '.join(loose)}: an uploader could change it, and OSS may"
            " refuse the form.",
            REDEPLOY,
        )
    missing = [name for name in ("bucket",) if name not in policy.exactly]
    missing += [] if policy.size else ["content-length-range"]
    if missing:
        yield Finding(f"The policy has no condition for {', '.join(missing)}.", REDEPLOY)
    left_open = [name for name in ABUSABLE if not policy.names(name)]
    if left_open:
        yield Finding(f"The uploader may choose: {', '.join(left_open)}.")
    if "x-oss-security-token" not in fields:
        yield Finding(
            "The grant has no security token: it is signed with a permanent access key.",
            "Give the function a role (FUNCTION_ROLE_ARN) and remove access keys from its"
            " environment.",
        )
