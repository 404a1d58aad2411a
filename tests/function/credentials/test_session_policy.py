"""The session policy: what the temporary credentials may do, and for how long."""

from __future__ import annotations

import json
import socket
from urllib.parse import parse_qsl

import pytest

from direct_upload.app import App
from direct_upload.credentials.sts import session_policy
from direct_upload.errors import Misconfigured
from tests.function.callers.issuer import SETTINGS as JWT_SETTINGS
from tests.function.callers.issuer import Token
from tests.function.credentials.faulty_sts import Clock, healthy
from tests.function.invocations import ENVIRON, NO_STS, NOW, Context, Response, event, read
from tests.function.raw_server import RawServer


def test_allows_only_putting_objects_below_the_prefix() -> None:
    assert json.loads(session_policy("post-test", ["user-dirs/"])) == {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "oss:PutObject",
                "Resource": "acs:oss:*:*:post-test/user-dirs/*",
            }
        ],
    }


@pytest.mark.parametrize(
    ("prefix", "resource"),
    [
        pytest.param('a"/', 'post-test/a"/*', id="quote"),
        pytest.param("上传/", "post-test/上传/*", id="Chinese"),
    ],
)
def test_the_resource_contains_the_prefix(prefix: str, resource: str) -> None:
    policy = json.loads(session_policy("post-test", [prefix]))
    assert policy["Statement"][0]["Resource"] == "acs:oss:*:*:" + resource


def test_several_prefixes_are_allowed_together() -> None:
    policy = session_policy("post-test", ["a/", "b/c/"])
    assert json.loads(policy)["Statement"][0]["Resource"] == [
        "acs:oss:*:*:post-test/a/*",
        "acs:oss:*:*:post-test/b/c/*",
    ]


def test_resumable_uploads_may_also_be_listed_and_aborted() -> None:
    [statement] = json.loads(session_policy("post-test", ["a/"], multipart=True))["Statement"]
    assert statement["Action"] == ["oss:PutObject", "oss:ListParts", "oss:AbortMultipartUpload"]
    assert statement["Resource"] == "acs:oss:*:*:post-test/a/*"


@pytest.mark.parametrize(
    ("changes", "several"),
    [
        pytest.param({}, False, id="off"),
        pytest.param({"MULTIPART": "true"}, True, id="on"),
        pytest.param(
            {"UPLOAD_PRESETS": '{"default": {}, "b": {"multipart": true}}'}, True, id="one preset"
        ),
    ],
)
def test_only_resumable_uploads_request_more_rights(
    changes: dict[str, str], several: bool, sts_server: RawServer
) -> None:
    secret = {"GRANT_SECRET": "0123456789abcdef0123456789abcdef"}
    _, [sent] = sign_with_role(sts_server, Clock(), changes | secret)
    [statement] = json.loads(sent["Policy"])["Statement"]
    assert isinstance(statement["Action"], list) is several


@pytest.mark.parametrize("letter", ["a", "é", "上", "\N{GRINNING FACE}", '"'])
def test_the_longest_prefix_fits(letter: str) -> None:
    prefix = letter * (511 // len(letter.encode())) + "/"
    assert len(session_policy("b" * 63, [prefix]).encode()) < 2048


def test_a_policy_that_sts_would_refuse_is_misconfigured() -> None:
    fitting = 2047 - len(session_policy("b", [""]))
    assert len(session_policy("b", ["a" * fitting])) == 2047
    with pytest.raises(Misconfigured, match="UPLOAD_DIR"):
        session_policy("b", ["a" * (fitting + 1)])


def sign_with_role(
    sts_server: RawServer, clock: Clock, changes: dict[str, str], *, life: float = 3600
) -> tuple[Response, list[dict[str, str]]]:
    """Request a file grant of a new instance; return the response, and what STS received."""
    clock.now = NOW
    sts_server.become(healthy(clock, life=life))
    environ = ENVIRON | NO_STS | {"STS_ENDPOINT": sts_server.url} | changes
    bearer = {"Authorization": f"Bearer {Token().signed()}"}
    sent = event("POST", "/sign", headers=bearer, body='{"filename": "a.png"}')
    response = read(App(environ, clock).handle(sent, Context()))
    queries = [request.split(" ")[1].partition("?")[2] for request in sts_server.requests]
    return response, [dict(parse_qsl(query)) for query in queries]


@pytest.mark.parametrize(
    ("changes", "prefix"),
    [
        pytest.param({"UPLOAD_DIR": "in/2026/"}, "in/2026/", id="one prefix for all"),
        pytest.param(
            JWT_SETTINGS | {"UPLOAD_DIR": "users/{user}/in/"}, "users/", id="a prefix for each user"
        ),
        pytest.param({"UPLOAD_DIR": "in/{yyyy}/{mm}/"}, "in/", id="a prefix for each month"),
        pytest.param(
            {"UPLOAD_PRESETS": '{"default": {"dir": "in/"}, "b": {"dir": "in/b/"}}'},
            "in/",
            id="presets below one prefix",
        ),
    ],
)
def test_the_role_is_assumed_for_what_all_keys_begin_with(
    changes: dict[str, str], prefix: str, sts_server: RawServer, clock: Clock
) -> None:
    response, (sent,) = sign_with_role(sts_server, clock, changes)
    (statement,) = json.loads(sent["Policy"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": "oss:PutObject",
        "Resource": f"acs:oss:*:*:post-test/{prefix}*",
    }
    assert response.document["key"].startswith(prefix)


def test_the_role_is_assumed_for_the_prefixes_of_all_presets(
    sts_server: RawServer, clock: Clock
) -> None:
    presets = {"UPLOAD_PRESETS": '{"default": {"dir": "b/{yyyy}/"}, "other": {"dir": "a/"}}'}
    _, (sent,) = sign_with_role(sts_server, clock, presets)
    (statement,) = json.loads(sent["Policy"])["Statement"]
    assert statement["Resource"] == ["acs:oss:*:*:post-test/a/*", "acs:oss:*:*:post-test/b/*"]


def test_credentials_must_last_for_the_longest_preset(sts_server: RawServer, clock: Clock) -> None:
    presets = '{"default": {}, "long": {"policy_seconds": 300}}'
    changes = {"POLICY_SECONDS": "12", "UPLOAD_PRESETS": presets}
    response, _ = sign_with_role(sts_server, clock, changes, life=100)
    assert response.status == 503


def test_the_role_is_assumed_for_the_configured_time(sts_server: RawServer, clock: Clock) -> None:
    _, (sent,) = sign_with_role(sts_server, clock, {"CREDENTIALS_SECONDS": "1234"})
    assert sent["DurationSeconds"] == "1234"
    assert sent["RoleArn"] == NO_STS["UPLOAD_ROLE_ARN"]


@pytest.mark.parametrize(
    ("policy_seconds", "status"),
    [pytest.param("12", 200, id="short grants"), pytest.param("300", 503, id="long grants")],
)
def test_credentials_must_last_for_the_configured_grant(
    policy_seconds: str, status: int, sts_server: RawServer, clock: Clock
) -> None:
    response, _ = sign_with_role(sts_server, clock, {"POLICY_SECONDS": policy_seconds}, life=100)
    assert response.status == status


def test_the_sts_of_the_functions_region_is_called(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: set[str] = set()

    def look_up(host: str, *_: object, **__: object) -> None:
        looked_up.add(host)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    environ = ENVIRON | NO_STS | {"STS_ENDPOINT": "", "FC_REGION": "cn-qingdao"}
    assert read(App(environ, clock).handle(event(), Context())).status == 503
    assert looked_up == {"sts.cn-qingdao.aliyuncs.com"}
