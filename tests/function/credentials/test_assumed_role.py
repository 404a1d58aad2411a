"""The cache: when credentials are renewed, who waits for it, and what happens while STS fails."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from direct_upload.credentials import Credentials, assumed_role
from direct_upload.credentials.assumed_role import AssumedRole, Patience
from direct_upload.credentials.sts import Role, assume_role
from direct_upload.errors import CredentialsUnavailable, Misconfigured, Refusal
from tests.function.credentials.faulty_sts import (
    BASE_SECRET,
    BASE_TOKEN,
    FAULTS,
    ISSUED_SECRET,
    ISSUED_TOKEN,
    POLICY,
    SECRETS,
    SILENT,
    Clock,
    healthy,
    refuse,
)
from tests.function.raw_server import Connection, RawServer, Responder, close

ENVIRON = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.base",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": BASE_SECRET,
    "ALIBABA_CLOUD_SECURITY_TOKEN": BASE_TOKEN,
}

# A busy machine is slow, so only calls to silent servers are abandoned early. The defaults have a
# test of their own.
QUICK = Patience(try_seconds=60, deadline_seconds=100, pauses=(0.001, 0.001))
ABANDON_SECONDS = 0.1

OUTAGE = refuse("503 Service Unavailable", "ServiceUnavailable")


@dataclass
class Tries:
    """The time limit of each real try; a silent server may see a try late or never."""

    seconds: list[float] = field(default_factory=list)
    shortened: bool = False

    def shorten_for(self, fault: str) -> None:
        """Abandon the next tries early if their server will be silent."""
        self.shortened = fault in SILENT

    def assume_role(self, *call: Any, seconds: float, **more: Any) -> Credentials:
        self.seconds.append(seconds)
        return assume_role(*call, seconds=ABANDON_SECONDS if self.shortened else seconds, **more)


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> Tries:
    recorded = Tries()
    monkeypatch.setattr(assumed_role, "assume_role", recorded.assume_role)
    return recorded


def source(
    sts_server: RawServer, clock: Clock, *, duration_seconds: int = 3600, **changes: Any
) -> AssumedRole:
    arn, region = "acs:ram::1:role/uploader", "cn-hangzhou"
    role = Role(arn, POLICY, duration_seconds, sts_server.url, region)
    values: dict[str, Any] = {
        "policy_seconds": 300,
        "environ": ENVIRON,
        "clock": clock,
        "patience": QUICK,
        "jitter": 0.0,
    }
    return AssumedRole(role, **(values | changes))


def warm_source(sts_server: RawServer, clock: Clock, **changes: Any) -> AssumedRole:
    """A source with STS.1, valid for an hour; the soft window is the last twelve minutes."""
    sts_server.become(healthy(clock))
    role = source(sts_server, clock, **changes)
    assert role.get(None).access_key_id == "STS.1"
    sts_server.requests.clear()
    return role


def refused(role: AssumedRole) -> CredentialsUnavailable:
    with pytest.raises(CredentialsUnavailable) as caught:
        role.get(None)
    assert caught.value.headers == {"Retry-After": "5"}
    assert caught.value.hint
    shown = f"{caught.value!r} {caught.value} {vars(caught.value)}"
    assert not [secret for secret in SECRETS if secret in shown]
    return caught.value


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line.getMessage() for line in caplog.records if line.levelno >= logging.WARNING]


# One AssumeRole an hour


def test_the_cache_follows_the_returned_expiration(sts_server: RawServer, clock: Clock) -> None:
    sts_server.become(healthy(clock, life=1000))
    role = source(sts_server, clock, duration_seconds=43200)
    expected = Credentials("STS.1", ISSUED_SECRET, ISSUED_TOKEN, clock() + timedelta(seconds=1000))
    assert role.get(None) == expected
    clock.move(699)
    assert role.get(None) is role.get(None)
    assert len(sts_server.requests) == 1
    clock.move(2)
    assert role.get(None).access_key_id == "STS.2"
    assert role.get(None).access_key_id == "STS.2"
    assert len(sts_server.requests) == 2


@pytest.mark.parametrize(
    ("life", "jitter", "fresh_seconds"),
    [
        pytest.param(3600, 0.0, 2880, id="a fifth of the life"),
        pytest.param(900, 0.0, 600, id="five minutes at least"),
        pytest.param(3600, 0.1, 2808, id="jitter, early"),
        pytest.param(3600, -0.1, 2952, id="jitter, late"),
        pytest.param(900, 0.1, 570, id="five minutes, jitter"),
        pytest.param(400, 0.0, 200, id="half of a short life"),
        pytest.param(200, 0.0, 80, id="the floor, if half of the life is less"),
    ],
)
def test_the_soft_window(
    life: int, jitter: float, fresh_seconds: int, sts_server: RawServer, clock: Clock
) -> None:
    sts_server.become(healthy(clock, life))
    role = source(sts_server, clock, jitter=jitter)
    role.get(None)
    clock.move(fresh_seconds - 0.001)
    assert role.get(None).access_key_id == "STS.1"
    clock.move(0.001)
    assert role.get(None).access_key_id == "STS.2"


def test_each_instance_draws_its_own_jitter(
    sts_server: RawServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def issue(*_: object, **__: object) -> Credentials:
        hour = timedelta(hours=1)
        return Credentials("STS.1", ISSUED_SECRET, ISSUED_TOKEN, clock() + hour)

    monkeypatch.setattr(assumed_role, "assume_role", issue)
    instances = [source(sts_server, clock, jitter=None) for _ in range(50)]
    cached = {instance: instance.get(None) for instance in instances}
    fresh_seconds = []
    clock.move(2807)
    for second in range(2807, 2953):
        refreshed = [instance for instance in cached if instance.get(None) != cached[instance]]
        fresh_seconds += [second] * len(refreshed)
        for instance in refreshed:
            del cached[instance]
        clock.move(1)
    assert len(fresh_seconds) == 50
    assert len(set(fresh_seconds)) > 20
    # A tenth more or less of the window, which is 720 seconds.
    assert 2808 <= min(fresh_seconds) < 2865 < 2895 < max(fresh_seconds) <= 2952


@pytest.mark.parametrize(
    ("policy_seconds", "floor"),
    [
        pytest.param(300, 120, id="a minute of grant"),
        pytest.param(60, 120, id="exactly a minute"),
        pytest.param(12, 72, id="the whole of a short grant"),
    ],
)
def test_below_the_floor_a_refresh_is_required(
    policy_seconds: int, floor: int, sts_server: RawServer, clock: Clock
) -> None:
    role = warm_source(sts_server, clock, policy_seconds=policy_seconds)
    sts_server.become(OUTAGE)
    clock.move(3600 - floor - 0.001)
    assert role.get(None).access_key_id == "STS.1"
    assert len(sts_server.requests) == 1
    clock.move(0.001)
    refused(role)  # at once, for the last failure is recent
    assert len(sts_server.requests) == 1
    clock.move(4.999)
    assert "ServiceUnavailable" in refused(role).message
    assert len(sts_server.requests) == 4


def test_credentials_that_end_too_soon_are_a_failure(sts_server: RawServer, clock: Clock) -> None:
    sts_server.become(healthy(clock, life=120))
    role = source(sts_server, clock)
    assert "too soon" in refused(role).message
    assert "clock" in refused(role).hint
    assert len(sts_server.requests) == 1


def test_base_credentials_are_read_for_each_call(sts_server: RawServer, clock: Clock) -> None:
    sts_server.become(healthy(clock))
    environ = dict(ENVIRON)
    role = source(sts_server, clock, environ=environ)
    role.get(None)
    environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] = "STS.rotated"
    clock.move(3000)
    role.get(None)
    clock.move(3000)
    own = SimpleNamespace(
        access_key_id="STS.context", access_key_secret=BASE_SECRET, security_token=BASE_TOKEN
    )
    role.get(SimpleNamespace(credentials=own))
    used = [
        request.partition("Credential=")[2].partition(",")[0] for request in sts_server.requests
    ]
    assert used == ["STS.base", "STS.rotated", "STS.context"]


def test_a_caller_overtaken_by_another_uses_its_credentials(sts_server: RawServer) -> None:
    overtaking: list[AssumedRole] = []

    class BusyClock(Clock):
        def __call__(self) -> datetime:
            if overtaking:
                overtaking.pop().get(None)
            return self.now

    clock = BusyClock()
    role = warm_source(sts_server, clock)
    sts_server.become(healthy(clock, first=2))
    clock.move(3000)
    overtaking.append(role)
    assert role.get(None).access_key_id == "STS.2"
    assert len(sts_server.requests) == 1


def test_fresh_credentials_need_no_lock(
    sts_server: RawServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquired: list[float] = []

    class CountingLock:
        def acquire(self, *, timeout: float) -> bool:
            acquired.append(timeout)
            return True

        def release(self) -> None:
            pass

    monkeypatch.setattr(assumed_role, "threading", SimpleNamespace(Lock=CountingLock))
    role = warm_source(sts_server, clock)
    assert len(acquired) == 1
    assert role.get(None).access_key_id == "STS.1"
    assert len(acquired) == 1


# Many callers


def gated(responder: Responder) -> tuple[Responder, threading.Event, threading.Event]:
    """The responder behind a gate, an event for the first request, and the gate to open."""
    arrived, gate = threading.Event(), threading.Event()

    def behind_the_gate(connection: Connection) -> None:
        arrived.set()
        gate.wait()
        responder(connection)

    return behind_the_gate, arrived, gate


def storm(
    role: AssumedRole, pool: ThreadPoolExecutor, number: int
) -> list[Future[Credentials | Refusal]]:
    """`number` callers at the same instant."""
    barrier = threading.Barrier(number)

    def caller() -> Credentials | Refusal:
        barrier.wait()
        try:
            return role.get(None)
        except Refusal as error:
            return error

    return [pool.submit(caller) for _ in range(number)]


def test_a_cold_storm_makes_one_call_and_serves_everyone(
    sts_server: RawServer, clock: Clock
) -> None:
    responder, arrived, gate = gated(healthy(clock))
    sts_server.become(responder)
    with ThreadPoolExecutor(32) as pool:
        callers = storm(source(sts_server, clock), pool, 32)
        arrived.wait()
        assert not wait(callers, timeout=0.05, return_when=FIRST_COMPLETED).done
        gate.set()
        outcomes = [caller.result() for caller in callers]
    assert len(sts_server.requests) == 1
    assert len({id(outcome) for outcome in outcomes}) == 1
    assert isinstance(outcomes[0], Credentials)


def test_a_cold_storm_on_a_refused_role_makes_one_call(sts_server: RawServer, clock: Clock) -> None:
    responder, arrived, gate = gated(refuse("403 Forbidden", "NoPermission"))
    sts_server.become(responder)
    with ThreadPoolExecutor(32) as pool:
        callers = storm(source(sts_server, clock), pool, 32)
        arrived.wait()
        gate.set()
        outcomes = [caller.result() for caller in callers]
    assert len(sts_server.requests) == 1
    assert {type(outcome) for outcome in outcomes} == {CredentialsUnavailable}
    assert len({id(outcome) for outcome in outcomes}) == 32
    assert len({str(outcome) for outcome in outcomes}) == 1


def test_in_the_soft_window_one_caller_refreshes_and_no_other_waits(
    sts_server: RawServer, clock: Clock
) -> None:
    role = warm_source(sts_server, clock)
    clock.move(3000)
    responder, _, gate = gated(healthy(clock, first=2))
    sts_server.become(responder)
    with ThreadPoolExecutor(32) as pool:
        callers = storm(role, pool, 32)
        waiting = set(callers)
        while len(waiting) > 1:  # the gate is closed
            waiting = wait(waiting, return_when=FIRST_COMPLETED).not_done
        gate.set()
        names = [_name(caller.result()) for caller in callers]
    assert sorted(names) == ["STS.1"] * 31 + ["STS.2"]
    assert len(sts_server.requests) == 1


def _name(outcome: Credentials | Refusal) -> str:
    assert isinstance(outcome, Credentials)
    return outcome.access_key_id


def test_a_required_refresh_waits_for_a_soft_one_under_way(
    sts_server: RawServer, clock: Clock
) -> None:
    role = warm_source(sts_server, clock)
    clock.move(3000)
    responder, arrived, gate = gated(healthy(clock, first=2))
    sts_server.become(responder)
    with ThreadPoolExecutor(2) as pool:
        soft = pool.submit(role.get, None)
        arrived.wait()
        clock.move(500)
        required = pool.submit(role.get, None)
        assert not wait([required], timeout=0.05).done
        gate.set()
        assert soft.result() is required.result()
    assert soft.result().access_key_id == "STS.2"
    assert len(sts_server.requests) == 1


def test_waiting_for_another_caller_is_bounded(
    sts_server: RawServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the first import of the SDK never ends."""
    loading, loaded = threading.Event(), threading.Event()

    def load_slowly() -> None:
        loading.set()
        loaded.wait()

    monkeypatch.setattr(assumed_role, "load_sdk", load_slowly)
    sts_server.become(healthy(clock))
    role = source(sts_server, clock, patience=replace(QUICK, deadline_seconds=0.1))
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(role.get, None)
        loading.wait()
        try:
            assert "in time" in refused(role).message
            assert not leader.done()
        finally:
            loaded.set()
        wait([leader])


