"""Keys from a URL: when they are fetched, how long they serve, and key servers that misbehave."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from datetime import datetime, timedelta

import pytest
from jwt import PyJWK
from werkzeug import Response

from direct_upload.app import App
from direct_upload.callers import fetched
from direct_upload.callers.fetched import FETCH_SECONDS, FetchedKeys, life
from direct_upload.errors import KeysUnavailable
from direct_upload.http.outgoing import Fetched
from tests.function.callers.issuer import SETTINGS, Token, jwks, key_pair, public_jwk
from tests.function.invocations import ENVIRON, NOW, Context, event, invoke, read
from tests.function.raw_server import RawServer, Responder, close, reset, sending
from tests.recorder import Recorded, Recorder, recording, trickling

Reply = Callable[[Recorded], Response]

FIRST, SECOND = (public_jwk("ES256", kid=name, name=name) for name in ("first", "second"))
SET = jwks(FIRST)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def always(body: str | bytes, status: int = 200, **headers: str) -> Reply:
    return lambda _: Response(body, status, {n.replace("_", "-"): v for n, v in headers.items()})


def gated(reply: Reply) -> tuple[Reply, threading.Event, threading.Event]:
    """The reply behind a gate, an event for the first request, and the gate to open."""
    arrived, gate = threading.Event(), threading.Event()

    def behind_the_gate(recorded: Recorded) -> Response:
        arrived.set()
        gate.wait()
        return reply(recorded)

    return behind_the_gate, arrived, gate


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a server takes longer than an issuer may."""
    monkeypatch.setattr(fetched, "FETCH_SECONDS", 60.0)


@pytest.fixture
def server() -> Iterator[Recorder]:
    with recording(always(SET)) as recorder:
        yield recorder


@pytest.fixture
def keys(server: Recorder) -> FetchedKeys:
    return FetchedKeys(f"{server.url}/jwks.json")


def redirect(recorded: Recorded) -> Response:
    if recorded.target == "/jwks.json":
        return Response(status=302, headers={"Location": "/elsewhere.json"})
    return Response(SET)


PRIVATE = {**FIRST, "d": "AQAB"}

# How a key server misbehaves, and what the log says about it.
MISBEHAVIOUR = [
    pytest.param(always("<html>Sign in</html>"), "is not JSON", id="HTML"),
    pytest.param(always("x" * 10_000_000), "sends more than 65536 bytes", id="10 MB"),
    pytest.param(always(SET.ljust(65537)), "sends more than 65536 bytes", id="a byte too many"),
    pytest.param(redirect, "responds with status 302", id="redirect"),
    pytest.param(always(SET, 203), "responds with status 203", id="another status of success"),
    pytest.param(always(SET, 404), "responds with status 404", id="404"),
    pytest.param(always(SET, 500), "responds with status 500", id="500"),
    pytest.param(always(""), "is not JSON", id="an empty body"),
    pytest.param(always(SET[:-9]), "is not JSON", id="a truncated body"),
    pytest.param(always(b"\xff\xfe\xfd"), "is not JSON", id="not text"),
    pytest.param(always(gzip.compress(SET.encode())), "is not JSON", id="compressed"),
    pytest.param(always("[" * 60_000), "is not JSON", id="nested too deep"),
    pytest.param(always("9" * 4000), "contains no keys", id="a long number"),
    pytest.param(always(jwks()), "contains no keys", id="an empty set"),
    pytest.param(always("null"), "contains no keys", id="null"),
    pytest.param(always('["keys"]'), "contains no keys", id="a list"),
    pytest.param(always('{"first": "-----BEGIN..."}'), "contains no keys", id="certificates"),
    pytest.param(always('{"keys": {"first": 1}}'), "contains no keys", id="keys is an object"),
    pytest.param(always('{"keys": "first"}'), "contains no keys", id="keys is a string"),
    pytest.param(always('{"keys": [1, null, "a", []]}'), "no key that can", id="no key is one"),
    pytest.param(always(jwks({"kid": 5, "kty": 5})), "no key that can", id="wrong types"),
    pytest.param(always(jwks({**FIRST, "kid": []})), "no key that can", id="kid is a list"),
    pytest.param(always(jwks({**FIRST, "x": None})), "no key that can", id="x is null"),
    pytest.param(always(jwks(PRIVATE)), "no key that can", id="a private key"),
    pytest.param(always(jwks({"kty": "oct", "k": "AA"})), "no key that can", id="a secret"),
    pytest.param(always(jwks({**FIRST, "use": "enc"})), "no key that can", id="for encryption"),
]


