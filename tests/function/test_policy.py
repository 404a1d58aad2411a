from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from typing import Any

import pytest

from direct_upload import policy

EXPIRATION = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param(policy.exactly("bucket", "b"), {"bucket": "b"}, id="exactly"),
        pytest.param(
            policy.starts_with("key", "a/"), ["starts-with", "$key", "a/"], id="starts-with"
        ),
        pytest.param(
            policy.one_of("content-type", ("image/png", "image/gif")),
            ["in", "$content-type", ["image/png", "image/gif"]],
            id="in",
        ),
        pytest.param(
            policy.content_length_range(0, 9), ["content-length-range", 0, 9], id="length"
        ),
    ],
)
def test_conditions_have_the_documented_forms(condition: object, expected: object) -> None:
    assert condition == expected


def test_encodes_compact_json_in_standard_base64() -> None:
    text = policy.encode_policy(EXPIRATION, [policy.exactly("key", "用户/图~?>.png")])
    document: dict[str, Any] = json.loads(base64.b64decode(text, validate=True))
    assert document == {
        "expiration": "2026-01-02T03:04:05.000Z",
        "conditions": [{"key": "用户/图~?>.png"}],
    }
    assert b" " not in base64.b64decode(text)
    assert "用户/图" in base64.b64decode(text).decode()
