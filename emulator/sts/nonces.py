"""Signature nonces that were used, for as long as their requests could be replayed."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from datetime import datetime

from .acs3 import MAX_SKEW
from .errors import StsError

MAX_NONCES = 100_000  # beyond it the oldest are forgotten, so that memory is bounded


class Nonces:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: OrderedDict[bytes, datetime] = OrderedDict()

    def use(self, nonce: str, access_key_id: str, now: datetime) -> None:
        """Remember a nonce of a verified request; a second use is refused."""
        digest = hashlib.sha256(f"{access_key_id}\n{nonce}".encode()).digest()
        with self._lock:
            while self._until and (
                len(self._until) >= MAX_NONCES or next(iter(self._until.values())) < now
            ):
                self._until.popitem(last=False)
            if digest in self._until:
                raise StsError("SignatureNonceUsed", "x-acs-signature-nonce came before")
            # A date may be 15 minutes ahead, and is good for 15 minutes from there.
            self._until[digest] = now + 2 * MAX_SKEW
