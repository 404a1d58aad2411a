"""Whatever a server responds, the doctor prints findings: no traceback, no escapes, no secret."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.wrappers import Request, Response

from deploy import doctor
from deploy.diagnosis import browser
from deploy.diagnosis.browser import MAX_BODY_BYTES, NoResponse, fetch
from deploy.diagnosis.documents import parse_object
from deploy.diagnosis.terminal import MAX_CHARACTERS, say, visible
from emulator.server import Server
from tests.deploy.planted import ORIGIN, SECRETS, Deployment, Document

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


def examined(url: str, *options: str) -> str:
    """What the doctor prints about a server with a problem."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = doctor.main([url, *options], environ={"TOKEN": SECRETS["token"]})
    text = printed.getvalue()
    assert code == 1, text
    assert text.replace("\n", "").isprintable(), text
    assert max(map(len, text.splitlines())) < 12 * MAX_CHARACTERS
    assert not [name for name, secret in SECRETS.items() if secret in text]
    return text


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
    route: str, status: int, elsewhere: tuple[str, list[str]], stage: Deployment
) -> None:
    url, asked = elsewhere
    stage.respond(route, status, "", Location=f"{url}/secret-path?signature=a")
    printed = examined(stage.url, "--origin", ORIGIN)
    assert f"redirects to {url.removeprefix('http://')} (status {status})." in printed
    assert "-> It was not followed" in printed
    assert printed.endswith("Problems found: 1.\n")
    assert "secret-path" not in printed
    assert asked == []


@pytest.mark.parametrize("route", ["bucket OPTIONS", "bucket POST"])
def test_no_redirect_of_the_bucket_is_followed(
    route: str, elsewhere: tuple[str, list[str]], stage: Deployment
) -> None:
    stage.respond(route, 307, "", Location=elsewhere[0])
    assert "(status 307)" in examined(stage.url, "--origin", ORIGIN, "--upload")
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


# JSON.


@pytest.fixture
def stage() -> Iterator[Deployment]:
    """A deployment behind two servers."""
    deployment = Deployment()
    with Server(deployment.function) as function, Server(deployment.bucket) as bucket:
        deployment.url, deployment.bucket_url = function.url, bucket.url
        yield deployment


ODD_JSON = {
    "a list": "[]",
    "a text": '"a"',
    "null": "null",
    "NaN": '{"status": NaN}',
    "infinity": '{"status": -Infinity}',
    "a number beyond floats": '{"status": 1e999}',
    "a huge number": '{"status": 1' + "0" * 30 + "}",
    "a number of 100,000 digits": '{"status": ' + "9" * 100_000 + "}",
    "deep lists": '{"status": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "deep objects": '{"status":' * 100_000 + "1" + "}" * 100_000,
    "half a surrogate pair": '{"status": "\\ud800"}',
    "nothing": "",
    "half a document": '{"status": "ok"',
}


@pytest.mark.parametrize("body", ODD_JSON.values(), ids=ODD_JSON)
@pytest.mark.parametrize("route", ["GET /healthz", "GET /", "POST /sign"])
def test_odd_json_is_one_finding(route: str, body: str, stage: Deployment) -> None:
    stage.respond(route, 200, body, Access_Control_Allow_Origin=ORIGIN, Vary="Origin")
    assert examined(stage.url, "--origin", ORIGIN).endswith("Problems found: 1.\n")


@pytest.mark.parametrize("body", ODD_JSON.values(), ids=ODD_JSON)
def test_odd_json_is_no_object(body: str) -> None:
    assert parse_object(body.encode()) == {}


ODD_VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "a number": 7.5,
    "a huge number": 10**30,
    "a large number": 2**53,
    "a negative number": -(2**53),
    "a text": "\x1b[31m\u202e",
    "a list": [[]],
    "an object": {"a": {}},
}
MEMBERS = [
    *("method", "url", "fields", "expires", "expire", "expiration", "server_time", "limits"),
    *("host", "dir", "accessid"),
]


