"""Message authentication codes under keys that stay: secrets, and a day's signing key. Pure."""

from __future__ import annotations

import hmac
from functools import lru_cache


def mac(key: bytes, text: str, digest: str = "sha256") -> bytes:
    """The HMAC of a text in UTF-8, which may have half a surrogate pair."""
    code = _keyed(key, digest).copy()
    code.update(text.encode("utf-8", "surrogatepass"))
    return code.digest()


@lru_cache(maxsize=8)
def _keyed(key: bytes, digest: str) -> hmac.HMAC:
    """To copy and never to update: OpenSSL takes longer to set it up than to sign a policy."""
    return hmac.new(key, digestmod=digest)