# STS fails


@pytest.mark.parametrize("name", FAULTS)
def test_a_cold_failure_is_a_503_and_delays_the_next_call(
    name: str,
    sts_server: RawServer,
    clock: Clock,
    tries: Tries,
    caplog: pytest.LogCaptureFixture,
) -> None:
    responder, transient, _ = FAULTS[name]
    sts_server.become(responder)
    role = source(sts_server, clock)
    tries.shorten_for(name)
    first = refused(role)
    assert len(tries.seconds) == (3 if transient else 1)
    if name not in ("endless redirect", *SILENT):  # the SDK follows several redirects
        assert len(sts_server.requests) == len(tries.seconds)
    assert len(warnings(caplog)) == 1
    assert warnings(caplog)[0].startswith(first.message)
    # The error of the SDK that it comes from may quote a secret.
    assert first.__suppress_context__

    tries.seconds.clear()
    clock.move(4.9)
    second = refused(role)
    assert vars(second) == vars(first)
    assert second is not refused(role)
    assert not tries.seconds
    assert len(warnings(caplog)) == 1

    clock.move(0.1)
    refused(role)
    assert tries.seconds
    assert len(warnings(caplog)) == 2

    sts_server.become(healthy(clock))
    tries.shortened = False
    clock.move(5)
    role.get(None)


