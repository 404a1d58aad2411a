"""Whatever bytes a server sends, the doctor prints findings and follows no redirect."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from deploy.diagnosis import browser
from deploy.diagnosis.browser import MAX_BODY_BYTES, NoResponse, fetch
from emulator.server import Server
from tests.deploy.hostile import examined, put
from tests.deploy.planted import ORIGIN, Deployment

Send = Callable[[socket.socket], object]


@contextlib.contextmanager
def responding(send: Send) -> Iterator[str]:
    """The address of a server that reads one request on each connection, then does as it likes."""

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # the doctor may have left
            connection.recv(65536)
            send(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def sends(*pieces: bytes) -> Send:
    return lambda connection: connection.sendall(b"".join(pieces))


def sends_for_ever(head: bytes, piece: bytes) -> Send:
    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)

    return send


# Redirects.


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server that redirects lead to, and the requests that reached it."""
    asked: list[str] = []

    def app(environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        asked.append(f"{request.method} {request.headers.get('Authorization')}")
        return Response('{"status": "ok"}')(environ, start_response)

    with Server(app) as server:
        yield server.url, asked


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("route", ["GET /healthz", "OPTIONS /sign", "GET /", "POST /sign"])
def test_no_redirect_is_followed(
    route: str, status: int, elsewhere: tuple[str, list[str]], planted: Deployment
) -> None:
    url, asked = elsewhere
    planted.respond(route, status, "", Location=f"{url}/secret-path?signature=a")
    printed = examined(planted.url, "--origin", ORIGIN)
    assert f"redirects to {url.removeprefix('http://')} (status {status})." in printed
    assert "-> It was not followed" in printed
    assert printed.endswith("Problems found: 1.\n")
    assert "secret-path" not in printed
    assert asked == []


@pytest.mark.parametrize("route", ["bucket OPTIONS", "bucket POST"])
def test_no_redirect_of_the_bucket_is_followed(
    route: str, elsewhere: tuple[str, list[str]], planted: Deployment
) -> None:
    planted.respond(route, 307, "", Location=elsewhere[0])
    assert "(status 307)" in examined(planted.url, "--origin", ORIGIN, "--upload")
    assert elsewhere[1] == []


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("https://user:pw@other.example:444/a?b#c", "other.example:444"),
        ("//other.example", "other.example"),
        ("/elsewhere", "127.0.0.1:"),
        ("file:///etc/passwd", "no valid address"),
        ("javascript:alert(1)", "no valid address"),
        ("http://[::1", "no valid address"),
        ("", "no valid address"),
        ("http://evil\x9b2Jexample/", "evil\\x9b2Jexample"),
    ],
)
def test_only_the_host_of_a_redirect_is_named(location: str, where: str) -> None:
    head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    with responding(sends(head.encode("latin-1"))) as url:
        assert f"redirects to {where}" in examined(url)


# Bytes on the wire.

OK = b"HTTP/1.1 200 OK\r\n"
ENDLESS = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("send", "message"),
    [
        pytest.param(
            sends_for_ever(ENDLESS, b"10000\r\n" + b" " * 65536 + b"\r\n"),
            f"sent more than {MAX_BODY_BYTES} bytes",
            id="an endless body",
        ),
        pytest.param(
            sends_for_ever(OK + b"\r\n", b" " * 65536),
            f"sent more than {MAX_BODY_BYTES} bytes",
            id="an endless body without a length",
        ),
        pytest.param(
            sends_for_ever(b"HTTP/1.1 500 No\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 65536),
            f"sent more than {MAX_BODY_BYTES} bytes",
            id="an endless error",
        ),
        pytest.param(sends_for_ever(OK, b"X-A: 1\r\n"), "does not respond: ", id="endless headers"),
        pytest.param(
            sends_for_ever(OK + b"X-A: ", b"1" * 65536), "does not respond: ", id="a long header"
        ),
        pytest.param(sends(b"\x1b]0;owned\x07 nonsense\r\n\r\n"), "does not respond", id="no HTTP"),
        pytest.param(sends(b"HTTP/1.1 99999 \x1b[2J\r\n\r\n"), "does not respond", id="a status"),
        pytest.param(
            sends(ENDLESS, b"zz\r\n"), "does not respond: IncompleteRead", id="a chunk's size"
        ),
        pytest.param(sends(), "does not respond", id="nothing"),
        pytest.param(
            sends(OK, b"Content-Length: -1\r\nContent-Length: x\r\n\r\n{}"),
            "GET /healthz returned 200",
            id="odd lengths",
        ),
    ],
)
def test_bytes_that_are_no_response_are_one_finding(send: Send, message: str) -> None:
    with responding(send) as url:
        printed = examined(url)
    assert message in printed
    assert printed.endswith("Problems found: 1.\n")


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", OK + b"Content-Length: 9\r\n\r\n"]
)
def test_a_response_that_never_ends_is_given_up(
    head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "DEADLINE_SECONDS", 0.2)
    over = threading.Event()

    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        over.wait()

    with responding(send) as url:
        assert "did not complete its response within 0.2 s." in examined(url)
        over.set()


def test_interim_responses_without_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "DEADLINE_SECONDS", 0.2)
    with responding(sends_for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n")) as url:
        assert "did not complete its response within 0.2 s." in examined(url)


@pytest.mark.parametrize(
    "date",
    [
        *(
            "",
            "x",
            "99999999999",
            "Mon, 01 Jan 99999 00:00:00 GMT",
            "Mon, 00 Jan 2026 00:00:00 GMT",
        ),
        *("Mon, 01 Jan 2026 99:99:99 GMT", "Mon, 01 Jan 2026 00:00:00 +99999999999999999999"),
        *("Mon, 01 Jan 2026 00:00:00 +" + "9" * 5000, "Mon, " + "1" * 5000 + " Jan 2026 0:0:0 GMT"),
        "Mon, 01 Jan 0001 00:00:00 +2359",
    ],
)
def test_any_date_of_a_server_is_survived(date: str) -> None:
    head = OK + f"Date: {date}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    with responding(sends(head)) as url:
        fetch("GET", url, headers={}).date()


# Addresses.


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "ftp://127.0.0.1/", "data:,x", "javascript:alert(1)", "", "/"),
        *("http://", "http://[::1", "http://a:b/", "http://a b/", "http://u:p@127.0.0.1/"),
        "http://127.0.0.1/\r\nX-Evil: 1",
    ],
)
def test_only_web_addresses_are_opened(
    url: str, planted: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted.edit_grant = put("url", value=url)
    assert "Missing or wrong in the grant: url." in examined(planted.url, "--origin", ORIGIN)
    with pytest.raises(NoResponse, match="not a valid"):
        fetch("GET", url, headers={})


@pytest.mark.parametrize("url", [f"http://{'a' * 64}.example/", "http://a..b/", "http://*/"])
def test_names_that_no_server_has_are_a_finding(url: str, planted: Deployment) -> None:
    planted.edit_grant = put("url", value=url)
    assert "FAIL  Every server responds" in examined(planted.url, "--origin", ORIGIN)


def test_a_header_that_cannot_be_sent_is_not_shown() -> None:
    with pytest.raises(NoResponse) as caught:
        fetch("GET", "http://127.0.0.1:1/", headers={"Authorization": "a\nsecret"})
    assert "secret" not in str(caught.value)
