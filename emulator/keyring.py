"""The access keys that the emulated STS and OSS know."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

ACCOUNT_ID = "1234567890123456"  # owns the keys, the function and the bucket


@dataclass(frozen=True)
class AccessKey:
    """A permanent key, or temporary credentials if it has a security token."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    expiration: datetime | None = None  # aware UTC; None: never
    session_policy: str | None = field(default=None, repr=False)  # RAM policy JSON; None: no limit
    enabled: bool = True


class TokenFault(Enum):
    """Why a key may not be used with a security token."""

    UNKNOWN = auto()
    FOREIGN = auto()
    EXPIRED = auto()


class KeyRing:
    """Keys by access key ID; safe to share between the threads of several servers."""

    def __init__(self, keys: Iterable[AccessKey] = ()) -> None:
        self._lock = threading.Lock()
        self._by_id = {key.access_key_id: key for key in keys}

    def add(self, key: AccessKey) -> None:
        with self._lock:
            self._by_id[key.access_key_id] = key

    def find(self, access_key_id: str) -> AccessKey | None:
        with self._lock:
            return self._by_id.get(access_key_id)

    def owner_of(self, security_token: str) -> AccessKey | None:
        """The key that was issued together with this token."""
        with self._lock:
            return next(
                (key for key in self._by_id.values() if key.security_token == security_token), None
            )

    def token_fault(self, key: AccessKey, security_token: str, now: datetime) -> TokenFault | None:
        """What is wrong with the token that was sent with a key; None if it may be used."""
        owner = self.owner_of(security_token)
        if owner is None:
            return TokenFault.UNKNOWN
        if owner.access_key_id != key.access_key_id:
            return TokenFault.FOREIGN
        if owner.expiration is not None and owner.expiration <= now:
            return TokenFault.EXPIRED
        return None

    def issue(self, *, expiration: datetime, session_policy: str | None = None) -> AccessKey:
        """Create, remember and return temporary credentials, as STS does."""
        key = AccessKey(
            access_key_id="STS." + secrets.token_hex(12),
            access_key_secret=secrets.token_urlsafe(32),
            # As long as real tokens (600 to 1,200 characters), so that limits show up here.
            security_token="CAIS" + secrets.token_urlsafe(561),
            expiration=expiration,
            session_policy=session_policy,
        )
        self.add(key)
        return key
