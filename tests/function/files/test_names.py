"""How the names of files and users are converted."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from direct_upload.files.names import (
    MAX_SEGMENT_BYTES,
    clean_name,
    extension,
    shown_name,
    user_segment,
)
from tests.function.downloads import saved_extension
from tests.function.strategies import hostile_names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("a.jpg", "jpg", id="plain"),
        pytest.param("A.JPG", "jpg", id="capitals"),
        pytest.param("a.tar.gz", "gz", id="the last of two"),
        pytest.param("a..jpg", "jpg", id="two dots"),
        pytest.param("a", "", id="none"),
        pytest.param("a.", "", id="only a dot"),
        pytest.param("a.jpg. . ", "jpg", id="dots and spaces at the end"),
        pytest.param(".jpg", "", id="only an extension"),
        pytest.param("照片.png", "png", id="Chinese"),
        pytest.param("a.b/c", "", id="dot in a folder"),
        pytest.param("a.图", "", id="not ASCII"),
        pytest.param("a." + "x" * 17, "", id="too long"),
        pytest.param("a\n.png", "png", id="line break"),
        pytest.param("a.image", "", id="Alipay's stand-in for a picture"),
        pytest.param("a.VIDEO", "", id="Alipay's stand-in in capitals"),
        pytest.param("a.audio.", "", id="Alipay's stand-in, and a dot"),
        pytest.param("a.jpg.image", "", id="an extension before the stand-in"),
        pytest.param("a.image.jpg", "jpg", id="an extension after the stand-in"),
        pytest.param("a.images", "images", id="longer than the stand-in"),
        pytest.param("a.x" + "y" * 15, "x" + "y" * 15, id="longest"),
        pytest.param("a.j\u0661", "", id="a digit of another script"),
        pytest.param("a.j-g", "", id="a hyphen"),
    ],
)
def test_extension(name: str, expected: str) -> None:
    assert extension(clean_name(name)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("照片 (1).jpg", "照片 (1).jpg", id="unchanged"),
        pytest.param("C:\\fakepath\\a.jpg", "a.jpg", id="folders removed"),
        pytest.param("../../etc/passwd", "passwd", id="path traversal removed"),
        pytest.param(
            "a\r\nSet-Cookie: b.jpg", "aSet-Cookie: b.jpg", id="control characters removed"
        ),
        pytest.param("gpj.\u202eexe.jpg", "gpj.exe.jpg", id="direction characters removed"),
        pytest.param("/", "file", id="nothing left"),
        pytest.param("a" * 100 + ".jpg", "a" * 76 + ".jpg", id="80 characters, extension kept"),
        pytest.param("用" * 100 + ".jpg", "用" * 76 + ".jpg", id="80 Chinese characters"),
        pytest.param("a" * 100, "a" * 80, id="no extension"),
        pytest.param("a." + "b" * 100, "a_" + "b" * 78, id="too long for an extension"),
        pytest.param("a\ud800.jpg", "a?.jpg", id="lone surrogate"),
        pytest.param("a" * 100 + ".图", "a" * 80, id="an extension that is not ASCII"),
        pytest.param("a.图", "a_图", id="no dot without an extension"),
        pytest.param(".jpg", "_jpg", id="no dot before an only extension"),
        pytest.param("a.html\u202e", "a.html", id="a direction character at the end"),
        pytest.param("a.html\u0001", "a.html", id="a control character at the end"),
        pytest.param("a.html\u2069 .", "a.html", id="several of them at the end"),
        pytest.param("a\u061c\u200e\u200f.jpg", "a.jpg", id="marks of direction"),
        pytest.param("a\x7f\x80\x85\x9f.jpg", "a.jpg", id="control characters beyond ASCII"),
        pytest.param("a.jpg. \u2069", "a.jpg", id="dots and spaces before one of them"),
        pytest.param(" \u3000 a.jpg", "a.jpg", id="spaces at the start"),
        pytest.param("\u202e a.jpg", "a.jpg", id="a direction character and a space"),
        pytest.param("a.html\u3000", "a_html\u3000", id="another space at the end"),
        pytest.param("a.html\u200d", "a_html\u200d", id="a joiner at the end"),
        pytest.param("a.html?", "a_html?", id="a question mark at the end"),
        pytest.param("a.exe.image", "a_exe_image", id="no dot before a stand-in"),
        pytest.param("A" * 76 + ".exex.png.", "A" * 76 + ".png", id="cut before the extension"),
        pytest.param("A" * 76 + ".exe" + "x" * 17, "A" * 76 + "_exe", id="no extension by cutting"),
    ],
)
def test_shown_name(name: str, expected: str) -> None:
    assert unquote(shown_name(clean_name(name), 10_000)) == expected


@given(hostile_names)
def test_a_clean_name_is_clean(name: str) -> None:
    clean = clean_name(name)
    assert clean_name(clean) == clean
    assert saved_extension(clean) == extension(clean)


def test_shown_name_uses_all_of_its_room() -> None:
    assert shown_name("a" * 20 + ".jpg", 24) == "a" * 20 + ".jpg"
    assert shown_name("a" * 20 + ".jpg", 23) == "a" * 19 + ".jpg"


@given(st.text(min_size=1, max_size=200), st.integers(17, 1000))
@example("a." + "\U0001f468" * 16, 17)
def test_shown_name_is_encoded_and_limited_in_length(name: str, room: int) -> None:
    shown = shown_name(clean_name(name), room)
    assert len(shown) <= room
    assert shown == quote(unquote(shown), safe="")
    assert set(shown) <= set("%ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-~")


@given(hostile_names, st.integers(17, 1000))
@example("A" * 76 + ".exex.png.", 1000)
@example("evil.html\u2069", 1000)
@example("evil.html\u0001", 1000)
@example("evil.html\u202e", 1000)
def test_what_a_downloader_sees_ends_in_the_extension_of_the_key(name: str, room: int) -> None:
    clean = clean_name(name)
    seen = unquote(shown_name(clean, room))
    assert saved_extension(seen) == extension(clean)


# Names that resemble the segments of others, and any text (lone surrogates included).
tricky_names = st.text(alphabet="aA-_~.%/4041*\x00é", max_size=140)
names = st.text(st.characters()) | tricky_names


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        pytest.param("alice", "alice", id="a plain name is unchanged"),
        pytest.param("Alice_B-2", "Alice_B-2", id="the plain alphabet"),
        pytest.param("a" * 128, "a" * 128, id="the longest plain name"),
        pytest.param("alice@example.com", "~alice~40example~2Ecom", id="an email address"),
        pytest.param("auth0|5f7c", "~auth0~7C5f7c", id="an identity provider's name"),
        pytest.param("王", "~~E7~8E~8B", id="UTF-8"),
        pytest.param("~alice", "~~7Ealice", id="the escape character"),
        pytest.param("../bob", "~~2E~2E~2Fbob", id="path traversal"),
        pytest.param("", "~", id="empty"),
        pytest.param("alice\n", "~alice~0A", id="a line break at the end"),
        pytest.param("alice\ud800", "~alice~ED~A0~80", id="half a surrogate pair"),
        pytest.param(
            "a" * 129,
            "~.c12cb024a2e5551cca0e08fce8f1c5e314555cc3fef6329ee994a3db752166ae",
            id="too long: SHA-256",
        ),
    ],
)
def test_user_segment(name: str, segment: str) -> None:
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
@example("x" * 300 + "y", "x" * 300 + "z")
@example("\ud800", "\ud801")
@example("\ud800", "?")
@example("\ud800", "\ufffd")
@example("\ud800" * 43, "?" * 129)
@example("\ud800" * 43, "\ud801" * 43)
def test_two_users_never_share_or_nest_prefixes(one: str, other: str) -> None:
    if one == other:
        return
    first, second = user_segment(one) + "/", user_segment(other) + "/"
    assert not first.startswith(second)
    assert not second.startswith(first)


@given(names)
def test_no_user_can_claim_another_users_segment(name: str) -> None:
    # A user whose name is the segment of another user gets a different segment.
    segment = user_segment(name)
    assert segment == name or user_segment(segment) != segment


def decoded(segment: str) -> str:
    """The name that an unhashed segment encodes: decoding it shows that nothing is lost."""
    if not segment.startswith("~"):
        return segment
    escaped = re.sub(
        rb"~(..)", lambda found: bytes.fromhex(found[1].decode()), segment[1:].encode(), flags=re.S
    )
    return escaped.decode("utf-8", "surrogatepass")


@given(names)
def test_an_unhashed_segment_can_be_decoded(name: str) -> None:
    segment = user_segment(name)
    assert segment.startswith("~.") or decoded(segment) == name
