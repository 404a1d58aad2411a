"""What a form claims about its signer: the version, the key and the signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ..errors import Refusal, Refused, refusals

V4 = "OSS4-HMAC-SHA256"
S3_FIELDS = ("awsaccesskeyid", "x-amz-algorithm", "x-amz-credential", "x-amz-signature")
TIME = "%Y%m%dT%H%M%SZ"  # x-oss-date
FAR_OFF_DAYS = 8  # inferred: a V4 signature lives for 7 days, and a day is lost to rounding


@dataclass(frozen=True)
class CredentialScope:
    """What V4 adds: the parts of x-oss-credential, and x-oss-date."""

    date: str
    region: str
    product: str
    signed_at: datetime


@dataclass(frozen=True)
class Claim:
    access_key_id: str
    policy: str = field(repr=False)
    signature: str = field(repr=False)
    security_token: str | None = field(repr=False)
    scope: CredentialScope | None  # None: V1


def read_claim(fields: Mapping[str, str], now: datetime) -> Claim | None:
    """Find the parts of the signature; None if the form has none of them and is anonymous."""
    version = fields.get("x-oss-signature-version")
    if version == V4:
        return _read_v4(fields, now)
    if version == "OSS2" or any(name in fields for name in S3_FIELDS):
        raise Refused(
            refusals.NOT_EMULATED,
            hint="V2 and S3-compatible signatures are not emulated; "
            f"sign with V4 (x-oss-signature-version {V4}) or V1.",
        )
    if version is not None:
        raise Refused(
            refusals.UNKNOWN_VERSION,
            hint=f"x-oss-signature-version is {version!r}; send {V4!r}, or leave it out for V1.",
        )
    if not any(name in fields for name in ("ossaccesskeyid", "policy", "signature")):
        return None
    access_key_id = fields.get("ossaccesskeyid", "")
    if not access_key_id:
        raise Refused(
            refusals.NO_ACCESS_KEY_ID,
            hint="The form has no OSSAccessKeyId, which V1 requires; "
            "for V4, send x-oss-signature-version before `file`.",
        )
    return Claim(
        access_key_id=access_key_id,
        signature=_required(fields, "signature", refusals.NO_SIGNATURE, refusals.EMPTY_SIGNATURE),
        policy=_required(fields, "policy", refusals.NO_POLICY),
        security_token=fields.get("x-oss-security-token") or None,
        scope=None,
    )


def _read_v4(fields: Mapping[str, str], now: datetime) -> Claim:
    credential = fields.get("x-oss-credential", "")
    if not credential:
        raise Refused(
            refusals.NO_ACCESS_KEY_ID, hint="The form has no x-oss-credential, which V4 requires."
        )
    signature = _required(
        fields, "x-oss-signature", refusals.NO_SIGNATURE, refusals.EMPTY_SIGNATURE
    )
    policy = _required(fields, "policy", refusals.NO_POLICY)
    access_key_id, date, region, product = split_credential(credential)
    day = parse_time(date, "%Y%m%d")
    if day is None or abs((now - day).days) > FAR_OFF_DAYS:
        raise Refused(
            refusals.BAD_CREDENTIAL_DATE,
            hint=f"The date in x-oss-credential is {date!r}; it must be the UTC day of signing "
            f"as YYYYMMDD, and today is {now:%Y%m%d}.",
        )
    signed_at = parse_time(fields.get("x-oss-date", ""), TIME)
    if signed_at is None:
        raise Refused(
            refusals.NO_DATE,
            hint="x-oss-date is missing or is not a UTC time such as 20260131T235958Z.",
        )
    return Claim(
        access_key_id=access_key_id,
        signature=signature,
        policy=policy,
        # An official sample sends an empty token with a permanent key.
        security_token=fields.get("x-oss-security-token") or None,
        scope=CredentialScope(date=date, region=region, product=product, signed_at=signed_at),
    )


def split_credential(credential: str) -> tuple[str, str, str, str]:
    """The access key ID, the day, the region and the product of a V4 credential."""
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aliyun_v4_request":
        raise Refused(
            refusals.BAD_CREDENTIAL_SCOPE,
            hint="The credential must be "
            f"<AccessKeyId>/<YYYYMMDD>/<region>/oss/aliyun_v4_request; it is {credential!r}.",
        )
    access_key_id, date, region, product, _ = parts
    return access_key_id, date, region, product


def _required(
    fields: Mapping[str, str], name: str, missing: Refusal, empty: Refusal | None = None
) -> str:
    value = fields.get(name)
    if not value:
        problem = "has no field" if value is None else "has an empty field"
        raise Refused(
            missing if value is None else empty or missing,
            hint=f"The form {problem} {name!r} before `file`; send it as the grant gives it.",
        )
    return value


def parse_time(text: str, form: str) -> datetime | None:
    """Strict: strptime by itself accepts missing digits and spaces."""
    try:
        time = datetime.strptime(text, form).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return time if time.strftime(form) == text else None
