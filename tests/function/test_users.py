"""A user's name becomes one segment of a key, and nobody else's."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from direct_upload.users import MAX_SEGMENT_BYTES, user_segment

# Names near to each other's images, besides any text at all (half surrogate pairs included).
tricky_names = st.text(alphabet="aA-_~.%/4041*\x00é", max_size=140)
names = st.text(st.characters()) | tricky_names


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        pytest.param("alice", "alice", id="a plain name stands for itself"),
        pytest.param("Alice_B-2", "Alice_B-2", id="the plain alphabet"),
        pytest.param("a" * 128, "a" * 128, id="the longest plain name"),
        pytest.param("alice@example.com", "~alice~40example~2Ecom", id="an address"),
        pytest.param("auth0|5f7c", "~auth0~7C5f7c", id="an identity provider's name"),
        pytest.param("王", "~~E7~8E~8B", id="UTF-8"),
        pytest.param("~alice", "~~7Ealice", id="the mark itself"),
        pytest.param("../bob", "~~2E~2E~2Fbob", id="a way out"),
        pytest.param("", "~", id="empty"),
        pytest.param("alice\n", "~alice~0A", id="a line break at the end"),
        pytest.param(
            "a" * 129,
            "~.c12cb024a2e5551cca0e08fce8f1c5e314555cc3fef6329ee994a3db752166ae",
            id="too long: SHA-256",
        ),
    ],
)
def test_writes_a_name_as_a_segment(name: str, segment: str) -> None:
    assert user_segment(name) == segment


@given(names)
@example("a" * 1000)
@example("\ud800")
@example("*" * 43)
def test_any_name_is_one_short_segment_that_needs_no_escaping(name: str) -> None:
    segment = user_segment(name)
    assert re.fullmatch(r"[A-Za-z0-9_~.-]+", segment)
    assert segment not in (".", "..")
    assert len(segment.encode()) <= MAX_SEGMENT_BYTES
    assert quote(segment) == segment


@given(names, names)
@example("A@", "~A~40")
@example("x" * 129, "~." + "c12c")
def test_two_users_never_share_or_nest_prefixes(one: str, other: str) -> None:
    if one == other:
        return
    first, second = user_segment(one) + "/", user_segment(other) + "/"
    assert not first.startswith(second)
    assert not second.startswith(first)


@given(names)
def test_no_user_can_be_named_like_another_users_segment(name: str) -> None:
    # Who calls himself by the image of another name gets an image of his own.
    segment = user_segment(name)
    assert segment == name or user_segment(segment) != segment


def decoded(segment: str) -> str:
    """The name behind a segment that is not hashed: written here to show that nothing is lost."""
    if not segment.startswith("~"):
        return segment
    escaped = re.sub(
        rb"~(..)", lambda found: bytes.fromhex(found[1].decode()), segment[1:].encode(), flags=re.S
    )
    return escaped.decode("utf-8", "surrogatepass")


@given(names)
def test_a_segment_that_is_not_hashed_can_be_read_back(name: str) -> None:
    segment = user_segment(name)
    assert segment.startswith("~.") or decoded(segment) == name