def assert_quiet_failure(
    keys: FetchedKeys, requests: Callable[[], int], reason: str, log: pytest.LogCaptureFixture
) -> None:
    """503, the reason in the log, no second request within ten seconds, and one after them."""
    for seconds, expected in ((0, 1), (9.9, 1), (10, 2)):
        with pytest.raises(KeysUnavailable) as refusal:
            keys.find("first", after(seconds))
        assert refusal.value.headers == {"Retry-After": "10"}
        assert refusal.value.__context__ is None
        assert requests() == expected
    assert log.text.count(reason) == 2
    assert {record.levelname for record in log.records} <= {"WARNING", "INFO"}
    assert not [part for part in ("127.0.0.1", "AQAB", str(FIRST["x"])) if part in log.text]


@pytest.mark.parametrize(("reply", "reason"), MISBEHAVIOUR)
def test_a_server_that_misbehaves_is_left_alone_for_a_while(
    reply: Reply,
    reason: str,
    keys: FetchedKeys,
    server: Recorder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "direct_upload")
    server.reply = reply
    assert_quiet_failure(keys, lambda: len(server.requests), reason, caplog)
    assert {recorded.target for recorded in server.requests} == {"/jwks.json"}


@pytest.mark.parametrize(("reply", "reason"), MISBEHAVIOUR)
def test_a_set_in_hand_serves_on_while_the_server_misbehaves(
    reply: Reply,
    reason: str,
    keys: FetchedKeys,
    server: Recorder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert keys.find("first", NOW)
    server.reply = reply
    ran_out = 15 * 60
    for seconds, requests in ((ran_out, 2), (ran_out + 9.9, 2), (ran_out + 10, 3)):
        assert keys.find("first", after(seconds))
        assert len(server.requests) == requests
    assert caplog.text.count(reason) == 2
    server.reply = always(SET)
    assert keys.find("first", after(ran_out + 20))
    assert keys.find("first", after(ran_out + 900))
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "responder",
    [
        pytest.param(close, id="closes the connection"),
        pytest.param(reset, id="resets the connection"),
        pytest.param(sending(b"SSH-2.0-\r\n"), id="another protocol"),
        pytest.param(
            sending(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"),
            id="an endless header",
        ),
        pytest.param(
            sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nlong\r\n"),
            id="a broken chunk",
        ),
    ],
)
def test_a_server_that_breaks_the_protocol_is_left_alone(
    responder: Responder, caplog: pytest.LogCaptureFixture
) -> None:
    with RawServer(responder) as server:
        keys = FetchedKeys(f"{server.url}/jwks.json")
        reason = "the server cannot be reached, or breaks off"
        assert_quiet_failure(keys, lambda: len(server.requests), reason, caplog)


def test_a_body_that_ends_early_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(SET)}\r\n\r\n"
    with RawServer(sending((head + SET[:-9]).encode())) as server:
        keys = FetchedKeys(f"{server.url}/jwks.json")
        assert_quiet_failure(keys, lambda: len(server.requests), "is not JSON", caplog)


def test_a_server_that_is_down_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    keys = FetchedKeys(f"http://127.0.0.1:{port}/jwks.json")
    for seconds, tries in ((0, 1), (9.9, 1), (10, 2)):
        with pytest.raises(KeysUnavailable):
            keys.find("first", after(seconds))
        assert caplog.text.count("ConnectionRefusedError") == tries


