"""Who calls, by the three signatures that a deployment by Serverless Devs makes.

The API 2023-03-30 takes ACS3-HMAC-SHA256 (Alibaba Cloud documents, "V3 request structure and
signature"); its predecessor 2016-08-15, which hands out the temporary bucket, one of its own
(Function Compute documents, "Signature authentication"); the bucket takes that of OSS (OSS
documents, "Include a V1 signature in the header"). tests/vectors has recorded requests of each.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from werkzeug.wrappers import Request

from ..acs3 import (
    Acs3Error,
    Nonces,
    SignedRequest,
    check_date,
    check_signature,
    parse_authorization,
)
from ..keyring import AccessKey, KeyRing
from .errors import ApiError

MAX_SKEW = timedelta(minutes=15)
OLDER = re.compile(r"(?P<scheme>FC|OSS) (?P<key>[^\s:]+):(?P<signature>[A-Za-z0-9+/=]+)")


def check_api(request: Request, keys: KeyRing, nonces: Nonces, now: datetime) -> None:
    """A call of the API 2023-03-30. Raises `ApiError`."""
    signed = SignedRequest.of(request)
    try:
        authorization = parse_authorization(signed)
        check_date(signed, now)
        key = _known(keys, authorization.access_key_id)
        check_signature(signed, authorization, key.access_key_secret)
        nonces.use(signed.headers["x-acs-signature-nonce"], key.access_key_id, now)
    except Acs3Error as error:
        raise ApiError(403, error.code, error.hint) from None
    _check_token(key, signed.headers.get("x-acs-security-token", ""), now)


def check_2016(request: Request, keys: KeyRing, now: datetime) -> None:
    """A call of the API 2016-08-15. Raises `ApiError`."""
    date = request.headers.get("Date", "")
    _check_older(request, "FC", date, request.path, hashlib.sha256, keys, now)


def check_oss(request: Request, bucket: str, keys: KeyRing, now: datetime) -> None:
    """A request to the temporary bucket. Raises `ApiError`."""
    date = request.headers.get("x-oss-date") or request.headers.get("Date", "")
    _check_older(request, "OSS", date, f"/{bucket}{request.path}", hashlib.sha1, keys, now)


def _check_older(
    request: Request,
    scheme: str,
    date: str,
    resource: str,
    digest: Callable[..., Any],
    keys: KeyRing,
    now: datetime,
) -> None:
    """Both older signatures cover the same parts, with headers of their own."""
    found = OLDER.fullmatch(request.headers.get("Authorization", ""))
    if not found or found["scheme"] != scheme:
        raise ApiError(403, "AccessDenied", f"Authorization must be {scheme} <key>:<signature>")
    key = _known(keys, found["key"])
    _check_date(date, now)
    prefix = f"x-{scheme.lower()}-"
    text = _string_to_sign(request, date, prefix, resource)
    expected = base64.b64encode(hmac.digest(key.access_key_secret.encode(), text.encode(), digest))
    if not hmac.compare_digest(expected, found["signature"].encode()):
        raise ApiError(403, "SignatureDoesNotMatch", f"the method and path signed: {text[:80]!r}")
    _check_token(key, request.headers.get(f"{prefix}security-token", ""), now)


def _string_to_sign(request: Request, date: str, prefix: str, resource: str) -> str:
    headers: Mapping[str, str] = {name.lower(): value for name, value in request.headers}
    own = sorted(f"{name}:{headers[name].strip()}\n" for name in headers if name.startswith(prefix))
    lines = (
        request.method,
        headers.get("content-md5", ""),
        headers.get("content-type", ""),
        date,
        "".join(own) + resource,
    )
    return "\n".join(lines)


def _known(keys: KeyRing, access_key_id: str) -> AccessKey:
    key = keys.find(access_key_id)
    if key is None:
        raise ApiError(
            403,
            "InvalidAccessKeyId.NotFound",
            "the emulator does not know this access key: use the one that it prints",
        )
    return key


def _check_date(text: str, now: datetime) -> None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        raise ApiError(403, "AccessDenied", "the request has no valid date") from None
    if abs(now - date.replace(tzinfo=date.tzinfo or timezone.utc)) > MAX_SKEW:
        raise ApiError(403, "RequestTimeTooSkewed", f"the request is dated {text}")


def _check_token(key: AccessKey, token: str, now: datetime) -> None:
    if token != (key.security_token or ""):
        raise ApiError(403, "InvalidSecurityToken", "the token is not that of the access key")
    if key.expiration is not None and key.expiration <= now:
        raise ApiError(403, "SecurityTokenExpired", f"the key expired at {key.expiration}")
