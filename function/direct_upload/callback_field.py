"""The form field `callback`: it asks OSS to report a finished upload.

OSS documents, "Callback". The field is Base64 of JSON and is pinned in the policy, so an uploader
can neither drop nor redirect the report.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from . import grant_id
from .errors import Misconfigured
from .scope import Scope

MAX_BYTES = 512  # of JSON; forms have 8 KB for all their fields

# The names are those of OSS's own samples; OSS encodes what it puts in for a placeholder.
_BODY = (
    "bucket=${bucket}&object=${object}&etag=${etag}&size=${size}&mimeType=${mimeType}"
    "&width=${imageInfo.width}&height=${imageInfo.height}&grant="
)


@dataclass(frozen=True)
class Callbacks:
    """Where finished uploads are reported, and the secret that proves them ours."""

    url: str
    secret: bytes = field(repr=False)

    def field(self, scope: Scope, *, issued: datetime, expires: datetime) -> str:
        """The field for one grant."""
        grant = grant_id.make(self.secret, scope, issued=issued, expires=expires)
        return callback_field(self.url, grant)


def callback_field(url: str, grant: str) -> str:
    """Base64 of at most 512 bytes, for a URL that `check_callback_url` let pass."""
    return base64.b64encode(_document(url, grant)).decode()


def check_callback_url(url: str) -> None:
    """`Misconfigured` when OSS could not call this URL, or its length bursts the field."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        usable = False
    # OSS takes `;` for the start of another URL and `$` for that of a placeholder.
    if not usable or not re.fullmatch(r"[!-~]+", url) or any(mark in url for mark in '@#;$"<>\\'):
        raise Misconfigured(
            "The setting CALLBACK_URL is no address that OSS could call.",
            "Set it, such as https://upload.example.com/callback; encode special characters.",
        )
    excess = len(_document(url, "x" * grant_id.LONGEST)) - MAX_BYTES
    if excess > 0:
        raise Misconfigured(
            f"The setting CALLBACK_URL is {excess} characters too long.",
            "Shorten it: with all that a callback tells it must fit into 512 bytes.",
        )


def _document(url: str, grant: str) -> bytes:
    document: dict[str, object] = {
        "callbackUrl": url,
        "callbackBody": _BODY + grant,
        "callbackBodyType": "application/x-www-form-urlencoded",
    }
    if url.lower().startswith("https:"):
        # Without it OSS names no host in the TLS handshake, and most servers refuse.
        document["callbackSNI"] = True
    return json.dumps(document, separators=(",", ":")).encode()