@pytest.mark.parametrize("trickles", [False, True], ids=["silent", "trickling"])
def test_a_slow_server_is_abandoned_and_left_alone(
    trickles: bool,
    keys: FetchedKeys,
    server: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hang, _, may_respond = gated(always(SET))
    with trickling() as trickle:
        server.reply = trickle if trickles else hang
        monkeypatch.setattr(fetched, "FETCH_SECONDS", 0.3)
        try:
            for _ in range(2):
                with pytest.raises(KeysUnavailable):
                    keys.find("first", NOW)
        finally:
            may_respond.set()
    assert caplog.text.count("the server does not respond within 0.3 s") == 1


def test_a_fetch_has_two_seconds_and_64_kilobytes(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: dict[str, float] = {}

    def fetch(url: str, **given: float) -> Fetched:
        limits.update(given)
        return {}, SET.encode()

    monkeypatch.setattr(fetched, "FETCH_SECONDS", FETCH_SECONDS)
    monkeypatch.setattr(fetched, "fetch", fetch)
    assert FetchedKeys("https://login.example.com/").find("first", NOW)
    assert limits == {"seconds": 2, "max_bytes": 65536}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(jwks(FIRST, {**SECOND, "kid": "first"}), id="the same kid twice"),
        pytest.param(jwks(PRIVATE | {"kid": "x"}, FIRST), id="a private key before"),
        pytest.param(jwks({"kty": "oct", "kid": "x", "k": "AA"}, FIRST), id="a secret before"),
        pytest.param(jwks(FIRST, {"kty": "AKP", "kid": "x"}), id="a key of the future"),
        pytest.param(jwks(FIRST, {**SECOND, "use": "enc"}), id="a key for encryption"),
        pytest.param('{"keys": [null, 1, ' + SET.partition("[")[2], id="wrong types before"),
        pytest.param("\ufeff" + SET, id="a byte order mark"),
        pytest.param(SET.ljust(65536), id="64 KB"),
    ],
)
def test_what_can_be_used_of_a_set_is_used(
    document: str, keys: FetchedKeys, server: Recorder
) -> None:
    server.reply = always(document)
    found = keys.find("first", NOW)
    assert found is not None
    assert found.key.public_numbers() == key_pair("ES256", "first").public_key().public_numbers()
    assert len(server.requests) == 1


def test_nothing_is_fetched_before_a_token_needs_it(server: Recorder) -> None:
    environ = ENVIRON | SETTINGS | {"JWT_JWKS": f"{server.url}/jwks.json"}
    assert invoke(environ, path="/healthz").status == 200
    for headers in ({}, {"Authorization": "Bearer a.b.c"}, {"Authorization": "Bearer x"}):
        assert invoke(environ, headers=headers).status == 401
    assert server.requests == []


def test_a_set_is_kept_for_its_life(keys: FetchedKeys, server: Recorder) -> None:
    server.reply = always(SET, Cache_Control="public, max-age=3600")
    for seconds, requests in ((0, 1), (3599, 1), (3600, 2), (7199, 2)):
        assert keys.find("first", after(seconds))
        assert len(server.requests) == requests


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, 900, id="not said"),
        pytest.param({"cache-control": "public"}, 900, id="no max-age"),
        pytest.param({"cache-control": "max-age=3600"}, 3600, id="an hour"),
        pytest.param({"cache-control": 'Public, MAX-AGE="3600"'}, 3600, id="case, quotes"),
        pytest.param({"cache-control": "max-age=60"}, 300, id="too short"),
        pytest.param({"cache-control": "max-age=0, must-revalidate"}, 300, id="0"),
        pytest.param({"cache-control": "max-age=300"}, 300, id="shortest"),
        pytest.param({"cache-control": "max-age=86400"}, 86400, id="longest"),
        pytest.param({"cache-control": "max-age=604800"}, 86400, id="too long"),
        pytest.param({"cache-control": f"max-age={'9' * 5000}"}, 86400, id="too many digits"),
        pytest.param({"cache-control": "max-age=-1"}, 900, id="negative"),
        pytest.param({"cache-control": "max-age=x"}, 900, id="not a number"),
        pytest.param({"cache-control": "s-maxage=3600"}, 900, id="for shared caches"),
        pytest.param({"cache-control": "no-store, max-age=3600"}, 300, id="no-store"),
        pytest.param({"cache-control": "No-Cache"}, 300, id="no-cache"),
        pytest.param({"cache-control": "max-age=3600", "age": "600"}, 3000, id="Age"),
        pytest.param({"cache-control": "max-age=3600", "age": "9999"}, 300, id="too old"),
        pytest.param({"cache-control": "max-age=3600", "age": "x"}, 3600, id="Age is wrong"),
        pytest.param({"age": "600"}, 900, id="only Age"),
    ],
)
def test_the_life_of_a_set_follows_its_headers(headers: dict[str, str], seconds: int) -> None:
    assert life(headers) == timedelta(seconds=seconds)


