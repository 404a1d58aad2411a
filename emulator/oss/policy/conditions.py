"""Whether a form, and then the file in it, complies with the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from ..errors import Refused, refusals
from ..form import Form
from ..signatures import Claim, CredentialScope
from .document import Condition, Policy

MAX_OBJECT_BYTES = 5 * 1024**3
V4_LIFE = timedelta(days=7)
V4_FIELDS = ("x-oss-signature-version", "x-oss-credential", "x-oss-date")
TOKEN_FIELD = "x-oss-security-token"  # noqa: S105  the name of a field
SECRET_FIELDS = (TOKEN_FIELD, "policy", "signature", "x-oss-signature")

COMPARISONS: dict[str, Callable[[str, tuple[str, ...]], bool]] = {
    "eq": lambda value, values: value == values[0],
    "starts-with": lambda value, values: value.startswith(values[0]),
    "in": lambda value, values: value in values,
    "not-in": lambda value, values: value not in values,
}
VERBS = {
    "eq": "be {}",
    "starts-with": "start with {}",
    "in": "be one of {}",
    "not-in": "not be any of {}",
}
# Which setting of the signing function determines a condition. A test compares these names with
# the fields that the function pins.
SETTINGS = {
    "bucket": "OSS_BUCKET",
    "key": "UPLOAD_DIR",
    "content-type": "ALLOWED_CONTENT_TYPES",
    "x-oss-content-type": "ALLOWED_CONTENT_TYPES",
    "x-oss-object-acl": "OBJECT_ACL",
    "x-oss-forbid-overwrite": "FORBID_OVERWRITE",
    "x-oss-storage-class": "STORAGE_CLASS",
    "content-disposition": "CONTENT_DISPOSITION",
    "callback": "CALLBACK_URL",
    "x-oss-meta-grant": "GRANT_SECRET",
}


def check_expiration(policy: Policy, scope: CredentialScope | None, now: datetime) -> None:
    """Refuse a policy that has expired, or a V4 signature older than seven days."""
    if policy.expiration <= now:
        raise Refused(
            refusals.POLICY_EXPIRED,
            hint=f"The policy expired at {policy.expiration:%Y-%m-%dT%H:%M:%SZ}; it is now "
            f"{now:%Y-%m-%dT%H:%M:%SZ}. Request a new grant (POLICY_SECONDS sets its life).",
        )
    if scope is not None and now - scope.signed_at > V4_LIFE:
        raise Refused(
            refusals.DATE_EXPIRED,
            hint=f"x-oss-date is {now - scope.signed_at} ago and V4 signatures last 7 days; "
            "request a new grant.",
        )


def check_conditions(policy: Policy, form: Form, *, bucket: str) -> None:
    """Compare each condition with the form as sent, before `${filename}` is replaced."""
    for condition in policy.conditions:
        values = _values_of(condition.field, form, bucket)
        if not values:
            raise Refused(
                refusals.FIELD_ABSENT,
                detail=condition.source,
                hint=f"The policy has a condition on {condition.field!r}, but the form has no "
                "such field before `file`; send it as the grant gives it.",
            )
        for value in values:
            if not COMPARISONS[condition.mode](value, condition.values):
                raise Refused(
                    refusals.CONDITION_FAILED,
                    detail=condition.source,
                    hint=_explain(condition, value),
                )


def check_coverage(policy: Policy, claim: Claim, *, accept_uncovered_token: bool) -> None:
    """OSS documents, EC 0006-00000228: exact conditions must pin the fields that sign a V4 form."""
    if claim.scope is None:
        return
    needed = list(V4_FIELDS)
    if claim.security_token is not None and not accept_uncovered_token:
        needed.append(TOKEN_FIELD)
    covered = {condition.field for condition in policy.conditions if condition.mode == "eq"}
    for name in needed:
        if name not in covered:
            raise Refused(
                refusals.FIELD_UNCOVERED,
                detail=name,
                hint=f"V4 requires a condition in the policy that pins {name} to exactly what the "
                "form sends; add it before signing.",
            )


def within_ranges(policy: Policy, content: Iterable[bytes]) -> Iterator[bytes]:
    """Pass the file on; refuse it at the first byte too many, or at an end that comes too soon."""
    minimum = max((bounds.minimum for bounds in policy.size_ranges), default=0)
    maximum = min((bounds.maximum for bounds in policy.size_ranges), default=MAX_OBJECT_BYTES)
    size = 0
    for chunk in content:
        size += len(chunk)
        if size > maximum:
            raise Refused(
                refusals.TOO_LARGE,
                hint=f"The file is larger than the {maximum} bytes that content-length-range "
                "allows (MAX_UPLOAD_BYTES, or the size declared for the grant).",
            )
        yield chunk
    if size < minimum:
        raise Refused(
            refusals.TOO_SMALL,
            hint=f"The file has {size} bytes, but content-length-range requires {minimum} "
            "(MIN_UPLOAD_BYTES, or the size declared for the grant).",
        )


def _values_of(name: str, form: Form, bucket: str) -> list[str]:
    """The values that a condition applies to; none if the form lacks the field."""
    if name == "bucket":  # the one that Host names; a form field of this name is ignored
        return [bucket]
    value = form.fields.get(name)
    values = [] if value is None else [value]
    if name == "content-type" and form.content_type is not None:
        # Both the effective type and the field, even if another one takes precedence over it
        # (inferred: no document exempts a field that has no effect from its condition).
        values.append(form.content_type)
    return values


def _explain(condition: Condition, value: str) -> str:
    name = condition.field
    if name in SECRET_FIELDS:
        return (
            f"The field {name!r} differs from what the policy pins; send it as the grant gives it."
        )
    wanted = VERBS[condition.mode].format(", ".join(map(repr, condition.values)))
    difference = ""
    if condition.mode in ("eq", "starts-with"):
        difference = (
            f" (they differ from character {_first_difference(condition.values[0], value)})"
        )
    setting = f" (the function's setting is {SETTINGS[name]})" if name in SETTINGS else ""
    return (
        f"{name!r} must {wanted} according to the policy, but is {value!r}{difference}; "
        f"send it as the grant gives it{setting}."
    )


def _first_difference(expected: str, got: str) -> int:
    """The number of the first character that differs, counted from 1."""
    pairs = zip(expected, got, strict=False)
    return 1 + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
