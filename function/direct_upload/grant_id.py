"""Grant ids: a finished upload's proof that it was ours to grant, with no database.

OSS signs the callbacks of every account with one key, so its signature only says that OSS sent
them. The grant id, which stands in the signed callback body, says that this upload was granted:
an HMAC over what was granted, behind the few values that a callback does not tell. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Collection
from datetime import datetime, timedelta

from . import content_types
from .scope import Scope

LONGEST = 162
"""No grant id has more characters."""

# An upload may begin in the grant's last second and take its time.
SLOWEST_UPLOAD = timedelta(hours=24)

MAX_USER_BYTES = 64

_FORM = re.compile(
    # Length of the directory (0: one exact key), smallest and largest size, issue time, life.
    r"(?P<claims>(?P<directory>[0-9]{1,4})\.(?P<minimum>[0-9]{1,10})\.(?P<maximum>[0-9]{1,10})"
    r"\.(?P<issued>[0-9]{1,10})\.(?P<life>[0-9]{1,5})\.(?P<user>[A-Za-z0-9_-]*))"
    r"\.(?P<code>[A-Za-z0-9_-]{22})"
)


class WrongGrant(ValueError):
    """The upload is not the one that was granted; the text says why, for the log."""


def make(secret: bytes, scope: Scope, *, issued: datetime, expires: datetime) -> str:
    """The id of one grant; that of a directory binds no content type.

    It holds only characters that no encoding touches: OSS sends a callback's body as it stands.
    """
    length = len(scope.key_or_dir) if scope.is_directory else 0
    content_type = "" if scope.is_directory else scope.content_types[0]
    begin = int(issued.timestamp())
    life = int(expires.timestamp()) - begin
    user = _encode(_name(scope.user))
    claims = f"{length}.{scope.minimum}.{scope.maximum}.{begin}.{life}.{user}"
    return f"{claims}.{_code(secret, claims, scope.bucket, scope.key_or_dir, content_type)}"


def check(
    grant_id: str,
    secret: bytes,
    *,
    bucket: str,
    key: str,
    size: int,
    content_type: str,
    directory_types: Collection[str] = (),
    now: datetime,
) -> str:
    """The user that a finished upload was granted to, else `WrongGrant`.

    `directory_types`, when there are any, are the types that directory grants allow.
    """
    found = _FORM.fullmatch(grant_id)
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
        raise WrongGrant("the grant id belongs to another bucket, key or type, or is not ours")
    if length and directory_types and content_types.bare(content_type) not in directory_types:
        raise WrongGrant("the type is none of those that were granted")
    if not int(found["minimum"]) <= size <= int(found["maximum"]):
        raise WrongGrant("the size is outside of what was granted")
    ended = int(found["issued"]) + int(found["life"])
    if now.timestamp() > ended + SLOWEST_UPLOAD.total_seconds():
        raise WrongGrant("the grant ended too long ago")
    return _decode(found["user"]).decode("utf-8", "surrogatepass")


def _name(user: str) -> bytes:
    """Long names are hashed; the result is longer than any name that stands for itself."""
    # JSON can carry half a surrogate pair.
    name = user.encode("utf-8", "surrogatepass")
    if len(name) <= MAX_USER_BYTES:
        return name
    return f"sha256:{hashlib.sha256(name).hexdigest()}".encode()


def _code(secret: bytes, claims: str, bucket: str, key_or_dir: str, content_type: str) -> str:
    # JSON, for it keeps the parts apart whatever they hold.
    parts = json.dumps([claims, bucket, key_or_dir, content_types.bare(content_type)])
    return _encode(hmac.digest(secret, parts.encode(), "sha256")[:16])


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