def test_keys_that_could_not_be_renewed_serve_for_a_day(
    keys: FetchedKeys, server: Recorder
) -> None:
    assert keys.find("first", NOW)
    server.reply = always("", 500)
    end = 15 * 60 + 24 * 3600
    assert keys.find("first", after(end - 1))
    with pytest.raises(KeysUnavailable):
        keys.find("first", after(end))
    server.reply = always(SET)
    assert keys.find("first", after(end + 10))


@pytest.mark.parametrize(
    ("seconds", "is_seen"),
    [
        pytest.param(0, False, id="at once"),
        pytest.param(59.9, False, id="within a minute of the last fetch"),
        pytest.param(60, True, id="a minute after it"),
        pytest.param(899, True, id="before the set runs out"),
    ],
)
def test_a_rotation_is_seen_at_the_first_token_of_the_new_key(
    seconds: float, is_seen: bool, keys: FetchedKeys, server: Recorder
) -> None:
    assert keys.find("first", NOW)
    server.reply = always(jwks(FIRST, SECOND))
    assert (keys.find("second", after(seconds)) is not None) is is_seen
    assert len(server.requests) == (2 if is_seen else 1)


def test_a_key_that_was_withdrawn_ends_with_the_next_fetch(
    keys: FetchedKeys, server: Recorder
) -> None:
    assert keys.find("first", NOW)
    server.reply = always(jwks(SECOND))
    assert keys.find("second", after(60))
    assert keys.find("first", after(60)) is None


def test_random_kids_cause_one_fetch_a_minute(keys: FetchedKeys, server: Recorder) -> None:
    for second in range(300):
        assert keys.find(f"random-{second}", after(second)) is None
    assert len(server.requests) == 5


def test_random_kids_cause_one_fetch_a_minute_during_an_outage_too(
    keys: FetchedKeys, server: Recorder
) -> None:
    assert keys.find("first", NOW)
    server.reply = always("", 500)
    for second in range(300):
        assert keys.find(f"random-{second}", after(second)) is None
        assert keys.find("first", after(second))
    assert len(server.requests) == 5


def test_a_token_without_kid_fetches_nothing_anew(keys: FetchedKeys, server: Recorder) -> None:
    server.reply = always(jwks(FIRST, SECOND))
    assert keys.find(None, NOW) is None
    assert keys.find(None, after(120)) is None
    assert len(server.requests) == 1


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_was_wrong_locks_nobody_out(
    days: int, keys: FetchedKeys, server: Recorder
) -> None:
    assert keys.find("first", NOW + timedelta(days=days))
    server.reply = always(jwks(SECOND))
    assert keys.find("second", NOW)
    assert len(server.requests) == 2


def test_sixteen_threads_on_a_cold_instance_fetch_once(keys: FetchedKeys, server: Recorder) -> None:
    begin = threading.Barrier(16)

    def find(number: int) -> PyJWK | None:
        begin.wait()
        # As on a real clock, where a thread may have waited with an earlier time.
        return keys.find("first", NOW - timedelta(milliseconds=number))

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(find, range(16)))
    assert all(found)
    assert len(server.requests) == 1


