"""Grant ids accept what was granted, nothing else, and nothing that comes too late."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from direct_upload.callbacks import Scope, callback_field, field
from direct_upload.callbacks.field import WrongGrant
from tests.function.callbacks.reports import SECRET
from tests.function.invocations import NOW

GRANT: dict[str, Any] = {
    "bucket": "post-test",
    "key_or_dir": "user-dirs/0011.png",
    "is_directory": False,
    "minimum": 1,
    "maximum": 1000,
    "content_types": ("image/png",),
    "preset": "default",
    "user": "alice",
    "issued": NOW,
    "expires": (NOW + timedelta(minutes=5)).replace(microsecond=0),
}
UPLOAD: dict[str, Any] = {
    "bucket": "post-test",
    "key": "user-dirs/0011.png",
    "size": 1000,
    "content_type": "image/png",
    "now": NOW + timedelta(minutes=1),
}
DIRECTORY = {"key_or_dir": "user-dirs/00/", "is_directory": True, "content_types": ()}
LAST = GRANT["expires"] + timedelta(hours=24)


def make(**changes: Any) -> str:
    parts = GRANT | changes
    times = {name: int(parts.pop(name).timestamp()) for name in ("issued", "expires")}
    return field.make_grant_id(SECRET, Scope(**parts), **times)


def check(text: str, **changes: Any) -> str:
    """The user."""
    return check_both(text, **changes)[0]


def check_both(text: str, **changes: Any) -> tuple[str, str]:
    """The user and the preset."""
    return field.check_grant_id(text, SECRET, **(UPLOAD | changes))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="as granted"),
        pytest.param({"size": 1}, id="smallest size"),
        pytest.param({"content_type": "Image/PNG; x=y"}, id="type with parameters"),
        pytest.param({"now": NOW}, id="immediately"),
        pytest.param({"now": LAST}, id="a day after the end"),
        pytest.param(
            {"directory_types": {"default": ["text/plain"]}},
            id="the types of directory grants do not matter",
        ),
    ],
)
def test_accepts_what_was_granted(changes: dict[str, Any]) -> None:
    assert check(make(), **changes) == "alice"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"bucket": "another"}, id="other bucket"),
        pytest.param({"key": "user-dirs/0012.png"}, id="other key"),
        pytest.param({"key": ""}, id="no key"),
        pytest.param(
            {"bucket": "post-testuser", "key": "-dirs/0011.png"}, id="bucket and key cut elsewhere"
        ),
        pytest.param(
            {"key": "user-dirs/0011.pngimage", "content_type": "/png"},
            id="key and type cut elsewhere",
        ),
        pytest.param({"size": 0}, id="too small"),
        pytest.param({"size": 1001}, id="too large"),
        pytest.param({"content_type": "text/html"}, id="other type"),
        pytest.param({"content_type": ""}, id="no type"),
        pytest.param({"now": LAST + timedelta(seconds=1)}, id="over a day after the end"),
    ],
)
def test_refuses_what_was_not_granted(changes: dict[str, Any]) -> None:
    with pytest.raises(WrongGrant):
        check(make(), **changes)


@pytest.mark.parametrize("name", ["a.txt", "b/c.txt", ""])
def test_a_directory_grant_covers_all_names_below_it(name: str) -> None:
    text = make(**DIRECTORY)
    assert check(text, key="user-dirs/00/" + name, content_type="any/thing") == "alice"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"key": "user-dirs/01/a.txt"}, id="beside it"),
        pytest.param({"key": "user-dirs/a.txt"}, id="above it"),
        pytest.param({"key": "user-dirs/00"}, id="without its slash"),
        pytest.param(
            {"directory_types": {"default": ["image/png"]}}, id="a type that is not listed"
        ),
        pytest.param({"content_type": "text/plain2"}, id="a type that begins with a listed one"),
        pytest.param({"content_type": "text/pl"}, id="the beginning of a listed type"),
        pytest.param({"content_type": ""}, id="no type"),
    ],
)
def test_a_directory_grant_covers_nothing_else(changes: dict[str, Any]) -> None:
    upload = {
        "key": "user-dirs/00/a.txt",
        "content_type": "Text/Plain; charset=utf-8",
        "directory_types": {"default": ["text/plain"]},
    }
    assert check(make(**DIRECTORY), **upload) == "alice"
    with pytest.raises(WrongGrant):
        check(make(**DIRECTORY), **(upload | changes))


PRESETS = ["default", "a", "avatar", "a-b-c-0123456789"]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_id_says_the_preset_and_binds_it(preset: str) -> None:
    text = make(preset=preset)
    assert check_both(text) == ("alice", preset)
    claims, _, code = text.rpartition(".")
    for other in ["default", "other", *PRESETS]:
        named = claims.removesuffix(f".{preset}") + f".{other}" * (other != "default")
        if named != claims:
            with pytest.raises(WrongGrant):
                check(f"{named}.{code}")


def test_the_default_preset_makes_no_id_longer() -> None:
    assert make().count(".") == 6
    assert make(preset="avatar").replace(".avatar", "").count(".") == 6


def test_each_preset_has_its_own_types_of_directory_grants() -> None:
    types = {"avatar": ["image/png"], "document": ["application/pdf"], "any": []}
    upload = {"key": "user-dirs/00/a.png", "content_type": "image/png", "directory_types": types}
    for preset in ("avatar", "any", "removed"):
        assert check_both(make(**DIRECTORY, preset=preset), **upload) == ("alice", preset)
    with pytest.raises(WrongGrant, match="type"):
        check(make(**DIRECTORY, preset="document"), **upload)


def test_ids_of_different_grants_are_not_interchangeable() -> None:
    with pytest.raises(WrongGrant):
        check(make(key_or_dir="user-dirs/0012.png"))
    with pytest.raises(WrongGrant):
        field.check_grant_id(make(), b"another secret of thirty-two byte", **UPLOAD)


@given(position=st.integers(0), character=st.sampled_from("0123456789abcXYZ_-.~ \n"))
def test_no_character_of_an_id_can_be_altered(position: int, character: str) -> None:
    text = make()
    position %= len(text)
    altered = text[:position] + character + text[position + 1 :]
    if altered != text:
        with pytest.raises(WrongGrant):
            check(altered)


@pytest.mark.parametrize("more", ["A", "=", ".", "\n", "&grant=x"])
def test_nothing_can_be_added_to_an_id(more: str) -> None:
    with pytest.raises(WrongGrant):
        check(make() + more)


def test_the_code_is_half_an_hmac_sha256_of_what_was_granted() -> None:
    claims, _, code = make().rpartition(".")
    parts = json.dumps([claims, "post-test", "user-dirs/0011.png", "image/png"]).encode()
    half = hmac.digest(SECRET, parts, "sha256")[:16]
    assert code == base64.urlsafe_b64encode(half).decode().rstrip("=")


def test_codes_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    only = SimpleNamespace(digest=hmac.digest, compare_digest=compare)
    monkeypatch.setattr(field, "hmac", only)
    code = make().rpartition(".")[2]
    assert check(make()) == "alice"
    assert compared == [(code, code)]


@pytest.mark.parametrize("text", ["", "x", "0.1.1000", "١.1.1000.1.300.YQ." + "A" * 22])
def test_refuses_anything_but_a_grant_id(text: str) -> None:
    with pytest.raises(WrongGrant):
        check(text)


@given(
    key=st.text(max_size=600),
    is_directory=st.booleans(),
    sizes=st.lists(st.integers(0, 5 * 1024**3), min_size=3, max_size=3).map(sorted),
    content_type=st.text("abc/;= ", max_size=20),
    user=st.text(st.characters(exclude_categories=()), max_size=100),
    name=st.text(max_size=20),
    life=st.integers(1, 86400),
)
def test_every_grant_is_accepted_and_every_id_is_short_and_plain(
    key: str,
    is_directory: bool,
    sizes: list[int],
    content_type: str,
    user: str,
    name: str,
    life: int,
) -> None:
    minimum, size, maximum = sizes
    is_directory = is_directory and key != ""
    text = make(
        key_or_dir=key,
        is_directory=is_directory,
        minimum=minimum,
        maximum=maximum,
        content_types=() if is_directory else (content_type,),
        user=user,
        expires=NOW + timedelta(seconds=life),
    )
    assert len(text) <= field.MAX_GRANT_ID_CHARACTERS
    assert text.isascii()
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
    known = check(text, key=key + name * is_directory, size=size, content_type=content_type)
    short = len(user.encode("utf-8", "surrogatepass")) <= field.MAX_USER_BYTES
    assert known == user if short else known.startswith("sha256:")


@pytest.mark.parametrize("user", ["\ud800", "alice\udfff", "?", "\ufffd"])
def test_half_a_surrogate_pair_stays_in_a_user_name(user: str) -> None:
    assert check(make(user=user)) == user


@pytest.mark.parametrize(
    ("user", "is_short"),
    [
        pytest.param("u" * 64, True, id="64 bytes"),
        pytest.param("u" * 65, False, id="65 bytes"),
        pytest.param("é" * 32, True, id="32 letters in 64 bytes"),
        pytest.param("é" * 33, False, id="33 letters in 66 bytes"),
    ],
)
def test_names_of_up_to_64_bytes_are_used_as_they_are(user: str, is_short: bool) -> None:
    assert (check(make(user=user)) == user) is is_short


@pytest.mark.parametrize("ends", ["ab", "\ud800\ud801", "\ud800?", "\ud800\ufffd"])
def test_long_user_names_stay_distinct(ends: str) -> None:
    first, second = (check(make(user="u" * 64 + end)) for end in ends)
    assert first != second
    assert len(first) == len("sha256:") + 64


# The field


def field_document(**changes: Any) -> dict[str, Any]:
    """The JSON of a callback field."""
    url = changes.pop("url", "https://upload.example.com/callback")
    life = changes.pop("life", timedelta(minutes=5))
    text = callback_field(url, make(expires=NOW + life, **changes))
    document: dict[str, Any] = json.loads(base64.b64decode(text, validate=True))
    return document


def test_the_field_requests_everything_that_the_receiver_reads() -> None:
    document = field_document()
    template, grant = document.pop("callbackBody").split("&grant=")
    assert template == (
        "bucket=${bucket}&object=${object}&etag=${etag}&size=${size}&mimeType=${mimeType}"
        "&width=${imageInfo.width}&height=${imageInfo.height}"
    )
    assert grant
    assert document == {
        "callbackUrl": "https://upload.example.com/callback",
        "callbackBodyType": "application/x-www-form-urlencoded",
        "callbackSNI": True,
    }


def test_only_https_uses_sni() -> None:
    assert "callbackSNI" not in field_document(url="http://upload.example.com/callback")
    assert field_document(url="HTTPS://upload.example.com/callback")["callbackSNI"] is True


def test_no_grant_makes_a_field_too_long() -> None:
    url = "https://" + "c" * 93  # the longest that settings accept
    document = field_document(
        url=url,
        key_or_dir="k" * 999,
        is_directory=True,
        minimum=5 * 1024**3,
        maximum=5 * 1024**3,
        user="u" * 200,
        life=timedelta(days=1),
    )
    assert len(json.dumps(document, separators=(",", ":"))) <= 512
