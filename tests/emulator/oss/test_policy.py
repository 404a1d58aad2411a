"""The parser of POST policies, where the conformance rows do not suffice."""

from __future__ import annotations

import base64

import pytest

from emulator.oss.errors import Refused
from emulator.oss.errors.refusals import POLICY_NOT_JSON
from emulator.oss.policy import parse_policy

EXPIRATION = "2026-11-24T12:00:00.250Z"


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def policy(condition: str) -> str:
    return encode(f'{{"expiration": "{EXPIRATION}", "conditions": [{condition}]}}')


def test_reads_milliseconds() -> None:
    assert parse_policy(policy('{"a": "b"}')).expiration.microsecond == 250_000


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param(r"a/\${filename}", "a/${filename}", id="a bare escape, not valid JSON"),
        pytest.param(r"a/\\${filename}", "a/${filename}", id="an escape in JSON"),
        pytest.param("a/${filename}", "a/${filename}", id="no escape"),
        pytest.param(r"\\\\${f}", r"\${f}", id="an escaped backslash and an escape"),
        pytest.param(r"\\\${f}", r"\${f}", id="an escaped backslash and a bare escape"),
        pytest.param(r"\u7528\/\"", '用/"', id="escapes of JSON"),
    ],
)
def test_a_literal_dollar_may_be_written_in_two_ways(written: str, meant: str) -> None:
    (condition,) = parse_policy(policy(f'["eq", "$key", "{written}"]')).conditions
    assert condition.values == (meant,)


def test_refuses_nesting_that_the_parser_cannot_follow() -> None:
    with pytest.raises(Refused) as caught:
        parse_policy(encode("[" * 200_000))
    assert caught.value.refusal is POLICY_NOT_JSON
