"""Who signed a form: the claim in its fields, and the check of key, token and signature."""

from __future__ import annotations

from .authentication import authenticate, v1_signature, v4_signature
from .claim import V4, Claim, CredentialScope, read_claim

__all__ = [
    "V4",
    "Claim",
    "CredentialScope",
    "authenticate",
    "read_claim",
    "v1_signature",
    "v4_signature",
]