@pytest.mark.parametrize("name", FAULTS)
def test_a_failure_in_the_soft_window_costs_no_grant(
    name: str,
    sts_server: RawServer,
    clock: Clock,
    tries: Tries,
    caplog: pytest.LogCaptureFixture,
) -> None:
    role = warm_source(sts_server, clock)
    tries.seconds.clear()
    tries.shorten_for(name)
    clock.move(3000)
    sts_server.become(FAULTS[name][0])
    assert role.get(None).access_key_id == "STS.1"
    assert len(tries.seconds) == 1
    assert len(warnings(caplog)) == 1
    assert warnings(caplog)[0].endswith("The cached credentials stay in use.")

    sts_server.become(healthy(clock, first=2))
    clock.move(4.9)
    assert role.get(None).access_key_id == "STS.1"
    assert len(tries.seconds) == 1
    clock.move(0.1)
    tries.shortened = False
    assert role.get(None).access_key_id != "STS.1"
    assert len(tries.seconds) == 2


@pytest.mark.parametrize("name", FAULTS)
def test_a_required_refresh_that_fails_is_a_503(
    name: str, sts_server: RawServer, clock: Clock, tries: Tries
) -> None:
    role = warm_source(sts_server, clock)
    tries.shorten_for(name)
    clock.move(3500)
    sts_server.become(FAULTS[name][0])
    refused(role)


