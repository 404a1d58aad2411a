"""Calls to other servers: which URLs are plain, what a GET returns, and that time is limited."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from werkzeug import Response
from werkzeug.serving import make_server, make_ssl_devcert

from direct_upload.http import outgoing
from direct_upload.http.outgoing import (
    Address,
    FetchFailed,
    TookTooLong,
    fetch,
    is_fetchable,
    parse_address,
    within,
)
from tests.function.raw_server import RawServer, sending
from tests.recorder import Recorded, recording, trickling

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


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        pytest.param("https://a.example/jwks.json", True, id="https"),
        pytest.param("HTTP://a.example:8443/", True, id="http, port, only /"),
        pytest.param("https://a.example/keys@b.example?p=a%20b&q=/", True, id="path and query"),
        pytest.param("https://a.example", False, id="no path"),
        pytest.param("https://user@a.example/", False, id="user"),
        pytest.param("https://a.example:65536/", False, id="port out of range"),
        pytest.param("https:///jwks.json", False, id="no host"),
        pytest.param("https:a.example/", False, id="no slashes"),
        pytest.param("ftp://a.example/", False, id="another scheme"),
        pytest.param("https://a.example/#x", False, id="fragment"),
        pytest.param("https://a.example/a\\b", False, id="backslash"),
        pytest.param("https://a.example/a b", False, id="space"),
        pytest.param("https://a.example/a\n", False, id="line break"),
        pytest.param("https://a.example/é", False, id="beyond ASCII"),
        pytest.param("https://a.example?x=/", False, id="a query without a path"),
    ],
)
def test_fetches_from_plain_origins_only(url: str, plain: bool) -> None:
    assert is_fetchable(url) is plain


def test_fetch_returns_the_body_and_headers_of_a_200() -> None:
    headers = [("Cache-Control", "public"), ("Cache-Control", "max-age=60"), ("AGE", "5")]
    with recording(lambda _: Response(b"\x00body\xff", headers=headers)) as server:
        found, body = fetch(f"{server.url}/keys/v1.pem?a=%20b", seconds=PATIENT, max_bytes=100)
    assert body == b"\x00body\xff"
    assert found["cache-control"] == "public, max-age=60"
    assert found["age"] == "5"
    (request,) = server.requests
    assert (request.method, request.target) == ("GET", "/keys/v1.pem?a=%20b")
    assert (request.headers["user-agent"], request.body) == ("direct-upload", b"")


def failure(url: str, *, max_bytes: int = 100) -> str:
    with pytest.raises(FetchFailed) as failed:
        fetch(url, seconds=PATIENT, max_bytes=max_bytes)
    return str(failed.value)


@pytest.mark.parametrize("status", [201, 204, 206, 304, 403, 404, 500])
def test_fetch_fails_for_any_other_status(status: int) -> None:
    with recording(lambda _: Response(status=status)) as server:
        assert failure(f"{server.url}/") == f"the server responds with status {status}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_fetch_follows_no_redirect(status: int) -> None:
    def respond(recorded: Recorded) -> Response:
        if recorded.target == "/":
            return Response(status=status, headers={"Location": "/elsewhere"})
        return Response("elsewhere")

    with recording(respond) as server:
        assert failure(f"{server.url}/") == f"the server responds with status {status}"
    assert [request.target for request in server.requests] == ["/"]


def test_fetch_uses_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        recording(lambda _: Response("server")) as server,
        recording(lambda _: Response("proxy")) as proxy,
    ):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert fetch(f"{server.url}/", seconds=PATIENT, max_bytes=100)[1] == b"server"
    assert proxy.requests == []


@pytest.mark.parametrize("size", [0, 4, 5])
def test_fetch_accepts_up_to_max_bytes(size: int) -> None:
    with recording(lambda _: Response(b"x" * size)) as server:
        assert fetch(f"{server.url}/", seconds=PATIENT, max_bytes=5)[1] == b"x" * size


@pytest.mark.parametrize("size", [6, 500_000])
def test_fetch_fails_for_a_longer_body(size: int) -> None:
    with recording(lambda _: Response(b"x" * size)) as server:
        assert failure(f"{server.url}/", max_bytes=5) == "the server sends more than 5 bytes"


BREAKS = "the server cannot be reached, or breaks off: "


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
def test_fetch_fails_for_what_is_not_a_response(sent: bytes) -> None:
    with RawServer(sending(sent)) as server:
        assert failure(f"{server.url}/").startswith(BREAKS)


@pytest.mark.parametrize("host", ["a..example", "a" * 64 + ".example"])
def test_fetch_fails_for_a_host_that_no_name_server_can_know(host: str) -> None:
    assert failure(f"http://{host}/").startswith(BREAKS)


def test_fetch_fails_if_the_connection_is_refused() -> None:
    with recording(lambda _: Response()) as stopped:
        pass
    assert failure(f"{stopped.url}/") == BREAKS + "ConnectionRefusedError"


def test_fetch_fails_if_the_server_does_not_speak_tls() -> None:
    with recording(lambda _: Response("body")) as server:
        assert failure(server.url.replace("http:", "https:") + "/") == BREAKS + "SSLError"
    assert server.requests == []


def test_only_a_trusted_certificate_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make_ssl_devcert(str(tmp_path / "server"))
    trusting = ssl.create_default_context(cafile=certificate)
    trusting.check_hostname = False  # which the certificate states as a DNS name
    server = make_server("127.0.0.1", 0, Response("body"), ssl_context=(certificate, key))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://127.0.0.1:{server.port}/"
    try:
        assert failure(url) == BREAKS + "SSLCertVerificationError"
        monkeypatch.setattr(outgoing, "_trust", lambda: trusting)
        assert fetch(url, seconds=PATIENT, max_bytes=9)[1] == b"body"
    finally:
        server.shutdown()
        server.server_close()


def test_fetch_abandons_a_server_that_trickles(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []

    def within_a_moment(seconds: float, call: Callable[[], T]) -> T:
        """The socket keeps its own, longer limit: on a busy machine bytes may be rare."""
        limits.append(seconds)
        return within(0.3, call)

    monkeypatch.setattr(outgoing, "within", within_a_moment)
    with trickling() as trickle, recording(trickle) as server:
        assert failure(f"{server.url}/") == "the server does not respond within 60 s"
    assert limits == [PATIENT]


def test_a_server_that_is_silent_for_the_sockets_limit_does_not_respond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The socket's limit may end a moment before that of `within`, and the reason is the same."""
    monkeypatch.setattr(outgoing, "within", lambda _, call: call())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(FetchFailed, match=r"^the server does not respond within 0\.1 s$"):
            fetch(url, seconds=0.1, max_bytes=9)
