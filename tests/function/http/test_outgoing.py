"""Calls to other servers: which URLs are plain, what a GET returns, and that time is limited."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import pytest
from werkzeug import Response

from direct_upload.http import outgoing
from direct_upload.http.outgoing import Address, TookTooLong, fetch, parse_address, within
from tests.function.credentials.faulty_sts import Connection, FaultySts
from tests.recorder import Asked, recording, trickling

T = TypeVar("T")

# Long enough for any machine; no test waits for it.
PATIENT = 60.0


@pytest.mark.parametrize(
    ("url", "address"),
    [
        pytest.param(
            "https://a.example/keys/v1.pem",
            Address("https", "a.example", 443, "/keys/v1.pem"),
            id="https",
        ),
        pytest.param(
            "http://a.example/keys/v1.pem",
            Address("http", "a.example", 80, "/keys/v1.pem"),
            id="http",
        ),
        pytest.param(
            "HTTPS://A.Example/Keys/v1.pem",
            Address("https", "a.example", 443, "/Keys/v1.pem"),
            id="only the path keeps its case",
        ),
        pytest.param(
            "https://a.example:8443/keys/v1.pem",
            Address("https", "a.example", 8443, "/keys/v1.pem"),
            id="port",
        ),
        pytest.param(
            "https://a.example:0/keys/v1.pem",
            Address("https", "a.example", 0, "/keys/v1.pem"),
            id="port 0 is not the default port",
        ),
        pytest.param(
            "https://127.0.0.1/keys/v1.pem",
            Address("https", "127.0.0.1", 443, "/keys/v1.pem"),
            id="IPv4",
        ),
        pytest.param(
            "https://[::1]:9001/keys/v1.pem",
            Address("https", "::1", 9001, "/keys/v1.pem"),
            id="IPv6",
        ),
        pytest.param("https://a.example/", Address("https", "a.example", 443, "/"), id="only /"),
        pytest.param(
            "https://a.example/../v1.pem",
            Address("https", "a.example", 443, "/../v1.pem"),
            id="dot segments remain",
        ),
    ],
)
def test_parses_a_plain_url(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("/keys/v1.pem", id="no scheme and host"),
        pytest.param("//a.example/keys/v1.pem", id="no scheme"),
        pytest.param("ftp://a.example/keys/v1.pem", id="another scheme"),
        pytest.param("https:///keys/v1.pem", id="no host"),
        pytest.param("https://:443/keys/v1.pem", id="a port without a host"),
        pytest.param("https://a.example", id="no path"),
        pytest.param("https://user@a.example/keys/v1.pem", id="user"),
        pytest.param("https://a.example:port/keys/v1.pem", id="port that is not a number"),
        pytest.param("https://a.example:65536/keys/v1.pem", id="port out of range"),
        pytest.param("https://a.example/keys/v1.pem?x=1", id="query"),
        pytest.param("https://a.example/keys/v1.pem?", id="empty query"),
        pytest.param("https://a.example/keys/v1.pem#x", id="fragment"),
        pytest.param("https://a.example/keys/%76.pem", id="escape"),
        pytest.param("https://a.example\\keys/v1.pem", id="backslash"),
        pytest.param("https://[::1/keys/v1.pem", id="unclosed bracket"),
        pytest.param(" https://a.example/keys/v1.pem", id="leading space"),
        pytest.param("https://a.example/keys/v1.pem\n", id="trailing line break"),
        pytest.param("https://a.example/ke\tys/v1.pem", id="tab"),
        pytest.param("https://ａ.example/keys/v1.pem", id="full-width letter"),
    ],
)
def test_refuses_any_other_url(url: str) -> None:
    assert parse_address(url) is None


def test_within_returns_what_the_call_returns() -> None:
    assert within(PATIENT, lambda: "result") == "result"
    assert within(PATIENT, lambda: None) is None


def test_within_does_not_wait_for_a_call_that_takes_too_long() -> None:
    may_end, ended = threading.Event(), threading.Event()

    def call() -> None:
        may_end.wait()
        ended.set()

    with pytest.raises(TookTooLong):
        within(0.05, call)
    assert not ended.is_set()
    may_end.set()
    assert ended.wait(PATIENT)


def test_fetch_returns_the_body_of_a_200() -> None:
    with recording(lambda _: Response(b"\x00body\xff")) as server:
        url = f"{server.url}/keys/v1.pem"
        assert fetch(url, seconds=PATIENT, max_bytes=100) == b"\x00body\xff"
    (request,) = server.asked
    assert (request.method, request.target, request.body) == ("GET", "/keys/v1.pem", b"")


@pytest.mark.parametrize("status", [201, 204, 206, 304, 403, 404, 500])
def test_fetch_returns_none_for_any_other_status(status: int) -> None:
    with recording(lambda _: Response(status=status)) as server:
        assert fetch(f"{server.url}/", seconds=PATIENT, max_bytes=100) is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_fetch_follows_no_redirect(status: int) -> None:
    def respond(asked: Asked) -> Response:
        if asked.target == "/":
            return Response(status=status, headers={"Location": "/elsewhere"})
        return Response("elsewhere")

    with recording(respond) as server:
        assert fetch(f"{server.url}/", seconds=PATIENT, max_bytes=100) is None
    assert [request.target for request in server.asked] == ["/"]


def test_fetch_uses_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        recording(lambda _: Response("server")) as server,
        recording(lambda _: Response("proxy")) as proxy,
    ):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert fetch(f"{server.url}/", seconds=PATIENT, max_bytes=100) == b"server"
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("sent", "returned"),
    [
        pytest.param(b"", b"", id="empty"),
        pytest.param(b"1234", b"1234", id="one byte less"),
        pytest.param(b"12345", b"12345", id="as long as allowed"),
        pytest.param(b"123456", b"12345", id="one byte more"),
        pytest.param(b"12345" * 100_000, b"12345", id="much more"),
    ],
)
def test_fetch_cuts_the_body_after_max_bytes(sent: bytes, returned: bytes) -> None:
    with recording(lambda _: Response(sent)) as server:
        assert fetch(f"{server.url}/", seconds=PATIENT, max_bytes=5) == returned


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"garbage\r\n\r\n", id="not HTTP"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nlong\r\n", id="a broken chunk"
        ),
    ],
)
def test_fetch_returns_none_for_what_is_not_a_response(sent: bytes) -> None:
    def respond(connection: Connection) -> None:
        connection.socket.sendall(sent)
        raise ConnectionAbortedError

    with FaultySts(respond) as server:
        assert fetch(f"{server.endpoint}/", seconds=PATIENT, max_bytes=100) is None


@pytest.mark.parametrize("host", ["a..example", "a" * 64 + ".example"])
def test_fetch_returns_none_for_a_host_that_no_name_server_can_know(host: str) -> None:
    assert fetch(f"http://{host}/", seconds=PATIENT, max_bytes=100) is None


def test_fetch_returns_none_if_the_connection_is_refused() -> None:
    with recording(lambda _: Response()) as stopped:
        pass
    assert fetch(f"{stopped.url}/", seconds=PATIENT, max_bytes=100) is None


def test_fetch_returns_none_if_the_server_does_not_speak_tls() -> None:
    with recording(lambda _: Response("body")) as server:
        url = server.url.replace("http:", "https:") + "/"
        assert fetch(url, seconds=PATIENT, max_bytes=100) is None
    assert server.asked == []


def test_fetch_abandons_a_server_that_trickles(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []

    def within_a_moment(seconds: float, call: Callable[[], T]) -> T:
        """The socket keeps its own, longer limit: on a busy machine bytes may be rare."""
        limits.append(seconds)
        return within(0.3, call)

    monkeypatch.setattr(outgoing, "within", within_a_moment)
    with trickling() as trickle, recording(trickle) as server, pytest.raises(TookTooLong):
        fetch(f"{server.url}/", seconds=PATIENT, max_bytes=100)
    assert limits == [PATIENT]
