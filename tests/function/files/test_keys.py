"""Keys: what the placeholders of a prefix and of a name below it become."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from direct_upload.files import names
from direct_upload.files.keys import Naming, Template, stem_segment
from tests.function.strategies import hostile_names

NAMING = Naming(
    "alice@a", datetime(2026, 1, 2, 23, 59, tzinfo=timezone.utc), "0f" * 16, "a.png", "png"
)


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        pytest.param("a/b/", "a/b/", id="none"),
        pytest.param("a/{user}/", "a/~alice~40a/", id="user"),
        pytest.param("a/{yyyy}/{mm}/{dd}/", "a/2026/01/02/", id="date"),
        pytest.param("{id}{ext}", "0f" * 16 + ".png", id="id and extension"),
        pytest.param("{mm}/{id}/{name}{ext}", "01/" + "0f" * 16 + "/a.png", id="name"),
        pytest.param("{id}{id}", "0f" * 32, id="one twice"),
        pytest.param("100%s-{id}", "100%s-" + "0f" * 16, id="percent signs mean nothing"),
    ],
)
def test_placeholders_become_what_an_upload_brings(template: str, filled: str) -> None:
    assert Template(template).fill(NAMING) == filled


def test_years_have_four_digits() -> None:
    early = NAMING._replace(now=datetime(7, 1, 2, tzinfo=timezone.utc))
    assert Template("{yyyy}").fill(early) == "0007"


def test_without_an_extension_nothing_is_left_of_it() -> None:
    bare = NAMING._replace(name="README", extension="")
    assert Template("{name}-{id}{ext}").fill(bare) == "README-" + "0f" * 16


def test_a_name_at_the_end_cannot_bring_an_extension() -> None:
    html = NAMING._replace(name="a.html.png")
    assert Template("{id}/{name}").fill(html) == "0f" * 16 + "/a_html"
    assert Template("{id}/{name}{ext}").fill(html) == "0f" * 16 + "/a.html.png"


@pytest.mark.parametrize(
    ("name", "extension", "segment"),
    [
        pytest.param("report 2026.pdf", "pdf", "report-2026", id="space"),
        pytest.param(
            "年度报告（终）.pdf", "pdf", "年度报告-终-", id="Chinese, with full-width brackets"
        ),
        pytest.param("отчёт.pdf", "pdf", "отчёт", id="Cyrillic"),
        pytest.param("हिन्दी.pdf", "pdf", "हिन्दी", id="Hindi, with its vowel signs"),
        pytest.param("ไฟล์ที่.pdf", "pdf", "ไฟล์ที่", id="Thai, with its marks"),
        pytest.param(
            "e\u0301te\u0301.pdf", "pdf", "e\u0301te\u0301", id="accents as macOS writes them"
        ),
        pytest.param("٣.pdf", "pdf", "٣", id="digits of another script"),
        pytest.param("a-b_c.d.pdf", "pdf", "a-b_c.d", id="what is safe stays"),
        pytest.param("a.PDF", "pdf", "a", id="extension in capitals"),
        pytest.param("a/b\\c?*$.pdf", "pdf", "a-b-c---", id="separators, wildcards, dollar"),
        pytest.param("{user}.pdf", "pdf", "-user-", id="a placeholder"),
        pytest.param(
            "\u200b\ud800\U0001f600.pdf", "pdf", "---", id="invisible, half a pair, emoji"
        ),
        pytest.param("...a...pdf", "pdf", "a", id="dots at the ends"),
        pytest.param(".. .pdf", "pdf", "-", id="never a way upwards"),
        pytest.param("..pdf", "pdf", "file", id="nothing left"),
        pytest.param("README", "", "README", id="no extension"),
        pytest.param("a.b", "", "a.b", id="a dot that begins no extension"),
        pytest.param("字" * 61 + ".pdf", "pdf", "字" * 60, id="61 characters"),
    ],
)
def test_a_stem_becomes_one_safe_segment(name: str, extension: str, segment: str) -> None:
    assert stem_segment(name, extension) == segment


@given(hostile_names)
def test_a_segment_is_safe_whatever_the_name(name: str) -> None:
    clean = names.clean_name(name)
    segment = stem_segment(clean, names.extension(clean))
    assert 1 <= len(segment) <= 60
    assert segment.strip(".") == segment
    for character in segment:
        assert character in "-_." or unicodedata.category(character)[0] in "LMN"


@given(hostile_names, st.text(st.characters(), min_size=1))
def test_no_template_gets_longer_than_it_says(name: str, user: str) -> None:
    clean = names.clean_name(name)
    naming = NAMING._replace(user=user, name=clean, extension=names.extension(clean))
    for text in ("{user}/{yyyy}/{mm}/{dd}/{id}-{name}{ext}", "{id}{name}"):
        template = Template(text)
        assert len(template.fill(naming).encode()) <= template.longest()
        assert template.fill(naming).count("/") == text.count("/")
