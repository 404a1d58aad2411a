"""No emulator serves a foreign host, so that no web page can reach one through DNS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.hosts import is_own
from emulator.server import Server
from tests.emulator.client import exchange
from tests.emulator.test_server import echo
from tests.harness import Harness, running_harness

ALL_IPV4, ALL_IPV6 = "0.0.0.0", "::"  # noqa: S104

OWN = [
    *("localhost", "localhost:9001", "LocalHost", "localhost.", "localhost.:9001", "localhost:"),
    *("post-test.localhost", "a.b_c.localhost:1", "Post-Test.LOCALHOST"),
    *("127.0.0.1", "127.0.0.1:80", "127.0.0.1.", "127.0.0.2", "127.255.255.254:65535"),
    *("[::1]", "[::1]:9001", "[0:0:0:0:0:0:0:1]"),
]
FOREIGN = [
    *("evil.example", "EVIL.example:9001", "127.0.0.1.evil.example", "localhost.evil.example"),
    *("evil-localhost", "evillocalhost", "localhost.evil", "localhost..", ".localhost", "..", "."),
    *("localhost@evil.example", "evil.example@localhost", "a:b@127.0.0.1", "evil.example@[::1]"),
    *("localhost:80@evil.example", "localhost,evil.example", "localhost evil.example"),
    *("localhost/evil.example", "evil.example/.localhost", "evil.example#.localhost"),
    *("evil.example\\.localhost", "evil.example?.localhost", "evil.example%00.localhost"),
    *("localhost:a", "localhost:-1", "localhost:1:2", "localhost:٣", "localhost:123456"),
    *("127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.01", "127.0.0.256", "128.0.0.1"),
    *("127.0.0.1..", "１２７.0.0.1", ALL_IPV4, "192.0.2.1", "::1", "[::1", "[::2]", "[127.0.0.1]x"),
    *("[::ffff:192.0.2.1]", "[::1%25lo]", "[::]", "[localhost]", "lοcalhost", "", " ", ":80"),
]


@pytest.mark.parametrize("authority", OWN)
def test_loopback_is_own_in_any_notation_and_on_any_port(authority: str) -> None:
    assert is_own(authority, names=(), arrived_at="127.0.0.1")


@pytest.mark.parametrize("authority", FOREIGN)
def test_everything_else_is_foreign(authority: str) -> None:
    assert not is_own(authority, names=("127.0.0.1",), arrived_at="127.0.0.1")


def test_the_given_host_is_own_and_nothing_near_it() -> None:
    for name in ("desk.lan", "DESK.lan"):
        assert is_own("desk.LAN:9001", names=(name,), arrived_at="192.0.2.7")
        assert is_own("desk.lan.", names=(name,), arrived_at="192.0.2.7")
        for other in ("a.desk.lan", "desk.lan.evil.example", "desk", "evildesk.lan"):
            assert not is_own(other, names=(name,), arrived_at="192.0.2.7")


def test_the_address_that_a_request_arrived_at_is_own() -> None:
    assert is_own("192.0.2.7:9001", names=(ALL_IPV4,), arrived_at="192.0.2.7")
    assert is_own("[FD00:0::2]:9001", names=(ALL_IPV6,), arrived_at="fd00::2")
    assert not is_own("192.0.2.8:9001", names=(ALL_IPV4,), arrived_at="192.0.2.7")


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with running_harness(tmp_path_factory.mktemp("data"), {}) as harness:
        yield harness


def status(url: str, *lines: str, target: str = "/", version: str = "1.1") -> int:
    request = "\r\n".join((f"GET {target} HTTP/{version}", *lines, "", ""))
    return int(exchange(url, request.encode()).split()[1])


# Where a GET of each emulator succeeds.
TARGETS = {"function": "/healthz", "oss": "/", "sts": "/faults", "page": "/"}


@pytest.mark.parametrize("emulator", TARGETS)
def test_each_emulator_serves_only_its_own_hosts(emulator: str, harness: Harness) -> None:
    url, target = getattr(harness, emulator), TARGETS[emulator]
    port = url.rpartition(":")[2]
    for own in ("localhost", f"127.0.0.1:{port}", f"LOCALHOST.:{port}", "[::1]", "127.9.9.9:1"):
        assert status(url, f"Host: {own}", target=target) == 200, own
    for foreign in (
        *("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example"),
        *("localhost.evil.example", "localhost@evil.example", "evil.example@localhost"),
        *("EVIL.EXAMPLE.", "192.0.2.1", ""),
    ):
        assert status(url, f"Host: {foreign}", target=target) == 421, foreign


@pytest.mark.parametrize("emulator", TARGETS)
def test_no_other_way_to_name_a_host_leads_past_the_check(emulator: str, harness: Harness) -> None:
    url, target = getattr(harness, emulator), TARGETS[emulator]
    own, foreign = "Host: localhost", "Host: evil.example"
    assert status(url, target=target, version="1.0") == 421
    assert status(url, target=target) == 421
    assert status(url, own, target=target, version="1.0") == 200
    for lines in ((own, foreign), (foreign, own), (foreign, "X-Forwarded-Host: localhost")):
        assert status(url, *lines, target=target) == 421
    assert status(url, own, target=f"http://evil.example{target}") == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_a_foreign_page_changes_nothing(method: str, harness: Harness) -> None:
    for url in (harness.function, harness.oss, harness.sts, harness.page):
        request = f"{method} /faults?kind=503 HTTP/1.1\r\nHost: evil.example\r\n\r\n"
        assert exchange(url, request.encode()).startswith(b"HTTP/1.1 421 ")
    faults = exchange(harness.sts, b"GET /faults HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b'"kind": null' in faults


def test_the_refusal_says_what_to_do_and_is_not_a_page() -> None:
    with Server(echo) as server:
        shown = exchange(server.url, b"GET / HTTP/1.1\r\nHost: <b>\x1b[2J\r\n\r\n").decode()
        unnamed = exchange(server.url, b"GET / HTTP/1.0\r\n\r\n").decode()
        head = exchange(server.url, b"HEAD / HTTP/1.1\r\nHost: evil.example\r\n\r\n").decode()
    assert shown.startswith("HTTP/1.1 421 ")
    assert "accepts no requests for the host '<b>\\x1b[2J': " in shown
    assert f"Use http://localhost:{server.port}, or start local_server.py with --host" in shown
    assert "Content-Type: text/plain" in shown
    assert "X-Content-Type-Options: nosniff" in shown
    assert "accepts no requests without a host" in unnamed
    assert head.endswith("\r\n\r\n")


def test_a_server_serves_its_own_address_and_the_names_it_is_given() -> None:
    with Server(echo, "127.0.0.2", names=("desk.lan",)) as server:
        for own in ("127.0.0.2", "desk.lan", "localhost"):
            assert status(server.url, f"Host: {own}") == 200
        assert status(server.url, "Host: evil.example") == 421


@pytest.mark.parametrize("wildcard", [ALL_IPV4, ALL_IPV6])
def test_listening_on_all_addresses_admits_no_foreign_host(wildcard: str) -> None:
    with Server(echo, wildcard) as server:
        url = server.url.replace(ALL_IPV4, "127.0.0.1").replace("[::]", "[::1]")
        assert status(url, "Host: localhost") == 200
        assert status(url, "Host: evil.example") == 421


def test_another_host_still_finds_sts_and_the_key_of_callbacks_on_loopback(tmp_path: Path) -> None:
    with running_harness(tmp_path, {}, "--host", "::1") as harness:
        port = int(harness.function.rpartition(":")[2])
        grant = exchange(
            f"http://[::1]:{port}",
            b'POST /sign HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 20\r\n\r\n{"filename":"a.png"}',
        )
        assert grant.startswith(b"HTTP/1.1 200 ")
        assert f'"url":"http://[::1]:{port + 1}/"'.encode() in grant
        for url in (harness.oss, f"http://[::1]:{port + 1}"):
            assert status(url, "Host: localhost", target="/callback_pub_key.pem") == 200
        assert status(harness.sts, "Host: localhost", target="/faults") == 200
        with pytest.raises(ConnectionRefusedError):
            status(f"http://[::1]:{port + 2}")
