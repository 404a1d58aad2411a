"""POST policies, which OSS checks an upload form against, and their signatures.

A policy is JSON with an `expiration` and `conditions`, in Base64 (OSS documents, "PostObject",
"Post policy"). Pure: time comes in, text goes out.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import Protocol, TypeAlias

from ..credentials import Credentials
from ..mac import mac

V4_VERSION = "OSS4-HMAC-SHA256"

_write_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_quote: Callable[[str], str] = json.encoder.encode_basestring  # the same for a string, faster

Condition: TypeAlias = str
"""JSON of an item of `conditions`, or of several with commas between them.

So what is the same for all grants is written once.
"""


def exactly(field: str, value: str) -> Condition:
    """The form must have this field with this value; `bucket` means the bucket posted to."""
    return f'{{"{field}":{_quote(value)}}}'  # names of fields need no escapes


def exactly_each(fields: Mapping[str, str]) -> list[Condition]:
    """The form must have each of these fields with its value."""
    return [exactly(field, value) for field, value in fields.items()]


def starts_with(field: str, prefix: str) -> Condition:
    """The field must begin with the prefix."""
    return _write_json(["starts-with", f"${field}", prefix])


def one_of(field: str, values: Sequence[str]) -> Condition:
    """The field must equal one of the values; OSS has no wildcards here."""
    return _write_json(["in", f"${field}", list(values)])


def content_length_range(minimum: int, maximum: int) -> Condition:
    """The file, without the rest of the form, must have from `minimum` to `maximum` bytes."""
    return f'["content-length-range",{minimum},{maximum}]'


@lru_cache(maxsize=2)
def format_expiration(second: int) -> str:
    """ISO 8601 in GMT with milliseconds and `Z`, as the OSS documents show it."""
    return _utc(second).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@lru_cache(maxsize=2)
def format_date(second: int) -> str:
    """ISO 8601 in GMT without separators, as the field `x-oss-date` has it."""
    return _utc(second).strftime("%Y%m%dT%H%M%SZ")


def _utc(second: int) -> datetime:
    return datetime.fromtimestamp(second, timezone.utc)


def encode_policy(expiration: str, conditions: Iterable[Condition]) -> str:
    """The policy as the form field `policy` has it; sign and send this very text.

    `expiration` is as `format_expiration` writes it. No value may contain a `$`: OSS wants it
    escaped in a way that is not valid JSON. Text beyond ASCII is written in UTF-8, as OSS's SDKs
    do: escapes would be up to four times as long.
    """
    document = f'{{"expiration":"{expiration}","conditions":[{",".join(conditions)}]}}'
    return base64.b64encode(document.encode()).decode()


class Signer(Protocol):
    """Signs a policy: the form fields that prove it, in the order in which they are posted.

    It adds the conditions that its version needs, encodes the policy once and signs that very text.
    `expiration` is as `format_expiration` writes it, `region` is the bucket's (`cn-hangzhou`), and
    `issued` is the Unix time in whole seconds.
    """

    def __call__(
        self,
        conditions: Iterable[Condition],
        credentials: Credentials,
        *,
        expiration: str,
        region: str,
        issued: int,
    ) -> dict[str, str]: ...


def sign_v4(
    conditions: Iterable[Condition],
    credentials: Credentials,
    *,
    expiration: str,
    region: str,
    issued: int,
) -> dict[str, str]:
    """A `Signer` of V4 (OSS documents, "POST V4 signature").

    OSS refuses a V4 form whose policy does not repeat these fields (EC 0006-00000228). Only the
    policy's text is signed, and it contains the date and the scope.
    """
    moment = format_date(issued)
    date = moment[:8]
    token = credentials.security_token
    scope, of_the_day = _conditions_v4(credentials.access_key_id, token, date, region)
    policy = encode_policy(expiration, [*conditions, exactly("x-oss-date", moment), of_the_day])
    key = signing_key_v4(credentials.access_key_secret, date, region)
    return {
        "policy": policy,
        "x-oss-signature-version": V4_VERSION,
        "x-oss-credential": scope,
        "x-oss-date": moment,
        "x-oss-signature": signature_v4(policy, key),
        "x-oss-security-token": token,
    }


def sign_v1(
    conditions: Iterable[Condition],
    credentials: Credentials,
    *,
    expiration: str,
    region: str,
    issued: int,
) -> dict[str, str]:
    """A `Signer` of V1 (OSS documents, "POST V1 signature"), which uses no region and no time.

    OSS is closing this version for new accounts and buckets.
    """
    token = credentials.security_token
    policy = encode_policy(expiration, [*conditions, _token_condition(token)])
    return {
        "policy": policy,
        "OSSAccessKeyId": credentials.access_key_id,
        "Signature": signature_v1(policy, credentials.access_key_secret),
        "x-oss-security-token": token,
    }


SIGNERS: dict[str, Signer] = {"v4": sign_v4, "v1": sign_v1}


def signature_v1(policy: str, access_key_secret: str) -> str:
    """HMAC-SHA1 of the policy's Base64 text under the secret, in Base64."""
    return base64.b64encode(mac(access_key_secret.encode(), policy, "sha1")).decode()


def signature_v4(text: str, signing_key: bytes) -> str:
    """HMAC-SHA256 under the day's key, in hexadecimal; of a policy its Base64 text is signed."""
    return mac(signing_key, text).hex()


@lru_cache(maxsize=2)
def _conditions_v4(access_key_id: str, token: str, date: str, region: str) -> tuple[str, Condition]:
    """The scope for one key, day and region, and the conditions that are the same all day."""
    scope = f"{access_key_id}/{date}/{region}/oss/aliyun_v4_request"
    version = exactly("x-oss-signature-version", V4_VERSION)
    credential = exactly("x-oss-credential", scope)
    return scope, f"{version},{credential},{_token_condition(token)}"


@lru_cache(maxsize=2)
def _token_condition(token: str) -> Condition:
    return exactly("x-oss-security-token", token)


@lru_cache(maxsize=2)
def signing_key_v4(access_key_secret: str, date: str, region: str) -> bytes:
    """The key for one secret, one day (`YYYYMMDD`) and one region."""
    key = f"aliyun_v4{access_key_secret}".encode()
    for part in (date, region, "oss", "aliyun_v4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
