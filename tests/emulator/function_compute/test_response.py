"""What a handler's result becomes."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from emulator.function_compute import FunctionCompute
from emulator.server import Server
from tests.emulator.client import send

VALID: dict[str, Any] = {
    "statusCode": 200,
    "headers": {"Content-Type": "application/json"},
    "isBase64Encoded": False,
    "body": "{}",
}


def function(
    result: Any, *, custom_domain: bool = True, log: list[str] | None = None, **options: Any
) -> FunctionCompute:
    def handler(event: bytes, context: Any) -> object:
        if isinstance(result, BaseException):
            raise result
        return result

    lines = [] if log is None else log
    return FunctionCompute(
        handler, function_keys=None, custom_domain=custom_domain, log=lines.append, **options
    )


def response_to(
    result: Any, *, headers: dict[str, str] | None = None, **options: Any
) -> TestResponse:
    return Client(function(result, **options)).get("/x", headers=headers)


def test_the_full_struct_becomes_the_response() -> None:
    response = response_to(
        {"statusCode": 201, "headers": {"X-A": "1"}, "isBase64Encoded": False, "body": "文"}
    )

    assert response.status_code == 201
    assert response.headers["X-A"] == "1"
    assert response.data == "文".encode()
    assert response.headers["Content-Length"] == "3"


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(VALID, id="dict"),
        pytest.param(json.dumps(VALID), id="text of the struct"),
        pytest.param(json.dumps(VALID).encode(), id="bytes of the struct"),
    ],
)
def test_the_runtime_serialises_what_the_handler_returns(result: object) -> None:
    response = response_to(result)

    assert response.status_code == 200
    assert response.data == b"{}"


def test_a_base64_body_is_decoded() -> None:
    assert response_to({**VALID, "isBase64Encoded": True, "body": "/w=="}).data == b"\xff"


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        pytest.param("plain text", "is not valid JSON", id="text"),
        pytest.param(b"\xff", "is not valid JSON", id="bytes"),
        pytest.param("[" * 100_000, "is not valid JSON", id="nested too deep"),
        pytest.param(None, "is a JSON NoneType, not an object", id="None"),
        pytest.param([VALID], "is a JSON list, not an object", id="list"),
        pytest.param(42, "is a JSON int, not an object", id="number"),
        pytest.param({}, "lacks body, headers, isBase64Encoded, statusCode", id="empty"),
        pytest.param({**VALID, "cookies": []}, "has unknown keys: ['cookies']", id="unknown key"),
        pytest.param({**VALID, "statusCode": "200"}, "statusCode is of type str", id="text status"),
        pytest.param({**VALID, "statusCode": True}, "statusCode is of type bool", id="bool status"),
        pytest.param({**VALID, "statusCode": 199}, "statusCode is 199", id="status 199"),
        pytest.param({**VALID, "statusCode": 600}, "statusCode is 600", id="status 600"),
        pytest.param({**VALID, "headers": None}, "headers is of type NoneType", id="no headers"),
        pytest.param(
            {**VALID, "headers": {"X-A": 1}}, "header 'X-A' is of type int", id="number in a header"
        ),
        pytest.param({**VALID, "headers": {"X A": ""}}, "'X A' has a character", id="header name"),
        pytest.param({**VALID, "headers": {"": ""}}, "'' has a character", id="empty header name"),
        pytest.param(
            {**VALID, "headers": {"X-A": "1\r\nX-B: 2"}}, "'X-A' has a character", id="line feed"
        ),
        pytest.param(
            {**VALID, "headers": {"X-A": "\ud800"}}, "'X-A' has a character", id="half a surrogate"
        ),
        pytest.param(
            {**VALID, "headers": {"X-A": "1", "x-a": "2"}}, "appears twice", id="header twice"
        ),
        pytest.param(
            {**VALID, "headers": {"X-A": "1" * 8190}}, "exceed 8192 bytes", id="headers over 8 KB"
        ),
        pytest.param(
            {**VALID, "headers": {"X-A": "文" * 2730}}, "exceed 8192 bytes", id="counted in bytes"
        ),
        pytest.param({**VALID, "isBase64Encoded": 0}, "isBase64Encoded is of type int", id="flag"),
        pytest.param({**VALID, "body": {"a": 1}}, "body is of type dict", id="dict as body"),
        pytest.param({**VALID, "body": None}, "body is of type NoneType", id="no body"),
        pytest.param(
            {**VALID, "isBase64Encoded": True, "body": "{}"},
            "body is not valid base64",
            id="not base64",
        ),
    ],
)
def test_anything_but_the_full_struct_is_refused_with_a_reason(result: object, reason: str) -> None:
    log: list[str] = []
    response = response_to(result, log=log)

    assert response.status_code == 502
    assert response.json is not None
    assert response.json["Code"] == "BadResponse"
    assert reason in response.json["Message"]
    assert response.json["RequestId"] == response.headers["X-Fc-Request-Id"]
    assert log == [f"GET /x 502 BadResponse: {response.json['Message']}"]


def test_headers_of_8_kb_are_accepted() -> None:
    assert response_to({**VALID, "headers": {"X-A": "1" * 8189}}).status_code == 200


def test_half_a_surrogate_in_the_body_is_replaced() -> None:
    assert response_to({**VALID, "body": "\ud800"}).data == b"?"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("X-Fc-Anything", "1", id="x-fc-*"),
        pytest.param("Connection", "keep-alive", id="Connection"),
        pytest.param("content-length", "99", id="Content-Length"),
        pytest.param("Date", "today", id="Date"),
        pytest.param("Keep-Alive", "timeout=5", id="Keep-Alive"),
        pytest.param("Server", "ours", id="Server"),
        pytest.param("Upgrade", "h2c", id="Upgrade"),
        pytest.param("Content-Disposition", "Attachment", id="Content-Disposition: attachment"),
    ],
)
def test_forbidden_response_headers_are_dropped_with_a_warning(name: str, value: str) -> None:
    log: list[str] = []
    response = response_to({**VALID, "headers": {name: value, "X-A": "1"}}, log=log)

    assert response.headers.get(name) != value
    assert response.headers["X-A"] == "1"
    assert log == [
        f"warning: /x sets the header {name}, which Function Compute drops",
        "GET /x 200",
    ]


def test_another_content_disposition_is_kept_on_a_custom_domain() -> None:
    response = response_to({**VALID, "headers": {"Content-Disposition": "inline"}})

    assert response.headers["Content-Disposition"] == "inline"


def test_a_header_beyond_latin_1_is_sent_as_utf_8() -> None:
    with Server(function({**VALID, "headers": {"X-A": "文"}})) as server:
        value = send(server.url, "GET").headers["x-a"]

    assert value.encode("latin-1").decode() == "文"


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_without_content_has_neither_body_nor_length(status: int) -> None:
    response = response_to({**VALID, "statusCode": status})

    assert response.status_code == status
    assert response.data == b""
    assert "Content-Length" not in response.headers


def test_head_has_no_body() -> None:
    response = Client(function(VALID)).head("/x")

    assert response.data == b""
    assert response.headers["Content-Length"] == "2"


def test_a_status_without_a_name_is_accepted() -> None:
    assert response_to({**VALID, "statusCode": 599}).status == "599 Unknown"


class TestDefaultDomain:
    def test_forces_the_attachment(self) -> None:
        response = response_to(
            {**VALID, "headers": {"content-disposition": "inline"}}, custom_domain=False
        )

        assert response.headers.getlist("Content-Disposition") == ["attachment"]

    @pytest.mark.parametrize("origin", ["https://anyone.example", "null"])
    def test_echoes_any_origin_when_the_function_sends_no_cors_header(self, origin: str) -> None:
        response = response_to(VALID, custom_domain=False, headers={"Origin": origin})

        assert response.headers["Access-Control-Allow-Origin"] == origin
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        assert "X-Fc-Request-Id" in response.headers["Access-Control-Expose-Headers"]

    def test_echoes_the_origin_of_a_failure_too(self) -> None:
        response = response_to(ValueError(), custom_domain=False, headers={"Origin": "https://a"})

        assert response.headers["Access-Control-Allow-Origin"] == "https://a"

    @pytest.mark.parametrize("name", ["access-control-allow-origin", "Access-Control-Allow-Origin"])
    def test_leaves_cors_to_a_function_that_handles_it(self, name: str) -> None:
        response = response_to(
            {**VALID, "headers": {name: "https://a"}},
            custom_domain=False,
            headers={"Origin": "https://b"},
        )

        assert response.headers.getlist("Access-Control-Allow-Origin") == ["https://a"]
        assert "Access-Control-Allow-Credentials" not in response.headers

    def test_sends_no_cors_header_without_an_origin(self) -> None:
        response = response_to(VALID, custom_domain=False)

        assert "Access-Control-Allow-Origin" not in response.headers


def test_a_custom_domain_adds_nothing() -> None:
    response = response_to(VALID, headers={"Origin": "https://a"})

    assert dict(response.headers).keys() == {"Content-Type", "Content-Length", "X-Fc-Request-Id"}


def test_an_exception_is_shown_to_the_caller_with_its_stack() -> None:
    log: list[str] = []
    response = response_to(ValueError("a secret value"), log=log)

    assert response.status_code == 502
    assert response.headers["X-Fc-Error-Type"] == "UnhandledInvocationError"
    assert response.json is not None
    assert response.json["errorMessage"] == "a secret value"
    assert response.json["errorType"] == "ValueError"
    ((file, line, name, code),) = response.json["stackTrace"]
    assert file == __file__
    assert isinstance(line, int)
    assert (name, code) == ("handler", "raise result")
    assert log == ["GET /x 502 ValueError"]


def test_an_exception_without_frames_of_its_own_has_no_stack() -> None:
    response = Client(
        FunctionCompute(lambda event: None, function_keys=None, log=print)  # type: ignore[misc, arg-type]
    ).get("/")

    assert response.json is not None
    assert response.json["errorType"] == "TypeError"
    assert "stackTrace" not in response.json


@pytest.mark.parametrize(
    "result",
    [
        pytest.param({**VALID, "body": b"{}"}, id="bytes in the struct"),
        pytest.param({**VALID, "body": {1, 2}}, id="a set"),
        pytest.param({"a": 1, 1: "a"}, id="keys that cannot be sorted"),
    ],
)
def test_what_json_cannot_represent_is_an_error_of_the_function(result: object) -> None:
    response = response_to(result)

    assert response.status_code == 502
    assert response.headers["X-Fc-Error-Type"] == "UnhandledInvocationError"
    assert response.json is not None
    assert response.json["errorType"] == "TypeError"


def test_an_exit_is_shown_as_the_end_of_the_process() -> None:
    log: list[str] = []
    response = response_to(SystemExit(1), log=log)

    assert response.status_code == 502
    assert response.json is not None
    assert response.json["errorMessage"].startswith(
        "Process exited unexpectedly before completing request (duration: "
    )
    assert log == ["GET /x 502 SystemExit"]


@pytest.mark.parametrize(
    ("status", "body", "line"),
    [
        pytest.param(200, "{}", "200", id="success"),
        pytest.param(
            415, '{"error": {"code": "type_not_allowed"}}', "415 type_not_allowed", id="code"
        ),
        pytest.param(400, "not JSON", "400", id="not JSON"),
        pytest.param(400, "[]", "400", id="not an object"),
        pytest.param(400, '{"error": "text"}', "400", id="no code"),
        pytest.param(400, "[" * 100_000, "400", id="nested too deep"),
        pytest.param(
            400, '{"error": {"code": "a\\nb\\ud800"}}', "400 a\\nb\\ud800", id="not printable"
        ),
    ],
)
def test_one_log_line_has_method_path_status_and_code(status: int, body: str, line: str) -> None:
    log: list[str] = []
    app = function({**VALID, "statusCode": status, "body": body}, log=log)
    Client(app).post("/a%20b%1B?token=secret")

    assert log == [f"POST /a%20b%1B {line}"]


class TestInitializer:
    def test_runs_once_before_the_first_request_with_a_context(self) -> None:
        calls: list[str] = []

        def handler(event: bytes, context: Any) -> object:
            calls.append("handler")
            return VALID

        app = FunctionCompute(
            handler,
            initializer=lambda context: calls.append(f"initializer in {context.region}"),
            function_keys=None,
            log=print,
        )
        assert calls == []
        Client(app).get("/")
        Client(app).get("/")

        assert calls == ["initializer in cn-hangzhou", "handler", "handler"]

    def test_a_failure_fails_the_request_and_the_next_one_tries_again(self) -> None:
        failures = [RuntimeError("no STS yet")]

        def initialize(context: Any) -> None:
            if failures:
                raise failures.pop()

        app = function(VALID, initializer=initialize)
        failed, served = Client(app).get("/"), Client(app).get("/")

        assert failed.status_code == 502
        assert failed.headers["X-Fc-Error-Type"] == "InitializationError"
        assert failed.json is not None
        assert failed.json["errorMessage"] == "no STS yet"
        assert served.status_code == 200

    def test_an_exit_gets_a_response_too(self) -> None:
        def initialize(context: Any) -> None:
            raise SystemExit(1)

        response = Client(function(VALID, initializer=initialize)).get("/")

        assert response.status_code == 502
        assert response.json is not None
        assert response.json["errorMessage"].startswith("Process exited unexpectedly ")


def test_the_default_clock_is_the_systems() -> None:
    events: list[Any] = []

    def handler(event: bytes, context: Any) -> object:
        events.append(json.loads(event))
        return VALID

    def milliseconds() -> int:
        return int(datetime.now(timezone.utc).timestamp() * 1000)

    before = milliseconds()
    Client(FunctionCompute(handler, function_keys=None, log=print)).get("/")
    (event,) = events
    assert before <= int(event["requestContext"]["timeEpoch"]) <= milliseconds()
