"""Hostile names: the stored name is always ours, the displayed one always encoded.

Each name goes through the whole handler, by both routes that give file grants.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from direct_upload.files import content_types
from direct_upload.files.table import FILES, PROGRAMS
from tests.function.downloads import saved_extension
from tests.function.invocations import ENVIRON, Response, invoke, pinned
from tests.function.strategies import hostile_names

KEY = re.compile(r"user-dirs/[0-9a-f]{32}(\.[a-z0-9]{1,16})?")
DISPOSITION = re.compile(r"attachment; filename\*=UTF-8''((?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+)")
ACTIVE_EXTENSIONS = (
    *("htm", "html", "xht", "xhtml", "svg", "svgz", "xml", "xsl"),
    *("js", "mjs", "mht", "mhtml", "swf"),
)
PROGRAM_EXTENSIONS = (
    *("exe", "com", "scr", "dll", "msi", "msix", "bat", "cmd", "ps1", "vbs", "jse", "hta"),
    *("jar", "lnk", "reg", "sh", "apk", "ipa", "hap", "dmg", "pkg", "iso", "deb", "rpm"),
)
UNKNOWN_EXTENSIONS = ("wasm", "shtml", "htc", "rdf", "atom", "xsd", "pdfx")
ROUTES = ["POST /sign", "GET /s3/params"]
EVERYTHING = ENVIRON | {
    "ALLOWED_CONTENT_TYPES": "image/*,text/*,video/*,audio/*,application/*,application/octet-stream"
}


def request_grant(
    name: str, route: str, environ: dict[str, str] = ENVIRON, content_type: str = ""
) -> Response:
    if route == "POST /sign":
        body = {"filename": name, "content_type": content_type}
        return invoke(environ, "POST", "/sign", body=json.dumps(body))
    return invoke(environ, "GET", "/s3/params", query={"filename": name, "type": content_type})


def check_fields(grant: dict[str, Any]) -> str:
    """Check that no other field can contain the uploader's name; return the displayed name."""
    fields = grant["fields"]
    assert KEY.fullmatch(fields["key"])
    assert grant["key"] == fields["key"]
    found = DISPOSITION.fullmatch(fields["Content-Disposition"])
    assert found is not None
    for value in fields.values():
        assert re.fullmatch(r"[ -~]+", value)
    conditions = pinned(grant)
    for name in ("key", "Content-Disposition", "Content-Type", "x-oss-content-type"):
        assert conditions[name] == fields[name]
    return unquote(found[1])


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("evil.html.jpg", "evil.html.jpg", id="html inside"),
        pytest.param("shell.php.jpg", "shell.php.jpg", id="script inside"),
        pytest.param("shell.asp;.jpg", "shell.asp;.jpg", id="semicolon, where IIS truncated"),
        pytest.param("a.html\x00.jpg", "a.html.jpg", id="NUL inside"),
        pytest.param("a.jpg.", "a.jpg", id="dot at the end"),
        pytest.param("a.jpg . .", "a.jpg", id="dots and spaces at the end"),
        pytest.param("a.jpg   ", "a.jpg", id="spaces at the end"),
        pytest.param("a.jpg\x00", "a.jpg", id="NUL at the end"),
        pytest.param("a.jpg\t", "a.jpg", id="tab at the end"),
        pytest.param("a.jpg\n", "a.jpg", id="line break at the end"),
        pytest.param("a.jpg\u202e", "a.jpg", id="right to left at the end"),
        pytest.param("...a.jpg", "...a.jpg", id="dots at the start"),
        pytest.param(".hidden.jpg", ".hidden.jpg", id="hidden, with extension"),
        pytest.param("cod\u202egpj.jpg", "codgpj.jpg", id="right to left"),
        pytest.param("a\u2066\u202d\u2069.jpg", "a.jpg", id="every direction character"),
        pytest.param("../../etc/a.jpg", "a.jpg", id="path traversal"),
        pytest.param("..\\..\\a.jpg", "a.jpg", id="path traversal, Windows"),
        pytest.param("C:\\fakepath\\a.jpg", "a.jpg", id="a browser's fake path"),
        pytest.param("/a.jpg", "a.jpg", id="absolute path"),
        pytest.param('"\r\nX-Evil: 1\r\n\r\n.jpg', '"X-Evil: 1.jpg', id="CR and LF"),
        pytest.param('a"; x="b.jpg', 'a"; x="b.jpg', id="quotes"),
        pytest.param("a%0d%0a.jpg", "a%0d%0a.jpg", id="already encoded"),
        pytest.param("${filename}.jpg", "${filename}.jpg", id="an OSS placeholder"),
        pytest.param("${x:a}*?.jpg", "${x:a}*?.jpg", id="special characters of policies"),
        pytest.param("<script>.jpg", "<script>.jpg", id="markup"),
        pytest.param("a\ufeff\u200b.jpg", "a\ufeff\u200b.jpg", id="zero width"),
        pytest.param("家\U0001f468\u200d\U0001f469.jpg", None, id="joined emoji"),
        pytest.param("e\u0301\u0301\u0301.jpg", None, id="many accents"),
        pytest.param("\ud800.jpg", "?.jpg", id="lone surrogate"),
        pytest.param("a．html.jpg", "a．html.jpg", id="full-width dot inside"),
        pytest.param("CON.jpg", "CON.jpg", id="a Windows device"),
        pytest.param("a" * 1020 + ".jpg", "a" * 76 + ".jpg", id="longest"),
        pytest.param("\U0001f468" * 1020 + ".jpg", None, id="longest, emoji"),
    ],
)
def test_gives_a_grant_for(route: str, name: str, shown: str | None) -> None:
    response = request_grant(name, route)
    assert response.status == 200
    seen = check_fields(response.document)
    assert response.document["fields"]["Content-Type"] == "image/jpeg"
    assert shown is None or seen == shown


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("photo.jpg.html", id="html last"),
        pytest.param("photo.jpg.svg", id="svg last"),
        pytest.param("photo.jpg.HtMl", id="mixed case"),
        pytest.param("photo.html.", id="html, dot at the end"),
        pytest.param("photo.html . .", id="html, dots and spaces at the end"),
        pytest.param("photo.jpg\x00.html", id="NUL inside"),
        pytest.param("photo.html\x01", id="html, control character at the end"),
        pytest.param("photo.html\u202e", id="html, right to left at the end"),
        pytest.param("photo.html\u2069", id="html, isolate at the end"),
        pytest.param("\x00\x01.jpg", id="only control characters before the extension"),
        pytest.param("photo.jpg::$DATA", id="a Windows stream"),
        pytest.param("photo.jpg/", id="a folder"),
        pytest.param("photo.jpg\\", id="a Windows folder"),
        pytest.param("photo.jpg/.html", id="a hidden file in a folder"),
        pytest.param("photo\u202egpj.exe", id="right to left hides exe"),
        pytest.param("photo．jpg", id="full-width dot"),
        pytest.param("photo.ｊｐｇ", id="full-width letters"),
        pytest.param("photo.jpg\u00a0", id="no-break space at the end"),
        pytest.param("photo.jpg, a.html", id="a second name after a comma"),
        pytest.param(".htaccess", id="a dot file"),
        pytest.param(".jpg", id="only an extension"),
        pytest.param("..jpg", id="only an extension, two dots"),
        pytest.param("/.jpg", id="only an extension, in a folder"),
        pytest.param("jpg", id="an extension without its dot"),
        pytest.param(".", id="a dot"),
        pytest.param("..", id="two dots"),
        pytest.param("/", id="a slash"),
        pytest.param(" ", id="a space"),
        pytest.param("\x00", id="NUL"),
        *(pytest.param(f"a.{end}", id=f"active: {end}") for end in ACTIVE_EXTENSIONS),
        *(pytest.param(f"a.{end}", id=f"program: {end}") for end in PROGRAM_EXTENSIONS),
        *(pytest.param(f"a.{end}", id=f"unknown: {end}") for end in UNKNOWN_EXTENSIONS),
    ],
)
def test_refuses_by_default(route: str, name: str) -> None:
    response = request_grant(name, route)
    assert (response.status, response.code) == (415, "type_not_allowed")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("a" * 1021 + ".jpg", id="1025 characters"),
        pytest.param("a" * 10_240 + ".jpg", id="10 KB"),
        pytest.param("a." * 5_000 + "jpg", id="10 KB of extensions"),
        pytest.param("." * 10_000, id="10 KB of dots"),
    ],
)
def test_refuses_an_unusable_name(route: str, name: str) -> None:
    response = request_grant(name, route)
    assert (response.status, response.code) == (400, "invalid_request")


