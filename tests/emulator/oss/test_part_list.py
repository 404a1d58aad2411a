"""The XML of a completion: any bytes are a list of parts, or one of two refusals."""

from __future__ import annotations

import base64
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.oss.errors import Refused
from emulator.oss.multipart.part_list import ListedPart, read_part_list
from tests.emulator.oss.bucket import Bucket
from tests.emulator.oss.multipart import part_list, started

ETAG = "781E5E245D69B566979B86E28D23F2C7"
BOMB = b"""<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&b;</ETag></Part>
</CompleteMultipartUpload>"""
EXTERNAL = BOMB.replace(b'"aaaaaaaaaa"', b'SYSTEM "file:///etc/passwd"')


def code(document: bytes) -> str | None:
    """The code of the refusal; None for a list."""
    try:
        read_part_list(document)
    except Refused as refused:
        return refused.refusal.code
    return None


def part(number: object = 1, etag: str = ETAG) -> str:
    return f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"


def wrapped(inside: str, name: str = "CompleteMultipartUpload") -> bytes:
    return f"<{name}>{inside}</{name}>".encode()


@pytest.mark.parametrize(
    "document",
    [
        wrapped(part()),
        b'<?xml version="1.0" encoding="UTF-8"?>\n' + wrapped(part()),
        b'<?xml version="1.0" encoding="GB2312"?>\n' + wrapped(part()),
        b"\xef\xbb\xbf" + wrapped(part()),
        wrapped(part()).replace(b"Upload>", b'Upload xmlns="http://doc.oss.aliyuncs.com">', 1),
        wrapped(f"\n  <!-- a --> {part(' 1 ', f' {ETAG} ')} \n"),
        wrapped(part(etag=f"<![CDATA[{ETAG}]]>")),
        wrapped(f"<Part><ETag>&quot;{ETAG.lower()}&#34;</ETag><PartNumber>01</PartNumber></Part>"),
    ],
    ids=["plain", "xml", "encoding", "bom", "xmlns", "blanks", "cdata", "order"],
)
def test_reads_what_clients_send(document: bytes) -> None:
    assert read_part_list(document) == [ListedPart(1, ETAG)]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(b"", "MalformedXML", id="nothing"),
        pytest.param(b"{}", "MalformedXML", id="json"),
        pytest.param(wrapped(part())[:-1], "MalformedXML", id="cut"),
        pytest.param(wrapped(part()) + b"<a/>", "MalformedXML", id="two roots"),
        pytest.param(wrapped(part(), "Complete"), "MalformedXML", id="another root"),
        pytest.param(wrapped("<A/>"), "MalformedXML", id="unknown element"),
        pytest.param(wrapped(part("<A/>1")), "MalformedXML", id="element in a number"),
        pytest.param(wrapped("<Part/>"), "MalformedXML", id="empty part"),
        pytest.param(wrapped(part(etag="")), "MalformedXML", id="empty etag"),
        pytest.param(wrapped("text" + part()), "MalformedXML", id="text between"),
        pytest.param(
            wrapped(part().replace("<ETag>", "<ETag>A</ETag><ETag>")), "MalformedXML", id="twice"
        ),
        pytest.param(wrapped(part("x")), "MalformedXML", id="number of letters"),
        pytest.param(wrapped(part("-1")), "MalformedXML", id="negative"),
        pytest.param(wrapped(part("١")), "MalformedXML", id="Arabic digit"),
        pytest.param(wrapped(part("9" * 5000)), "MalformedXML", id="long number"),
        pytest.param(wrapped(part("0")), "InvalidPartOrder", id="zero"),
        pytest.param(wrapped(part("10001")), "InvalidPartOrder", id="10001"),
        pytest.param(wrapped(part(2) + part(1)), "InvalidPartOrder", id="descending"),
        pytest.param(wrapped(part(1) + part(1)), "InvalidPartOrder", id="repeated"),
        pytest.param(wrapped(part(etag="\x00")), "MalformedXML", id="NUL"),
        pytest.param(wrapped(part()).replace(b"1", b"\xff"), "MalformedXML", id="not UTF-8"),
        pytest.param(BOMB, "MalformedXML", id="entities"),
        pytest.param(EXTERNAL, "MalformedXML", id="external entity"),
        pytest.param(b"<a>" * 100_000, "MalformedXML", id="deep"),
        pytest.param(wrapped("<Part>" * 100_000), "MalformedXML", id="deep parts"),
    ],
)
def test_refuses_what_is_not_a_list(document: bytes, expected: str) -> None:
    assert code(document) == expected


elements = st.sampled_from(["CompleteMultipartUpload", "Part", "PartNumber", "ETag", "A"])
inner = st.recursive(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5).map(escape)
    | st.integers(-1, 10_002).map(str),
    lambda children: st.builds(
        lambda name, inside: f"<{name}>{''.join(inside)}</{name}>",
        elements,
        st.lists(children, max_size=4),
    ),
    max_leaves=12,
)
documents = st.one_of(
    st.binary(max_size=100),
    inner.map(str.encode),
    st.lists(inner, max_size=3).map(lambda texts: wrapped("".join(texts))),
    st.lists(st.builds(part, st.integers(-1, 10_002), st.just(ETAG)), max_size=5).map(
        lambda parts: wrapped("".join(parts))
    ),
)


@given(documents)
@example(BOMB)
def test_any_document_is_a_list_in_ascending_order_or_refused(document: bytes) -> None:
    try:
        parts = read_part_list(document)
    except Refused as refused:
        assert refused.refusal.code in ("MalformedXML", "InvalidPartOrder")
        assert refused.hint.endswith(".")
        return
    numbers = [part.number for part in parts]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= 10_000 for number in numbers)


@given(st.lists(st.integers(1, 10_000), unique=True, max_size=50).map(sorted), st.data())
def test_every_list_in_order_is_read(numbers: list[int], data: st.DataObject) -> None:
    etags = [data.draw(st.text("0123456789abcdef", min_size=1, max_size=32)) for _ in numbers]
    parts = list(zip(numbers, etags, strict=True))
    expected = [ListedPart(number, etag.upper()) for number, etag in parts]
    assert read_part_list(part_list(*parts)) == expected


def test_a_completion_that_is_refused_changes_nothing(bucket: Bucket) -> None:
    uploader = started(bucket, b"content")
    files = bucket.files()
    for document, ec in (
        (b"", "0042-00000205"),
        (BOMB, "0042-00000205"),
        (part_list((2, ETAG), (1, ETAG)), "0042-00000209"),
        (b"<" * (5 * 1024**2 + 1), "0017-00000501"),
    ):
        reply = uploader.complete(body=document)
        assert (reply.status, reply.element("EC")) == (400, ec)
    digest = base64.b64encode(bytes(16)).decode()
    reply = uploader.complete(headers={"content-md5": digest})
    assert reply.element("Code") == "InvalidDigest"
    assert bucket.files() == files
    assert uploader.complete().status == 200


def test_a_list_of_ten_thousand_parts_is_short_enough() -> None:
    document = part_list(*((number, f"&quot;{ETAG}&quot;") for number in range(1, 10_001)))
    assert len(document.replace(b"><", b">\r\n        <")) < 5 * 1024**2
    assert len(read_part_list(document)) == 10_000
