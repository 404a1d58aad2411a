"""ACS3-HMAC-SHA256, verified from the text on the wire.

Source: Alibaba Cloud documents, "V3 request structure and signature".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, quote

from .errors import StsError

ALGORITHM = "ACS3-HMAC-SHA256"
MAX_SKEW = timedelta(minutes=15)
DATE_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=([^\s,]+), *SignedHeaders=([^\s,]+), *Signature=([0-9A-Za-z]+)"
)


@dataclass(frozen=True)
class SignedRequest:
    """A request to the path `/`; the names of its headers are lower case."""

    method: str
    query: str
    headers: Mapping[str, str] = field(repr=False)  # may hold a security token
    body: bytes


@dataclass(frozen=True)
class Authorization:
    access_key_id: str
    signed_headers: str
    signature: str = field(repr=False)


def parse_authorization(request: SignedRequest) -> Authorization:
    """Split the header, and refuse a signature that leaves open what it must cover."""
    match = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise StsError(
            "IncompleteSignature",
            f"Authorization must read {ALGORITHM} Credential=..,SignedHeaders=..,Signature=..",
        )
    authorization = Authorization(*match.groups())
    names = authorization.signed_headers.split(";")
    if names != sorted({name.lower() for name in names}):
        raise StsError("IncompleteSignature", "SignedHeaders must be lower case, sorted, unique")
    # Documented: every common header that is there has to be signed, except Authorization.
    compulsory = {name for name in request.headers if name.startswith("x-acs-")}
    compulsory |= {"host", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce"}
    if unsigned := compulsory.difference(names):
        raise StsError("IncompleteSignature", f"unsigned headers: {', '.join(sorted(unsigned))}")
    if absent := set(names).difference(request.headers):
        raise StsError("IncompleteSignature", f"signed but absent: {', '.join(sorted(absent))}")
    return authorization


def check_date(request: SignedRequest, now: datetime) -> None:
    text = request.headers["x-acs-date"]
    try:
        date = datetime.strptime(text, DATE_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        date = None
    if date is None or f"{date:{DATE_FORMAT}}" != text:
        raise StsError("InvalidTimeStamp.Format", "x-acs-date must read like 2026-01-31T23:59:59Z")
    if abs(now - date) > MAX_SKEW:
        raise StsError(
            "InvalidTimeStamp.Expired",
            f"x-acs-date is {text}, more than 15 minutes from {now:{DATE_FORMAT}}",
        )


def check_signature(
    request: SignedRequest, authorization: Authorization, access_key_secret: str
) -> None:
    if not _same(hashlib.sha256(request.body).hexdigest(), request.headers["x-acs-content-sha256"]):
        raise StsError("SignatureDoesNotMatch", "x-acs-content-sha256 is not that of the body")
    text = string_to_sign(request, authorization.signed_headers)
    expected = hmac.new(access_key_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    if not _same(expected, authorization.signature):
        # The canonical request stays out of it: it may hold a security token.
        raise StsError("SignatureDoesNotMatch", f"server string to sign is {text!r}")


def string_to_sign(request: SignedRequest, signed_headers: str) -> str:
    canonical = canonical_request(request, signed_headers)
    return f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def canonical_request(request: SignedRequest, signed_headers: str) -> str:
    """The query is decoded and encoded anew: clients differ in how they encode it."""
    pairs = sorted(parse_qsl(request.query, keep_blank_values=True))
    return "\n".join(
        (
            request.method,
            "/",
            "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs),
            *(f"{name}:{request.headers[name].strip()}" for name in signed_headers.split(";")),
            "",  # the block of headers ends in a line feed of its own
            signed_headers,
            request.headers["x-acs-content-sha256"],
        )
    )


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())
