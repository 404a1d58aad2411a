"""Signs POST policies, in the two versions that OSS takes from new code.

A signer adds what its version needs to the conditions, encodes the policy once, signs that very
text and returns the form fields in the order in which they are posted. Pure.

- V4: OSS documents, "POST V4 signature".
- V1: OSS documents, "POST V1 signature". OSS is closing it for new accounts and buckets.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache

from .policy import Condition, encode_policy, exactly, exactly_each

V4_VERSION = "OSS4-HMAC-SHA256"

# (conditions, expiration=, access_key_id=, access_key_secret=, security_token=, region=, now=)
Signer = Callable[..., dict[str, str]]


def sign_v4(
    conditions: Iterable[Condition],
    *,
    expiration: datetime,
    access_key_id: str,
    access_key_secret: str,
    security_token: str,
    region: str,
    now: datetime,
) -> dict[str, str]:
    """The signed form fields, V4; `region` is the bucket's (`cn-hangzhou`), `now` aware UTC.

    OSS refuses a V4 form whose policy does not repeat these fields (EC 0006-00000228). Only the
    policy's text is signed; the date and the scope are bound by standing in it.
    """
    moment = now.isoformat()[:19].replace("-", "").replace(":", "") + "Z"  # strftime is slower
    date = moment[:8]
    fields = {
        "x-oss-signature-version": V4_VERSION,
        "x-oss-credential": f"{access_key_id}/{date}/{region}/oss/aliyun_v4_request",
        "x-oss-date": moment,
        "x-oss-security-token": security_token,
    }
    policy = encode_policy(expiration, [*conditions, *exactly_each(fields)])
    token = fields.pop("x-oss-security-token")
    return {
        "policy": policy,
        **fields,
        "x-oss-signature": signature_v4(policy, signing_key_v4(access_key_secret, date, region)),
        "x-oss-security-token": token,
    }


def sign_v1(
    conditions: Iterable[Condition],
    *,
    expiration: datetime,
    access_key_id: str,
    access_key_secret: str,
    security_token: str,
    region: str,
    now: datetime,
) -> dict[str, str]:
    """The signed form fields, V1; `region` and `now` have no part in this version."""
    pinned = exactly("x-oss-security-token", security_token)
    policy = encode_policy(expiration, [*conditions, pinned])
    return {
        "policy": policy,
        "OSSAccessKeyId": access_key_id,
        "Signature": signature_v1(policy, access_key_secret),
        "x-oss-security-token": security_token,
    }


SIGNERS: dict[str, Signer] = {"v4": sign_v4, "v1": sign_v1}


def signature_v1(policy: str, access_key_secret: str) -> str:
    """HMAC-SHA1 of the policy's Base64 text under the secret, in Base64."""
    digest = hmac.digest(access_key_secret.encode(), policy.encode(), "sha1")
    return base64.b64encode(digest).decode()


def signature_v4(policy: str, signing_key: bytes) -> str:
    """HMAC-SHA256 of the policy's Base64 text under the day's key, in hexadecimal."""
    return _hmac_sha256(signing_key, policy).hex()


@lru_cache(maxsize=2)
def signing_key_v4(access_key_secret: str, date: str, region: str) -> bytes:
    """The key that one secret signs with on one day (`YYYYMMDD`) in one region."""
    key = _hmac_sha256(f"aliyun_v4{access_key_secret}".encode(), date)
    for part in (region, "oss", "aliyun_v4_request"):
        key = _hmac_sha256(key, part)
    return key


def _hmac_sha256(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
