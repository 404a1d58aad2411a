"""Routes, errors and their order, through the whole handler."""

from __future__ import annotations

import json
import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from direct_upload import __version__
from direct_upload import app as app_module
from direct_upload.app import App
from direct_upload.routes import ROUTES
from tests.function.callers.issuer import SETTINGS as JWT_SETTINGS
from tests.function.callers.issuer import Token, claims
from tests.function.credentials.faulty_sts import FAULTS, Clock, healthy
from tests.function.invocations import (
    ENVIRON,
    NO_STS,
    NOW,
    TOKEN,
    Context,
    Response,
    event,
    invoke,
    read,
)
from tests.function.raw_server import RawServer

FOREIGN = {"Origin": "https://evil.example"}


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        pytest.param("POST", "/", 405, "GET, HEAD, OPTIONS", id="POST for a directory grant"),
        pytest.param("GET", "/sign", 405, "POST, OPTIONS", id="GET for a file grant"),
        pytest.param("HEAD", "/sign", 405, "POST, OPTIONS", id="HEAD where there is no GET"),
        pytest.param("POST", "/s3/params", 405, "GET, HEAD, OPTIONS", id="POST as Companion"),
        pytest.param("DELETE", "/healthz", 405, "GET, HEAD, OPTIONS", id="DELETE"),
        pytest.param("BREW", "/", 405, "GET, HEAD, OPTIONS", id="unknown method"),
        pytest.param("GET", "/sign/", 404, None, id="trailing slash"),
        pytest.param("GET", "/favicon.ico", 404, None, id="favicon"),
        pytest.param("GET", "//", 404, None, id="two slashes"),
        pytest.param("GET", "/%00\r\n", 404, None, id="control characters"),
        pytest.param("HEAD", "/nowhere", 404, None, id="HEAD nowhere"),
    ],
)
def test_refuses_unknown_routes_and_methods(
    method: str, path: str, status: int, allow: str | None
) -> None:
    response = invoke(ENVIRON, method, path)
    assert response.status == status
    assert response.headers.get("Allow") == allow
    assert response.headers["Content-Type"] == "application/json"
    if method == "HEAD":
        assert response.document is None
    else:
        assert response.code == {404: "not_found", 405: "method_not_allowed"}[status]


@pytest.mark.parametrize("path", ["/", "/get_post_signature_for_oss_upload", "/healthz"])
def test_head_responds_like_get_without_a_body(path: str) -> None:
    response = invoke(ENVIRON, "HEAD", path)
    assert response.status == 200
    assert response.document is None
    assert response.headers["Content-Type"] == "application/json"


def test_health_reports_the_version_without_credentials() -> None:
    environ = ENVIRON | {"ALIBABA_CLOUD_ACCESS_KEY_ID": ""}
    response = invoke(environ, path="/healthz")
    assert (response.status, response.document) == (200, {"status": "ok", "version": __version__})


@pytest.mark.parametrize(
    ("changes", "request_parts", "code"),
    [
        pytest.param(
            {"OSS_BUCKET": ""}, ("GET", "/nowhere", FOREIGN, ""), "not_found", id="route first"
        ),
        pytest.param(
            {"OSS_BUCKET": ""}, ("POST", "/", FOREIGN, ""), "method_not_allowed", id="then method"
        ),
        pytest.param(
            {"OSS_BUCKET": ""}, ("GET", "/", FOREIGN, ""), "origin_not_allowed", id="then origin"
        ),
        pytest.param(
            {"OSS_BUCKET": ""}, ("POST", "/sign", {}, "x"), "misconfigured", id="then settings"
        ),
        pytest.param(
            JWT_SETTINGS | {"DIRECTORY_GRANTS": "false"},
            ("GET", "/", {}, ""),
            "not_found",
            id="with them a route that is switched off",
        ),
        pytest.param(JWT_SETTINGS, ("POST", "/sign", {}, "x"), "unauthorized", id="then caller"),
        pytest.param(
            {"ALIBABA_CLOUD_ACCESS_KEY_ID": ""},
            ("POST", "/sign", {}, "x"),
            "invalid_request",
            id="then body",
        ),
        pytest.param(
            {"ALIBABA_CLOUD_ACCESS_KEY_ID": ""},
            ("POST", "/sign", {}, '{"filename": "a.html"}'),
            "type_not_allowed",
            id="then file",
        ),
        pytest.param(
            {"ALIBABA_CLOUD_ACCESS_KEY_ID": ""},
            ("POST", "/sign", {}, '{"filename": "a.png"}'),
            "misconfigured",
            id="then base credentials",
        ),
    ],
)
def test_checks_come_in_the_documented_order(
    changes: dict[str, str], request_parts: tuple[str, str, dict[str, str], str], code: str
) -> None:
    method, path, headers, body = request_parts
    assert invoke(ENVIRON | changes, method, path, headers=headers, body=body).code == code


