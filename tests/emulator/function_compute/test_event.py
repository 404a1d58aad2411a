"""The event and the context that a function receives."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from emulator.function_compute import FunctionCompute
from emulator.keyring import AccessKey
from emulator.server import Server
from tests.emulator.client import exchange

NOW = datetime(2026, 1, 31, 23, 59, 58, 765000, tzinfo=timezone.utc)
EMPTY = {"statusCode": 204, "headers": {}, "isBase64Encoded": False, "body": ""}
KEYS = AccessKey("STS.function", "function-secret", "function-token")


class Function:
    """Remembers what it was called with."""

    def __init__(self, **options: Any) -> None:
        self.events: list[bytes] = []
        self.contexts: list[Any] = []
        self.log: list[str] = []
        options = {"function_keys": KEYS, "clock": lambda: NOW, "log": self.log.append, **options}
        self.app = FunctionCompute(self, **options)

    def __call__(self, event: bytes, context: Any) -> object:
        self.events.append(event)
        self.contexts.append(context)
        return EMPTY

    @property
    def event(self) -> Any:
        assert len(self.events) == 1
        return json.loads(self.events[0])

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        return Client(self.app).open(*arguments, **options)


def event_of(*arguments: Any, **options: Any) -> Any:
    function = Function()
    function.open(*arguments, **options)
    return function.event


def test_the_event_of_a_whole_request() -> None:
    event = event_of(
        "/s3/params?filename=a.png&empty=",
        method="POST",
        data=b'{"filename": "a.png"}',
        headers={"Content-Type": "application/json", "User-Agent": "browser"},
        environ_base={"REMOTE_ADDR": "10.1.2.3"},
    )

    request_id = event["requestContext"].pop("requestId")
    assert request_id.startswith("1-697e977e-")
    assert event == {
        "version": "v1",
        "rawPath": "/s3/params",
        "headers": {"Content-Type": "application/json", "User-Agent": "browser"},
        "queryParameters": {"filename": "a.png", "empty": ""},
        "body": '{"filename": "a.png"}',
        "isBase64Encoded": False,
        "requestContext": {
            "accountId": "1234567890123456",
            "domainName": "direct-upload-local.cn-hangzhou.fcapp.run",
            "domainPrefix": "direct-upload-local",
            "time": "2026-01-31T23:59:58Z",
            "timeEpoch": "1769903998765",
            "http": {
                "method": "POST",
                "path": "/s3/params",
                "protocol": "HTTP/1.1",
                "sourceIp": "10.1.2.3",
                "userAgent": "browser",
            },
        },
    }


def test_the_event_is_bytes_of_utf_8() -> None:
    function = Function()
    function.open("/?name=%E6%96%87")

    assert "文".encode() in function.events[0]


@pytest.mark.parametrize(
    ("target", "raw_path", "path"),
    [
        pytest.param("/", "/", "/", id="root"),
        pytest.param("/a%20b", "/a%20b", "/a b", id="space"),
        pytest.param("/a+b", "/a+b", "/a+b", id="plus stays a plus"),
        pytest.param("/a%2Fb", "/a%2Fb", "/a/b", id="encoded slash"),
        pytest.param("/%E6%96%87", "/%E6%96%87", "/文", id="Chinese"),
        pytest.param("/%ff", "/%ff", "/\ufffd", id="not UTF-8"),
        pytest.param("/x?a=1?b", "/x", "/x", id="the query is not part of it"),
        pytest.param("/文", "/%E6%96%87", "/文", id="what a client left unencoded"),
    ],
)
def test_raw_path_is_encoded_and_path_is_decoded(target: str, raw_path: str, path: str) -> None:
    function = Function()
    with Server(function.app) as server:
        exchange(server.url, f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    assert function.event["rawPath"] == raw_path
    assert function.event["requestContext"]["http"]["path"] == path


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        pytest.param("", {}, id="none"),
        pytest.param("a=1&b=2", {"a": "1", "b": "2"}, id="two names"),
        pytest.param("a=1&b=2&a=3", {"a": "1,3", "b": "2"}, id="repeats are joined by a comma"),
        pytest.param("a=1,2", {"a": "1,2"}, id="a comma looks like a repeat"),
        pytest.param("a=&b", {"a": "", "b": ""}, id="empty values"),
        pytest.param("a=1+2%2B%26", {"a": "1 2+&"}, id="form encoding"),
        pytest.param("a=%E6%96%87", {"a": "文"}, id="Chinese"),
    ],
)
def test_query_values_are_decoded_and_joined(query: str, parameters: dict[str, str]) -> None:
    assert event_of(f"/?{query}")["queryParameters"] == parameters


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("Origin: https://a", {"Origin": "https://a"}, id="as sent"),
        pytest.param("content-TYPE: text/a", {"Content-Type": "text/a"}, id="canonical case"),
        pytest.param("x-b3trace: 1", {"X-B3trace": "1"}, id="digits do not start a word"),
        pytest.param("X-A: 1\r\nX-A: 2", {"X-A": "1,2"}, id="repeats are joined by a comma"),
        pytest.param("Cookie: a=1; b=2", {"Cookie": "a=1; b=2"}, id="cookies are a header"),
        pytest.param("X-A: 文", {"X-A": "文"}, id="UTF-8"),
        pytest.param("X-Fc-Invocation-Type: Async", {}, id="x-fc-* is dropped"),
        pytest.param("Connection: close", {}, id="Connection is dropped"),
        pytest.param("Keep-Alive: timeout=5", {}, id="Keep-Alive is dropped"),
        pytest.param("Content-Length: 0", {}, id="Content-Length is dropped"),
        pytest.param("X-Host: y", {"X-Host": "y"}, id="only Host itself is dropped"),
    ],
)
def test_headers_are_canonical_and_some_are_dropped(header: str, expected: dict[str, str]) -> None:
    function = Function()
    with Server(function.app) as server:
        exchange(server.url, f"GET / HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n".encode())

    assert function.event["headers"] == expected


TEXT, BASE64 = ('{"a": "文"}', False), ("eyJhIjogIuaWhyJ9", True)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        pytest.param("application/json", TEXT, id="JSON"),
        pytest.param("application/json; charset=utf-8", TEXT, id="parameters"),
        pytest.param("Application/JSON", TEXT, id="any case"),
        pytest.param("application/problem+json", TEXT, id="JSON by suffix"),
        pytest.param("application/xml", TEXT, id="XML"),
        pytest.param("image/svg+xml", TEXT, id="XML by suffix"),
        pytest.param("text/plain", TEXT, id="text"),
        pytest.param("application/x-www-form-urlencoded", TEXT, id="form"),
        pytest.param("multipart/form-data; boundary=x", BASE64, id="multipart form"),
        pytest.param("application/octet-stream", BASE64, id="octets"),
        pytest.param("image/png", BASE64, id="image"),
        pytest.param("", BASE64, id="no type"),
    ],
)
def test_binary_content_types_arrive_as_base64(
    content_type: str, expected: tuple[str, bool]
) -> None:
    event = event_of(method="POST", data='{"a": "文"}'.encode(), content_type=content_type)

    assert (event["body"], event["isBase64Encoded"]) == expected


def test_text_that_is_not_utf_8_arrives_as_base64() -> None:
    event = event_of(method="POST", data=b"\xff", content_type="text/plain")

    assert (event["body"], event["isBase64Encoded"]) == ("/w==", True)


def test_no_body_is_an_empty_string() -> None:
    event = event_of(method="POST", content_type="image/png")

    assert (event["body"], event["isBase64Encoded"]) == ("", False)


def test_a_chunked_body_arrives_whole() -> None:
    function = Function()
    with Server(function.app) as server:
        exchange(
            server.url,
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
        )

    assert function.event["body"] == "abc"
    assert function.event["headers"] == {"Content-Type": "text/plain"}


LONGEST = 8 * 1024 - len("X-A" + "Host" + "localhost")


@pytest.mark.parametrize(
    ("request_options", "is_served"),
    [
        pytest.param({"headers": {"X-A": "1" * LONGEST}}, True, id="headers of 8 KB"),
        pytest.param({"headers": {"X-A": "1" * (LONGEST + 1)}}, False, id="longer headers"),
        pytest.param({"path": "/" + "a" * 4095}, True, id="a path of 4 KB"),
        pytest.param({"path": "/" + "a" * 4096}, False, id="a longer path"),
        pytest.param({"path": "/?" + "a" * 4095}, False, id="path and query together"),
        pytest.param({"path": "/" + "%20" * 1400}, False, id="the path counts encoded"),
        pytest.param({"method": "POST", "data": bytes(32 << 20)}, True, id="a body of 32 MB"),
        pytest.param({"method": "POST", "data": bytes((32 << 20) + 1)}, False, id="a larger body"),
    ],
)
def test_limits_of_a_request(request_options: dict[str, Any], is_served: bool) -> None:
    function = Function()
    response = function.open(**request_options)

    if is_served:
        assert response.status_code == 204
    else:
        assert response.status_code == 400
        assert response.json["Code"] == "InvalidArgument"  # type: ignore[index]
        assert response.headers["X-Fc-Request-Id"] == response.json["RequestId"]  # type: ignore[index]
        assert function.events == []


def test_a_client_that_leaves_before_its_body_is_status_499() -> None:
    function = Function()
    with Server(function.app) as server:
        received = exchange(
            server.url, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"
        )

    assert received.startswith(b"HTTP/1.1 499 ")
    assert function.events == []
    assert function.log == [
        "POST / 499 ClientDisconnected: the client left before sending the whole body"
    ]


def test_a_truncated_chunked_body_is_status_499() -> None:
    function = Function()
    with Server(function.app) as server:
        received = exchange(
            server.url,
            b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
        )

    assert received.startswith(b"HTTP/1.1 499 ")


def test_a_custom_domain_is_named_in_the_event() -> None:
    function = Function(custom_domain=True)
    function.open("/", base_url="http://upload.example.com:9000")

    context = function.event["requestContext"]
    assert context["domainName"] == "upload.example.com"
    assert context["domainPrefix"] == "upload"


def test_the_region_is_in_the_domain_name() -> None:
    function = Function(region="cn-beijing")
    function.open("/")

    domain_name = function.event["requestContext"]["domainName"]
    assert domain_name == "direct-upload-local.cn-beijing.fcapp.run"


def test_the_request_id_is_the_same_in_event_context_and_response() -> None:
    function = Function()
    response = function.open("/")

    request_id = function.contexts[0].request_id
    assert function.event["requestContext"]["requestId"] == request_id
    assert response.headers["X-Fc-Request-Id"] == request_id


def test_every_request_has_its_own_id() -> None:
    function = Function()
    function.open("/")
    function.open("/")

    assert function.contexts[0].request_id != function.contexts[1].request_id


def test_the_context_of_python_3_10_has_credentials() -> None:
    function = Function()
    function.open("/")
    (context,) = function.contexts

    assert context.credentials.access_key_id == "STS.function"
    assert context.credentials.access_key_secret == "function-secret"
    assert context.credentials.security_token == "function-token"
    assert context.function.name == "direct-upload"
    assert context.function.handler == "index.handler"
    assert context.function.memory == 512
    assert context.function.timeout == 10
    assert context.service.qualifier == "LATEST"
    assert context.region == "cn-hangzhou"
    assert context.account_id == "1234567890123456"


def test_the_context_of_python_3_12_has_no_credentials() -> None:
    function = Function(credentials_in_context=False)
    function.open("/")
    (context,) = function.contexts

    assert not hasattr(context, "credentials")
    assert not hasattr(context, "service")
    assert context.function.qualifier == "LATEST"
    assert context.region == "cn-hangzhou"
    context.logger.debug("a logger")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param(None, ("", "", ""), id="a function without a role"),
        pytest.param(AccessKey("LTAI", "secret"), ("LTAI", "secret", ""), id="no token"),
    ],
)
def test_absent_credentials_are_empty(
    keys: AccessKey | None, expected: tuple[str, str, str]
) -> None:
    function = Function(function_keys=keys)
    function.open("/")
    credentials = function.contexts[0].credentials

    assert (
        credentials.access_key_id,
        credentials.access_key_secret,
        credentials.security_token,
    ) == expected


def test_the_context_shows_no_secret() -> None:
    function = Function()
    function.open("/")

    assert "function-secret" not in repr(function.contexts)
    assert "function-token" not in repr(function.contexts)


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=20), max_size=5))
def test_any_query_arrives_unchanged(query: dict[str, str]) -> None:
    assert event_of(f"/?{urlencode(query)}")["queryParameters"] == query


@given(st.binary(max_size=100), st.sampled_from(["text/plain", "image/png", ""]))
def test_any_body_arrives_unchanged(body: bytes, content_type: str) -> None:
    event = event_of(method="POST", data=body, content_type=content_type)

    arrived = event["body"]
    assert (base64.b64decode(arrived) if event["isBase64Encoded"] else arrived.encode()) == body