@pytest.mark.parametrize("end", PROGRAM_EXTENSIONS)
def test_a_program_must_be_listed_by_its_own_name(end: str) -> None:
    content_type = content_types.STORED[end]
    assert request_grant(f"a.{end}", "POST /sign", EVERYTHING).status == 415
    for item in (content_type, f".{end}"):
        listed = ENVIRON | {"ALLOWED_CONTENT_TYPES": f"image/*,{item}"}
        response = request_grant(f"a.{end}", "POST /sign", listed)
        assert response.document["fields"]["Content-Type"] == content_type


@pytest.mark.parametrize("end", ACTIVE_EXTENSIONS)
def test_an_active_type_must_be_listed_by_its_exact_name(end: str) -> None:
    content_type = content_types.STORED[end]
    assert content_types.is_active(content_type)
    assert request_grant(f"a.{end}", "POST /sign", EVERYTHING).status == 415
    listed = ENVIRON | {"ALLOWED_CONTENT_TYPES": f"image/*,{content_type}"}
    response = request_grant(f"a.{end}", "POST /sign", listed)
    assert response.document["fields"]["Content-Type"] == content_type
    assert response.document["fields"]["Content-Disposition"].startswith("attachment;")


any_names = st.text(st.characters(), max_size=1024) | st.text(
    alphabet="aé用\U0001f468./\\ \x00\r\n\"'%;,*?${}\u202e\ud800jpghtml", max_size=60
)
ends = st.sampled_from(["", ".jpg", ".html", ".jpg.", ".svg ", ".JPG", ".tar.gz", "．jpg"])


