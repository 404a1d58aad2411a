from __future__ import annotations

import json

import pytest

from direct_upload.credentials.sts import session_policy
from direct_upload.errors import Misconfigured


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
