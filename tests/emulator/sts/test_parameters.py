"""The rules of AssumeRole's parameters."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from emulator.sts.parameters import parse_assume_role
from emulator.sts.responses import StsError

VALID = {"RoleArn": "acs:ram::123:role/oss-uploader", "RoleSessionName": "session"}
STATEMENT: dict[str, Any] = {"Effect": "Allow", "Action": "oss:PutObject", "Resource": "*"}


def result_of(**changes: str) -> str:
    try:
        parse_assume_role({**VALID, **changes})
    except StsError as error:
        return error.code
    return "OK"


@pytest.mark.parametrize(
    ("name", "value", "is_valid"),
    [
        pytest.param("RoleArn", "acs:ram::1:role/a", True, id="short ARN"),
        pytest.param("RoleArn", "acs:ram::1:role/" + "a" * 64, True, id="role name of 64"),
        pytest.param("RoleArn", "acs:ram::1:role/" + "a" * 65, False, id="role name of 65"),
        pytest.param("RoleArn", "acs:ram::1:role/", False, id="no role name"),
        pytest.param("RoleArn", "acs:ram::1:role/a/b", False, id="two names"),
        pytest.param("RoleArn", "acs:ram::1:role/a_b", False, id="underscore in role name"),
        pytest.param("RoleArn", "acs:ram::x:role/a", False, id="account not a number"),
        pytest.param("RoleArn", "acs:ram::1:user/a", False, id="a user"),
        pytest.param("RoleArn", "acs:ram::1:role/a\n", False, id="line feed"),
        pytest.param("RoleSessionName", "a", False, id="session name of 1"),
        pytest.param("RoleSessionName", "ab", True, id="session name of 2"),
        pytest.param("RoleSessionName", "a" * 64, True, id="session name of 64"),
        pytest.param("RoleSessionName", "a" * 65, False, id="session name of 65"),
        pytest.param("RoleSessionName", "aZ9.@-_", True, id="session name of all kinds"),
        pytest.param("RoleSessionName", "a:b", False, id="colon in session name"),
        pytest.param("RoleSessionName", "名字", False, id="Chinese session name"),
        pytest.param("DurationSeconds", "899", False, id="duration of 899"),
        pytest.param("DurationSeconds", "900", True, id="duration of 900"),
        pytest.param("DurationSeconds", "43200", True, id="duration of 43200"),
        pytest.param("DurationSeconds", "43201", False, id="duration of 43201"),
        pytest.param("DurationSeconds", "3600.0", False, id="fraction"),
        pytest.param("DurationSeconds", "-3600", False, id="negative duration"),
        pytest.param("DurationSeconds", "3_600", False, id="underscore in duration"),
        pytest.param("DurationSeconds", "1" * 5000, False, id="very long duration"),
        pytest.param("ExternalId", "a", False, id="external ID of 1"),
        pytest.param("ExternalId", "a" * 1224, True, id="external ID of 1224"),
        pytest.param("ExternalId", "a" * 1225, False, id="external ID of 1225"),
        pytest.param("ExternalId", "aZ9_+=,.@:/-", True, id="external ID of all kinds"),
        pytest.param("ExternalId", "名字", False, id="Chinese external ID"),
        pytest.param("ExternalId", "a b", False, id="space in external ID"),
        pytest.param("SourceIdentity", "a", False, id="identity of 1"),
        pytest.param("SourceIdentity", "a" * 64, True, id="identity of 64"),
        pytest.param("SourceIdentity", "a" * 65, False, id="identity of 65"),
        pytest.param("SourceIdentity", "aZ9_+=,.@-", True, id="identity of all kinds"),
        pytest.param("SourceIdentity", "a/b", False, id="slash in identity"),
        pytest.param("SourceIdentity", "acs:a", False, id="reserved beginning"),
        pytest.param("SourceIdentity", "ALIYUN:a", False, id="reserved beginning in upper case"),
        pytest.param("SourceIdentity", "acs", True, id="reserved beginning without a colon"),
        pytest.param("Other", "?", True, id="unknown parameters are ignored"),
    ],
)
def test_a_parameter_has_its_rule(name: str, value: str, is_valid: bool) -> None:
    assert result_of(**{name: value}) == ("OK" if is_valid else f"InvalidParameter.{name}")


@pytest.mark.parametrize("name", ["RoleArn", "RoleSessionName"])
def test_a_required_parameter_must_not_be_empty(name: str) -> None:
    assert result_of(**{name: ""}) == "MissingParameter"


@pytest.mark.parametrize("name", ["DurationSeconds", "ExternalId", "SourceIdentity", "Policy"])
def test_another_parameter_may_be_empty(name: str) -> None:
    assert result_of(**{name: ""}) == "OK"


def test_a_request_in_full() -> None:
    policy = json.dumps({"Version": "1", "Statement": [STATEMENT]})
    request = parse_assume_role(
        {**VALID, "DurationSeconds": "900", "Policy": policy, "SourceIdentity": "alice"}
    )

    assert request.role_arn == VALID["RoleArn"]
    assert request.role_session_name == "session"
    assert request.duration == timedelta(minutes=15)
    assert request.session_policy == policy
    assert request.source_identity == "alice"
    assert "oss:PutObject" not in repr(request)


def test_a_duration_that_is_not_given_is_an_hour() -> None:
    assert parse_assume_role(VALID).duration == timedelta(hours=1)


def statement(**changes: Any) -> dict[str, Any]:
    changed = {**STATEMENT, **changes}
    return {name: value for name, value in changed.items() if value is not None}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(STATEMENT, id="the usual one"),
        pytest.param(statement(Effect="Deny"), id="Deny"),
        pytest.param(statement(Action=["oss:PutObject", "oss:GetObject"]), id="two actions"),
        pytest.param(statement(Action=None, NotAction="oss:*"), id="NotAction"),
        pytest.param(statement(Resource=["a", "b"]), id="two resources"),
        pytest.param(
            statement(Condition={"Bool": {"acs:SecureTransport": "true"}}), id="condition"
        ),
    ],
)
def test_a_policy_that_follows_the_grammar_is_accepted(changed: dict[str, Any]) -> None:
    assert result_of(Policy=json.dumps({"Version": "1", "Statement": [changed]})) == "OK"


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param("{", id="not JSON"),
        pytest.param("[]", id="not an object"),
        pytest.param("[" * 2048, id="nested too deep"),
        pytest.param({"Version": "1"}, id="no statement"),
        pytest.param({"Version": 1, "Statement": [STATEMENT]}, id="version as a number"),
        pytest.param({"Version": "2", "Statement": [STATEMENT]}, id="another version"),
        pytest.param({"Version": "1", "Statement": [STATEMENT], "Id": "a"}, id="unknown key"),
        pytest.param({"Version": "1", "Statement": []}, id="empty list"),
        pytest.param({"Version": "1", "Statement": STATEMENT}, id="not a list"),
        *(
            pytest.param({"Version": "1", "Statement": [changed]}, id=name)
            for name, changed in {
                "statement is a string": "Allow",
                "another effect": statement(Effect="allow"),
                "no effect": statement(Effect=None),
                "no action": statement(Action=None),
                "both kinds of action": statement(NotAction="a"),
                "action is a number": statement(Action=1),
                "action is empty": statement(Action=""),
                "no actions in the list": statement(Action=[]),
                "an action in the list is empty": statement(Action=["a", ""]),
                "an action is a number": statement(Action=[1]),
                "no resource": statement(Resource=None),
                "resource is a number": statement(Resource=1),
                "condition is a string": statement(Condition="a"),
                "principal": statement(Principal="*"),
            }.items()
        ),
    ],
)
def test_a_policy_that_breaks_the_grammar_is_refused(policy: object) -> None:
    text = policy if isinstance(policy, str) else json.dumps(policy)

    assert result_of(Policy=text) == "InvalidParameter.PolicyGrammar"


def policy_for(resource: str) -> str:
    document = {"Version": "1", "Statement": [statement(Resource="b" + resource)]}
    return json.dumps(document, ensure_ascii=False)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(policy_for("a" * (2048 - len(policy_for("")))), "OK", id="2048 bytes"),
        pytest.param(
            policy_for("a" * (2049 - len(policy_for("")))),
            "InvalidParameter.PolicySize",
            id="2049 bytes",
        ),
        pytest.param(
            policy_for("é" * 1024), "InvalidParameter.PolicySize", id="bytes count, not characters"
        ),
    ],
)
def test_a_policy_has_at_most_2048_bytes(policy: str, expected: str) -> None:
    assert result_of(Policy=policy) == expected
