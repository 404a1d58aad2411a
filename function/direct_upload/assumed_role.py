"""Credentials of the assumed role: one AssumeRole an hour, and none lost while STS is down."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from .credentials import GRANT_MARGIN, BaseCredentials, Credentials, base_credentials
from .errors import CredentialsUnavailable, Misconfigured, UploadError
from .sts import RETRY_LATER, AssumeRoleFailed, Role, assume_role, load_sdk

logger = logging.getLogger("direct_upload")

# Each grant shall live at least this much, or all of its own life where that is shorter.
SHORTEST_GRANT_SECONDS = 60

SOFT_WINDOW = timedelta(seconds=300)
JITTER = 0.1


@dataclass(frozen=True)
class Patience:
    """How long a caller may have to wait: `deadline_seconds` and half a second at the worst."""

    try_seconds: float = 2.0
    deadline_seconds: float = 5.0
    pauses: tuple[float, ...] = (0.2, 0.4)  # between the tries, so three at most
    last_try_seconds: float = 0.5  # what a try gets at least, however slow the first import was
    back_off: timedelta = timedelta(seconds=5)


class AssumedRole:
    """The one cache entry of a configuration; safe to share between threads.

    Function Compute freezes an idle instance, so there is no background thread, and the wall clock
    counts. Nothing here relies on it running forwards: an instant in the future of a clock that
    was put back is treated as past.
    """

    def __init__(
        self,
        *,
        role_arn: str,
        session_policy: str,
        duration_seconds: int,
        policy_seconds: int,
        endpoint: str | None,
        region: str,
        environ: Mapping[str, str],
        clock: Callable[[], datetime],
        patience: Patience = Patience(),
        jitter: float | None = None,
    ) -> None:
        self._role = Role(role_arn, session_policy, duration_seconds, endpoint, region)
        self._floor = GRANT_MARGIN + timedelta(seconds=min(SHORTEST_GRANT_SECONDS, policy_seconds))
        self._environ = environ
        self._clock = clock
        self._patience = patience
        # Drawn once, so that instances that started together do not refresh together.
        self._jitter = secrets.SystemRandom().uniform(-JITTER, JITTER) if jitter is None else jitter
        self._lock = threading.Lock()
        self._entry: _Entry | None = None
        self._failure: _Failure | None = None
        self._flight: _Flight | None = None

    def get(self, context: object) -> Credentials:
        """Credentials good for a grant now; almost always the ones in hand, without a lock."""
        entry = self._entry
        if entry is not None and self._clock() < entry.refresh_from:
            return entry.credentials
        return self._renew(context)

    def warm(self, context: object) -> None:
        """Get credentials before the first request, which is free to try again at once."""
        try:
            self.get(context)
        except Exception as error:
            logger.warning("Not warmed (%s); the first request tries again.", type(error).__name__)
            self._failure = None

    def _renew(self, context: object) -> Credentials:
        with self._lock:
            now = self._clock()
            entry, flight, failure = self._entry, self._flight, self._failure
            if entry is not None and now < entry.refresh_from:
                return entry.credentials
            current = entry.credentials if entry is not None and now < entry.floor else None
            waiting = failure is not None and failure.holds(now, self._patience.back_off)
            if current is not None and (flight is not None or waiting):
                return current
            if flight is None and failure is not None and waiting:
                raise _again(failure.error)
            leads = flight is None
            if flight is None:
                flight = self._flight = _Flight()
        if leads:
            self._fly(flight, context, soft=current is not None)
        else:
            flight.landed.wait(self._patience.deadline_seconds)
        outcome = flight.outcome
        if isinstance(outcome, Credentials):
            return outcome
        if current is not None:
            return current
        raise _again(outcome)

    def _fly(self, flight: _Flight, context: object, *, soft: bool) -> None:
        """Refresh for all who wait on this flight; whatever happens, it lands."""
        entry, failure = self._entry, None
        try:
            entry = self._refresh(context, soft=soft)
            flight.outcome = entry.credentials
            logger.info("New credentials, good until %s.", entry.credentials.expiration)
        except Misconfigured as error:
            # No call was made, so nothing has to wait: the next context may hold keys.
            flight.outcome = error
            if soft:  # else the caller is told, and logged
                logger.warning("%s %s", error.message, error.hint)
        except Exception as error:
            flight.outcome = _unavailable(error)
            failure = _Failure(flight.outcome, self._clock())
            logger.warning(
                "%s %s%s",
                flight.outcome.message,
                flight.outcome.hint,
                " The credentials in hand serve on." if soft else "",
            )
        finally:
            with self._lock:
                self._entry, self._failure, self._flight = entry, failure, None
            flight.landed.set()

    def _refresh(self, context: object, *, soft: bool) -> _Entry:
        ends = time.monotonic() + self._patience.deadline_seconds
        base = base_credentials(context, self._environ)
        load_sdk()
        credentials = self._try(base, () if soft else self._patience.pauses, ends)
        now = self._clock()
        expires = credentials.expiration
        if expires is None or expires - now <= self._floor:
            raise AssumeRoleFailed(
                "STS gave credentials that end too soon for a grant.",
                "Check the clock of this machine.",
                can_pass=False,
            )
        life = expires - now
        # Half the life, for a clock that is ahead: else each request would refresh.
        window = min(max(SOFT_WINDOW, life / 5) * (1 + self._jitter), life / 2)
        floor = expires - self._floor
        return _Entry(credentials, refresh_from=min(expires - window, floor), floor=floor)

    def _try(self, base: BaseCredentials, pauses: tuple[float, ...], ends: float) -> Credentials:
        patience, coming = self._patience, iter(pauses)
        while True:
            left = ends - time.monotonic()
            seconds = max(patience.last_try_seconds, min(patience.try_seconds, left))
            try:
                return assume_role(base, self._role, seconds=seconds, clock=self._clock)
            except AssumeRoleFailed as failure:
                pause = next(coming, None) if failure.can_pass else None
                if pause is None or time.monotonic() + pause >= ends:
                    raise
            time.sleep(pause)


class _Flight:
    """A refresh under way; who waits too long finds the outcome that it starts with."""

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.outcome: Credentials | UploadError = _unavailable(
            AssumeRoleFailed("STS did not answer in time.", RETRY_LATER, can_pass=True)
        )


@dataclass(frozen=True)
class _Entry:
    credentials: Credentials
    refresh_from: datetime
    floor: datetime


@dataclass(frozen=True)
class _Failure:
    error: UploadError
    at: datetime

    def holds(self, now: datetime, back_off: timedelta) -> bool:
        return timedelta() <= now - self.at < back_off


def _unavailable(error: Exception) -> CredentialsUnavailable:
    """The answer to a caller; of a foreign error, the SDK's imports included, only the type."""
    if isinstance(error, AssumeRoleFailed):
        message, hint = error.message, error.hint
    else:
        message = f"AssumeRole could not be called ({type(error).__name__})."
        hint = "Check that all of requirements.txt is deployed; else try again."
    return CredentialsUnavailable(message, hint, {"Retry-After": "5"})


def _again(error: UploadError) -> UploadError:
    """A fresh exception for each caller, for a raised one collects tracebacks."""
    return type(error)(error.message, error.hint, error.headers)
