"""The reader of form bodies, fed in pieces of any size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.oss.errors import Refused
from emulator.oss.errors.refusals import (
    MALFORMED,
    MALFORMED_FIELD,
    NAME_TOO_LONG,
    UNRECOGNIZED_HEADER,
    UNSETTLED_FORM,
    Refusal,
)
from emulator.oss.form import FormParts, read_form
from emulator.oss.form.parts import MAX_HEADER_BYTES
from emulator.oss.switches import NO_SWITCHES, Switches

PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'


def reader(body: bytes, size: int = 7, switches: Switches = NO_SWITCHES) -> FormParts:
    pieces = iter([body[start : start + size] for start in range(0, len(body), size)])
    return FormParts(lambda: next(pieces, b""), b"b", switches)


def read_all(parts: FormParts) -> list[tuple[str, str | None, str | None, bytes]]:
    result = []
    while part := parts.next_part():
        content = b"".join(parts.content())
        result.append((part.name, part.filename, part.content_type, content))
    return result


@given(
    contents=st.lists(
        st.one_of(
            st.binary(max_size=60),
            # Almost a boundary; it must remain content.
            st.lists(st.sampled_from([b"\r", b"\n", b"-", b"--", b"b", b"\r\n--"]), max_size=9).map(
                b"".join
            ),
        ).filter(lambda content: b"\r\n--b" not in b"\r\n" + content + b"\r\n"),
        max_size=4,
    ),
    size=st.integers(1, 50),
)
def test_returns_every_part_whatever_the_pieces(contents: list[bytes], size: int) -> None:
    body = b"".join(PART + content + b"\r\n" for content in contents) + b"--b--\r\n"
    assert read_all(reader(body, size)) == [("a", None, None, content) for content in contents]


@pytest.mark.parametrize(
    ("disposition", "name", "filename"),
    [
        ('form-data; name="a"; filename="头像 1.png"', "a", "头像 1.png"),
        ('form-data; name="a"; filename="a%22b.txt"', "a", 'a"b.txt'),
        (r'form-data; name="a"; filename="a\"b.txt"', "a", 'a"b.txt'),
        ('form-data; name="a"; filename="b; name=c; filename*=d"', "a", "b; name=c; filename*=d"),
        ('FORM-DATA; NAME="a"; filename=""', "a", ""),
    ],
)
def test_understands_names_as_browsers_and_libraries_write_them(
    disposition: str, name: str, filename: str
) -> None:
    body = f"--b\r\ncontent-disposition: {disposition}\r\nContent-Type: image/png\r\n\r\nx\r\n--b--"
    assert read_all(reader(body.encode())) == [(name, filename, "image/png", b"x")]


def test_ignores_anything_after_the_last_boundary() -> None:
    body = PART + b"x\r\n--b--\r\nepilogue" * 2
    assert read_all(reader(body)) == [("a", None, None, b"x")]


@pytest.mark.parametrize("preamble", [b"\r\n", b"\r\n\r\n", b"preamble\r\n", b"x" * 300 + b"\r\n"])
def test_ignores_anything_before_the_first_boundary_only_where_that_is_switched_on(
    preamble: bytes,
) -> None:
    body = preamble + PART + b"x\r\n--b--\r\n"
    assert read_all(reader(body, switches=Switches(accept_preamble=True))) == [
        ("a", None, None, b"x")
    ]
    with pytest.raises(Refused, match="before its first boundary") as caught:
        reader(body)
    assert caught.value.refusal is UNSETTLED_FORM


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        pytest.param(b"", MALFORMED, id="nothing"),
        pytest.param(PART + b"x", MALFORMED, id="no last boundary"),
        pytest.param(PART + b"x\r\n--b", MALFORMED, id="cut after a boundary"),
        pytest.param(b"--bX\r\n", MALFORMED, id="a longer boundary"),
        pytest.param(
            PART.replace(b"\r\nC", b"XXC", 1) + b"x\r\n--b--",
            MALFORMED,
            id="no line break after a boundary",
        ),
        pytest.param(
            PART.replace(b"form-data;", b"form-data; x=" + b"x" * 2 * MAX_HEADER_BYTES + b";")
            + b"x\r\n--b--",
            MALFORMED,
            id="headers too long",
        ),
        pytest.param(b"--b\nContent-Disposition: form-data\n\n", MALFORMED, id="bare line feeds"),
        pytest.param(b"--b\r\nContent-Disposition: form-data", MALFORMED, id="cut in a header"),
        pytest.param(
            b"--b\r\nContent-Disposition: " + b"x" * (MAX_HEADER_BYTES + 9),
            MALFORMED,
            id="headers without end",
        ),
        pytest.param(
            b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n',
            MALFORMED_FIELD,
            id="a name that is not UTF-8",
        ),
        pytest.param(
            b'--b\r\nContent-Disposition: form-data; name="a\r\n\r\n', MALFORMED, id="an open quote"
        ),
        pytest.param(
            b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: a/b\r\n'
            b"Content-Type: a/b\r\n\r\n",
            UNRECOGNIZED_HEADER,
            id="two content types",
        ),
        pytest.param(
            b'--b\r\nContent-Disposition: form-data;\r\n name="a"\r\n\r\n',
            UNRECOGNIZED_HEADER,
            id="a folded header",
        ),
    ],
)
def test_refuses_what_is_not_well_formed(body: bytes, refusal: Refusal) -> None:
    with pytest.raises(Refused) as caught:
        read_all(reader(body, 4096))
    assert caught.value.refusal is refusal


def test_a_file_without_a_name_has_an_empty_one() -> None:
    form = read_form(reader(PART.replace(b'"a"', b'"file"') + b"x\r\n--b--"))
    assert (form.filename, form.content_type) == ("", None)


def test_yields_content_before_its_end_has_arrived() -> None:
    pieces = iter([PART + b"x" * 100])
    parts = FormParts(lambda: next(pieces, b""), b"b", NO_SWITCHES)
    assert parts.next_part() is not None
    assert next(parts.content()).startswith(b"x" * 90)


def test_accepts_fields_of_eight_megabytes_in_total() -> None:
    fields = b"".join(
        PART.replace(b'"a"', b'"%c"' % name) + b"x" * 2 * 1024**2 + b"\r\n" for name in b"abcd"
    )
    body = fields + PART.replace(b'"a"', b'"file"') + b"\r\n--b--"
    assert len(read_form(reader(body, 2**18)).fields) == 4


def test_refuses_a_value_that_is_not_utf8() -> None:
    with pytest.raises(Refused) as caught:
        read_form(reader(PART + b"\xff\r\n--b--\r\n"))
    assert caught.value.refusal is MALFORMED_FIELD


@pytest.mark.parametrize("size", [0, 5, 9000])
def test_a_second_file_name_shows_how_far_oss_reads(size: int) -> None:
    disposition = b"Content-Disposition: form-data; name=\"file\"; filename*=utf-8''a\r\n\r\n"
    with pytest.raises(Refused, match="React Native") as caught:
        read_form(reader(b"--b\r\n" + disposition + b"x" * size + b"\r\n--b--\r\n"))
    assert caught.value.refusal is NAME_TOO_LONG
    assert caught.value.elements == {"MaxSizeAllowed": "8192", "ProposedSize": str(size)}