sent_types = (
    st.just("")
    | st.sampled_from(sorted({*FILES, *PROGRAMS}))
    | st.sampled_from(["IMAGE/JPEG; q=1", "image/jpg", "text/html;", "application/x-msdownload"])
    | st.text(max_size=30)
)


@given(name=any_names | hostile_names, end=ends, sent=sent_types, route=st.sampled_from(ROUTES))
@example(name="a" * 80 + ".", end=".jpg", sent="", route="POST /sign")
@example(name="A" * 76 + ".exex", end=".jpg.", sent="", route="POST /sign")
@example(name="A" * 76 + ".exe" + "x" * 17, end="", sent="", route="POST /sign")
@example(name="A" * 76 + ".exe" + "x" * 17, end="", sent="image/jpeg", route="POST /sign")
@example(name="evil.jpg\u2069", end="\u202e. ", sent="", route="GET /s3/params")
@example(name="evil.exe", end=".image", sent="image/jpeg", route="POST /sign")
@example(name="evil.exe\u200b", end="", sent="image/jpeg", route="POST /sign")
@example(name="", end=".image", sent="text/html", route="POST /sign")
@example(name="a", end="", sent="application/x-msdownload", route="GET /s3/params")
def test_any_name_leaves_only_its_encoding_and_its_extension(
    name: str, end: str, sent: str, route: str
) -> None:
    response = request_grant(name + end, route, EVERYTHING, sent)
    if response.status != 200:
        assert response.status in (400, 415)
        return
    fields = response.document["fields"]
    seen = check_fields(response.document)
    stored_end = fields["key"].partition(".")[2]
    assert len(seen) <= 80
    assert saved_extension(seen) == stored_end
    assert sum(len(key) + len(value) for key, value in fields.items()) <= 8192
    assert fields["Content-Type"] == content_types.STORED.get(stored_end, content_types.UNKNOWN)
    assert not content_types.is_active(fields["Content-Type"])
    assert fields["Content-Type"] not in PROGRAMS
