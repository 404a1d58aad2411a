"""The table of types: what each row must have, and whether other tables agree."""

from __future__ import annotations

import json
import mimetypes
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from direct_upload.files import content_types
from direct_upload.files.content_types import STORED, UNKNOWN, contradicts, is_active
from direct_upload.files.table import FILES, PROGRAMS
from tests.programs import npm_packages

TABLE = {**FILES, **PROGRAMS}
ROWS = [pytest.param(name, *row, id=name) for name, row in TABLE.items()]

# Everyday extensions, by what people do with the files.
KNOWN = re.findall(
    r"\w+",
    """
    jpg jpeg jpe jfif pjpeg png gif webp avif heic heif hif bmp tif ico apng jxl dng cr2 nef arw
    mp3 m4a aac wav flac ogg opus amr wma aiff mid
    mp4 m4v mov mkv webm avi 3gp 3g2 flv wmv ts mts m2ts mpg vob m3u8
    doc docx docm dot dotx xls xlsx xlsm xlsb csv tsv
    ppt pptx ppsx pps wps et dps ofd odt ods odp rtf
    pages numbers key vsd vsdx mpp xmind pdf
    txt md log json yaml srt vtt ics vcf sql
    zip rar 7z tar gz tgz bz2 xz zst
    psd ai eps dwg dxf sketch stl obj glb gltf step
    epub mobi azw3 ttf otf woff woff2
    apk ipa hap dmg iso exe msi
    """,
)


@pytest.mark.parametrize("extension", KNOWN)
def test_the_table_knows(extension: str) -> None:
    assert extension in STORED


@pytest.mark.parametrize(("name", "extensions", "others"), ROWS)
def test_a_row_is_well_formed(name: str, extensions: str, others: str) -> None:
    names = [name, *others.split()]
    assert all(re.fullmatch(r"[a-z]+/[a-z0-9][a-z0-9.+-]*", each) for each in names)
    assert all(re.fullmatch(r"[a-z0-9]{1,16}", each) for each in extensions.split())
    assert len(set(names)) == len(names)
    assert UNKNOWN not in names


def test_no_extension_and_no_type_has_two_rows() -> None:
    extensions = [each for row in TABLE.values() for each in row[0].split()]
    assert len(set(extensions)) == len(extensions) == len(STORED)
    assert not FILES.keys() & PROGRAMS.keys()


# Python takes the subtitles .ass for sound.
@pytest.mark.parametrize("extension", sorted({*STORED} - {"ass"}))
def test_pythons_table_has_no_type_that_would_contradict(extension: str) -> None:
    """Servers and tools written in Python call files as `mimetypes` does (its own part of it,
    whatever the host knows)."""
    python = mimetypes.MimeTypes(filenames=())
    strict, loose = python.types_map[1], python.types_map[0]
    for found in filter(None, (strict.get(f".{extension}"), loose.get(f".{extension}"))):
        assert not contradicts(found, extension), found


# The package's table has another registered type, for which there is a reason.
NOT_AS_REGISTERED = {
    "cpl": "a program on Windows, not a playlist",
    "ico": "no browser uses the registered name only",
    "js": "RFC 9239 made text/javascript the type again",
    "mjs": "RFC 9239, too",
    "mts": "films of cameras, not models",
    "psb": "large pictures of Photoshop, not of 3GPP",
    "wps": "documents of WPS, not of Microsoft Works",
}


@pytest.fixture(scope="module")
def registered() -> dict[str, dict[str, bool]]:
    """By extension: the types that the package mime-db has for it, and whether IANA has them."""
    packages = npm_packages(Path(__file__).parents[2] / "clients")
    database = json.loads((packages / "mime-db/db.json").read_text(encoding="utf-8"))
    found: dict[str, dict[str, bool]] = {}
    for name, entry in database.items():
        for extension in entry.get("extensions", ()):
            found.setdefault(extension, {})[name.lower()] = entry.get("source") == "iana"
    return found


@pytest.mark.timeout(600)  # npm takes a busy machine minutes
@pytest.mark.parametrize("extension", sorted(STORED))
def test_types_are_those_of_the_registry(
    extension: str, registered: dict[str, dict[str, bool]]
) -> None:
    types = registered.get(extension, {})
    by_iana = {name for name, is_iana in types.items() if is_iana} - {UNKNOWN}
    if by_iana:
        assert (STORED[extension] in by_iana) != (extension in NOT_AS_REGISTERED)
    assert not [name for name in types if contradicts(name, extension)]


@pytest.mark.parametrize(
    ("content_type", "extension", "expected"),
    [
        pytest.param("image/png", "jpg", True, id="another known type"),
        pytest.param("IMAGE/PNG; x=y", "jpg", True, id="with parameters, in capitals"),
        pytest.param("image/jpeg", "jfif", False, id="its own"),
        pytest.param("image/jpg", "jpg", False, id="another name of its own"),
        pytest.param("image/jpg", "png", True, id="another name of another type"),
        pytest.param("application/x-made-up", "jpg", False, id="an unknown type"),
        pytest.param("", "jpg", False, id="no type"),
        pytest.param(UNKNOWN, "jpg", False, id="octet-stream"),
        pytest.param(UNKNOWN, "exe", False, id="octet-stream for a program"),
        pytest.param("image/jpeg", "xyz", False, id="an unknown extension"),
        pytest.param("image/jpeg", "", False, id="no extension"),
        pytest.param("image/jpeg", "exe", True, id="a picture that is a program"),
        pytest.param("text/html", "txt", True, id="a text that is a page"),
    ],
)
def test_contradicts(content_type: str, extension: str, expected: bool) -> None:
    assert contradicts(content_type, extension) is expected


@pytest.mark.parametrize(
    "names",
    [
        ("text/javascript", "application/javascript", "application/x-javascript"),
        ("application/ecmascript", "text/ecmascript", "text/jscript", "text/x-javascript"),
        ("text/html", "application/xhtml+xml"),
        ("application/xml", "text/xml", "image/svg+xml", "application/vnd.google-earth.kml+xml"),
        ("multipart/related", "message/rfc822", "application/x-mimearchive"),
        ("multipart/x-mixed-replace", "application/unknown", "unknown/unknown"),
        ("application/x-shockwave-flash",),
    ],
    ids=lambda names: names[0],
)
def test_every_name_of_an_active_type_is_active(names: tuple[str, ...]) -> None:
    assert all(map(is_active, names))


@pytest.mark.parametrize("name", ["image/png", "text/plain", "application/json", UNKNOWN])
def test_other_types_are_not_active(name: str) -> None:
    assert not is_active(name)


@pytest.mark.parametrize("kind", sorted({name.partition("/")[0] for name in TABLE}))
def test_a_wildcard_means_all_types_but_active_ones_and_programs(kind: str) -> None:
    meant = {STORED[extension] for extension in content_types.extensions_of_kind(kind)}
    assert meant == {
        name
        for name in TABLE
        if name.startswith(f"{kind}/") and not is_active(name) and name not in PROGRAMS
    }


@given(st.sampled_from(sorted(STORED)), st.text(max_size=30))
def test_a_made_up_type_contradicts_nothing(extension: str, made_up: str) -> None:
    assert not contradicts(f"x-{made_up}/x", extension)
