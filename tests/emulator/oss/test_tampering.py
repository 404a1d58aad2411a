"""If one character of anything signed or pinned is changed, nothing is stored."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from emulator.keyring import KeyRing
from emulator.oss import Oss
from tests.emulator.client import FORM_TYPE, form, signed_fields
from tests.emulator.oss.bucket import NOW

KEYS = KeyRing()
KEY = KEYS.issue(expiration=NOW + timedelta(hours=1))
PINNED = {"success_action_status": "200", "x-oss-object-acl": "private", "x:name": "用户"}
FIELDS = signed_fields(
    KEY,
    now=NOW,
    object_key="user-dirs/a.txt",
    fields=PINNED,
    conditions=[{"key": "user-dirs/a.txt"}, *({name: value} for name, value in PINNED.items())],
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    directory = tmp_path_factory.mktemp("oss")
    return Client(
        Oss(
            "post-test",
            "cn-hangzhou",
            directory,
            KEYS,
            [],
            clock=lambda: NOW,
            log=lambda line: None,
        )
    )


def post(client: Client, fields: dict[str, str]) -> int:
    headers = {"Host": "post-test.localhost", "Content-Type": FORM_TYPE}
    return client.post("/", data=form(fields), headers=headers).status_code


def test_the_form_as_it_was_signed_is_stored(client: Client) -> None:
    assert post(client, FIELDS) == 200


@given(
    name=st.sampled_from(sorted(FIELDS)),
    position=st.integers(0, 2000),
    put=st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"),
    insert=st.booleans(),
)
def test_one_changed_character_is_refused(
    client: Client, name: str, position: int, put: str, insert: bool
) -> None:
    value = FIELDS[name]
    position %= len(value)
    changed = value[:position] + put + value[position + (not insert) :]
    if changed != value:
        assert post(client, {**FIELDS, name: changed}) >= 400


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_missing_field_is_refused(client: Client, name: str) -> None:
    assert post(client, {n: value for n, value in FIELDS.items() if n != name}) >= 400
