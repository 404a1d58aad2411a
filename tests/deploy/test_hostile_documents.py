"""Whatever a document says, the doctor prints findings: no traceback, no escapes, no secret."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy import doctor
from deploy.diagnosis.documents import parse_object
from deploy.diagnosis.report import MAX_CHARACTERS, say, visible
from tests.deploy.hostile import examined, put
from tests.deploy.planted import ORIGIN, SECRETS, Deployment, Document

ODD_JSON = {
    "a list": "[]",
    "a text": '"a"',
    "null": "null",
    "NaN": '{"status": NaN}',
    "infinity": '{"status": -Infinity}',
    "a number beyond floats": '{"status": 1e999}',
    "a huge number": '{"status": 1' + "0" * 30 + "}",
    "a number of 100,000 digits": '{"status": ' + "9" * 100_000 + "}",
    "deep lists": '{"status": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "deep objects": '{"status":' * 100_000 + "1" + "}" * 100_000,
    "half a surrogate pair": '{"status": "\\ud800"}',
    "nothing": "",
    "half a document": '{"status": "ok"',
}


@pytest.mark.parametrize("body", ODD_JSON.values(), ids=ODD_JSON)
@pytest.mark.parametrize("route", ["GET /healthz", "GET /", "POST /sign"])
def test_odd_json_is_one_finding(route: str, body: str, planted: Deployment) -> None:
    planted.respond(route, 200, body, Access_Control_Allow_Origin=ORIGIN, Vary="Origin")
    assert examined(planted.url, "--origin", ORIGIN).endswith("Problems found: 1.\n")


@pytest.mark.parametrize("body", ODD_JSON.values(), ids=ODD_JSON)
def test_odd_json_is_no_object(body: str) -> None:
    assert parse_object(body.encode()) == {}


ODD_VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "a number": 7.5,
    "a huge number": 10**30,
    "a large number": 2**53,
    "a negative number": -(2**53),
    "a text": "\x1b[31m\u202e",
    "a list": [[]],
    "an object": {"a": {}},
}
MEMBERS = [
    *("method", "url", "fields", "expires", "expire", "expiration", "server_time", "limits"),
    *("host", "dir", "accessid"),
]


def examine_odd(planted: Deployment) -> str:
    """What the doctor prints. A large number may be valid, so there need not be a problem."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        doctor.main([planted.url, "--origin", ORIGIN, "--upload"])
    assert printed.getvalue().replace("\n", "").isprintable()
    return printed.getvalue()


PATHS = [
    *([member] for member in MEMBERS),
    *(["limits", name] for name in ("min_bytes", "max_bytes", "content_types")),
    *(["fields", name] for name in ("key", "policy", "x-oss-credential", "x-oss-date")),
    ["fields", "\x1b[2J\u202e" * 1000],
]


@pytest.mark.parametrize("value", ODD_VALUES.values(), ids=ODD_VALUES)
def test_odd_values_in_a_grant_are_findings(value: Any, planted: Deployment) -> None:
    for path in PATHS:
        planted.edit_grant = put(*path, value=value)
        examine_odd(planted)


@pytest.mark.parametrize("value", ODD_VALUES.values(), ids=ODD_VALUES)
def test_odd_values_in_a_policy_are_findings(value: Any, planted: Deployment) -> None:
    for condition in (
        value,
        [value],
        {"bucket": value},
        ["in", "$content-type", value],
        ["starts-with", "$key", value],
        ["starts-with", value, "a"],
        [value, "$key", "a"],
        ["content-length-range", value, value],
    ):
        planted.edit_policy = put("conditions", value=[{"bucket": "my-bucket"}, condition])
        assert "FAIL" in examine_odd(planted)
    for member in ("expiration", "conditions"):
        planted.edit_policy = put(member, value=value)
        assert "FAIL" in examine_odd(planted)


