"""Who signed a request in its URL or its Authorization header, with V4.

OSS documents, "V4 signatures in presigned URLs", "V4 signature in the Authorization header", and
the pages of the ECs from 0002-00000209. They print few codes and messages; most are inferred.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ...keyring import AccessKey, KeyRing
from ..errors import Refusal, Refused, refusals
from .authentication import MAX_SKEW, check_scope_names, find_key, skew_elements
from .canonical import UNSIGNED_PAYLOAD, SignedRequest
from .claim import TIME, V4, CredentialScope, parse_time, split_credential

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_SECONDS = 7 * 24 * 3600
SIGNATURE = "x-oss-signature"
IN_URL = (
    "x-oss-signature-version",
    "x-oss-credential",
    "x-oss-date",
    "x-oss-expires",
    SIGNATURE,
)
V1_IN_URL = ("OSSAccessKeyId", "Signature")


@dataclass(frozen=True)
class _Claim:
    """What a request says about its signature; `expires` only in a URL."""

    access_key_id: str
    scope: CredentialScope
    security_token: str | None = field(repr=False)
    signature: str = field(repr=False)
    additional: tuple[str, ...]
    expires: timedelta | None


def signed_request(environ: WSGIEnvironment, bucket: str) -> SignedRequest:
    """The parts of a WSGI request that a signature covers; of a repeated parameter, the last."""
    query = {}
    for parameter in filter(None, environ.get("QUERY_STRING", "").split("&")):
        name, _, value = parameter.partition("=")
        query[unquote(name)] = unquote(value)
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): _utf8(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    if environ.get("wsgi.input_terminated"):  # chunked, so no length is binding
        headers.pop("content-length", None)
    return SignedRequest(
        method=environ["REQUEST_METHOD"],
        bucket=bucket,
        key=_utf8(environ["PATH_INFO"]).removeprefix("/"),
        query=query,
        headers=headers,
    )


def _utf8(text: str) -> str:
    """WSGI hands over bytes as Latin-1."""
    return text.encode("latin-1").decode(errors="replace")


def is_signed(request: SignedRequest) -> bool:
    """Whether the request has a signature, right or wrong."""
    return "authorization" in request.headers or _in_url(request)


def _in_url(request: SignedRequest) -> bool:
    return any(name in request.query for name in (*IN_URL, *V1_IN_URL))


def authenticate_request(
    request: SignedRequest, *, keys: KeyRing, region: str, now: datetime
) -> AccessKey | None:
    """The key that signed the request, or refuse; None if it is not signed at all."""
    authorization = request.headers.get("authorization")
    if authorization is not None and _in_url(request):
        raise Refused(
            refusals.SIGNED_TWICE,
            hint="The request has an Authorization header and a signature in its URL; send one.",
        )
    if not is_signed(request):
        return None
    read = _read_header(request, authorization) if authorization is not None else _read_url(request)
    key = find_key(read.access_key_id, read.security_token, keys=keys, now=now)
    check_scope_names(read.scope, region)
    _check_time(read, now)
    _check_additional(read, request)
    payload = request.headers.get("x-oss-content-sha256", UNSIGNED_PAYLOAD)
    if payload != UNSIGNED_PAYLOAD:
        raise Refused(
            refusals.NOT_EMULATED,
            hint=f"x-oss-content-sha256 is {payload!r}; send {UNSIGNED_PAYLOAD}, as the SDKs do.",
        )
    _check_signature(read, key, request)
    return key


def _read_url(request: SignedRequest) -> _Claim:
    query = request.query
    if "x-oss-signature-version" not in query and any(name in query for name in V1_IN_URL):
        raise _v1("URL")
    version = query.get("x-oss-signature-version")
    if version != V4:
        raise _malformed(
            refusals.URL_VERSION, "x-oss-signature-version", version, f"send {V4}, which is V4"
        )
    credential = query.get("x-oss-credential")
    if not credential:
        raise _malformed(
            refusals.URL_CREDENTIAL, "x-oss-credential", credential, "sign the URL again"
        )
    access_key_id, scope = _read_scope(credential, query.get("x-oss-date"))
    expires = query.get("x-oss-expires")
    if not expires:
        raise _malformed(
            refusals.URL_NO_EXPIRES, "x-oss-expires", expires, "send the seconds from x-oss-date on"
        )
    if not re.fullmatch("[0-9]{1,6}", expires) or not 1 <= int(expires) <= MAX_SECONDS:
        raise _malformed(
            refusals.URL_EXPIRES,
            "x-oss-expires",
            expires,
            f"send seconds from x-oss-date on, 1 to {MAX_SECONDS}",
        )
    signature = query.get(SIGNATURE)
    if not signature:
        missing = signature is None
        raise _malformed(
            refusals.URL_NO_SIGNATURE if missing else refusals.URL_EMPTY_SIGNATURE,
            SIGNATURE,
            signature,
            "sign the URL again, and send all of it",
        )
    return _Claim(
        access_key_id=access_key_id,
        scope=scope,
        security_token=query.get("x-oss-security-token"),
        signature=signature,
        additional=_names(query.get("x-oss-additional-headers")),
        expires=timedelta(seconds=int(expires)),
    )


def _read_header(request: SignedRequest, authorization: str) -> _Claim:
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme == "OSS":
        raise _v1("Authorization header")
    if scheme != V4:
        raise Refused(
            refusals.AUTHORIZATION,
            hint=f"The Authorization header is not one that OSS knows; start it with {V4}.",
        )
    # The pages show a space after each comma, the SDKs send none.
    pieces = [piece.strip().partition("=") for piece in rest.split(",")]
    members = {name: value for name, _, value in pieces}
    if not {"Credential", "Signature"} <= members.keys() or len(members) != len(pieces):
        raise Refused(
            refusals.AUTHORIZATION,
            hint=f"The Authorization header must be {V4} Credential=...,Signature=..., with"
            " AdditionalHeaders=... between them if there are any.",
        )
    access_key_id, scope = _read_scope(members["Credential"], request.headers.get("x-oss-date"))
    if "x-oss-content-sha256" not in request.headers:
        raise Refused(
            refusals.AUTHORIZATION,
            hint=f"With an Authorization header, x-oss-content-sha256: {UNSIGNED_PAYLOAD} must be"
            " sent, too.",
        )
    return _Claim(
        access_key_id=access_key_id,
        scope=scope,
        security_token=request.headers.get("x-oss-security-token"),
        signature=members["Signature"],
        additional=_names(members.get("AdditionalHeaders")),
        expires=None,
    )


def _read_scope(credential: str, date: str | None) -> tuple[str, CredentialScope]:
    access_key_id, day, region, product = split_credential(credential)
    signed_at = parse_time(date or "", TIME)
    if signed_at is None:
        raise _malformed(
            refusals.REQUEST_DATE, "x-oss-date", date, "send the UTC time, such as 20260131T235958Z"
        )
    return access_key_id, CredentialScope(day, region, product, signed_at)


def _names(text: str | None) -> tuple[str, ...]:
    """The additional headers; the pages refuse empty names and names with underscores."""
    if text is None:
        return ()
    names = tuple(name.strip().lower() for name in text.split(";"))
    for name in names:
        if not re.fullmatch("[0-9a-z-]+", name):
            raise Refused(
                refusals.ADDITIONAL_NAME if name else refusals.ADDITIONAL_EMPTY,
                hint=f"The additional headers are {text!r}; write names of letters, digits and"
                " hyphens, with semicolons between them.",
            )
    return names


def _check_time(claim: _Claim, now: datetime) -> None:
    signed_at = claim.scope.signed_at
    if claim.expires is None:
        if abs(now - signed_at) > MAX_SKEW:
            raise Refused(
                refusals.SKEWED_DATE,
                hint=f"x-oss-date is {abs(now - signed_at)} away from this machine's clock; correct"
                " the signer's clock, and sign each request when it is sent.",
                elements=skew_elements(signed_at, now),
            )
        return
    if signed_at - now > MAX_SKEW:
        raise Refused(
            refusals.URL_TOO_EARLY,
            hint=f"x-oss-date is {signed_at - now} ahead of this machine's clock; correct the"
            " signer's clock and use UTC.",
        )
    end = signed_at + claim.expires
    if now > end:
        raise Refused(
            refusals.URL_EXPIRED,
            hint=f"The URL was valid for {claim.expires.total_seconds():.0f} s, and expired at"
            f" {end:%Y-%m-%dT%H:%M:%SZ}; request a new one right before it is used.",
            elements={
                "Expires": f"{end:%Y-%m-%dT%H:%M:%S.000Z}",
                "ServerTime": f"{now:%Y-%m-%dT%H:%M:%S.000Z}",
            },
        )


def _check_additional(claim: _Claim, request: SignedRequest) -> None:
    """Seen live: Go's TestPresignExtra; so a chunked body does not pass a signed length."""
    for name in claim.additional:
        if name not in request.headers:
            raise Refused(
                refusals.ADDITIONAL_ABSENT,
                hint=f"The signature covers the header {name!r}, which the request lacks; send it"
                " exactly as it was signed.",
            )