WITH_USERS = (
    ENVIRON
    | JWT_SETTINGS
    | {
        "UPLOAD_DIR": "users/{user}/",
        "CALLBACK_URL": "https://upload.example.com/callback",
        "GRANT_SECRET": "0123456789abcdef0123456789abcdef",
    }
)
GRANTING = [
    "GET /",
    "GET /get_post_signature_for_oss_upload",
    "POST /sign",
    "GET /s3/params",
]


def request_as(token: str, route: str) -> Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    file = {"filename": "a.png"}
    return invoke(WITH_USERS, *route.split(" "), headers=headers, query=file, body=json.dumps(file))


@pytest.mark.parametrize("route", GRANTING)
def test_with_jwt_each_grant_needs_a_token_and_is_for_its_user(route: str) -> None:
    for token in ("", Token(claims(exp=1)).signed()):
        assert request_as(token, route).code == "unauthorized"
    for user, segment in {"alice": "alice", "bob": "bob", "../bob": "~~2E~2E~2Fbob"}.items():
        grant = request_as(Token(claims(sub=user)).signed(), route).document
        assert (grant.get("key") or grant["dir"]).startswith(f"users/{segment}/")


def test_only_reports_and_health_need_no_token() -> None:
    assert request_as("", "POST /callback").code == "callback_refused"
    assert request_as("", "GET /healthz").status == 200
    needing = [route for route in ROUTES if route not in ("POST /callback", "GET /healthz")]
    assert {request_as("", route).code for route in needing} == {"unauthorized"}


def test_an_error_is_readable_by_the_page_that_caused_it() -> None:
    origin = "https://app.example.com"
    response = invoke(ENVIRON, "POST", "/sign", headers={"Origin": origin}, body="?")
    assert response.document == {
        "error": {
            "code": "invalid_request",
            "message": "The body is not JSON.",
            "hint": response.document["error"]["hint"],
            "request_id": Context.request_id,
        },
        "message": "The body is not JSON.",
    }
    assert response.headers["Access-Control-Allow-Origin"] == origin


def test_settings_are_read_once_per_instance() -> None:
    environ = dict(ENVIRON)
    app = App(environ, lambda: NOW)
    first = read(app.handle(event(), Context())).document["host"]
    environ["OSS_BUCKET"] = "another"
    assert read(app.handle(event(), Context())).document["host"] == first


class SlowEnviron(dict[str, str]):
    """An environment that is read slowly the first time, and counts how often it is read."""

    def __init__(self) -> None:
        super().__init__(ENVIRON)
        self.reads = 0
        self.reading, self.go_on = threading.Event(), threading.Event()

    def get(self, name: str, default: Any = None) -> Any:
        if name == "OSS_BUCKET":
            self.reads += 1
            self.reading.set()
            self.go_on.wait(60)
        return super().get(name, default)


