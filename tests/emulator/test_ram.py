"""RAM policies: what they allow, and which documents are refused."""

from __future__ import annotations

import json

import pytest

from emulator.ram import RamPolicyError, is_allowed

ACTION = "oss:PutObject"
RESOURCE = "acs:oss:oss-cn-hangzhou:1234567890123456:post-test/user-dirs/a.txt"
ALLOW = {"Effect": "Allow", "Action": ACTION, "Resource": "acs:oss:*:*:post-test/user-dirs/*"}


def document(*statements: object, version: str = "1") -> str:
    return json.dumps({"Version": version, "Statement": statements})


@pytest.mark.parametrize(
    ("documents", "allowed"),
    [
        pytest.param([document(ALLOW)], True, id="the prefix is allowed"),
        pytest.param([], False, id="no document"),
        pytest.param([document({**ALLOW, "Action": "oss:GetObject"})], False, id="another action"),
        pytest.param([document({**ALLOW, "Action": "oss:*"})], True, id="any action"),
        pytest.param([document({**ALLOW, "Action": "*"})], True, id="any action of any service"),
        pytest.param(
            [document({**ALLOW, "Action": ["oss:GetObject", ACTION]})], True, id="a list of actions"
        ),
        pytest.param([document({**ALLOW, "Action": "oss:putobject"})], False, id="another case"),
        pytest.param(
            [document({**ALLOW, "Resource": "acs:oss:*:*:post-test/other/*"})],
            False,
            id="another prefix",
        ),
        pytest.param(
            [document({**ALLOW, "Resource": "acs:oss:*:*:post-test/user-dirs/?.txt"})],
            True,
            id="a question mark is one character",
        ),
        pytest.param(
            [document({**ALLOW, "Resource": "acs:oss:*:*:post-test/user-dirs/?"})],
            False,
            id="a question mark is not several",
        ),
        pytest.param(
            [document({**ALLOW, "Resource": "acs:oss:*:*:post.test/user-dirs/*"})],
            False,
            id="a dot is a dot",
        ),
        pytest.param(
            [document({**ALLOW, "Resource": ["acs:oss:*:*:x/*", "acs:oss:*:*:post-test/*"]})],
            True,
            id="a list of resources",
        ),
        pytest.param(
            [document(ALLOW, {**ALLOW, "Effect": "Deny", "Resource": "*"})],
            False,
            id="a denial wins",
        ),
        pytest.param(
            [document(ALLOW), document({**ALLOW, "Effect": "Deny"})],
            False,
            id="a denial of another document wins",
        ),
        pytest.param(
            [document(ALLOW, {**ALLOW, "Effect": "Deny", "Action": "oss:GetObject"})],
            True,
            id="a denial of something else",
        ),
    ],
)
def test_allows_what_is_allowed_and_not_denied(documents: list[str], allowed: bool) -> None:
    assert is_allowed(documents, ACTION, RESOURCE) is allowed


def test_a_star_spans_line_breaks() -> None:
    assert is_allowed([document(ALLOW)], ACTION, RESOURCE + "\n.txt")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="not JSON"),
        pytest.param("[]", id="not an object"),
        pytest.param(document(ALLOW, version="2012-10-17"), id="another version"),
        pytest.param(document(), id="no statements"),
        pytest.param(
            json.dumps({"Version": "1", "Statement": ALLOW}), id="statement not in a list"
        ),
        pytest.param(document("Allow"), id="a statement that is a string"),
        pytest.param(document({**ALLOW, "Effect": "allow"}), id="an unknown effect"),
        pytest.param(document({**ALLOW, "Condition": {}}), id="a condition"),
        pytest.param(document({**ALLOW, "Sid": "a"}), id="an element of other clouds"),
        pytest.param(document({"Effect": "Allow", "Action": ACTION}), id="no resource"),
        pytest.param(document({**ALLOW, "Action": [1]}), id="an action that is a number"),
    ],
)
def test_never_guesses(text: str) -> None:
    with pytest.raises(RamPolicyError):
        is_allowed([text], ACTION, RESOURCE)