def _check_signature(claim: _Claim, key: AccessKey, request: SignedRequest) -> None:
    query = {name: value for name, value in request.query.items() if name != SIGNATURE}
    request = replace(request, query=query, additional=claim.additional)
    signed = {"date": f"{claim.scope.signed_at:{TIME}}", "region": claim.scope.region}
    expected = request.signature(key.access_key_secret, **signed)
    if hmac.compare_digest(expected.encode(), claim.signature.encode(errors="replace")):
        return
    parameters = sorted(name for name in query if not name.startswith("x-oss-")) or ["none"]
    raise Refused(
        refusals.WRONG_REQUEST_SIGNATURE,
        hint=f"The signature does not match this request and the secret of {key.access_key_id!r}."
        f" It covers {request.method}, the key, each parameter (here"
        f" {', '.join(map(repr, parameters))}) and the headers"
        f" {', '.join(request.signed_headers()) or 'that start with x-oss- (here none)'}. A header"
        " that was not signed must not be sent if it is Content-Type, Content-MD5 or x-oss-*, and"
        " one that was must have the value that was signed, Content-Length included.",
        elements={
            "OSSAccessKeyId": key.access_key_id,
            "SignatureProvided": claim.signature,
            "StringToSign": request.string_to_sign(**signed),
        },
    )


def _v1(where: str) -> Refused:
    return Refused(
        refusals.NOT_EMULATED,
        hint=f"V1 signatures in the {where} are not emulated; sign with V4 (with ali-oss, set"
        " authorizationV4 and region, or call signatureUrlV4).",
    )


def _malformed(refusal: Refusal, name: str, value: str | None, cure: str) -> Refused:
    problem = "is missing" if value is None else f"is {value!r}" if value else "is empty"
    return Refused(
        refusal,
        hint=f"{name} {problem}; {cure}.",
        elements={"ArgumentName": name, "ArgumentValue": value or ""},
    )
