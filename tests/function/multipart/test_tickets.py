"""Tickets: what they keep, that nothing about them can be changed, and how files are cut."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from direct_upload.callbacks.field import Scope, make_grant_id
from direct_upload.multipart.tickets import (
    MAX_PARTS,
    MIN_PART_BYTES,
    Ticket,
    part_size,
    read_ticket,
    write_ticket,
)
from direct_upload.settings.readers import MAX_MULTIPART_BYTES
from tests.function.invocations import NOW

SECRET = b"0123456789abcdef0123456789abcdef"
BUCKET = "post-test"
END = int(NOW.timestamp()) + 86400
TICKET = Ticket(
    oss_id="0004B9894A22E5B1888A1E29F8236E2D",
    key="user-dirs/0123456789abcdef0123456789abcdef.mp4",
    size=150_000_000,
    part_size=MIN_PART_BYTES,
    content_type="video/mp4",
    preset="default",
    user="alice",
    end=END,
)
TEXT = write_ticket(TICKET, SECRET, BUCKET)


def read(text: str = TEXT, secret: bytes = SECRET, **changes: Any) -> Ticket | None:
    known: dict[str, Any] = {"bucket": BUCKET, "key": TICKET.key, "user": TICKET.user, "now": NOW}
    return read_ticket(text, secret, **(known | changes))


def test_a_ticket_keeps_what_later_steps_must_know() -> None:
    assert read() == TICKET
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,600}", TEXT)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"key": TICKET.key + "x"}, id="another key"),
        pytest.param({"key": ""}, id="no key"),
        pytest.param({"user": "bob"}, id="another user"),
        pytest.param({"user": ""}, id="no user"),
        pytest.param({"bucket": "other"}, id="another bucket"),
        pytest.param({"secret": b"x" * 32}, id="another secret"),
        pytest.param({"now": NOW + timedelta(days=1)}, id="at its end"),
        pytest.param({"now": NOW + timedelta(days=400)}, id="long after its end"),
        pytest.param({"text": ""}, id="empty"),
        pytest.param({"text": TEXT + "\n"}, id="line break"),
        pytest.param({"text": TEXT + "="}, id="padding"),
        pytest.param({"text": TEXT.replace(".", "")}, id="no dot"),
        pytest.param({"text": TEXT.partition(".")[0] + "."}, id="no code"),
        pytest.param({"text": "." + TEXT.partition(".")[2]}, id="no claims"),
        pytest.param({"text": TICKET.oss_id}, id="OSS's own id"),
        pytest.param({"text": "é" + TEXT[1:]}, id="beyond ASCII"),
        pytest.param({"text": "A" * 1000 + TEXT}, id="very long"),
    ],
)
def test_none_for_anything_else(changes: dict[str, Any]) -> None:
    assert read(**changes) is None


def test_it_lives_until_the_second_before_its_end() -> None:
    end = timedelta(seconds=86400)
    assert read(now=NOW.replace(microsecond=0) + end - timedelta(seconds=1)) == TICKET
    assert read(now=NOW.replace(microsecond=0) + end - timedelta(milliseconds=999)) is None


@given(st.integers(0, len(TEXT) - 1), st.characters(codec="ascii"))
def test_no_character_can_be_altered(position: int, character: str) -> None:
    altered = TEXT[:position] + character + TEXT[position + 1 :]
    assert altered == TEXT or read(altered) is None


@given(st.text(max_size=300))
@example("A." + "A" * 43)
def test_nothing_else_is_a_ticket(text: str) -> None:
    assert read(text) is None


def test_a_grant_id_is_not_a_ticket() -> None:
    scope = Scope(BUCKET, TICKET.key, False, "default", "alice", 1, 9, ("video/mp4",))
    begin = int(NOW.timestamp())
    made = make_grant_id(SECRET, scope, issued=begin, expires=begin + 86400)
    assert read(made) is None


# Names with surrogates, separators and everything else that JSON can carry.
any_text = st.text(st.characters(), max_size=60)


@given(
    key=any_text,
    user=any_text,
    other=any_text,
    size=st.integers(1, MAX_MULTIPART_BYTES),
    oss_id=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64),
)
def test_every_ticket_is_short_plain_and_for_one_key_and_user(
    key: str, user: str, other: str, size: int, oss_id: str
) -> None:
    ticket = TICKET._replace(
        oss_id=oss_id,
        key=key,
        user=user,
        size=size,
        part_size=part_size(size),
        content_type="application/" + "x" * 68,
        preset="p" * 16,
    )
    text = write_ticket(ticket, SECRET, BUCKET)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,600}", text)
    assert read(text, key=key, user=user) == ticket
    assert other == user or read(text, key=key, user=other) is None
    assert other == key or read(text, key=other, user=user) is None


def test_the_secret_is_not_in_a_ticket() -> None:
    claims = base64.urlsafe_b64decode(TEXT.partition(".")[0] + "==")
    assert SECRET not in claims


@pytest.mark.parametrize(
    ("size", "each", "parts", "last"),
    [
        pytest.param(1, MIN_PART_BYTES, 1, 1, id="one byte"),
        pytest.param(MIN_PART_BYTES, MIN_PART_BYTES, 1, MIN_PART_BYTES, id="one full part"),
        pytest.param(MIN_PART_BYTES + 1, MIN_PART_BYTES, 2, 1, id="one byte more"),
        pytest.param(150_000_000, MIN_PART_BYTES, 29, 3_199_360, id="as Uppy cuts 150 MB"),
        pytest.param(157_286_400, MIN_PART_BYTES, 30, MIN_PART_BYTES, id="as Uppy cuts 150 MiB"),
        pytest.param(
            MIN_PART_BYTES * MAX_PARTS, MIN_PART_BYTES, MAX_PARTS, MIN_PART_BYTES, id="10,000 parts"
        ),
        pytest.param(
            MIN_PART_BYTES * MAX_PARTS + 1, 5_242_881, 10_000, 5_232_882, id="larger parts"
        ),
        pytest.param(MAX_MULTIPART_BYTES, 5_365_616_744, 10_000, 5_365_612_212, id="the largest"),
    ],
)
def test_files_are_cut_by_uppys_rule(size: int, each: int, parts: int, last: int) -> None:
    ticket = TICKET._replace(size=size, part_size=part_size(size))
    assert (ticket.part_size, ticket.parts) == (each, parts)
    assert ticket.length(parts) == last


@given(st.integers(1, MAX_MULTIPART_BYTES))
def test_the_parts_are_the_file(size: int) -> None:
    ticket = TICKET._replace(size=size, part_size=part_size(size))
    assert 1 <= ticket.parts <= MAX_PARTS
    assert 1 <= ticket.length(ticket.parts) <= ticket.part_size <= 5 * 1024**3
    assert (ticket.parts - 1) * ticket.part_size + ticket.length(ticket.parts) == size


@given(st.text("ab\n 1.", max_size=8), st.text("ab\n 1.", max_size=8))
def test_key_and_user_are_kept_apart(key: str, user: str) -> None:
    """What belongs to one cannot be moved to the other."""
    text = write_ticket(TICKET._replace(key=key, user=user), SECRET, BUCKET)
    whole = BUCKET + key + user
    for begin in range(len(whole)):
        for end in range(begin, len(whole) + 1):
            split: dict[str, Any] = {
                "bucket": whole[:begin],
                "key": whole[begin:end],
                "user": whole[end:],
            }
            if split != {"bucket": BUCKET, "key": key, "user": user}:
                assert read(text, **split) is None
