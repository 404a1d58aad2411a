"""The grant id, and the form field `callback`, which makes OSS report it.

The field is Base64 of JSON and pinned in the policy, so an uploader can neither drop nor redirect
the report (OSS documents, "Callback"). OSS signs the callbacks of all accounts with one key, so its
signature only proves that OSS sent them. The grant id in the signed body proves that this upload
was granted here, without a database: an HMAC over what was granted, preceded by the few values that
a callback does not report. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from ..files import content_types
from ..mac import mac

# The names are those of OSS's own samples; OSS encodes the values of placeholders.
_BODY = (
    "bucket=${bucket}&object=${object}&etag=${etag}&size=${size}&mimeType=${mimeType}"
    "&width=${imageInfo.width}&height=${imageInfo.height}&grant="
)

MAX_GRANT_ID_CHARACTERS = 162  # without a preset
DEFAULT_PRESET = "default"  # no grant id contains it, so that the others stay short

# An upload may begin in the grant's last second and take its time.
SLOWEST_UPLOAD = timedelta(hours=24)

MAX_USER_BYTES = 64

_GRANT_ID = re.compile(
    # Length of the directory (0: one exact key), smallest and largest size, issue time, life, user.
    r"(?P<claims>(?P<directory>[0-9]{1,4})\.(?P<minimum>[0-9]{1,10})\.(?P<maximum>[0-9]{1,14})"
    r"\.(?P<issued>[0-9]{1,10})\.(?P<life>[0-9]{1,6})\.(?P<user>[A-Za-z0-9_-]*)"
    r"(\.(?P<preset>[a-z][a-z0-9-]{0,15}))?)"
    r"\.(?P<code>[A-Za-z0-9_-]{22})"
)


class WrongGrant(ValueError):
    """The upload is not the one that was granted; the text says why, for the log."""


class Scope(NamedTuple):
    """What one grant permits: one exact key, or a directory in which the client chooses names."""

    bucket: str
    key_or_dir: str
    is_directory: bool
    preset: str
    user: str  # empty with AUTH=anonymous
    minimum: int  # bytes
    maximum: int
    content_types: tuple[str, ...]  # one for an exact key; none for a directory means any


def callback_field(url: str, grant: str) -> str:
    """The field that makes OSS report the grant id to a URL: Base64 of JSON.

    The JSON has at most 512 bytes for a URL that `settings` accepts.
    """
    document: dict[str, object] = {
        "callbackUrl": url,
        "callbackBody": _BODY + grant,
        "callbackBodyType": "application/x-www-form-urlencoded",
    }
    if url.lower().startswith("https:"):
        # Without it OSS names no host in the TLS handshake, and most servers refuse.
        document["callbackSNI"] = True
    return base64.b64encode(json.dumps(document, separators=(",", ":")).encode()).decode()


def make_grant_id(secret: bytes, scope: Scope, *, issued: int, expires: int) -> str:
    """The id of one grant; that of a directory binds no content type. Times are Unix times.

    It has only characters that no encoding changes: OSS sends a callback's body as it is.
    """
    length = len(scope.key_or_dir) if scope.is_directory else 0
    content_type = "" if scope.is_directory else scope.content_types[0]
    user = _encode(_name(scope.user))
    preset = "" if scope.preset == DEFAULT_PRESET else f".{scope.preset}"
    claims = f"{length}.{scope.minimum}.{scope.maximum}.{issued}.{expires - issued}.{user}{preset}"
    return f"{claims}.{_code(secret, claims, scope.bucket, scope.key_or_dir, content_type)}"


def check_grant_id(
    grant_id: str,
    secret: bytes,
    *,
    bucket: str,
    key: str,
    size: int,
    content_type: str,
    directory_types: Mapping[str, Collection[str]] = MappingProxyType({}),
    now: datetime,
) -> tuple[str, str]:
    """The user to whom a finished upload was granted, and the preset; else `WrongGrant`.

    `directory_types` are the types that directory grants of each preset allow, none meaning any.
    """
    found = _GRANT_ID.fullmatch(grant_id)
    if found is None:
        raise WrongGrant("the grant id is malformed")
    length = int(found["directory"])
    code = _code(
        secret,
        found["claims"],
        bucket,
        key[:length] if length else key,
        "" if length else content_type,
    )
    if not hmac.compare_digest(code, found["code"]):
        raise WrongGrant("the grant id is for another bucket, key or type, or not from here")
    preset = found["preset"] or DEFAULT_PRESET
    types = directory_types.get(preset)
    if length and types and content_types.bare(content_type) not in types:
        raise WrongGrant("the type is not one of those that were granted")
    if not int(found["minimum"]) <= size <= int(found["maximum"]):
        raise WrongGrant("the size is outside the granted range")
    ended = int(found["issued"]) + int(found["life"])
    if now.timestamp() > ended + SLOWEST_UPLOAD.total_seconds():
        raise WrongGrant("the grant ended too long ago")
    return _decode(found["user"]).decode("utf-8", "surrogatepass"), preset


def _name(user: str) -> bytes:
    """Long names are hashed, which makes them longer than any name that is used as it is."""
    # JSON can contain half a surrogate pair.
    name = user.encode("utf-8", "surrogatepass")
    if len(name) <= MAX_USER_BYTES:
        return name
    return f"sha256:{hashlib.sha256(name).hexdigest()}".encode()


def _code(secret: bytes, claims: str, bucket: str, key_or_dir: str, content_type: str) -> str:
    # JSON keeps the parts apart, whatever they contain.
    parts = json.dumps([claims, bucket, key_or_dir, content_types.bare(content_type)])
    return _encode(mac(secret, parts)[:16])


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
