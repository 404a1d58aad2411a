"""What clients declare about a file: its name, type and size, in JSON or in a query."""

from __future__ import annotations

import json
import logging

import pytest

from tests.function.invocations import ENVIRON, conditions, invoke


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param('{"filename": "a.jpg"}', 200, "", id="only a name"),
        pytest.param('{"filename": "a.jpg", "size": 5, "more": [1]}', 200, "", id="unknown member"),
        pytest.param('{"filename": "a.jpg", "content_type": null}', 200, "", id="null type"),
        pytest.param("", 400, "invalid_request", id="no body"),
        pytest.param("filename=a.jpg", 400, "invalid_request", id="a form"),
        pytest.param("[]", 400, "invalid_request", id="a list"),
        pytest.param("{}", 400, "invalid_request", id="no name"),
        pytest.param('{"filename": ""}', 400, "invalid_request", id="empty name"),
        pytest.param('{"filename": 7}', 400, "invalid_request", id="a number for a name"),
        pytest.param(
            '{"filename": "%s.jpg"}' % ("a" * 1025), 400, "invalid_request", id="long name"
        ),
        pytest.param(
            '{"filename": "a.jpg", "size": "5"}', 400, "invalid_request", id="size is a string"
        ),
        pytest.param('{"filename": "a.jpg", "size": 5.0}', 200, "", id="size is a double"),
        pytest.param(
            '{"filename": "a.jpg", "size": 5.5}', 400, "invalid_request", id="size is a fraction"
        ),
        pytest.param(
            '{"filename": "a.jpg", "size": -5.0}', 400, "invalid_request", id="negative double"
        ),
        pytest.param(
            '{"filename": "a.jpg", "size": 0.0}', 400, "invalid_request", id="too small a double"
        ),
        pytest.param('{"filename": "a.jpg", "size": 1e400}', 400, "invalid_request", id="infinite"),
        pytest.param(
            '{"filename": "a.jpg", "size": NaN}', 400, "invalid_request", id="not a number"
        ),
        pytest.param(
            '{"filename": "a.jpg", "size": 1e300}', 413, "file_too_large", id="a huge double"
        ),
        pytest.param(
            '{"filename": "a.jpg", "size": true}', 400, "invalid_request", id="size is a boolean"
        ),
        pytest.param('{"filename": "a.jpg", "size": 0}', 400, "invalid_request", id="too small"),
        pytest.param('{"filename": "a.jpg", "size": 1}', 200, "", id="smallest"),
        pytest.param('{"filename": "a.jpg", "size": 104857600}', 200, "", id="largest"),
        pytest.param(
            '{"filename": "a.jpg", "size": 104857601}', 413, "file_too_large", id="too large"
        ),
        pytest.param(
            '{"filename": "a.jpg", "content_type": 7}',
            400,
            "invalid_request",
            id="type is a number",
        ),
        pytest.param(
            '{"filename": "a.jpg", "content_type": "IMAGE/JPEG; q=1"}',
            200,
            "",
            id="type with parameters",
        ),
        pytest.param(
            '{"filename": "a.jpg", "content_type": "image/png"}',
            415,
            "type_not_allowed",
            id="another known type",
        ),
        pytest.param(
            '{"filename": "a.zip", "content_type": "application/x-zip-compressed"}',
            200,
            "",
            id="a type that only Windows knows",
        ),
        pytest.param(
            '{"filename": "a.jpg", "content_type": "application/octet-stream"}',
            200,
            "",
            id="octet-stream means unknown",
        ),
        pytest.param('{"filename": "a.html"}', 415, "type_not_allowed", id="html"),
        pytest.param("[" * 9_000, 400, "invalid_request", id="nested too deep"),
    ],
)
def test_sign(body: str, status: int, code: str) -> None:
    response = invoke(ENVIRON, "POST", "/sign", body=body)
    assert response.status == status
    if code:
        assert response.code == code
        assert response.document["error"]["hint"]
        assert response.document["message"] == response.document["error"]["message"]


@pytest.mark.parametrize(("length", "status"), [(16384, 200), (16385, 400)])
def test_a_body_may_have_16_kb(length: int, status: int) -> None:
    body = '{"filename": "a.jpg"}'.ljust(length)
    response = invoke(ENVIRON, "POST", "/sign", body=body)
    assert response.status == status
    assert status == 200 or "larger than 16384 bytes" in response.document["message"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param({"filename": "a.png", "type": "image/png"}, 200, id="as Uppy sends it"),
        pytest.param({"filename": "a.png", "type": ""}, 200, id="unknown type"),
        pytest.param({"filename": "a, b.png"}, 200, id="comma in a name"),
        pytest.param({"filename": "a.png", "metadata[name]": "a.png"}, 200, id="metadata ignored"),
        pytest.param({"type": "image/png"}, 400, id="no name"),
        pytest.param({"filename": "a.png", "type": "image/gif"}, 415, id="another type"),
    ],
)
def test_companion_parameters(query: dict[str, str], status: int) -> None:
    assert invoke(ENVIRON, path="/s3/params", query=query).status == status


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_a_body_is_utf_8(encoding: str) -> None:
    body = '{"filename": "\xe9.jpg"}'.encode(encoding)
    assert invoke(ENVIRON, "POST", "/sign", body=body).code == "invalid_request"


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("binary", [True, False], ids=["in Base64", "as text"])
def test_a_byte_order_mark_before_json_is_ignored_once(times: int, binary: bool) -> None:
    text = "\ufeff" * times + '{"filename": "a.jpg"}'
    response = invoke(ENVIRON, "POST", "/sign", body=text.encode() if binary else text)
    assert response.status == (200 if times == 1 else 400)


def test_a_double_is_pinned_as_a_whole_number() -> None:
    body = '{"filename": "a.jpg", "size": 123.0}'
    grant = invoke(ENVIRON, "POST", "/sign", body=body).document
    assert json.dumps(grant["limits"]["max_bytes"]) == "123"
    assert ["content-length-range", 123, 123] in conditions(grant)


@pytest.mark.parametrize("size", ["-1", "-" + "9" * 4000])
def test_a_negative_size_is_not_a_number_of_bytes(size: str) -> None:
    body = f'{{"filename": "a.jpg", "size": {size}}}'
    message = invoke(ENVIRON, "POST", "/sign", body=body).document["message"]
    assert message == "size is not a whole number of bytes."


def test_a_size_with_many_digits_makes_no_long_log_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "direct_upload")
    response = invoke(
        ENVIRON, "POST", "/sign", body='{"filename": "a.png", "size": %s}' % ("9" * 4000)
    )
    assert (response.status, response.code) == (413, "file_too_large")
    assert len(caplog.text) < 1000
