from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from direct_upload.app import App
from direct_upload.credentials.sts import session_policy
from direct_upload.errors import Misconfigured
from tests.function.callers.issuer import SETTINGS as JWT_SETTINGS
from tests.function.callers.issuer import Token
from tests.function.credentials.faulty_sts import Clock, FaultySts, healthy
from tests.function.invocations import ENVIRON, NO_STS, NOW, Context, event, read


def test_allows_only_putting_objects_below_the_prefix() -> None:
    assert json.loads(session_policy("post-test", "user-dirs/")) == {
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
    policy = json.loads(session_policy("post-test", prefix))
    assert policy["Statement"][0]["Resource"] == "acs:oss:*:*:" + resource


@pytest.mark.parametrize("letter", ["a", "é", "上", "\N{GRINNING FACE}", '"'])
def test_the_longest_prefix_fits(letter: str) -> None:
    prefix = letter * (511 // len(letter.encode())) + "/"
    assert len(session_policy("b" * 63, prefix).encode()) < 2048


def test_a_policy_that_sts_would_refuse_is_misconfigured() -> None:
    fitting = 2047 - len(session_policy("b", ""))
    assert len(session_policy("b", "a" * fitting)) == 2047
    with pytest.raises(Misconfigured, match="UPLOAD_DIR"):
        session_policy("b", "a" * (fitting + 1))


@pytest.mark.parametrize(
    ("changes", "prefix"),
    [
        pytest.param({"UPLOAD_DIR": "in/2026/"}, "in/2026/", id="one prefix for all"),
        pytest.param(
            JWT_SETTINGS | {"UPLOAD_DIR": "users/{user}/in/"}, "users/", id="a prefix for each user"
        ),
    ],
)
def test_the_role_is_assumed_for_what_all_keys_begin_with(
    changes: dict[str, str], prefix: str, sts_server: FaultySts, clock: Clock
) -> None:
    clock.now = NOW
    sts_server.become(healthy(clock))
    environ = ENVIRON | NO_STS | {"STS_ENDPOINT": sts_server.endpoint} | changes
    sent = event(
        "POST",
        "/sign",
        headers={"Authorization": f"Bearer {Token().signed()}"},
        body='{"filename": "a.png"}',
    )
    response = read(App(environ, clock).handle(sent, Context()))
    (request,) = sts_server.requests
    target = request.split(" ")[1]
    (policy,) = parse_qs(target.partition("?")[2])["Policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": "oss:PutObject",
        "Resource": f"acs:oss:*:*:post-test/{prefix}*",
    }
    assert response.document["key"].startswith(prefix)
