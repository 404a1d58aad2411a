"""Reports about our own grants are accepted, logged and passed on; all others are refused."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from direct_upload.app import App
from direct_upload.callbacks import report as report_module
from direct_upload.errors import CallbackRefused
from direct_upload.hook import Upload
from tests.function.callbacks.reports import FORGED_KEY, REPORT, SECRET, Report
from tests.function.callers.issuer import SETTINGS as JWT_SETTINGS
from tests.function.callers.issuer import Token, claims
from tests.function.invocations import ENVIRON, NOW, Response, event, invoke, read
from tests.recorder import Recorder


def environ(oss: Recorder, **changes: str) -> dict[str, str]:
    settings = {
        "CALLBACK_URL": "https://upload.example.com/callback",
        "CALLBACK_KEY_PREFIX": f"{oss.url}/keys/",
        "GRANT_SECRET": SECRET.decode(),
    }
    return ENVIRON | settings | changes


def granted(
    environ: dict[str, str], path: str = "/sign", headers: dict[str, str] | None = None
) -> tuple[str, str]:
    """The key (or directory) and the grant id of a new grant."""
    method = "POST" if path == "/sign" else "GET"
    body = '{"filename": "a.png"}'
    document = invoke(environ, method, path, headers=headers, body=body).document
    template = json.loads(base64.b64decode(document["fields"]["callback"]))["callbackBody"]
    return document.get("key") or document["dir"], template.split("&grant=")[1]


def report_of(granted: tuple[str, str], **changes: str) -> Report:
    """What OSS reports about a PNG that was uploaded with this grant."""
    key, grant = granted
    values = {
        "bucket": "post-test",
        "object": key,
        "etag": "0F343B0931126A20F133D67C2B018A3B",
        "size": "1024",
        "mimeType": "image/png",
        "width": "640",
        "height": "480",
        "grant": grant,
    }
    return replace(REPORT, body=urlencode(values | changes))


def post(
    environ: dict[str, str],
    report: Report,
    oss: Recorder,
    *,
    later: timedelta = timedelta(),
    query: dict[str, str] | None = None,
    in_base64: bool = False,
) -> Response:
    target, headers, body = report.request(oss.url, "")
    sent = event(
        "POST",
        target,
        headers=headers,
        query=query,
        body=body if in_base64 else body.decode(),
    )
    return read(App(environ, lambda: NOW + later).handle(sent, None))


def test_a_finished_upload_is_confirmed_logged_and_passed_on(
    oss: Recorder, uploads: list[Upload], caplog: pytest.LogCaptureFixture
) -> None:
    env = environ(oss)
    key, grant = granted(env)
    with caplog.at_level(logging.INFO, "direct_upload"):
        response = post(env, report_of((key, grant)), oss)
    assert response.status == 200
    assert response.document == {
        "Status": "OK",
        "key": key,
        "size": 1024,
        "etag": "0F343B0931126A20F133D67C2B018A3B",
        "mime_type": "image/png",
        "url": f"https://post-test.oss-cn-hangzhou.aliyuncs.com/{key}",
        "preset": "default",
    }
    assert len(json.dumps(response.document)) < 1024
    upload = Upload(
        bucket="post-test",
        key=key,
        size=1024,
        etag="0F343B0931126A20F133D67C2B018A3B",
        mime_type="image/png",
        width=640,
        height=480,
        user="",
        preset="default",
        source="callback",
    )
    assert uploads == [upload]
    lines = [message for message in caplog.messages if message.startswith("{")]
    assert [json.loads(line) for line in lines] == [
        {
            "event": "upload_finished",
            "bucket": "post-test",
            "key": key,
            "size": 1024,
            "etag": "0F343B0931126A20F133D67C2B018A3B",
            "mime_type": "image/png",
            "width": 640,
            "height": 480,
            "user": "",
            "preset": "default",
            "source": "callback",
        }
    ]
    assert not any(grant in message for message in caplog.messages)


def test_the_body_may_arrive_in_base64(oss: Recorder, uploads: list[Upload]) -> None:
    env = environ(oss)
    report = report_of(granted(env))
    assert post(env, report, oss, in_base64=True).status == 200


def test_a_report_may_be_repeated(oss: Recorder, uploads: list[Upload]) -> None:
    env = environ(oss)
    report = report_of(granted(env))
    assert [post(env, report, oss).status for _ in range(2)] == [200, 200]
    assert uploads[0] == uploads[1]


def test_a_file_that_is_not_an_image_has_no_size_in_pixels(
    oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss)
    assert post(env, report_of(granted(env), width="", height=""), oss).status == 200
    assert (uploads[0].width, uploads[0].height) == (None, None)


def test_a_report_is_logged_on_one_line_of_ascii(
    oss: Recorder, uploads: list[Upload], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "direct_upload")
    env = environ(oss)
    prefix, grant = granted(env, "/")
    key = prefix + "图\u2028\n\x1b[2J\u202e"
    assert post(env, report_of((key, grant)), oss).status == 200
    (line,) = (message for message in caplog.messages if message.startswith("{"))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["key"] == key


def test_quotes_around_the_etag_are_removed(oss: Recorder, uploads: list[Upload]) -> None:
    env = environ(oss)
    assert post(env, report_of(granted(env), etag='"0F34"'), oss).document["etag"] == "0F34"
    assert uploads[0].etag == "0F34"


def test_a_refusal_in_an_application_tells_no_reason() -> None:
    """Frameworks print causes and contexts of an exception, some of them to the client."""
    with pytest.raises(CallbackRefused) as caught:
        report_module.accept("/callback", {}, b"size=1", secret=SECRET, now=NOW)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert caught.value.message == "This callback was not accepted."


@pytest.mark.parametrize("path", ["/sign", "/"])
@pytest.mark.parametrize("user", ["alice", "../bob"])
def test_the_hook_is_told_whose_grant_it_was(
    user: str, path: str, oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss, **JWT_SETTINGS, UPLOAD_DIR="users/{user}/")
    bearer = {"Authorization": f"Bearer {Token(claims(sub=user)).signed()}"}
    assert post(env, report_of(granted(env, path, bearer)), oss).status == 200
    assert [upload.user for upload in uploads] == [user]


def test_a_directory_grant_reports_the_name_that_the_client_chose(
    oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss)
    prefix, grant = granted(env, "/")
    response = post(env, report_of((prefix + "图 1.txt", grant), mimeType="text/x-any"), oss)
    assert response.status == 200
    assert uploads[0].key == prefix + "图 1.txt"
    assert response.document["url"].endswith("/%E5%9B%BE%201.txt")


def test_a_directory_grant_is_limited_to_the_listed_types(
    oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss, ALLOWED_CONTENT_TYPES="image/png")
    prefix, grant = granted(env, "/")
    assert post(env, report_of((prefix + "a", grant)), oss).status == 200
    assert post(env, report_of((prefix + "a", grant), mimeType="text/html"), oss).status == 403


def test_reports_are_accepted_for_a_day_after_the_grant(
    oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss)
    report = report_of(granted(env))
    life = timedelta(seconds=300, hours=24)
    assert post(env, report, oss, later=life - timedelta(seconds=1)).status == 200
    assert post(env, report, oss, later=life + timedelta(seconds=1)).code == "callback_refused"
    assert len(uploads) == 1


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"bucket": "another"}, id="other bucket"),
        pytest.param({"object": "user-dirs/other.png"}, id="other key"),
        pytest.param({"size": "104857601"}, id="too large"),
        pytest.param({"size": "0"}, id="too small"),
        pytest.param({"size": "1e3"}, id="size that is not a number"),
        pytest.param({"size": "١٠٢٤"}, id="size in other digits"),
        pytest.param({"size": ""}, id="no size"),
        pytest.param({"mimeType": "text/html"}, id="other type"),
        pytest.param({"grant": ""}, id="no grant id"),
        pytest.param(
            {"grant": "0.1.1000.1795478400.300..AAAAAAAAAAAAAAAAAAAAAA"}, id="invented grant id"
        ),
    ],
)
def test_a_report_that_matches_no_grant_is_refused(
    changes: dict[str, str], oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss)
    response = post(env, report_of(granted(env), **changes), oss)
    assert (response.status, response.code) == (403, "callback_refused")
    assert response.document["message"] == "This callback was not accepted."
    assert uploads == []
    assert oss.requests == []  # nothing is fetched for a report without a valid grant


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("[]", "is not a form", id="not a form"),
        pytest.param('{"size": "a=b&c"}', "is not a form", id="JSON"),
        pytest.param("size=7&size=8", "has a name twice", id="a name twice"),
        pytest.param("size=7&size=", "has a name twice", id="a name twice, once without a value"),
    ],
)
def test_a_body_that_oss_does_not_send_is_refused(
    body: str, reason: str, oss: Recorder, uploads: list[Upload], caplog: pytest.LogCaptureFixture
) -> None:
    env = environ(oss)
    assert post(env, replace(REPORT, body=body, signed_body="x"), oss).code == "callback_refused"
    assert caplog.messages[0] == f"callback refused: the body {reason}"
    assert oss.requests == []


def test_a_forged_report_about_a_true_grant_is_refused(
    oss: Recorder, uploads: list[Upload], caplog: pytest.LogCaptureFixture
) -> None:
    env = environ(oss)
    report = replace(report_of(granted(env)), signer=FORGED_KEY)
    assert post(env, report, oss).code == "callback_refused"
    assert caplog.messages[0] == "callback refused: the signature is not that of OSS"
    assert uploads == []


def test_grant_ids_cannot_be_swapped(oss: Recorder, uploads: list[Upload]) -> None:
    env = environ(oss)
    (first_key, first), (second_key, second) = granted(env), granted(env)
    assert post(env, report_of((first_key, second)), oss).code == "callback_refused"
    assert post(env, report_of((second_key, first)), oss).code == "callback_refused"
    other = environ(oss, GRANT_SECRET="another secret of thirty-two bytes")
    assert post(other, report_of((first_key, first)), oss).code == "callback_refused"
    assert uploads == []


def test_a_report_with_a_query_is_refused_though_signed(
    oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss)
    report = report_of(granted(env))
    assert post(env, report, oss, query={"x": "1"}).code == "callback_refused"


def test_without_callback_url_there_is_no_such_route(oss: Recorder) -> None:
    response = post(environ(oss, CALLBACK_URL=""), REPORT, oss)
    assert (response.status, response.code) == (404, "not_found")
    assert oss.requests == []


def test_the_route_accepts_only_post(oss: Recorder) -> None:
    assert invoke(environ(oss), "GET", "/callback").code == "method_not_allowed"


def test_a_hook_that_fails_is_an_internal_error_after_the_upload_is_logged(
    oss: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "direct_upload")

    def fail(upload: Upload) -> None:
        raise OSError("the application's own trouble")

    monkeypatch.setattr(report_module, "on_upload", fail)
    env = environ(oss)
    response = post(env, report_of(granted(env)), oss)
    assert (response.status, response.code) == (500, "internal_error")
    assert sum('"upload_finished"' in message for message in caplog.messages) == 1


def test_the_original_hook_does_nothing(oss: Recorder) -> None:
    env = environ(oss)
    assert post(env, report_of(granted(env)), oss).status == 200
