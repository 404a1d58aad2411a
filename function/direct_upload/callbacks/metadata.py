"""The grant id in the metadata of an object, which comes with OSS's event about it.

Everybody who may read an object sees its metadata, so what the id says, such as the user, is
encrypted. The value has only lower-case letters and digits (Base32): what OSS's documents say of
other characters conflicts (EC 0011-00000005 allows letters, digits and hyphens). Pure.
"""

from __future__ import annotations

import base64
import hashlib
import re

from .field import WrongGrant

GRANT_METADATA = "x-oss-meta-grant"

_CODE_BYTES = 16


def to_metadata(secret: bytes, grant_id: str) -> str:
    """The value of `x-oss-meta-grant` for a grant id."""
    claims, _, code = grant_id.rpartition(".")
    start = base64.urlsafe_b64decode(code + "==")
    value = start + _crypt(secret, start, claims.encode())
    return base64.b32encode(value).decode().rstrip("=").lower()


def from_metadata(secret: bytes, value: str) -> str:
    """The grant id in a value, which is still to be checked. Raises `WrongGrant`."""
    try:
        if not re.fullmatch("[a-z2-7]+", value):
            raise ValueError
        data = base64.b32decode(value.upper() + "=" * (-len(value) % 8))
        start, claims = data[:_CODE_BYTES], data[_CODE_BYTES:]
        code = base64.urlsafe_b64encode(start).decode().rstrip("=")
        return f"{_crypt(secret, start, claims).decode('ascii')}.{code}"
    except ValueError:
        raise WrongGrant("the metadata has no grant id of this function") from None


def _crypt(secret: bytes, start: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt: the stream begins at the id's own code, so no two ids share one."""
    stream = hashlib.shake_256(secret + start).digest(len(data))
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")
    return mixed.to_bytes(len(data), "big")
