"""Keys from the URL in `JWT_JWKS`, so that an issuer can change them while the function runs."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from jwt import PyJWK

from ..errors import KeysUnavailable
from ..http.outgoing import FetchFailed, fetch
from .keys import KeySet, WrongKeys, parse_jwks

logger = logging.getLogger("direct_upload")

FETCH_SECONDS = 2.0
MAX_SET_BYTES = 64 * 1024
SHORTEST_LIFE = timedelta(minutes=5)
USUAL_LIFE = timedelta(minutes=15)  # where the issuer does not say
LONGEST_LIFE = timedelta(days=1)
OUTAGE = timedelta(days=1)  # how long keys serve on that could not be renewed
UNKNOWN_KID_REST = timedelta(minutes=1)
FAILURE_REST = timedelta(seconds=10)


@dataclass(frozen=True)
class _Held:
    """A fetched set; times are distances, so that a clock that is set back ends it, too."""

    keys: KeySet
    since: datetime
    life: timedelta

    def is_fresh(self, now: datetime) -> bool:
        return abs(now - self.since) < self.life

    def serves(self, now: datetime) -> bool:
        return abs(now - self.since) < self.life + OUTAGE


class FetchedKeys:
    """Fetches a set when it is first needed, when it ran out and for an unknown `kid`.

    Safe to share between threads: one of them fetches, and only those wait for it that have no key.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._tried: datetime | None = None

    def find(self, kid: str | None, now: datetime) -> PyJWK | None:
        """The key that a token names. Raises `KeysUnavailable`."""
        held = self._held
        key = held.keys.find(kid, now) if held and held.serves(now) else None
        if held and key and held.is_fresh(now):
            return key
        if self._lock.acquire(blocking=key is None):
            try:
                self._renew(kid, now)
            finally:
                self._lock.release()
        held = self._held
        if held is None or not held.serves(now):
            raise KeysUnavailable(
                "Tokens cannot be checked now: the issuer's keys are not available.",
                "Try again later.",
                {"Retry-After": str(int(FAILURE_REST.total_seconds()))},
            )
        return held.keys.find(kid, now)

    def _renew(self, kid: str | None, now: datetime) -> None:
        """Fetch the set if there is a reason to, and no reason to wait."""
        held = self._held
        rest = FAILURE_REST
        if held and held.is_fresh(now):
            if held.keys.find(kid, now) or kid is None:
                return
            rest = UNKNOWN_KID_REST
        if self._tried is not None and abs(now - self._tried) < rest:
            return
        self._tried = now
        try:
            headers, body = fetch(self._url, seconds=FETCH_SECONDS, max_bytes=MAX_SET_BYTES)
            self._held = _Held(parse_jwks(body), now, life(headers))
        except FetchFailed as failure:
            logger.warning("JWT_JWKS could not be fetched: %s", failure)
        except WrongKeys as wrong:
            logger.warning("JWT_JWKS could not be used: what the server sends %s", wrong)


def life(headers: Mapping[str, str]) -> timedelta:
    """How long the set may be kept, by its Cache-Control and Age (RFC 9111, 4.2)."""
    control = headers.get("cache-control", "").lower()
    if re.search(r"\bno-(cache|store)\b", control):
        return SHORTEST_LIFE
    longest = re.search(r'\bmax-age="?([0-9]{1,9})', control)
    if longest is None:
        return USUAL_LIFE
    age = re.fullmatch(r"[0-9]{1,9}", headers.get("age", ""))
    left = timedelta(seconds=int(longest[1]) - (int(age[0]) if age else 0))
    return min(max(left, SHORTEST_LIFE), LONGEST_LIFE)
