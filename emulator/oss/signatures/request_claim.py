"""What a request claims about its signer, in its URL or its Authorization header, with V4.

OSS documents, "V4 signatures in presigned URLs", "V4 signature in the Authorization header", and
the pages of the ECs from 0002-00000209. They print few codes and messages; most are inferred.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

from ..errors import Refusal, Refused, refusals
from .canonical import UNSIGNED_PAYLOAD, SignedRequest
from .claim import TIME, V4, CredentialScope, parse_time, split_credential

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
class RequestClaim:
    """What a request says about its signature; `expires` only in a URL."""

    access_key_id: str
    scope: CredentialScope
    security_token: str | None = field(repr=False)
    signature: str = field(repr=False)
    additional: tuple[str, ...]
    expires: timedelta | None


def is_signed(request: SignedRequest) -> bool:
    """Whether the request has a signature, right or wrong."""
    return "authorization" in request.headers or _in_url(request)


def _in_url(request: SignedRequest) -> bool:
    return any(name in request.query for name in (*IN_URL, *V1_IN_URL))


def read_request_claim(request: SignedRequest) -> RequestClaim | None:
    """Find the parts of the signature; None if the request is not signed at all."""
    authorization = request.headers.get("authorization")
    if authorization is None:
        return _read_url(request) if _in_url(request) else None
    if _in_url(request):
        raise Refused(
            refusals.SIGNED_TWICE,
            hint="The request has an Authorization header and a signature in its URL; send one.",
        )
    return _read_header(request, authorization)


def _read_url(request: SignedRequest) -> RequestClaim:
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
    return RequestClaim(
        access_key_id=access_key_id,
        scope=scope,
        security_token=query.get("x-oss-security-token"),
        signature=signature,
        additional=_names(query.get("x-oss-additional-headers")),
        expires=timedelta(seconds=int(expires)),
    )


def _read_header(request: SignedRequest, authorization: str) -> RequestClaim:
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
    return RequestClaim(
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
