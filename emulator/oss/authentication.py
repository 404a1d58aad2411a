"""Who signed a form: the key, its token and the signature, in the order a service would look."""

from __future__ import annotations

import hmac
import re
from datetime import datetime, timedelta

from ..keyring import AccessKey, KeyRing
from .claims import Claim, Scope
from .errors import Refused
from .refusals import (
    DISABLED_KEY,
    EXPIRED_TOKEN,
    FOREIGN_TOKEN,
    FUTURE_DATE,
    ILLEGAL_ACCESS_KEY_ID,
    ILLEGAL_CREDENTIAL_ID,
    INVALID_TOKEN,
    NO_TOKEN,
    UNKNOWN_KEY,
    WRONG_SCOPE,
    WRONG_SIGNATURE,
)
from .signatures import v1_signature, v4_signature

MAX_SKEW = timedelta(minutes=15)
LEGAL_ACCESS_KEY_ID = re.compile(r"[A-Za-z0-9._-]+")  # inferred


def authenticate(claim: Claim, *, keys: KeyRing, region: str, now: datetime) -> AccessKey:
    """Return the key that signed the policy, or refuse."""
    key = _known_key(claim, keys)
    _check_token(key, claim, keys, now)
    if claim.scope is None:
        expected = v1_signature(key.access_key_secret, claim.policy)
    else:
        _check_scope(claim.scope, region, now)
        expected = v4_signature(
            key.access_key_secret,
            claim.policy,
            date=claim.scope.date,
            region=claim.scope.region,
        )
    if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        raise Refused(
            WRONG_SIGNATURE,
            hint="The signature is not that of this policy by the secret of "
            f"{key.access_key_id!r}; the policy was changed or encoded anew after signing, or "
            "another secret signed it.",
            elements={
                "OSSAccessKeyId": key.access_key_id,
                "SignatureProvided": claim.signature,
                "StringToSign": claim.policy,
            },
        )
    return key


def _known_key(claim: Claim, keys: KeyRing) -> AccessKey:
    access_key_id = claim.access_key_id
    named = {"OSSAccessKeyId": access_key_id}
    if not LEGAL_ACCESS_KEY_ID.fullmatch(access_key_id):
        raise Refused(
            ILLEGAL_CREDENTIAL_ID if claim.scope else ILLEGAL_ACCESS_KEY_ID,
            hint=f"The access key ID {access_key_id!r} has characters that no ID has; "
            "look for a blank that was copied along.",
            elements=named,
        )
    key = keys.find(access_key_id)
    temporary = key.security_token is not None if key else access_key_id.startswith("STS.")
    if temporary and claim.security_token is None:
        raise Refused(
            NO_TOKEN,
            hint=f"{access_key_id!r} is a temporary key; send its token as x-oss-security-token.",
            elements=named,
        )
    if key is None:
        raise Refused(
            UNKNOWN_KEY,
            hint=f"No key {access_key_id!r} is known here; the emulator knows the base keys it "
            "was started with and what the emulated STS has issued since.",
            elements=named,
        )
    if not key.enabled:
        raise Refused(
            DISABLED_KEY,
            hint=f"The key {access_key_id!r} is disabled; use another.",
            elements=named,
        )
    return key


def _check_token(key: AccessKey, claim: Claim, keys: KeyRing, now: datetime) -> None:
    if claim.security_token is None:
        return
    owner = keys.owner_of(claim.security_token)
    if owner is None:
        raise Refused(
            INVALID_TOKEN,
            hint="STS has issued no such x-oss-security-token; it was altered on its way, "
            "or the emulator was started anew since.",
        )
    if owner.access_key_id != key.access_key_id:
        raise Refused(
            FOREIGN_TOKEN,
            hint=f"The token belongs to another key than {key.access_key_id!r}; "
            "key ID, secret and token must come from one answer of STS.",
        )
    if owner.expiration is not None and owner.expiration <= now:
        raise Refused(
            EXPIRED_TOKEN,
            hint=f"The token expired at {owner.expiration:%Y-%m-%dT%H:%M:%SZ}; ask for a new "
            "grant (CREDENTIALS_SECONDS sets the life of credentials).",
        )


def _check_scope(scope: Scope, region: str, now: datetime) -> None:
    """Inferred but for the scope's own shape; the documents contradict each other on dates."""
    if scope.signed_at - now > MAX_SKEW:
        raise Refused(
            FUTURE_DATE,
            hint=f"x-oss-date is {scope.signed_at - now} ahead of the clock here; "
            "set the signer's clock, in UTC.",
            elements={
                "MaxAllowedSkewMilliseconds": str(MAX_SKEW // timedelta(milliseconds=1)),
                "RequestTime": f"{scope.signed_at:%Y-%m-%dT%H:%M:%S.000Z}",
                "ServerTime": f"{now:%Y-%m-%dT%H:%M:%S.000Z}",
            },
        )
    expected = (f"{scope.signed_at:%Y%m%d}", region, "oss")
    got = (scope.date, scope.region, scope.product)
    if got != expected:
        raise Refused(
            WRONG_SCOPE,
            hint=f"The scope in x-oss-credential is {'/'.join(got)}, but date, region and "
            f"product are {'/'.join(expected)} here (OSS_REGION sets the region).",
        )
