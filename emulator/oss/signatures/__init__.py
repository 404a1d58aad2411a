"""Who signed a form, or a request: the claim in it, and the check of key, token and signature."""

from __future__ import annotations

from .authentication import authenticate, v1_signature, v4_signature
from .canonical import UNSIGNED_PAYLOAD, SignedRequest
from .claim import V4, Claim, CredentialScope, read_claim
from .request_claim import is_signed
from .requests import authenticate_request, signed_request

__all__ = [
    "UNSIGNED_PAYLOAD",
    "V4",
    "Claim",
    "CredentialScope",
    "SignedRequest",
    "authenticate",
    "authenticate_request",
    "is_signed",
    "read_claim",
    "signed_request",
    "v1_signature",
    "v4_signature",
]
