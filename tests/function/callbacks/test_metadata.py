"""The grant id in an object's metadata: plain characters, nothing readable, nothing forged."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from direct_upload.callbacks.field import WrongGrant
from direct_upload.callbacks.metadata import from_metadata, to_metadata
from tests.function.callbacks.reports import SECRET
from tests.function.callbacks.test_field import check_both, make

VALUE = to_metadata(SECRET, make())
any_text = st.text(st.characters(), max_size=100)
preset_names = st.from_regex("[a-z][a-z0-9-]{0,15}", fullmatch=True)


@given(user=any_text, preset=preset_names, key=any_text)
def test_a_grant_id_comes_back_from_characters_that_every_metadata_takes(
    user: str, preset: str, key: str
) -> None:
    grant_id = make(user=user, preset=preset, key_or_dir=key)
    value = to_metadata(SECRET, grant_id)
    assert re.fullmatch("[a-z2-7]+", value)
    assert from_metadata(SECRET, value) == grant_id
    assert check_both(grant_id, key=key)[1] == preset


def test_readers_of_the_object_learn_nothing_of_the_user() -> None:
    """Metadata comes with every GET, and objects may be public."""
    values = [to_metadata(SECRET, make(user=user)) for user in ("a" * 60, "a" * 59 + "b")]
    decoded = [base64.b32decode(v.upper() + "=" * (-len(v) % 8)) for v in values]
    for data in decoded:
        assert b"YWFh" not in data  # base64 of "aaa", as the grant id has it
    same = sum(one == other for one, other in zip(*decoded, strict=True))
    assert same < len(decoded[0]) / 4  # no stream is used twice


@given(st.integers(0, len(VALUE) - 1), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_no_altered_value_is_a_grant(position: int, character: str) -> None:
    altered = VALUE[:position] + character + VALUE[position + 1 :]
    if from_value(altered) != make():  # the last character has bits that count for nothing
        with pytest.raises(WrongGrant):
            check_both(from_metadata(SECRET, altered))


def from_value(value: str) -> str:
    try:
        return from_metadata(SECRET, value)
    except WrongGrant:
        return ""


@given(st.text(max_size=300))
@example("")
@example("a")
@example("a" * 26)
@example(VALUE.upper())
@example(VALUE + "=")
def test_nothing_else_is_a_grant(value: str) -> None:
    with pytest.raises(WrongGrant):
        check_both(from_metadata(SECRET, value))


def test_a_value_made_with_another_secret_is_not_a_grant() -> None:
    with pytest.raises(WrongGrant):
        check_both(from_metadata(SECRET, to_metadata(b"x" * 32, make())))
