"""The key, its token and both versions of the signature, in the order a service would check them.

OSS documents, "POST V1 signature" and "POST V4 signature": the text to sign is the base64 policy
exactly as it was sent, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta

from ...keyring import AccessKey, KeyRing, TokenFault
from ..errors import Refusal, Refused, refusals
from .claim import Claim, CredentialScope

MAX_SKEW = timedelta(minutes=15)
LEGAL_ACCESS_KEY_ID = re.compile(r"[A-Za-z0-9._-]+")  # inferred


def authenticate(claim: Claim, *, keys: KeyRing, region: str, now: datetime) -> AccessKey:
    """Return the key that signed the policy, or refuse."""
    illegal = refusals.ILLEGAL_CREDENTIAL_ID if claim.scope else refusals.ILLEGAL_ACCESS_KEY_ID
    key = find_key(claim.access_key_id, claim.security_token, keys=keys, now=now, illegal=illegal)
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
            refusals.WRONG_SIGNATURE,
            hint="The signature does not match this policy and the secret of "
            f"{key.access_key_id!r}: the policy was changed or re-encoded after signing, or signed "
            "with another secret.",
            elements={
                "OSSAccessKeyId": key.access_key_id,
                "SignatureProvided": claim.signature,
                "StringToSign": claim.policy,
            },
        )
    return key


def v1_signature(access_key_secret: str, policy: str) -> str:
    digest = hmac.digest(access_key_secret.encode(), policy.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


def v4_signature(access_key_secret: str, policy: str, *, date: str, region: str) -> str:
    """`date` is the YYYYMMDD of the credential."""
    key = ("aliyun_v4" + access_key_secret).encode()
    for step in (date, region, "oss", "aliyun_v4_request"):
        key = hmac.digest(key, step.encode(), hashlib.sha256)
    return hmac.digest(key, policy.encode(), hashlib.sha256).hex()


def find_key(
    access_key_id: str,
    security_token: str | None,
    *,
    keys: KeyRing,
    now: datetime,
    illegal: Refusal = refusals.ILLEGAL_ACCESS_KEY_ID,
) -> AccessKey:
    """The key of this ID, if it may be used now with this token.

    `illegal` is the refusal of an ID that no key can have.
    """
    named = {"OSSAccessKeyId": access_key_id}
    if not LEGAL_ACCESS_KEY_ID.fullmatch(access_key_id):
        raise Refused(
            illegal,
            hint=f"The access key ID {access_key_id!r} has characters that no ID contains; "
            "check whether a space was copied with it.",
            elements=named,
        )
    key = keys.find(access_key_id)
    temporary = key.security_token is not None if key else access_key_id.startswith("STS.")
    if temporary and security_token is None:
        raise Refused(
            refusals.NO_TOKEN,
            hint=f"{access_key_id!r} is a temporary key; send its token as x-oss-security-token.",
            elements=named,
        )
    if key is None:
        raise Refused(
            refusals.UNKNOWN_KEY,
            hint=f"The key {access_key_id!r} is unknown; the emulator knows the keys that it was "
            "started with and those that the emulated STS has issued since.",
            elements=named,
        )
    if not key.enabled:
        raise Refused(
            refusals.DISABLED_KEY,
            hint=f"The key {access_key_id!r} is disabled; use another.",
            elements=named,
        )
    if security_token is not None:
        _check_token(key, security_token, keys, now)
    return key


def _check_token(key: AccessKey, security_token: str, keys: KeyRing, now: datetime) -> None:
    fault = keys.token_fault(key, security_token, now)
    if fault is TokenFault.UNKNOWN:
        raise Refused(
            refusals.INVALID_TOKEN,
            hint="STS has not issued this x-oss-security-token; it was altered on the way, "
            "or the emulator has been restarted since.",
        )
    if fault is TokenFault.FOREIGN:
        raise Refused(
            refusals.FOREIGN_TOKEN,
            hint=f"The token belongs to another key than {key.access_key_id!r}; "
            "key ID, secret and token must come from one response of STS.",
        )
    if fault is TokenFault.EXPIRED:
        raise Refused(
            refusals.EXPIRED_TOKEN,
            hint=f"The token expired at {key.expiration:%Y-%m-%dT%H:%M:%SZ}; request a new "
            "grant (CREDENTIALS_SECONDS sets how long credentials last).",
        )


def _check_scope(scope: CredentialScope, region: str, now: datetime) -> None:
    """Inferred, except for the shape of the scope; the documents contradict each other on dates."""
    if scope.signed_at - now > MAX_SKEW:
        raise Refused(
            refusals.FUTURE_DATE,
            hint=f"x-oss-date is {scope.signed_at - now} ahead of this machine's clock; "
            "correct the signer's clock and use UTC.",
            elements=skew_elements(scope.signed_at, now),
        )
    check_scope_names(scope, region)


def skew_elements(signed_at: datetime, now: datetime) -> dict[str, str]:
    """What RequestTimeTooSkewed says besides (seen live: Molunerfinn/PicGo#759)."""
    return {
        "MaxAllowedSkewMilliseconds": str(MAX_SKEW // timedelta(milliseconds=1)),
        "RequestTime": f"{signed_at:%Y-%m-%dT%H:%M:%S.000Z}",
        "ServerTime": f"{now:%Y-%m-%dT%H:%M:%S.000Z}",
    }


def check_scope_names(scope: CredentialScope, region: str) -> None:
    """The scope must name the day of x-oss-date, the bucket's region, and OSS."""
    expected = (f"{scope.signed_at:%Y%m%d}", region, "oss")
    got = (scope.date, scope.region, scope.product)
    if got != expected:
        raise Refused(
            refusals.WRONG_SCOPE,
            hint=f"The scope in x-oss-credential is {'/'.join(got)}; the date, region and "
            f"product here are {'/'.join(expected)} (OSS_REGION sets the region).",
        )
