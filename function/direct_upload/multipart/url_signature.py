"""V4 signatures of requests, in their URLs or in their Authorization header.

OSS documents, "V4 signatures in presigned URLs" and "V4 signature in the Authorization header".
Pure: time comes in, a URL or headers go out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

from ..credentials import Credentials
from ..grants.post_policy import V4_VERSION, format_date, signature_v4, signing_key_v4

# Headers that count whenever a request carries them, as do all x-oss-*.
_COUNTED = frozenset({"content-type", "content-md5"})


class Operation(NamedTuple):
    """A request to a bucket, as far as its signature covers it.

    Names of headers are in lower case; a parameter of the query with an empty value has none. The
    request must carry each of the `headers` that counts: content-type, content-md5, x-oss-* and
    those named in `additional`, exactly as they are here, and no further one of the first three.
    """

    method: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = MappingProxyType({})
    additional: tuple[str, ...] = ()


def signed_url(
    operation: Operation,
    credentials: Credentials,
    *,
    origin: str,
    region: str,
    now: datetime,
    seconds: int,
) -> str:
    """The URL that permits one operation for some seconds (1 to 604800) from `now`, in UTC.

    `origin` is any by which the bucket can be reached: no signature covers it.
    """
    moment, scope = _moment_and_scope(now, region)
    query = {
        **operation.query,
        "x-oss-signature-version": V4_VERSION,
        "x-oss-credential": f"{credentials.access_key_id}/{scope}",
        "x-oss-date": moment,
        "x-oss-expires": str(seconds),
    }
    if credentials.security_token:
        query["x-oss-security-token"] = credentials.security_token
    if named := _additional(operation.additional):
        query["x-oss-additional-headers"] = ";".join(named)
    encoded = canonical_query(query)
    signature = _signature(operation, encoded, credentials, moment, scope)
    return f"{plain_url(operation, origin=origin)}?{encoded}&x-oss-signature={signature}"


def signed_headers(
    operation: Operation, credentials: Credentials, *, region: str, now: datetime
) -> dict[str, str]:
    """The operation's headers with those that permit it, within 15 minutes of `now`, in UTC."""
    moment, scope = _moment_and_scope(now, region)
    headers = {
        **operation.headers,
        "x-oss-date": moment,
        "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
    }
    if credentials.security_token:
        headers["x-oss-security-token"] = credentials.security_token
    operation = operation._replace(headers=headers)
    encoded = canonical_query(operation.query)
    signature = _signature(operation, encoded, credentials, moment, scope)
    named = ";".join(_additional(operation.additional))
    members = {
        "Credential": f"{credentials.access_key_id}/{scope}",
        **({"AdditionalHeaders": named} if named else {}),
        "Signature": signature,
    }
    text = ",".join(f"{name}={value}" for name, value in members.items())
    return {**headers, "authorization": f"{V4_VERSION} {text}"}


def plain_url(operation: Operation, *, origin: str) -> str:
    """Where the operation's object is, without a query."""
    return f"{origin}/{_quote_key(operation.key)}"


def _moment_and_scope(now: datetime, region: str) -> tuple[str, str]:
    moment = format_date(int(now.timestamp()))
    return moment, f"{moment[:8]}/{region}/oss/aliyun_v4_request"


def _signature(
    operation: Operation, query: str, credentials: Credentials, moment: str, scope: str
) -> str:
    date, region = scope.split("/")[:2]
    text = string_to_sign(canonical_request(operation, query), moment, scope)
    key = signing_key_v4(credentials.access_key_secret, date, region)
    return signature_v4(text, key)


def canonical_request(operation: Operation, query: str) -> str:
    """The text of a request whose hash is signed; `query` is as `canonical_query` writes it."""
    named = _additional(operation.additional)
    counted = "".join(
        f"{name}:{value.strip()}\n"
        for name, value in sorted(operation.headers.items())
        if _is_counted(name) or name in named
    )
    path = f"/{operation.bucket}/{_quote_key(operation.key)}"
    return f"{operation.method}\n{path}\n{query}\n{counted}\n{';'.join(named)}\nUNSIGNED-PAYLOAD"


def canonical_query(query: Mapping[str, str]) -> str:
    """In the order of encoded names; a parameter without a value is its bare name."""
    pairs = sorted([(_quote(name), _quote(value)) for name, value in query.items()])
    return "&".join([f"{name}={value}" if value else name for name, value in pairs])


def string_to_sign(canonical: str, moment: str, scope: str) -> str:
    """The text that is signed; `moment` is as x-oss-date has it."""
    return f"{V4_VERSION}\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def _is_counted(name: str) -> bool:
    return name in _COUNTED or name.startswith("x-oss-")


@lru_cache(maxsize=8)
def _additional(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if not _is_counted(name)))


@lru_cache(maxsize=64)  # a token takes longer to encode than all the rest
def _quote(text: str) -> str:
    return quote(text, safe="")


@lru_cache(maxsize=8)
def _quote_key(key: str) -> str:
    return quote(key, safe="/")