def test_a_minimum_size_does_not_fill_the_memory(
    planted: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    planted.edit_grant = put("limits", "min_bytes", value=2**40)
    assert doctor.main([planted.url, "--upload"]) == 0
    assert f"Not tried: the smallest allowed file has {2**40} bytes" in capsys.readouterr().out


# What is printed.

ATTACK = "\x1b]0;owned\x07\x1b[2J\r\n\x9b31m\u202e\u2066\u200f\u2028\x00\x7f\ufeff"


@pytest.mark.parametrize(
    "plant",
    [
        pytest.param(lambda it: it.refuse("GET /", 500, "misconfigured", ATTACK), id="a message"),
        pytest.param(lambda it: it.refuse("GET /", 500, ATTACK), id="an error code"),
        pytest.param(
            lambda it: it.refuse("GET /", 500, SECRETS["token"]), id="the token as a code"
        ),
        pytest.param(
            lambda it: it.respond("GET /", 502, {"errorType": ATTACK}, X_Fc_Error_Type="A\x9b31m"),
            id="an error type",
        ),
        pytest.param(
            lambda it: it.respond("GET /", 502, {}, X_Fc_Error_Type=SECRETS["token"]),
            id="the token as an error type",
        ),
        pytest.param(
            lambda it: it.refuse("GET /", 500, "misconfigured", f"a {SECRETS['token']}"),
            id="the token in a message",
        ),
        pytest.param(
            lambda it: setattr(it, "edit_grant", put("fields", ATTACK, value=1)),
            id="a field's name",
        ),
        pytest.param(
            lambda it: setattr(it, "edit_grant", put("fields", ATTACK, value="unpinned")),
            id="the name of a field that the policy does not pin",
        ),
        pytest.param(
            lambda it: it.respond("bucket POST", 403, f"<Code>{ATTACK}</Code><EC>\u202e</EC>"),
            id="an error of OSS",
        ),
        pytest.param(
            lambda it: it.respond("bucket POST", 403, "", x_oss_request_id="1\x9b31m"),
            id="a request ID",
        ),
    ],
)
def test_nothing_that_a_server_says_reaches_the_terminal_raw(
    plant: Callable[[Deployment], object], planted: Deployment
) -> None:
    plant(planted)
    examined(planted.url, "--origin", ORIGIN, "--upload")


def test_the_key_of_an_uploaded_object_is_shown_with_escapes(
    planted: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "user-dirs/leaf/\x1b[2J文"

    def rename(grant: Document) -> None:
        grant["fields"]["key"] = key
        policy = json.loads(base64.b64decode(grant["fields"]["policy"]))
        policy["conditions"][2] = {"key": key}
        grant["fields"]["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()

    planted.edit_grant = rename
    assert doctor.main([planted.url, "--upload"]) == 0
    assert "Uploaded 1 byte(s) as user-dirs/leaf/\\x1b[2J文;" in capsys.readouterr().out


def test_what_does_not_show_itself_is_escaped_and_long_text_is_cut() -> None:
    assert visible("plain 文 \\ é") == "plain 文 \\ é"
    assert visible("\x1b\u202e\ud800\u2028") == "\\x1b\\u202e\\ud800\\u2028"
    assert visible(ATTACK).isprintable()
    assert visible("a" * MAX_CHARACTERS) == "a" * MAX_CHARACTERS
    assert visible("a" * 10**6) == "a" * MAX_CHARACTERS + "..."


def test_a_terminal_without_unicode_gets_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii", write_through=True))
    say("文 \x1b")
    assert written.getvalue() == b"\\u6587 \\x1b\n"


any_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    changes=st.dictionaries(st.sampled_from(MEMBERS), any_json, max_size=2),
    fields=st.dictionaries(st.sampled_from(["key", "policy", "x-oss-date", "a"]), any_json),
    conditions=st.lists(any_json, max_size=2),
)
def test_any_grant_is_examined_to_the_end(
    changes: Document, fields: Document, conditions: list[Any], planted: Deployment
) -> None:
    planted.edit_policy = lambda policy: policy["conditions"].extend(conditions)
    planted.edit_grant = lambda grant: (grant["fields"].update(fields), grant.update(changes))
    examine_odd(planted)
