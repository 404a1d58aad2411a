"""What may be required of a token's claims."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from direct_upload.callers.claims import (
    Caller,
    find_claim,
    has_claims,
    parse_required_claims,
)
from direct_upload.errors import Misconfigured
from tests.function.strategies import any_json

CLAIMS = {
    "role": "clerk",
    "groups": ["sales", "support"],
    "level": 1,
    "is_anonymous": False,
    "https://example.com/roles": ["editor"],
    "realm_access": {"roles": ["uploader"], "a.b": "dotted"},
    "a.b": "plain",
    "a": {"b": "nested"},
    "c.d": None,
    "c": {"d": "nested"},
}


@pytest.mark.parametrize(
    ("required", "met"),
    [
        pytest.param({"role": ["clerk"]}, True, id="the one value"),
        pytest.param({"role": ["admin", "clerk"]}, True, id="one of the values"),
        pytest.param({"role": ["admin"]}, False, id="another value"),
        pytest.param({"role": ["Clerk"]}, False, id="another case"),
        pytest.param({"role": ["cle"]}, False, id="a part of the value"),
        pytest.param({"groups": ["support"]}, True, id="in a list"),
        pytest.param({"groups": ["admin"]}, False, id="not in a list"),
        pytest.param({"role": ["clerk"], "groups": ["sales"]}, True, id="two claims"),
        pytest.param({"role": ["clerk"], "groups": ["admin"]}, False, id="one of two claims"),
        pytest.param({"missing": ["a"]}, False, id="no such claim"),
        pytest.param({"level": [1]}, True, id="a number"),
        pytest.param({"level": ["1"]}, False, id="a number is not its text"),
        pytest.param({"level": [True]}, False, id="1 is not true"),
        pytest.param({"is_anonymous": [False]}, True, id="a boolean"),
        pytest.param({"is_anonymous": [0]}, False, id="false is not 0"),
        pytest.param({"https://example.com/roles": ["editor"]}, True, id="dots in a plain name"),
        pytest.param({"realm_access.roles": ["uploader"]}, True, id="nested"),
        pytest.param({"realm_access.a.b": ["dotted"]}, True, id="dots in a nested name"),
        pytest.param({"realm_access": ["uploader"]}, False, id="an object"),
        pytest.param({"role.name": ["clerk"]}, False, id="nothing is nested in a string"),
        pytest.param({"a.b": ["plain"]}, True, id="the plain name comes first"),
        pytest.param({"a.b": ["nested"]}, False, id="the plain name hides a nested one"),
        pytest.param({"c.d": ["nested"]}, False, id="even if it is null"),
    ],
)
def test_a_required_claim_has_one_of_its_values(required: dict[str, list[Any]], met: bool) -> None:
    assert has_claims(CLAIMS, parse_required_claims("JWT_CLAIMS", required)) is met


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(None, id="null"),
        pytest.param("role", id="a string"),
        pytest.param([], id="a list"),
        pytest.param({}, id="an empty object"),
        pytest.param({"role": "clerk"}, id="a value without a list"),
        pytest.param({"role": []}, id="an empty list"),
        pytest.param({"role": ["clerk"], "groups": []}, id="one empty list of two"),
        pytest.param({"role": {"clerk": True}}, id="an object in place of the list"),
        pytest.param({"role": [None]}, id="null in the list"),
        pytest.param({"role": [1.5]}, id="a fraction in the list"),
        pytest.param({"role": [["clerk"]]}, id="a list in the list"),
    ],
)
def test_what_lists_no_values_is_misconfigured_by_name(document: Any) -> None:
    with pytest.raises(Misconfigured, match="NAME does not list the permitted values"):
        parse_required_claims("NAME", document)


@given(any_json, any_json)
def test_any_json_is_compared_or_refused(claims: Any, document: Any) -> None:
    try:
        required = parse_required_claims("JWT_CLAIMS", document)
    except Misconfigured:
        return
    assert not has_claims({}, required)
    assert has_claims({name: values[0] for name, values in required.items()}, required)
    has_claims({"a": claims}, required)
    find_claim({"a": claims}, "a.b")


def test_a_caller_is_shown_without_claims() -> None:
    assert repr(Caller("alice", {"email": "secret"})) == "Caller(user='alice')"
    assert Caller("").claims == {}
