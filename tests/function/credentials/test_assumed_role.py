from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from direct_upload.credentials import Credentials, assumed_role
from direct_upload.credentials.assumed_role import AssumedRole, Patience
from direct_upload.credentials.sts import Role, assume_role, load_sdk
from direct_upload.errors import CredentialsUnavailable, Misconfigured, Refusal
from tests.function.credentials.faulty_sts import (
    FAULTS,
    ISSUED_SECRET,
    ISSUED_TOKEN,
    SILENT,
    Answer,
    Clock,
    Connection,
    FaultySts,
    close,
    healthy,
    refuse,
)

ENVIRON = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.base",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "BaseSecret",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "BaseToken",
}
SECRETS = (ISSUED_SECRET, ISSUED_TOKEN, "BaseSecret", "BaseToken", "SessionPolicy")

# A busy machine answers late, so only those who never answer are given up soon; the defaults have
# a test of their own.
QUICK = Patience(try_seconds=60, deadline_seconds=100, pauses=(0.001, 0.001))
HASTY = replace(QUICK, try_seconds=0.1, last_try_seconds=0.1)

OUTAGE = refuse("503 Service Unavailable", "ServiceUnavailable")


@pytest.fixture
def server() -> Iterator[FaultySts]:
    """One for each test: a call that was given up may reach it late, and be counted."""
    load_sdk()
    with FaultySts(close) as faulty:
        yield faulty


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that each try was given; a silent server may learn of a try late or never."""
    given: list[float] = []

    def recording(*call: Any, seconds: float, **more: Any) -> Credentials:
        given.append(seconds)
        return assume_role(*call, seconds=seconds, **more)

    monkeypatch.setattr(assumed_role, "assume_role", recording)
    return given


def patience_with(fault: str) -> Patience:
    return HASTY if fault in SILENT else QUICK


@pytest.fixture(autouse=True)
def no_secret_shows(
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("DEBUG", "sdk")
    yield
    logged = "\n".join(caplog.handler.format(record) for record in caplog.get_records("call"))
    for secret in SECRETS:
        assert secret not in logged + "".join(capfd.readouterr())


def source(
    server: FaultySts, clock: Clock, *, duration_seconds: int = 3600, **changes: Any
) -> AssumedRole:
    arn, region = "acs:ram::1:role/uploader", "cn-hangzhou"
    role = Role(arn, "SessionPolicy", duration_seconds, server.endpoint, region)
    values: dict[str, Any] = {
        "policy_seconds": 300,
        "environ": ENVIRON,
        "clock": clock,
        "patience": QUICK,
        "jitter": 0.0,
    }
    return AssumedRole(role, **(values | changes))


def warm_source(server: FaultySts, clock: Clock, **changes: Any) -> AssumedRole:
    """One that holds STS.1, good for an hour; the soft window is the last twelve minutes."""
    server.become(healthy(clock))
    role = source(server, clock, **changes)
    assert role.get(None).access_key_id == "STS.1"
    server.requests.clear()
    return role


def refused(role: AssumedRole) -> CredentialsUnavailable:
    with pytest.raises(CredentialsUnavailable) as caught:
        role.get(None)
    assert caught.value.headers == {"Retry-After": "5"}
    assert caught.value.hint
    told = f"{caught.value!r} {caught.value} {vars(caught.value)}"
    assert not [secret for secret in SECRETS if secret in told]
    return caught.value


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


# One AssumeRole an hour


def test_the_cache_follows_the_returned_expiration(server: FaultySts, clock: Clock) -> None:
    server.become(healthy(clock, life=1000))
    role = source(server, clock, duration_seconds=43200)
    expected = Credentials("STS.1", ISSUED_SECRET, ISSUED_TOKEN, clock() + timedelta(seconds=1000))
    assert role.get(None) == expected
    clock.move(699)
    assert role.get(None) is role.get(None)
    assert len(server.requests) == 1
    clock.move(2)
    assert role.get(None).access_key_id == "STS.2"
    assert role.get(None).access_key_id == "STS.2"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("life", "jitter", "fresh_seconds"),
    [
        pytest.param(3600, 0.0, 2880, id="a fifth of the life"),
        pytest.param(900, 0.0, 600, id="five minutes at least"),
        pytest.param(3600, 0.1, 2808, id="early"),
        pytest.param(3600, -0.1, 2952, id="late"),
        pytest.param(900, 0.1, 570, id="five minutes, early"),
        pytest.param(400, 0.0, 200, id="half a short life, not each request"),
        pytest.param(200, 0.0, 80, id="the floor, where half a life is less"),
    ],
)
def test_the_soft_window(
    life: int, jitter: float, fresh_seconds: int, server: FaultySts, clock: Clock
) -> None:
    server.become(healthy(clock, life))
    role = source(server, clock, jitter=jitter)
    role.get(None)
    clock.move(fresh_seconds - 0.001)
    assert role.get(None).access_key_id == "STS.1"
    clock.move(0.001)
    assert role.get(None).access_key_id == "STS.2"


def test_each_instance_draws_its_own_jitter(server: FaultySts, clock: Clock) -> None:
    drawn = {source(server, clock, jitter=None)._jitter for _ in range(50)}
    assert len(drawn) == 50
    assert -0.1 <= min(drawn) < -0.02 < 0.02 < max(drawn) <= 0.1


@pytest.mark.parametrize(
    ("policy_seconds", "floor"),
    [
        pytest.param(300, 120, id="a minute of grant"),
        pytest.param(60, 120, id="exactly a minute"),
        pytest.param(12, 72, id="the whole of a short grant"),
    ],
)
def test_below_the_floor_a_refresh_is_compulsory(
    policy_seconds: int, floor: int, server: FaultySts, clock: Clock
) -> None:
    role = warm_source(server, clock, policy_seconds=policy_seconds)
    server.become(OUTAGE)
    clock.move(3600 - floor - 0.001)
    assert role.get(None).access_key_id == "STS.1"
    assert len(server.requests) == 1
    clock.move(5)
    assert "ServiceUnavailable" in refused(role).message
    assert len(server.requests) == 4


def test_credentials_that_end_below_the_floor_are_a_failure(
    server: FaultySts, clock: Clock
) -> None:
    server.become(healthy(clock, life=120))
    role = source(server, clock)
    assert "too soon" in refused(role).message
    assert "clock" in refused(role).hint
    assert len(server.requests) == 1


def test_base_credentials_are_read_for_each_call(server: FaultySts, clock: Clock) -> None:
    server.become(healthy(clock))
    environ = dict(ENVIRON)
    role = source(server, clock, environ=environ)
    role.get(None)
    environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] = "STS.rotated"
    clock.move(3000)
    role.get(None)
    clock.move(3000)
    handed = SimpleNamespace(
        access_key_id="STS.context", access_key_secret="BaseSecret", security_token="BaseToken"
    )
    role.get(SimpleNamespace(credentials=handed))
    used = [request.partition("Credential=")[2].partition(",")[0] for request in server.requests]
    assert used == ["STS.base", "STS.rotated", "STS.context"]


def test_who_comes_while_another_finishes_takes_what_that_one_got(server: FaultySts) -> None:
    overtaking: list[AssumedRole] = []

    class BusyClock(Clock):
        def __call__(self) -> datetime:
            if overtaking:
                overtaking.pop().get(None)
            return self.now

    clock = BusyClock()
    role = warm_source(server, clock)
    server.become(healthy(clock, first=2))
    clock.move(3000)
    overtaking.append(role)
    assert role.get(None).access_key_id == "STS.2"
    assert len(server.requests) == 1


def test_fresh_credentials_cost_no_lock(server: FaultySts, clock: Clock) -> None:
    role = warm_source(server, clock)
    with role._refreshing:
        assert role.get(None).access_key_id == "STS.1"


# Many callers


def gated(answer: Answer) -> tuple[Answer, threading.Event, threading.Event]:
    """The answer behind a gate, an event that says a request came, and the gate to open."""
    asked, gate = threading.Event(), threading.Event()

    def behind_the_gate(connection: Connection) -> None:
        asked.set()
        gate.wait()
        answer(connection)

    return behind_the_gate, asked, gate


def storm(
    role: AssumedRole, pool: ThreadPoolExecutor, number: int
) -> list[Future[Credentials | Refusal]]:
    """So many callers at the same instant."""
    barrier = threading.Barrier(number)

    def caller() -> Credentials | Refusal:
        barrier.wait()
        try:
            return role.get(None)
        except Refusal as error:
            return error

    return [pool.submit(caller) for _ in range(number)]


def test_a_cold_storm_makes_one_call_and_serves_all(server: FaultySts, clock: Clock) -> None:
    answer, asked, gate = gated(healthy(clock))
    server.become(answer)
    with ThreadPoolExecutor(32) as pool:
        callers = storm(source(server, clock), pool, 32)
        asked.wait()
        assert not wait(callers, timeout=0.05, return_when=FIRST_COMPLETED).done
        gate.set()
        outcomes = [caller.result() for caller in callers]
    assert len(server.requests) == 1
    assert len({id(outcome) for outcome in outcomes}) == 1
    assert isinstance(outcomes[0], Credentials)


def test_a_cold_storm_on_a_refused_role_makes_one_call(server: FaultySts, clock: Clock) -> None:
    answer, asked, gate = gated(refuse("403 Forbidden", "NoPermission"))
    server.become(answer)
    with ThreadPoolExecutor(32) as pool:
        callers = storm(source(server, clock), pool, 32)
        asked.wait()
        gate.set()
        outcomes = [caller.result() for caller in callers]
    assert len(server.requests) == 1
    assert {type(outcome) for outcome in outcomes} == {CredentialsUnavailable}
    assert len({id(outcome) for outcome in outcomes}) == 32
    assert len({str(outcome) for outcome in outcomes}) == 1


def test_in_the_soft_window_one_refreshes_and_nobody_else_waits(
    server: FaultySts, clock: Clock
) -> None:
    role = warm_source(server, clock)
    clock.move(3000)
    answer, _, gate = gated(healthy(clock, first=2))
    server.become(answer)
    with ThreadPoolExecutor(32) as pool:
        callers = storm(role, pool, 32)
        waiting = set(callers)
        while len(waiting) > 1:  # the gate is closed
            waiting = wait(waiting, return_when=FIRST_COMPLETED).not_done
        gate.set()
        names = [_name(caller.result()) for caller in callers]
    assert sorted(names) == ["STS.1"] * 31 + ["STS.2"]
    assert len(server.requests) == 1


def _name(outcome: Credentials | Refusal) -> str:
    assert isinstance(outcome, Credentials)
    return outcome.access_key_id


def test_who_needs_new_credentials_waits_for_a_soft_refresh_under_way(
    server: FaultySts, clock: Clock
) -> None:
    role = warm_source(server, clock)
    clock.move(3000)
    answer, asked, gate = gated(healthy(clock, first=2))
    server.become(answer)
    with ThreadPoolExecutor(2) as pool:
        soft = pool.submit(role.get, None)
        asked.wait()
        clock.move(500)
        compulsory = pool.submit(role.get, None)
        assert not wait([compulsory], timeout=0.05).done
        gate.set()
        assert soft.result() is compulsory.result()
    assert soft.result().access_key_id == "STS.2"
    assert len(server.requests) == 1


def test_waiting_for_another_is_bounded_too(
    server: FaultySts, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the first import of the SDK takes for ever."""
    loading, loaded = threading.Event(), threading.Event()

    def load_slowly() -> None:
        loading.set()
        loaded.wait()

    monkeypatch.setattr(assumed_role, "load_sdk", load_slowly)
    server.become(healthy(clock))
    role = source(server, clock, patience=replace(QUICK, deadline_seconds=0.1))
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
def test_a_cold_failure_is_a_503_and_the_next_call_waits(
    name: str,
    server: FaultySts,
    clock: Clock,
    tries: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer, transient, _ = FAULTS[name]
    server.become(answer)
    role = source(server, clock, patience=patience_with(name))
    first = refused(role)
    assert len(tries) == (3 if transient else 1)
    if name not in ("redirected for ever", *SILENT):  # the SDK follows several redirects
        assert len(server.requests) == len(tries)
    assert len(warnings(caplog)) == 1
    assert warnings(caplog)[0].startswith(first.message)

    tries.clear()
    clock.move(4.9)
    second = refused(role)
    assert vars(second) == vars(first)
    assert second is not refused(role)
    assert not tries
    assert len(warnings(caplog)) == 1

    clock.move(0.1)
    refused(role)
    assert tries
    assert len(warnings(caplog)) == 2

    server.become(healthy(clock))
    clock.move(5)
    role._patience = QUICK
    role.get(None)


@pytest.mark.parametrize("name", FAULTS)
def test_a_failure_in_the_soft_window_is_no_failure_of_a_grant(
    name: str,
    server: FaultySts,
    clock: Clock,
    tries: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    role = warm_source(server, clock)
    tries.clear()
    role._patience = patience_with(name)
    clock.move(3000)
    server.become(FAULTS[name][0])
    assert role.get(None).access_key_id == "STS.1"
    assert len(tries) == 1
    assert len(warnings(caplog)) == 1
    assert warnings(caplog)[0].endswith("The credentials in hand remain in use.")

    server.become(healthy(clock, first=2))
    clock.move(4.9)
    assert role.get(None).access_key_id == "STS.1"
    assert len(tries) == 1
    clock.move(0.1)
    role._patience = QUICK
    assert role.get(None).access_key_id != "STS.1"
    assert len(tries) == 2


@pytest.mark.parametrize("name", FAULTS)
def test_a_compulsory_refresh_that_fails_is_a_503(
    name: str, server: FaultySts, clock: Clock
) -> None:
    role = warm_source(server, clock)
    role._patience = patience_with(name)
    clock.move(3500)
    server.become(FAULTS[name][0])
    refused(role)


def test_what_passes_at_the_third_try_is_a_success(
    server: FaultySts, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter([OUTAGE, close, healthy(clock)])
    server.become(lambda connection: next(answers)(connection))
    assert source(server, clock).get(None).access_key_id == "STS.1"
    assert len(server.requests) == 3
    assert not warnings(caplog)


def test_an_outage_of_two_minutes_in_the_soft_window_costs_no_grant(
    server: FaultySts, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    role = warm_source(server, clock)
    clock.move(2900)
    server.become(OUTAGE)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(240):
            served = list(pool.map(role.get, [None] * 4))
            assert {credentials.access_key_id for credentials in served} == {"STS.1"}
            clock.move(0.5)
    assert len(server.requests) == 24
    assert len(warnings(caplog)) == 24

    server.become(healthy(clock, first=2))
    assert role.get(None).access_key_id == "STS.2"
    clock.move(2000)
    assert role.get(None).access_key_id == "STS.2"
    assert len(server.requests) == 1


def test_the_default_patience_answers_within_six_seconds() -> None:
    patience = Patience()
    assert patience.deadline_seconds + patience.last_try_seconds < 6
    assert patience.try_seconds <= 2
    assert len(patience.pauses) == 2
    assert 2 * patience.try_seconds + sum(patience.pauses) < patience.deadline_seconds
    assert patience.back_off == timedelta(seconds=5)


@dataclass
class SilentTime:
    """Time as it passes in front of a silent server: by whole tries and pauses, in an instant."""

    now: float = 1000.0
    tries: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def assume_role(self, *call: Any, seconds: float, **more: Any) -> Credentials:
        """The real call, given up soon; it counts as long as it was allowed to take."""
        self.tries.append(seconds)
        self.now += seconds
        return assume_role(*call, seconds=0.1, **more)


@pytest.fixture
def silent_time(monkeypatch: pytest.MonkeyPatch) -> SilentTime:
    passing = SilentTime()
    monkeypatch.setattr(assumed_role, "time", passing)
    monkeypatch.setattr(assumed_role, "assume_role", passing.assume_role)
    return passing


def test_the_deadline_holds_for_a_server_that_trickles(
    server: FaultySts, clock: Clock, silent_time: SilentTime
) -> None:
    server.become(FAULTS["trickle"][0])
    patience = Patience(try_seconds=2, deadline_seconds=3, pauses=(0.5, 2), last_try_seconds=0.1)
    refused(source(server, clock, patience=patience))
    assert silent_time.tries == [2, 0.5]
    assert silent_time.pauses == [0.5]  # a pause that would end too late is not begun


def test_a_try_ends_with_the_deadline(
    server: FaultySts, clock: Clock, silent_time: SilentTime
) -> None:
    server.become(FAULTS["hang"][0])
    patience = Patience(try_seconds=5, deadline_seconds=3, last_try_seconds=0.1)
    refused(source(server, clock, patience=patience))
    assert silent_time.tries == [3]


# What goes wrong on our side


def test_without_base_credentials_it_is_misconfigured_and_nothing_waits(
    server: FaultySts, clock: Clock
) -> None:
    server.become(healthy(clock))
    environ: dict[str, str] = {}
    role = source(server, clock, environ=environ)
    for _ in range(2):
        with pytest.raises(Misconfigured, match="no credentials of its own"):
            role.get(None)
    environ.update(ENVIRON)
    assert role.get(None).access_key_id == "STS.1"


def test_base_credentials_gone_in_the_soft_window_cost_no_grant(
    server: FaultySts, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    environ = dict(ENVIRON)
    role = warm_source(server, clock, environ=environ)
    environ.clear()
    clock.move(3000)
    assert role.get(None).access_key_id == "STS.1"
    assert "no credentials of its own" in caplog.text
    clock.move(500)
    with pytest.raises(Misconfigured):
        role.get(None)


def test_an_sdk_that_is_not_deployed_is_a_503_that_says_so(
    server: FaultySts, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ModuleNotFoundError(ISSUED_SECRET)

    monkeypatch.setattr(assumed_role, "load_sdk", fail)
    error = refused(source(server, clock))
    assert "ModuleNotFoundError" in error.message
    assert "requirements.txt" in error.hint


def test_an_interrupted_refresh_leaves_nothing_locked(
    server: FaultySts, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    server.become(healthy(clock))
    role = source(server, clock)
    with monkeypatch.context() as changed, pytest.raises(KeyboardInterrupt):
        changed.setattr(assumed_role, "load_sdk", interrupt)
        role.get(None)
    assert role.get(None).access_key_id == "STS.1"


# The clock


def test_a_clock_that_jumps_past_the_end_asks_for_new_credentials(
    server: FaultySts, clock: Clock
) -> None:
    """As after a long freeze of the instance."""
    role = warm_source(server, clock)
    clock.move(86400)
    server.become(healthy(clock, first=2))
    assert role.get(None).access_key_id == "STS.2"


def test_a_clock_put_back_leaves_the_credentials_good(server: FaultySts, clock: Clock) -> None:
    role = warm_source(server, clock)
    clock.move(-3600)
    assert role.get(None).access_key_id == "STS.1"
    clock.move(3600 + 2879)
    assert role.get(None).access_key_id == "STS.1"
    assert not server.requests


def test_a_clock_put_back_does_not_prolong_the_wait(server: FaultySts, clock: Clock) -> None:
    server.become(OUTAGE)
    role = source(server, clock)
    refused(role)
    clock.move(-3600)
    server.become(healthy(clock))
    assert role.get(None).access_key_id == "STS.1"


def test_after_a_clock_was_put_back_the_wait_is_again_five_seconds(
    server: FaultySts, clock: Clock
) -> None:
    server.become(OUTAGE)
    role = source(server, clock)
    refused(role)
    clock.move(-3600)
    refused(role)
    clock.move(4.9)
    refused(role)
    assert len(server.requests) == 6