class WatchedLock:
    """A lock with an event for the first caller that has to wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.waited_for = threading.Event()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self.waited_for.set()
            self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_the_first_requests_of_an_instance_share_its_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environ = SlowEnviron()
    lock = WatchedLock()
    with monkeypatch.context() as patch:
        patch.setattr(app_module, "threading", SimpleNamespace(Lock=lambda: lock))
        app = App(environ, lambda: NOW)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(app.handle, event(), Context())
        assert environ.reading.wait(60)
        second = pool.submit(app.handle, event(), Context())
        assert lock.waited_for.wait(60)
        environ.go_on.set()
        assert first.result()["statusCode"] == second.result()["statusCode"] == 200
    assert environ.reads == 1


class Broken:
    """A context whose credentials fail unexpectedly."""

    request_id = "1-broken"

    @property
    def credentials(self) -> Any:
        raise RuntimeError(f"cannot use {TOKEN}")


def test_an_unexpected_exception_is_an_internal_error_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = read(App(ENVIRON, lambda: NOW).handle(event(), Broken()))
    assert (response.status, response.code) == (500, "internal_error")
    (logged,) = caplog.messages
    assert re.fullmatch(
        r"'GET' '/': internal_error, RuntimeError in credentials:\d+( < \w+:\d+)+", logged
    )
    assert TOKEN not in caplog.text + json.dumps(response.document)


@pytest.mark.parametrize(
    ("changes", "context", "logged"),
    [
        pytest.param({"OSS_BUCKET": ""}, Context(), "The setting OSS_BUCKET", id="misconfigured"),
        pytest.param({}, Broken(), "internal_error, RuntimeError", id="an unexpected exception"),
    ],
)
def test_the_initializer_never_fails(
    changes: dict[str, str], context: Any, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    App(ENVIRON | changes, lambda: NOW).warm(context)
    (line,) = caplog.messages
    assert logged in line
    assert TOKEN not in line


def assuming_a_role(sts_server: RawServer) -> dict[str, str]:
    return ENVIRON | NO_STS | {"STS_ENDPOINT": sts_server.url}


def test_warming_leaves_the_first_request_nothing_to_wait_for(
    sts_server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    sts_server.become(healthy(clock))
    app = App(assuming_a_role(sts_server), clock)
    app.warm(Context())
    assert app.handle(event(), Context())["statusCode"] == 200
    assert len(sts_server.requests) == 1
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("fault", ["503", "not authorised", "empty object", "closed"])
def test_after_failed_warming_the_first_request_calls_sts_at_once(
    fault: str, sts_server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    sts_server.become(FAULTS[fault][0])
    app = App(assuming_a_role(sts_server), clock)
    app.warm(Context())
    assert "'initialize' '': credentials_unavailable" in caplog.text
    sts_server.become(healthy(clock))
    assert app.handle(event(), Context())["statusCode"] == 200


def test_warming_without_base_credentials_never_fails(sts_server: RawServer) -> None:
    clock = Clock()
    sts_server.become(healthy(clock))
    environ = assuming_a_role(sts_server) | {"ALIBABA_CLOUD_ACCESS_KEY_ID": ""}
    app = App(environ, clock)
    app.warm(Context())
    environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] = "STS.base"
    assert app.handle(event(), Context())["statusCode"] == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/" + "a" * 9999), ("A" * 9999, "/")])
def test_a_long_request_makes_no_long_log_line(
    method: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "direct_upload")
    invoke(ENVIRON, method, path)
    (logged,) = caplog.messages
    assert len(logged) < 400


def test_a_refusal_is_logged_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "direct_upload")
    invoke(ENVIRON, path="/a%0d%0aFC Invoke End")
    (record,) = caplog.records
    assert "\n" not in record.getMessage()
    assert "\r" not in record.getMessage()
    assert "not_found" in record.getMessage()


@pytest.mark.parametrize(
    ("origins", "warned"),
    [
        pytest.param("*", True, id="any origin"),
        pytest.param("https://a.example", False, id="listed"),
    ],
)
def test_an_open_endpoint_is_warned_about_once(
    origins: str, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    app = App(ENVIRON | {"ALLOWED_ORIGINS": origins}, lambda: NOW)
    for _ in range(2):
        app.handle(event(), Context())
    warnings = [record for record in caplog.records if "ALLOWED_ORIGINS=*" in record.getMessage()]
    assert len(warnings) == warned


def test_at_level_debug_each_grant_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    environ = ENVIRON | {"LOG_LEVEL": "DEBUG"}
    key = invoke(environ, "POST", "/sign", body='{"filename": "a.png"}').document["key"]
    directory = invoke(environ).document["dir"]
    assert [record.getMessage() for record in caplog.records] == [
        f"granted {key!r} to 'anyone'",
        f"granted {directory!r} to 'anyone'",
    ]


def test_no_refusal_and_no_log_contains_a_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    assert invoke(ENVIRON).status == 200
    refusals = ""
    for method, path in [("POST", "/sign"), ("GET", "/nowhere"), ("PUT", "/")]:
        refusals += json.dumps(invoke(ENVIRON, method, path).document)
    for secret in (TOKEN, "StsSecretExample"):
        assert secret not in refusals + caplog.text