def test_sixteen_threads_try_a_dead_server_once(keys: FetchedKeys, server: Recorder) -> None:
    server.reply = always("", 500)
    begin = threading.Barrier(16)

    def find(number: int) -> None:
        begin.wait()
        with pytest.raises(KeysUnavailable):
            keys.find("first", NOW - timedelta(milliseconds=number))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(find, range(16)))
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 500])
def test_a_thread_that_waited_with_an_earlier_time_fetches_nothing(
    status: int, keys: FetchedKeys, server: Recorder
) -> None:
    server.reply = always(SET, status)
    for moment in (NOW, NOW - timedelta(milliseconds=1)):
        with contextlib.suppress(KeysUnavailable):
            keys.find("first", moment)
    assert len(server.requests) == 1


def test_after_a_long_pause_all_wait_for_the_one_fetch(keys: FetchedKeys, server: Recorder) -> None:
    """Function Compute freezes an idle instance, which may wake up with keys of last week."""
    assert keys.find("first", NOW)
    server.reply, reached, may_respond = gated(always(SET))
    with ThreadPoolExecutor(2) as pool:
        fetching = pool.submit(keys.find, "first", NOW + timedelta(days=7))
        assert reached.wait(60)
        waiting = pool.submit(keys.find, "first", NOW + timedelta(days=7))
        with pytest.raises(TimeoutError):
            waiting.result(0.2)
        may_respond.set()
        assert fetching.result(60)
        assert waiting.result(60)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("kid", "seconds"),
    [
        pytest.param("first", 900, id="a set that ran out"),
        pytest.param("second", 60, id="an unknown kid"),
    ],
)
def test_a_key_in_hand_is_found_without_waiting_for_a_fetch(
    kid: str, seconds: float, keys: FetchedKeys, server: Recorder
) -> None:
    assert keys.find("first", NOW)
    server.reply, reached, may_respond = gated(always(jwks(FIRST, SECOND)))
    with ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(keys.find, kid, after(seconds))
        assert reached.wait(60)
        assert keys.find("first", after(seconds))
        assert not fetching.done()
        may_respond.set()
        assert fetching.result(60)
    assert len(server.requests) == 2


def test_the_handler_says_503_while_there_are_no_keys_and_recovers(
    server: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    now = NOW
    environ = ENVIRON | SETTINGS | {"JWT_JWKS": f"{server.url}/jwks.json?secret=kept-from-logs"}
    app = App(environ, lambda: now)
    token = Token(algorithm="ES256").signed(key_pair("ES256", "first"))
    request = event(headers={"Authorization": f"Bearer {token}"})
    server.reply = always("", 500)
    response = read(app.handle(request, Context()))
    assert (response.status, response.code) == (503, "keys_unavailable")
    assert response.headers["Retry-After"] == "10"
    server.reply = always(SET)
    now = after(10)
    assert read(app.handle(request, Context())).status == 200
    assert "responds with status 500" in caplog.text
    assert not [part for part in (*token.split("."), "kept-from-logs") if part in caplog.text]


PRINT_MODULES = """
import json, sys
from direct_upload.app import App
App(json.loads(sys.argv[1])).warm(None)
print(*(name for name in ("direct_upload.callers.fetched", "jwt") if name in sys.modules))
"""


@pytest.mark.parametrize(
    ("changes", "loaded"),
    [
        pytest.param({}, [], id="anonymous"),
        pytest.param(SETTINGS, ["jwt"], id="inline keys"),
        pytest.param(
            SETTINGS | {"JWT_JWKS": "", "JWT_SECRET": "s" * 32}, ["jwt"], id="a shared secret"
        ),
        pytest.param(
            SETTINGS | {"JWT_JWKS": "https://login.example.com/jwks.json"},
            ["direct_upload.callers.fetched", "jwt"],
            id="a URL",
        ),
    ],
)
def test_the_fetcher_is_loaded_with_a_url_only(changes: dict[str, str], loaded: list[str]) -> None:
    command = [sys.executable, "-c", PRINT_MODULES, json.dumps(ENVIRON | changes)]
    done = subprocess.run(command, cwd="function", capture_output=True, text=True, check=True)
    assert done.stdout.split() == loaded
