"""The emulated STS as the real SDK sees it, over a real socket."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException

from emulator.keyring import AccessKey
from emulator.server import Server
from emulator.sts import Sts
from tests.emulator.sts.harness import BASE, POLICY, ROLE, Harness, assume_role


def test_issues_credentials_that_the_key_ring_knows(harness: Harness) -> None:
    credentials = harness.assume_role(duration_seconds=900).credentials

    key = harness.keys.find(credentials.access_key_id)
    assert key is not None
    assert key.access_key_secret == credentials.access_key_secret
    assert key.security_token == credentials.security_token
    assert key.session_policy == POLICY
    assert key.expiration == harness.now.replace(microsecond=0) + timedelta(seconds=900)
    assert f"{key.expiration:%Y-%m-%dT%H:%M:%SZ}" == credentials.expiration


def test_names_the_user_that_the_role_became(harness: Harness) -> None:
    body = harness.assume_role()

    assert body.assumed_role_user.arn == f"{ROLE}/upload"
    assert body.assumed_role_user.assumed_role_id.endswith(":upload")
    assert body.request_id


def test_credentials_last_an_hour_and_have_no_policy_by_default(harness: Harness) -> None:
    credentials = harness.assume_role(policy=None).credentials

    key = harness.keys.find(credentials.access_key_id)
    assert key is not None
    assert key.session_policy is None
    assert key.expiration == harness.now.replace(microsecond=0) + timedelta(hours=1)


def test_echoes_the_source_identity_only_when_it_was_sent(harness: Harness) -> None:
    assert harness.assume_role().source_identity is None
    assert harness.assume_role(source_identity="alice").source_identity == "alice"


def test_compares_the_role_without_regard_to_case(harness: Harness) -> None:
    assert harness.assume_role(role_arn=ROLE.replace("oss-uploader", "OSS-Uploader")).credentials


def test_temporary_credentials_may_assume_the_role_with_their_token(harness: Harness) -> None:
    function_key = harness.keys.issue(expiration=harness.now + timedelta(hours=36))

    assert harness.assume_role(function_key).credentials.access_key_id.startswith("STS.")


def refusal(harness: Harness, key: AccessKey = BASE, **parameters: Any) -> tuple[int, str]:
    with pytest.raises(ClientException) as refused:
        harness.assume_role(key, **parameters)
    return refused.value.status_code, refused.value.code


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({"role_arn": ROLE + "2"}, (404, "EntityNotExist.Role"), id="another role"),
        pytest.param({"role_arn": "role"}, (400, "InvalidParameter.RoleArn"), id="not an ARN"),
        pytest.param({"role_arn": None}, (400, "MissingParameter"), id="no role"),
        pytest.param({"role_session_name": None}, (400, "MissingParameter"), id="no session name"),
        pytest.param(
            {"role_session_name": "a b"}, (400, "InvalidParameter.RoleSessionName"), id="space"
        ),
        pytest.param(
            {"duration_seconds": 899}, (400, "InvalidParameter.DurationSeconds"), id="too short"
        ),
        pytest.param({"policy": "{}"}, (400, "InvalidParameter.PolicyGrammar"), id="policy"),
        pytest.param(
            {"policy": " " * 2049}, (400, "InvalidParameter.PolicySize"), id="long policy"
        ),
        pytest.param({"external_id": "?"}, (400, "InvalidParameter.ExternalId"), id="external ID"),
        pytest.param(
            {"source_identity": "acs:a"}, (400, "InvalidParameter.SourceIdentity"), id="identity"
        ),
    ],
)
def test_refuses_invalid_parameters(
    harness: Harness, parameters: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert refusal(harness, **parameters) == expected


def temporary(harness: Harness) -> AccessKey:
    return harness.keys.issue(expiration=harness.now + timedelta(seconds=1))


def expired(harness: Harness) -> AccessKey:
    return harness.keys.issue(expiration=harness.now)


def disabled(harness: Harness) -> AccessKey:
    key = AccessKey("LTAIdisabled", "secret", enabled=False)
    harness.keys.add(key)
    return key


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param(
            lambda _: AccessKey("LTAIother", "secret"),
            (404, "InvalidAccessKeyId.NotFound"),
            id="unknown key",
        ),
        pytest.param(disabled, (400, "InvalidAccessKeyId.Inactive"), id="disabled key"),
        pytest.param(
            lambda _: AccessKey(BASE.access_key_id, "another secret"),
            (400, "SignatureDoesNotMatch"),
            id="wrong secret",
        ),
        pytest.param(
            lambda harness: replace(temporary(harness), security_token=None),
            (400, "MissingSecurityToken"),
            id="temporary key without its token",
        ),
        pytest.param(
            lambda harness: replace(temporary(harness), security_token="made-up"),
            (400, "InvalidSecurityToken.Malformed"),
            id="unknown token",
        ),
        pytest.param(
            lambda harness: replace(
                temporary(harness), security_token=temporary(harness).security_token
            ),
            (400, "InvalidSecurityToken.MismatchWithAccessKey"),
            id="token of another key",
        ),
        pytest.param(
            lambda harness: replace(BASE, security_token=temporary(harness).security_token),
            (400, "InvalidSecurityToken.MismatchWithAccessKey"),
            id="permanent key with a token",
        ),
        pytest.param(expired, (400, "InvalidSecurityToken.Expired"), id="expired key"),
    ],
)
def test_refuses_invalid_keys(
    harness: Harness, key: Callable[[Harness], AccessKey], expected: tuple[int, str]
) -> None:
    assert refusal(harness, key(harness)) == expected


@pytest.mark.parametrize("minutes", [-16, 16])
def test_refuses_a_clock_that_is_15_minutes_off(harness: Harness, minutes: int) -> None:
    harness.now += timedelta(minutes=minutes)

    assert refusal(harness) == (400, "InvalidTimeStamp.Expired")


def test_credentials_stop_working_when_they_expire(harness: Harness) -> None:
    key = temporary(harness)
    assert harness.assume_role(key).credentials
    harness.now += timedelta(seconds=1)

    assert refusal(harness, key) == (400, "InvalidSecurityToken.Expired")


def test_serves_many_threads_of_one_client_and_counts_them(harness: Harness) -> None:
    client = harness.client()
    with ThreadPoolExecutor(8) as pool:
        issued = list(pool.map(lambda _: assume_role(client).credentials, range(40)))

    assert len({credentials.access_key_id for credentials in issued}) == 40
    assert harness.sts.calls == 40


def test_refused_calls_are_counted(harness: Harness) -> None:
    refusal(harness, role_arn="role")

    assert harness.sts.calls == 1


def test_one_log_line_has_action_role_caller_and_code(harness: Harness) -> None:
    harness.assume_role()
    refusal(harness, role_session_name="?")

    assert harness.log == [
        f"AssumeRole {ROLE} by LTAIbase: 200 OK",
        f"AssumeRole {ROLE} by LTAIbase: 400 InvalidParameter.RoleSessionName, "
        "expected 2 to 64 of A-Z a-z 0-9 . @ - _",
    ]


def test_the_log_has_no_secret(harness: Harness) -> None:
    key = temporary(harness)
    credentials = harness.assume_role(key).credentials
    refusal(harness, replace(key, access_key_secret="another secret"))
    refusal(harness, replace(key, security_token="made-up-token"))

    text = "\n".join(harness.log)
    assert key.security_token is not None
    for secret in (
        key.access_key_secret,
        key.security_token,
        credentials.access_key_secret,
        credentials.security_token,
        "made-up-token",
        "Signature=",
        "oss:PutObject",
    ):
        assert secret not in text


def test_the_default_clock_is_the_systems(harness: Harness) -> None:
    with Server(Sts(ROLE, harness.keys, log=harness.log.append)) as server:
        harness.port = server.port
        assert harness.assume_role().credentials
