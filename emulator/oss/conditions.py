"""Whether a form keeps what its policy demands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from .claims import Claim, Scope
from .errors import Refused
from .form import Form
from .policy import Condition, Policy
from .refusals import (
    CONDITION_FAILED,
    DATE_EXPIRED,
    FIELD_ABSENT,
    FIELD_UNCOVERED,
    POLICY_EXPIRED,
)
from .text import first_difference

V4_LIFE = timedelta(days=7)
V4_FIELDS = ("x-oss-signature-version", "x-oss-credential", "x-oss-date")
TOKEN_FIELD = "x-oss-security-token"  # noqa: S105  the name of a field
SECRET_FIELDS = (TOKEN_FIELD, "policy", "signature", "x-oss-signature")

TESTS: dict[str, Callable[[str, tuple[str, ...]], bool]] = {
    "eq": lambda value, values: value == values[0],
    "starts-with": lambda value, values: value.startswith(values[0]),
    "in": lambda value, values: value in values,
    "not-in": lambda value, values: value not in values,
}
VERBS = {
    "eq": "be {}",
    "starts-with": "start with {}",
    "in": "be one of {}",
    "not-in": "be none of {}",
}
# Which setting of the signing function decides what a condition demands.
SETTINGS = {
    "bucket": "OSS_BUCKET",
    "key": "UPLOAD_DIR",
    "content-type": "ALLOWED_CONTENT_TYPES",
    "x-oss-content-type": "ALLOWED_CONTENT_TYPES",
    "x-oss-object-acl": "OBJECT_ACL",
    "x-oss-forbid-overwrite": "FORBID_OVERWRITE",
    "callback": "CALLBACK_URL",
}


def check_expiration(policy: Policy, scope: Scope | None, now: datetime) -> None:
    """Refuse what is too old, by the policy's word or by V4's seven days."""
    if policy.expiration <= now:
        raise Refused(
            POLICY_EXPIRED,
            hint=f"The policy expired at {policy.expiration:%Y-%m-%dT%H:%M:%SZ} and it is "
            f"{now:%Y-%m-%dT%H:%M:%SZ}; ask for a new grant (POLICY_SECONDS sets its life).",
        )
    if scope is not None and now - scope.signed_at > V4_LIFE:
        raise Refused(
            DATE_EXPIRED,
            hint=f"x-oss-date is {now - scope.signed_at} ago and V4 signatures live for 7 days; "
            "ask for a new grant.",
        )


def check_conditions(policy: Policy, form: Form, *, bucket: str) -> None:
    """Compare each condition with the form as it was sent: `${filename}` is still unexpanded."""
    for condition in policy.conditions:
        values = _values_of(condition.field, form, bucket)
        if not values:
            raise Refused(
                FIELD_ABSENT,
                detail=condition.source,
                hint=f"The policy has a condition on {condition.field!r}, which the form does "
                "not send before `file`; send it as the grant gives it.",
            )
        for value in values:
            if not TESTS[condition.mode](value, condition.values):
                raise Refused(
                    CONDITION_FAILED,
                    detail=condition.source,
                    hint=_explain(condition, value),
                )


def check_coverage(policy: Policy, claim: Claim, *, accept_uncovered_token: bool) -> None:
    """OSS documents, EC 0006-00000228: what signs a V4 form must be pinned by exact conditions."""
    if claim.scope is None:
        return
    needed = list(V4_FIELDS)
    if claim.security_token is not None and not accept_uncovered_token:
        needed.append(TOKEN_FIELD)
    covered = {condition.field for condition in policy.conditions if condition.mode == "eq"}
    for name in needed:
        if name not in covered:
            raise Refused(
                FIELD_UNCOVERED,
                detail=name,
                hint=f"V4 demands a condition in the policy that {name} is exactly what the form "
                "sends; add it before signing.",
            )


def _values_of(name: str, form: Form, bucket: str) -> list[str]:
    """What a condition is held against; nothing when the form does not say."""
    if name == "bucket":  # that of the Host; a form field of this name is ignored
        return [bucket]
    value = form.fields.get(name)
    values = [] if value is None else [value]
    if name == "content-type" and form.content_type is not None:
        # The type that counts, and the field itself where something else outranks it (inferred:
        # no document says that a field may break its condition when it has no effect).
        values.append(form.content_type)
    return values


def _explain(condition: Condition, value: str) -> str:
    name = condition.field
    if name in SECRET_FIELDS:
        return f"The field {name!r} is not what the policy pins; send it as the grant gives it."
    wanted = VERBS[condition.mode].format(", ".join(map(repr, condition.values)))
    difference = (
        f" ({first_difference(condition.values[0], value)})"
        if condition.mode in ("eq", "starts-with")
        else ""
    )
    setting = f" ({SETTINGS[name]} of the function decides)" if name in SETTINGS else ""
    return (
        f"The policy demands that {name!r} {wanted}, and it is {value!r}{difference}; "
        f"send it as the grant gives it{setting}."
    )
