"""ACS3-HMAC-SHA256, the signature of Alibaba Cloud's APIs: verified from the text on the wire.

Source: Alibaba Cloud documents, "V3 request structure and signature".
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, quote

from werkzeug.wrappers import Request

ALGORITHM = "ACS3-HMAC-SHA256"
MAX_SKEW = timedelta(minutes=15)
MAX_NONCES = 100_000  # beyond this number the oldest are forgotten, to bound memory
DATE_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=([^\s,]+), *SignedHeaders=([^\s,]+), *Signature=([0-9A-Za-z]+)"
)


class Acs3Error(Exception):
    """`code` is one of the API gateway's; `hint` says what is wrong and what was expected."""

    def __init__(self, code: str, hint: str) -> None:
        super().__init__(code)
        self.code = code
        self.hint = hint


@dataclass(frozen=True)
class SignedRequest:
    """What the signature covers; the names of the headers are lower case."""

    method: str
    query: str
    headers: Mapping[str, str] = field(repr=False)  # may contain a security token
    body: bytes
    path: str = "/"

    @classmethod
    def of(cls, request: Request) -> SignedRequest:
        return cls(
            method=request.method,
            query=request.environ["QUERY_STRING"],
            headers={name.lower(): value for name, value in request.headers},
            body=request.get_data(),
            path=quote(request.path, safe="/~"),
        )


@dataclass(frozen=True)
class Authorization:
    access_key_id: str
    signed_headers: str
    signature: str = field(repr=False)


def parse_authorization(request: SignedRequest) -> Authorization:
    """Split the header, and refuse a signature that does not cover what it must."""
    match = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise Acs3Error(
            "IncompleteSignature",
            f"Authorization must be {ALGORITHM} Credential=..,SignedHeaders=..,Signature=..",
        )
    authorization = Authorization(*match.groups())
    names = authorization.signed_headers.split(";")
    if names != sorted({name.lower() for name in names}):
        raise Acs3Error(
            "IncompleteSignature", "SignedHeaders must be in lower case, sorted and without repeats"
        )
    # Documented: every common header that is present must be signed, except Authorization.
    required = {name for name in request.headers if name.startswith("x-acs-")}
    required |= {"host", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce"}
    if unsigned := required.difference(names):
        raise Acs3Error(
            "IncompleteSignature", f"these headers are not signed: {', '.join(sorted(unsigned))}"
        )
    if absent := set(names).difference(request.headers):
        raise Acs3Error(
            "IncompleteSignature",
            f"these headers are signed but missing: {', '.join(sorted(absent))}",
        )
    return authorization


def check_date(request: SignedRequest, now: datetime) -> None:
    text = request.headers["x-acs-date"]
    try:
        date = datetime.strptime(text, DATE_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        date = None
    if date is None or f"{date:{DATE_FORMAT}}" != text:
        raise Acs3Error("InvalidTimeStamp.Format", "x-acs-date must look like 2026-01-31T23:59:59Z")
    if abs(now - date) > MAX_SKEW:
        raise Acs3Error(
            "InvalidTimeStamp.Expired",
            f"x-acs-date is {text}, more than 15 minutes away from {now:{DATE_FORMAT}}",
        )


def check_signature(
    request: SignedRequest, authorization: Authorization, access_key_secret: str
) -> None:
    if not _same(hashlib.sha256(request.body).hexdigest(), request.headers["x-acs-content-sha256"]):
        raise Acs3Error("SignatureDoesNotMatch", "x-acs-content-sha256 is not the hash of the body")
    text = string_to_sign(request, authorization.signed_headers)
    expected = hmac.new(access_key_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    if not _same(expected, authorization.signature):
        # The canonical request is not shown: it may contain a security token.
        raise Acs3Error("SignatureDoesNotMatch", f"server string to sign is {text!r}")


def string_to_sign(request: SignedRequest, signed_headers: str) -> str:
    canonical = canonical_request(request, signed_headers)
    return f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def canonical_request(request: SignedRequest, signed_headers: str) -> str:
    """The query is decoded and encoded again, because clients encode it in different ways."""
    pairs = sorted(parse_qsl(request.query, keep_blank_values=True))
    return "\n".join(
        (
            request.method,
            request.path,
            "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs),
            *(f"{name}:{request.headers[name].strip()}" for name in signed_headers.split(";")),
            "",  # the block of headers ends with a line feed of its own
            signed_headers,
            request.headers["x-acs-content-sha256"],
        )
    )


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())


class Nonces:
    """Used signature nonces, kept while their requests could be replayed; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: OrderedDict[bytes, datetime] = OrderedDict()

    def use(self, nonce: str, access_key_id: str, now: datetime) -> None:
        """Remember the nonce of a verified request; refuse a second use."""
        digest = hashlib.sha256(f"{access_key_id}\n{nonce}".encode()).digest()
        with self._lock:
            while self._until and (
                len(self._until) >= MAX_NONCES or next(iter(self._until.values())) < now
            ):
                self._until.popitem(last=False)
            if digest in self._until:
                raise Acs3Error("SignatureNonceUsed", "x-acs-signature-nonce has been used before")
            # A date may be 15 minutes ahead, and is valid for 15 minutes from then on.
            self._until[digest] = now + 2 * MAX_SKEW
