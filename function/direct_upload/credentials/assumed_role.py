"""The assumed role's credentials: one AssumeRole per lifetime, no grant lost while STS is down."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import CredentialsUnavailable, Misconfigured
from .function_role import GRANT_MARGIN, BaseCredentials, Credentials, base_credentials
from .sts import TOO_LATE, AssumeRoleFailed, Role, assume_role, load_sdk

logger = logging.getLogger("direct_upload")

# Credentials must allow a grant of at least this life, or of POLICY_SECONDS if shorter.
SHORTEST_GRANT_SECONDS = 60

SOFT_WINDOW = timedelta(seconds=300)
JITTER = 0.1


@dataclass(frozen=True)
class Patience:
    """How long a caller may have to wait: at worst `deadline_seconds` and half a second."""

    try_seconds: float = 2.0
    deadline_seconds: float = 5.0
    pauses: tuple[float, ...] = (0.2, 0.4)  # between the tries, so three at most
    last_try_seconds: float = 0.5  # the least that a try gets, however slow the first import was
    back_off: timedelta = timedelta(seconds=5)


class AssumedRole:
    """The one cache entry of a configuration; safe to share between threads.

    Function Compute freezes an idle instance, so there is no background thread, and the wall clock
    is used. It may be set back: a failure that then lies in the future is treated as past.
    """

    def __init__(
        self,
        role: Role,
        *,
        policy_seconds: int,
        environ: Mapping[str, str],
        clock: Callable[[], datetime],
        patience: Patience = Patience(),
        jitter: float | None = None,
    ) -> None:
        self._role = role
        self._floor = GRANT_MARGIN + timedelta(seconds=min(SHORTEST_GRANT_SECONDS, policy_seconds))
        self._environ = environ
        self._clock = clock
        self._patience = patience
        # Drawn once, so that instances that started together do not refresh together.
        self._jitter = secrets.SystemRandom().uniform(-JITTER, JITTER) if jitter is None else jitter
        self._refreshing = threading.Lock()  # held by the one caller that refreshes
        self._entry: _Entry | None = None
        self._failure: _Failure | None = None

    def get(self, context: object) -> Credentials:
        """Credentials that can sign a grant now; almost always the cached ones, without a lock."""
        entry = self._entry
        if entry is not None and self._clock() < entry.refresh_from:
            return entry.credentials
        return self._renew(context)

    def _renew(self, context: object) -> Credentials:
        """Refresh, unless another caller does so: then wait for it only where nothing is usable."""
        usable = self._usable()
        patience = 0 if usable else self._patience.deadline_seconds
        if not self._refreshing.acquire(timeout=patience):
            if usable:
                return usable
            raise _unavailable(*TOO_LATE)
        try:
            now, entry, failure = self._clock(), self._entry, self._failure
            if entry is not None and now < entry.refresh_from:  # another caller refreshed
                return entry.credentials
            usable = self._usable()
            if failure is not None and failure.holds(now, self._patience.back_off):
                if usable:
                    return usable
                raise _unavailable(failure.message, failure.hint)
            return self._refresh(context, usable)
        finally:
            self._refreshing.release()

    def _usable(self) -> Credentials | None:
        """The cached credentials, if they can still sign a grant."""
        entry = self._entry
        return entry.credentials if entry is not None and self._clock() < entry.floor else None

    def _refresh(self, context: object, usable: Credentials | None) -> Credentials:
        """New credentials, or the usable ones when STS gives none."""
        try:
            self._entry = self._assume(context, soft=usable is not None)
        except Misconfigured as error:
            # No call was made, so the next one need not wait: its context may have keys.
            if usable is None:
                raise
            logger.warning("%s %s", error.message, error.hint)
            return usable
        except Exception as error:
            self._failure = failure = _Failure(*_explain(error), self._clock())
            consequence = " The cached credentials stay in use." if usable else ""
            logger.warning("%s %s%s", failure.message, failure.hint, consequence)
            if usable is None:
                raise _unavailable(failure.message, failure.hint) from None
            return usable
        self._failure = None
        logger.info("New credentials, valid until %s.", self._entry.credentials.expiration)
        return self._entry.credentials

    def _assume(self, context: object, *, soft: bool) -> _Entry:
        ends = time.monotonic() + self._patience.deadline_seconds
        base = base_credentials(context, self._environ)
        load_sdk()
        credentials = self._try(base, () if soft else self._patience.pauses, ends)
        now = self._clock()
        expires = credentials.expiration
        if expires is None or expires - now <= self._floor:
            raise AssumeRoleFailed(
                "STS gave credentials that expire too soon for a grant.",
                "Check the clock of this machine.",
                transient=False,
            )
        life = expires - now
        # Half the life, for a clock that is ahead: else each request would refresh.
        window = min(max(SOFT_WINDOW, life / 5) * (1 + self._jitter), life / 2)
        floor = expires - self._floor
        return _Entry(credentials, refresh_from=min(expires - window, floor), floor=floor)

    def _try(self, base: BaseCredentials, pauses: tuple[float, ...], ends: float) -> Credentials:
        patience, remaining = self._patience, iter(pauses)
        while True:
            left = ends - time.monotonic()
            seconds = max(patience.last_try_seconds, min(patience.try_seconds, left))
            try:
                return assume_role(base, self._role, seconds=seconds, clock=self._clock)
            except AssumeRoleFailed as failure:
                pause = next(remaining, None) if failure.transient else None
                if pause is None or time.monotonic() + pause >= ends:
                    raise
            time.sleep(pause)


@dataclass(frozen=True)
class _Entry:
    credentials: Credentials
    refresh_from: datetime
    floor: datetime


@dataclass(frozen=True)
class _Failure:
    message: str
    hint: str
    at: datetime

    def holds(self, now: datetime, back_off: timedelta) -> bool:
        return timedelta() <= now - self.at < back_off


def _unavailable(message: str, hint: str) -> CredentialsUnavailable:
    return CredentialsUnavailable(message, hint, {"Retry-After": "5"})


def _explain(error: Exception) -> tuple[str, str]:
    """Message and hint; of an error that is not ours, the SDK's imports included, only the type."""
    if isinstance(error, AssumeRoleFailed):
        return error.message, error.hint
    message = f"AssumeRole could not be called ({type(error).__name__})."
    return message, "Check that all of requirements.txt is deployed, then try again."