def test_the_third_try_may_succeed(
    sts_server: RawServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    responders = iter([OUTAGE, close, healthy(clock)])
    sts_server.become(lambda connection: next(responders)(connection))
    assert source(sts_server, clock).get(None).access_key_id == "STS.1"
    assert len(sts_server.requests) == 3
    assert not warnings(caplog)


def test_an_outage_of_two_minutes_in_the_soft_window_costs_no_grant(
    sts_server: RawServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    role = warm_source(sts_server, clock)
    clock.move(2900)
    sts_server.become(OUTAGE)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(240):
            served = list(pool.map(role.get, [None] * 4))
            assert {credentials.access_key_id for credentials in served} == {"STS.1"}
            clock.move(0.5)
    assert len(sts_server.requests) == 24
    assert len(warnings(caplog)) == 24

    sts_server.become(healthy(clock, first=2))
    assert role.get(None).access_key_id == "STS.2"
    clock.move(2000)
    assert role.get(None).access_key_id == "STS.2"
    assert len(sts_server.requests) == 1


def test_the_default_patience_ends_within_six_seconds() -> None:
    patience = Patience()
    assert patience.deadline_seconds + patience.last_try_seconds < 6
    assert patience.try_seconds <= 2
    assert len(patience.pauses) == 2
    assert 2 * patience.try_seconds + sum(patience.pauses) < patience.deadline_seconds
    assert patience.back_off == timedelta(seconds=5)


@dataclass
class SilentTime:
    """Simulated time with a silent server: each try and each pause takes its full time."""

    now: float = 1000.0
    tries: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def assume_role(self, *call: Any, seconds: float, **more: Any) -> Credentials:
        """The real call, abandoned early; it counts as the time that it was allowed to take."""
        self.tries.append(seconds)
        self.now += seconds
        return assume_role(*call, seconds=ABANDON_SECONDS, **more)


@pytest.fixture
def silent_time(monkeypatch: pytest.MonkeyPatch) -> SilentTime:
    passing = SilentTime()
    monkeypatch.setattr(assumed_role, "time", passing)
    monkeypatch.setattr(assumed_role, "assume_role", passing.assume_role)
    return passing


def test_the_deadline_holds_for_a_server_that_trickles(
    sts_server: RawServer, clock: Clock, silent_time: SilentTime
) -> None:
    sts_server.become(FAULTS["trickle"][0])
    patience = Patience(try_seconds=2, deadline_seconds=3, pauses=(0.5, 2), last_try_seconds=0.1)
    refused(source(sts_server, clock, patience=patience))
    assert silent_time.tries == [2, 0.5]
    assert silent_time.pauses == [0.5]  # a pause that would end too late is skipped


def test_a_try_ends_with_the_deadline(
    sts_server: RawServer, clock: Clock, silent_time: SilentTime
) -> None:
    sts_server.become(FAULTS["hang"][0])
    patience = Patience(try_seconds=5, deadline_seconds=3, last_try_seconds=0.1)
    refused(source(sts_server, clock, patience=patience))
    assert silent_time.tries == [3]


# Failures on our side


def test_missing_base_credentials_are_misconfigured_and_delay_nothing(
    sts_server: RawServer, clock: Clock
) -> None:
    sts_server.become(healthy(clock))
    environ: dict[str, str] = {}
    role = source(sts_server, clock, environ=environ)
    for _ in range(2):
        with pytest.raises(Misconfigured, match="no credentials of its own"):
            role.get(None)
    environ.update(ENVIRON)
    assert role.get(None).access_key_id == "STS.1"


def test_base_credentials_lost_in_the_soft_window_cost_no_grant(
    sts_server: RawServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    environ = dict(ENVIRON)
    role = warm_source(sts_server, clock, environ=environ)
    environ.clear()
    clock.move(3000)
    assert role.get(None).access_key_id == "STS.1"
    assert "no credentials of its own" in caplog.text
    clock.move(500)
    with pytest.raises(Misconfigured):
        role.get(None)


def test_an_sdk_that_is_not_deployed_is_a_503_with_a_hint(
    sts_server: RawServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ModuleNotFoundError(ISSUED_SECRET)

    monkeypatch.setattr(assumed_role, "load_sdk", fail)
    error = refused(source(sts_server, clock))
    assert "ModuleNotFoundError" in error.message
    assert "requirements.txt" in error.hint


def test_an_interrupted_refresh_leaves_nothing_locked(
    sts_server: RawServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    sts_server.become(healthy(clock))
    role = source(sts_server, clock)
    with monkeypatch.context() as changed, pytest.raises(KeyboardInterrupt):
        changed.setattr(assumed_role, "load_sdk", interrupt)
        role.get(None)
    assert role.get(None).access_key_id == "STS.1"


# The clock


def test_a_clock_that_jumps_past_the_end_causes_a_refresh(
    sts_server: RawServer, clock: Clock
) -> None:
    """As after a long freeze of the instance."""
    role = warm_source(sts_server, clock)
    clock.move(86400)
    sts_server.become(healthy(clock, first=2))
    assert role.get(None).access_key_id == "STS.2"


def test_a_clock_set_back_leaves_the_credentials_valid(sts_server: RawServer, clock: Clock) -> None:
    role = warm_source(sts_server, clock)
    clock.move(-3600)
    assert role.get(None).access_key_id == "STS.1"
    clock.move(3600 + 2879)
    assert role.get(None).access_key_id == "STS.1"
    assert not sts_server.requests


def test_a_clock_set_back_does_not_prolong_the_delay(sts_server: RawServer, clock: Clock) -> None:
    sts_server.become(OUTAGE)
    role = source(sts_server, clock)
    refused(role)
    clock.move(-3600)
    sts_server.become(healthy(clock))
    assert role.get(None).access_key_id == "STS.1"


def test_after_the_clock_was_set_back_the_delay_is_five_seconds_again(
    sts_server: RawServer, clock: Clock
) -> None:
    sts_server.become(OUTAGE)
    role = source(sts_server, clock)
    refused(role)
    clock.move(-3600)
    refused(role)
    clock.move(4.9)
    refused(role)
    assert len(sts_server.requests) == 6
