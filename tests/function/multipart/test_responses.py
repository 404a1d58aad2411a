"""Responses of OSS are read strictly: what is odd or hostile is an `OddResponse`, never a crash."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from direct_upload.multipart.responses import (
    OddResponse,
    Page,
    Part,
    read_completed,
    read_error,
    read_initiated,
    read_json,
    read_page,
)
from tests.function.multipart.stub import COMPLETED, ETAG, INITIATED, LISTED, PART, UPLOAD_ID


def page(parts: str, rest: str = "<IsTruncated>false</IsTruncated>") -> bytes:
    return f"<ListPartsResult>{parts}{rest}</ListPartsResult>".encode()


def part(number: object = 1, size: object = 7, etag: str = ETAG) -> str:
    return f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><Size>{size}</Size></Part>"


def more(marker: object) -> str:
    return f"<IsTruncated>true</IsTruncated><NextPartNumberMarker>{marker}</NextPartNumberMarker>"


def test_reads_what_oss_sends() -> None:
    assert read_initiated(INITIATED.encode()) == UPLOAD_ID
    assert read_completed(COMPLETED.encode()) == "B864DB6A936D376F9F8D3ED3BBE540DD-1"
    assert read_page(LISTED.encode(), 0) == Page([Part(1, 7, ETAG)], None)
    assert read_page(page(part(3) + part(7), more(7)), 2).next_marker == 7
    assert read_page(page("", "<IsTruncated>false</IsTruncated>"), 0) == Page([], None)
    assert read_page(page(part(etag="&quot;0A&quot;")), 0).parts == [Part(1, 7, '"0A"')]
    assert read_error(b"<Error><Code>NoSuchUpload</Code></Error>") == "NoSuchUpload"
    assert read_json(b'{"a": [1, null]}') == {"a": [1, None]}


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
RESULT = "<InitiateMultipartUploadResult><UploadId>{}</UploadId></InitiateMultipartUploadResult>"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="JSON"),
        pytest.param(b"<html><body>502</body></html>", id="a page"),
        pytest.param(b"\xff\xfe<\x00", id="not UTF-8"),
        pytest.param(INITIATED.encode("utf-16"), id="UTF-16"),
        pytest.param(INITIATED[:-5].encode(), id="cut off"),
        pytest.param(INITIATED.encode() + b"<a/>", id="two documents"),
        pytest.param((BOMB + RESULT.format("&c;")).encode(), id="entities that multiply"),
        pytest.param((EXTERNAL + RESULT.format("&a;")).encode(), id="an external entity"),
        pytest.param(
            b'<!DOCTYPE x [<!ENTITY a "b">]>' + RESULT.format("&a;").encode(), id="an entity"
        ),
        pytest.param(b"<!DOCTYPE x>" + RESULT.format("a").encode(), id="a document type"),
        pytest.param(RESULT.format("&a;").encode(), id="an unknown entity"),
        pytest.param(b"<Error><Code>AccessDenied</Code></Error>", id="an error with status 200"),
        pytest.param(COMPLETED.encode(), id="another operation's response"),
        pytest.param(RESULT.format("").encode(), id="empty ID"),
        pytest.param(RESULT.format("a b").encode(), id="ID with a space"),
        pytest.param(RESULT.format("图").encode(), id="ID beyond ASCII"),
        pytest.param(RESULT.format("x" * 257).encode(), id="ID too long"),
        pytest.param(RESULT.format("a</UploadId><UploadId>b").encode(), id="two IDs"),
        pytest.param(RESULT.format("<a>b</a>").encode(), id="elements in the ID"),
        pytest.param(RESULT.replace("UploadId", "UploadID").format("a").encode(), id="misspelt"),
        pytest.param(b"<a>" * 5000 + b"</a>" * 5000, id="deep"),
        pytest.param(b"<a>" * 90_000, id="deep and unclosed"),
        pytest.param(b"\x00" + INITIATED.encode(), id="NUL"),
    ],
)
def test_an_odd_beginning_is_an_error(body: bytes) -> None:
    with pytest.raises(OddResponse):
        read_initiated(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(page(part(), ""), id="not said whether more follow"),
        pytest.param(page(part(), "<IsTruncated>yes</IsTruncated>"), id="yes"),
        pytest.param(page(part(), "<IsTruncated>true</IsTruncated>"), id="more, no marker"),
        pytest.param(page(part(), more(0)), id="marker does not move"),
        pytest.param(page(part(), more(2)), id="marker skips"),
        pytest.param(page(part(), more("x")), id="marker is a word"),
        pytest.param(page("", more(1)), id="more, but no part"),
        pytest.param(page(part(0)), id="part 0"),
        pytest.param(page(part(10_001)), id="part 10,001"),
        pytest.param(page(part(-1)), id="negative number"),
        pytest.param(page(part("１")), id="full-width number"),
        pytest.param(page(part(" 1 ")), id="spaces around the number"),
        pytest.param(page(part("9" * 5000)), id="endless number"),
        pytest.param(page(part(2) + part(1)), id="descending"),
        pytest.param(page(part(2) + part(2)), id="twice"),
        pytest.param(page(part(size=-1)), id="negative size"),
        pytest.param(page(part(size="1e3")), id="size with an exponent"),
        pytest.param(page(part(size="")), id="no size"),
        pytest.param(page(part(etag="")), id="no ETag"),
        pytest.param(page(part(etag='"')), id="half an ETag"),
        pytest.param(page(part(etag='"a&lt;/ETag&gt;"')), id="XML in the ETag"),
        pytest.param(page(part(etag="a" * 129)), id="long ETag"),
        pytest.param(page("<Part/>"), id="empty part"),
    ],
)
def test_an_odd_list_is_an_error(body: bytes) -> None:
    with pytest.raises(OddResponse):
        read_page(body, 0)


def test_a_page_begins_after_the_last_one() -> None:
    with pytest.raises(OddResponse):
        read_page(page(part(5)), 5)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<a/>", id="XML"),
        pytest.param(b"NaN", id="not a number"),
        pytest.param(b"[1e999]", id="infinite"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param(b"9" * 5000, id="endless number"),
    ],
)
def test_an_odd_response_of_a_receiver_is_an_error(body: bytes) -> None:
    with pytest.raises(OddResponse):
        read_json(body)


fragments = st.lists(
    st.sampled_from(
        [
            *("<", ">", "&", "&lt;", "<Part>", "</Part>"),
            *("<![CDATA[", "]]>", "<!--", "-->", "\x00"),
            *(PART, LISTED, INITIATED, COMPLETED, "<!DOCTYPE x>", "<Error><Code>", "1", "\ufeff"),
        ]
    )
    | st.text(max_size=5),
    max_size=12,
).map("".join)


@given(
    st.binary(max_size=200)
    | fragments.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.tuples(
        st.sampled_from([INITIATED, LISTED, COMPLETED]), st.integers(0, 300), fragments
    ).map(lambda cut: (cut[0][: cut[1]] + cut[2] + cut[0][cut[1] :]).encode("utf-8", "replace"))
)
@example(b"<?xml version='1.0' encoding='utf-16'?><Error/>")
def test_any_response_is_read_or_odd(body: bytes) -> None:
    for read in (read_initiated, lambda body: read_page(body, 0), read_completed, read_json):
        result: Any = None
        try:
            result = read(body)
        except OddResponse:
            continue
        if isinstance(result, Page):
            numbers = [part.number for part in result.parts]
            assert numbers == sorted(set(numbers))
    assert re.fullmatch(r"[A-Za-z0-9.]{1,64}", read_error(body))
