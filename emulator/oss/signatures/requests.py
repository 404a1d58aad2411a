"""Who signed a request in its URL or its Authorization header: whether its claim is true."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ...keyring import AccessKey, KeyRing
from ..errors import Refused, refusals
from .authentication import MAX_SKEW, check_scope_names, find_key, skew_elements
from .canonical import UNSIGNED_PAYLOAD, SignedRequest
from .claim import TIME
from .request_claim import SIGNATURE, RequestClaim, read_request_claim

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


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


def authenticate_request(
    request: SignedRequest, *, keys: KeyRing, region: str, now: datetime
) -> AccessKey | None:
    """The key that signed the request, or refuse; None if it is not signed at all."""
    claim = read_request_claim(request)
    if claim is None:
        return None
    key = find_key(claim.access_key_id, claim.security_token, keys=keys, now=now)
    check_scope_names(claim.scope, region)
    _check_time(claim, now)
    _check_additional(claim, request)
    payload = request.headers.get("x-oss-content-sha256", UNSIGNED_PAYLOAD)
    if payload != UNSIGNED_PAYLOAD:
        raise Refused(
            refusals.NOT_EMULATED,
            hint=f"x-oss-content-sha256 is {payload!r}; send {UNSIGNED_PAYLOAD}, as the SDKs do.",
        )
    _check_signature(claim, key, request)
    return key


def _check_time(claim: RequestClaim, now: datetime) -> None:
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


def _check_additional(claim: RequestClaim, request: SignedRequest) -> None:
    """Seen live: Go's TestPresignExtra; so a chunked body does not pass a signed length."""
    for name in claim.additional:
        if name not in request.headers:
            raise Refused(
                refusals.ADDITIONAL_ABSENT,
                hint=f"The signature covers the header {name!r}, which the request lacks; send it"
                " exactly as it was signed.",
            )


def _check_signature(claim: RequestClaim, key: AccessKey, request: SignedRequest) -> None:
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