def examine_odd(stage: Deployment) -> str:
    """What the doctor prints. A large number may be valid, so there need not be a problem."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        doctor.main([stage.url, "--origin", ORIGIN, "--upload"])
    assert printed.getvalue().replace("\n", "").isprintable()
    return printed.getvalue()


def put(*path: str, value: Any) -> Callable[[Document], None]:
    """An edit that gives a member of a document, or one within a member, another value."""

    def edit(document: Document) -> None:
        for name in path[:-1]:
            document = document[name]
        document[path[-1]] = value

    return edit


PATHS = [
    *([member] for member in MEMBERS),
    *(["limits", name] for name in ("min_bytes", "max_bytes", "content_types")),
    *(["fields", name] for name in ("key", "policy", "x-oss-credential", "x-oss-date")),
    ["fields", "\x1b[2J\u202e" * 1000],
]


@pytest.mark.parametrize("value", ODD_VALUES.values(), ids=ODD_VALUES)
def test_odd_values_in_a_grant_are_findings(value: Any, stage: Deployment) -> None:
    for path in PATHS:
        stage.edit_grant = put(*path, value=value)
        examine_odd(stage)


@pytest.mark.parametrize("value", ODD_VALUES.values(), ids=ODD_VALUES)
def test_odd_values_in_a_policy_are_findings(value: Any, stage: Deployment) -> None:
    for condition in (
        value,
        [value],
        {"bucket": value},
        ["in", "$content-type", value],
        ["starts-with", "$key", value],
        ["starts-with", value, "a"],
        [value, "$key", "a"],
        ["content-length-range", value, value],
    ):
        stage.edit_policy = put("conditions", value=[{"bucket": "my-bucket"}, condition])
        assert "FAIL" in examine_odd(stage)
    for member in ("expiration", "conditions"):
        stage.edit_policy = put(member, value=value)
        assert "FAIL" in examine_odd(stage)


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "ftp://127.0.0.1/", "data:,x", "javascript:alert(1)", "", "/"),
        *("http://", "http://[::1", "http://a:b/", "http://a b/", "http://u:p@127.0.0.1/"),
        "http://127.0.0.1/\r\nX-Evil: 1",
    ],
)
def test_only_web_addresses_are_opened(
    url: str, stage: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.edit_grant = put("url", value=url)
    assert "Missing or wrong in the grant: url." in examined(stage.url, "--origin", ORIGIN)
    with pytest.raises(NoResponse, match="not a valid"):
        fetch("GET", url, headers={})


@pytest.mark.parametrize("url", [f"http://{'a' * 64}.example/", "http://a..b/", "http://*/"])
def test_names_that_no_server_has_are_a_finding(url: str, stage: Deployment) -> None:
    stage.edit_grant = put("url", value=url)
    assert "FAIL  Every server responds" in examined(stage.url, "--origin", ORIGIN)


def test_a_header_that_cannot_be_sent_is_not_shown() -> None:
    with pytest.raises(NoResponse) as caught:
        fetch("GET", "http://127.0.0.1:1/", headers={"Authorization": "a\nsecret"})
    assert "secret" not in str(caught.value)


def test_a_minimum_size_does_not_fill_the_memory(
    stage: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.edit_grant = put("limits", "min_bytes", value=2**40)
    assert doctor.main([stage.url, "--upload"]) == 0
    assert f"Not tried: the smallest allowed file has {2**40} bytes" in capsys.readouterr().out


# What is printed.

ATTACK = "\x1b]0;owned\x07\x1b[2J\r\n\x9b31m\u202e\u2066\u200f\u2028\x00\x7f\ufeff"


@pytest.mark.parametrize(
    "plant",
    [
        pytest.param(lambda it: it.refuse("GET /", 500, "misconfigured", ATTACK), id="a message"),
        pytest.param(lambda it: it.refuse("GET /", 500, ATTACK), id="an error code"),
        pytest.param(
            lambda it: it.refuse("GET /", 500, SECRETS["token"]), id="the token as a code"
        ),
        pytest.param(
            lambda it: it.respond("GET /", 502, {"errorType": ATTACK}, X_Fc_Error_Type="A\x9b31m"),
            id="an error type",
        ),
        pytest.param(
            lambda it: it.respond("GET /", 502, {}, X_Fc_Error_Type=SECRETS["token"]),
            id="the token as an error type",
        ),
        pytest.param(
            lambda it: it.refuse("GET /", 500, "misconfigured", f"a {SECRETS['token']}"),
            id="the token in a message",
        ),
        pytest.param(
            lambda it: setattr(it, "edit_grant", put("fields", ATTACK, value=1)),
            id="a field's name",
        ),
        pytest.param(
            lambda it: setattr(it, "edit_grant", put("fields", ATTACK, value="unpinned")),
            id="the name of a field that the policy does not pin",
        ),
        pytest.param(
            lambda it: it.respond("bucket POST", 403, f"<Code>{ATTACK}</Code><EC>\u202e</EC>"),
            id="an error of OSS",
        ),
        pytest.param(
            lambda it: it.respond("bucket POST", 403, "", x_oss_request_id="1\x9b31m"),
            id="a request ID",
        ),
    ],
)
def test_nothing_that_a_server_says_reaches_the_terminal_raw(
    plant: Callable[[Deployment], object], stage: Deployment
) -> None:
    plant(stage)
    examined(stage.url, "--origin", ORIGIN, "--upload")


def test_the_key_of_an_uploaded_object_is_shown_with_escapes(
    stage: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "user-dirs/leaf/\x1b[2J文"

    def rename(grant: Document) -> None:
        grant["fields"]["key"] = key
        policy = json.loads(base64.b64decode(grant["fields"]["policy"]))
        policy["conditions"][2] = {"key": key}
        grant["fields"]["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()

    stage.edit_grant = rename
    assert doctor.main([stage.url, "--upload"]) == 0
    assert "Uploaded 1 byte(s) as user-dirs/leaf/\\x1b[2J文;" in capsys.readouterr().out


def test_what_does_not_show_itself_is_escaped_and_long_text_is_cut() -> None:
    assert visible("plain 文 \\ é") == "plain 文 \\ é"
    assert visible("\x1b\u202e\ud800\u2028") == "\\x1b\\u202e\\ud800\\u2028"
    assert visible(ATTACK).isprintable()
    assert visible("a" * MAX_CHARACTERS) == "a" * MAX_CHARACTERS
    assert visible("a" * 10**6) == "a" * MAX_CHARACTERS + "..."


def test_a_terminal_without_unicode_gets_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii", write_through=True))
    say("文 \x1b")
    assert written.getvalue() == b"\\u6587 \\x1b\n"


any_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    changes=st.dictionaries(st.sampled_from(MEMBERS), any_json, max_size=2),
    fields=st.dictionaries(st.sampled_from(["key", "policy", "x-oss-date", "a"]), any_json),
    conditions=st.lists(any_json, max_size=2),
)
def test_any_grant_is_examined_to_the_end(
    changes: Document, fields: Document, conditions: list[Any], stage: Deployment
) -> None:
    stage.edit_policy = lambda policy: policy["conditions"].extend(conditions)
    stage.edit_grant = lambda grant: (grant["fields"].update(fields), grant.update(changes))
    examine_odd(stage)
