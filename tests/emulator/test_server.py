"""The server that every emulator runs on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from emulator.server import LINGER_ZERO, Server
from tests.emulator.client import connect, exchange, read_all, send, wait_for


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def refuse_unread(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("413 Content Too Large", [("Content-Length", "2")])
    return [b"no"]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(echo) as server:
        yield server


def test_serves_the_application_over_http_1_1(server: Server) -> None:
    response = exchange(
        server.url, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
    )

    assert response.startswith(b"HTTP/1.1 200 OK\r\n")
    assert response.endswith(b"\r\n\r\nhello")


def test_port_0_picks_a_free_one_and_the_url_names_it(server: Server) -> None:
    assert server.port > 0
    assert server.url == f"http://127.0.0.1:{server.port}"


def test_the_url_of_an_ipv6_host_has_brackets() -> None:
    with Server(echo, "::1") as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert send(server.url, body=b"six").body == b"six"


def test_serves_many_clients_at_once() -> None:
    all_here = threading.Barrier(16)

    def wait_for_all(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        all_here.wait()
        return list(echo(environ, start_response))

    with Server(wait_for_all) as server, ThreadPoolExecutor(16) as pool:
        bodies = [str(number).encode() for number in range(16)]
        assert list(pool.map(lambda body: send(server.url, body=body).body, bodies)) == bodies


def test_responds_to_expect_100_continue_once(server: Server) -> None:
    with connect(server.url) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        response = read_all(connection)

    assert response.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"100 Continue" not in response


def test_a_refusal_reaches_a_client_that_is_still_sending() -> None:
    with Server(refuse_unread) as server:
        assert send(server.url, body=bytes(8_000_000)).status == 413


def test_an_application_can_reset_the_connection() -> None:
    def reset(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        connection: socket.socket = environ["werkzeug.socket"]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        raise ConnectionResetError

    with Server(reset) as server, connect(server.url) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_does_not_hold_back_the_second_write_of_a_response() -> None:
    def report(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        connection: socket.socket = environ["werkzeug.socket"]
        no_delay = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        start_response("200 OK", [])
        return [str(bool(no_delay)).encode()]

    with Server(report) as server:
        assert send(server.url, body=b"").body == b"True"


def test_is_silent_on_stderr(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    send(server.url, body=b"quiet")

    assert capfd.readouterr() == ("", "")


def test_an_error_of_the_application_is_shown_and_becomes_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        raise RuntimeError("the emulator has a bug")

    with Server(broken) as server:
        response = exchange(server.url, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert response.startswith(b"HTTP/1.1 500 ")
        wait_for(lambda: "the emulator has a bug" in caplog.text)


def test_a_taken_port_is_an_error_that_names_it(server: Server) -> None:
    with pytest.raises(OSError, match=f"port {server.port} of 127.0.0.1: another program"):
        Server(echo, "127.0.0.1", server.port)


def test_an_address_of_another_machine_is_an_error_that_names_it() -> None:
    with pytest.raises(OSError, match=r"port 0 of 192\.0\.2\.1: "):
        Server(echo, "192.0.2.1")


def test_a_stopped_server_frees_its_port_for_the_next() -> None:
    with Server(echo) as first:
        send(first.url, body=b"")
    with Server(echo, port=first.port) as second:
        assert send(second.url, body=b"again").body == b"again"


def test_a_stop_waits_neither_for_open_connections_nor_for_requests_that_hang() -> None:
    released, entered = threading.Event(), threading.Event()

    def hang(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        entered.set()
        released.wait()
        return echo(environ, start_response)

    server = Server(hang)
    server.start()
    with connect(server.url) as idle, connect(server.url) as hung:
        hung.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        entered.wait()
        server.stop()  # both ends are still open, and nobody has released the request
        assert idle.recv(1) == b""
        assert hung.recv(1) == b""
    released.set()
