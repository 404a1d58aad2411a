"""Which files `ALLOWED_CONTENT_TYPES` admits: its items, and what follows from them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from direct_upload.errors import Misconfigured, TypeNotAllowed
from direct_upload.files import AdmittedFile, AllowedTypes, File, parse_allowed_types
from direct_upload.files.content_types import STORED, UNKNOWN, is_active
from direct_upload.files.names import clean_name
from direct_upload.files.table import FILES, PROGRAMS
from tests.function.invocations import ENVIRON, conditions, invoke

TABLE = {**FILES, **PROGRAMS}


def types(text: str) -> AllowedTypes:
    return parse_allowed_types("ALLOWED_CONTENT_TYPES", text)


def admit(text: str, name: str, content_type: str = "") -> AdmittedFile:
    file = File(clean_name(name), content_type)
    return types(text).admit(file, minimum=1, maximum=9)


def admits(text: str, name: str, content_type: str = "") -> bool:
    try:
        return bool(admit(text, name, content_type))
    except TypeNotAllowed:
        return False


@pytest.mark.parametrize(
    ("allowed", "name", "expected"),
    [
        pytest.param("image/*", "a.svg", False, id="wildcards leave out svg"),
        pytest.param("image/*, .svg", "a.svg", True, id="svg by its extension"),
        pytest.param("image/svg+xml", "a.svg", True, id="svg by its exact type"),
        pytest.param("text/*", "a.html", False, id="wildcards leave out html"),
        pytest.param("text/*", "a.csv", True, id="csv by wildcard"),
        pytest.param("application/octet-stream", "a.xyz", True, id="unknown, listed"),
        pytest.param("application/octet-stream", "a", True, id="no extension, unknown listed"),
        pytest.param("application/octet-stream", "a.png", False, id="known, only unknown listed"),
        pytest.param("application/octet-stream", "a.exe", False, id="a program is known"),
        pytest.param("application/octet-stream", "a.html", False, id="active, only unknown listed"),
        pytest.param("application/*", "a.xyz", False, id="unknown, wildcard"),
        pytest.param("application/*", "a.apk", False, id="wildcards leave out programs"),
        pytest.param("image/png", "a.jpg", False, id="not listed"),
        pytest.param("image/jpeg", "a.jfif", True, id="each extension of a type"),
        pytest.param(".jpg", "a.jfif", False, id="one extension only"),
        pytest.param(".JPG", "A.jpg", True, id="extension in capitals"),
        pytest.param("IMAGE/PNG", "a.png", True, id="type in capitals"),
        pytest.param("image/jpg", "a.jpg", True, id="another name of a type"),
        pytest.param("audio/x-m4a", "a.m4a", True, id="a browser's name of a type"),
        pytest.param("application/vnd.ms-excel", "a.csv", False, id="a name that has a row itself"),
        pytest.param(".ofd=application/ofd", "a.ofd", True, id="an own type"),
        pytest.param(".abc = Application/ABC", "a.abc", True, id="an own type with spaces"),
        pytest.param(".abc=application/abc", "a.abd", False, id="another unknown extension"),
        pytest.param(".abc=application/octet-stream", "a.abd", False, id="own octet-stream"),
        pytest.param("image/*,", "a.png", True, id="an empty item at the end"),
        pytest.param(",,image/*, ,.psd,", "a.psd", True, id="empty items anywhere"),
        pytest.param(",", "a.png", True, id="only empty items are none: the default"),
        pytest.param("", "a.docx", False, id="the default"),
    ],
)
def test_admits(allowed: str, name: str, expected: bool) -> None:
    assert admits(allowed, name) is expected
    response = invoke(
        ENVIRON | {"ALLOWED_CONTENT_TYPES": allowed}, path="/s3/params", query={"filename": name}
    )
    assert (response.status == 200) is expected


TYPE_HINT = "such as .ofd=application/ofd."


@pytest.mark.parametrize(
    ("allowed", "problem", "hint"),
    [
        pytest.param("jpg", "invalid content type", "image/*", id="an extension without its dot"),
        pytest.param("*", "invalid content type", "image/*", id="a star"),
        pytest.param("*/*", "invalid content type", "image/*", id="every type"),
        pytest.param("*/png", "invalid content type", "image/*", id="a wildcard first"),
        pytest.param("image/p*", "invalid content type", "image/*", id="half a wildcard"),
        pytest.param("image/png;q=1", "invalid content type", "image/*", id="a parameter"),
        pytest.param("image/png .psd", "invalid content type", "image/*", id="a space for a comma"),
        pytest.param("image/png，.psd", "invalid content type", "image/*", id="a Chinese comma"),
        pytest.param("image/png=.png", "invalid content type", "image/*", id="the wrong way round"),
        pytest.param("chemical/*", "no known extension", TYPE_HINT, id="an empty wildcard"),
        pytest.param("message/*", "no known extension", TYPE_HINT, id="only active types"),
        pytest.param("app/*", "no known extension", TYPE_HINT, id="the beginning of a kind"),
        pytest.param("application/x-own", "no known extension", TYPE_HINT, id="an unknown type"),
        pytest.param(".xyz", "type is not known", TYPE_HINT, id="an unknown extension"),
        pytest.param(".", "invalid extension", TYPE_HINT, id="a dot"),
        pytest.param(".=a/b", "invalid extension", TYPE_HINT, id="a type for no extension"),
        pytest.param(".tar.gz", "invalid extension", TYPE_HINT, id="two extensions"),
        pytest.param(".图", "invalid extension", TYPE_HINT, id="an extension not in ASCII"),
        pytest.param("." + "x" * 17 + "=a/b", "invalid extension", TYPE_HINT, id="too long"),
        pytest.param(".image=image/png", "invalid extension", TYPE_HINT, id="a stand-in"),
        pytest.param(".ofd=", "invalid extension", TYPE_HINT, id="no type after ="),
        pytest.param(".ofd=ofd", "invalid extension", TYPE_HINT, id="half a type after ="),
        pytest.param(".ofd=image/*", "invalid extension", TYPE_HINT, id="a wildcard after ="),
        pytest.param(".ofd=a/b;c=d", "invalid extension", TYPE_HINT, id="a parameter after ="),
        pytest.param(".ofd=a/b=c", "invalid extension", TYPE_HINT, id="two types after ="),
    ],
)
def test_a_wrong_item_is_misconfigured(allowed: str, problem: str, hint: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        types(f"text/plain,{allowed}")
    # The message names the setting and the item's place, and never its value.
    pattern = (
        rf"The setting ALLOWED_CONTENT_TYPES contains an? [a-z ]*{problem}[a-z ]* \(item 2\)\."
    )
    assert re.fullmatch(pattern, caught.value.message)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("name", "content_type", "message"),
    [
        pytest.param("a.amr", "", "Files ending in .amr are not accepted here.", id="known"),
        pytest.param("a.xyz", "", "Files ending in .xyz are not accepted here.", id="unknown"),
        pytest.param(
            "pic.xyz",
            "image/jpeg",
            "Files ending in .xyz are not accepted here.",
            id="an unknown extension contradicts nothing",
        ),
        pytest.param(
            "a",
            "",
            "The file has no extension, and its content_type is missing or not accepted here.",
            id="no extension",
        ),
        pytest.param(
            "a.image",
            "audio/amr",
            "The file has no extension, and its content_type is missing or not accepted here.",
            id="a stand-in whose type is not accepted",
        ),
        pytest.param(
            "a.png",
            "image/jpeg",
            "The file's name means image/png, but its content_type means another type.",
            id="a contradiction",
        ),
    ],
)
def test_a_refusal_names_the_extension(name: str, content_type: str, message: str) -> None:
    with pytest.raises(TypeNotAllowed) as caught:
        admit("image/*", name, content_type)
    assert caught.value.message == message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "item"), [("a.amr", "add .amr to"), ("a.xyz", "add .xyz with its type to")]
)
def test_the_hint_shows_what_to_list(name: str, item: str) -> None:
    with pytest.raises(TypeNotAllowed) as caught:
        admit("image/*", name)
    assert item in caught.value.hint


@pytest.mark.parametrize(
    ("allowed", "name", "content_type", "expected"),
    [
        pytest.param("image/*", "blob", "image/png", "blob.png", id="a pasted blob"),
        pytest.param("image/*", "blob", "IMAGE/JPG; x=y", "blob.jpg", id="another name of a type"),
        pytest.param("image/*", "a.image", "image/jpeg", "a_image.jpg", id="Alipay's picture"),
        pytest.param("video/*", "a.video", "video/mp4", "a_video.mp4", id="Alipay's film"),
        pytest.param("audio/*", "a.audio", "audio/mpeg", "a_audio.mp3", id="Alipay's sound"),
        pytest.param(".jpeg", "a", "image/jpeg", "a.jpeg", id="the extension that is admitted"),
        pytest.param(".abc=application/abc", "a", "application/abc", "a.abc", id="an own type"),
        pytest.param("image/svg+xml", "a", "image/svg+xml", "a.svg", id="active, listed by name"),
        pytest.param(".exe", "a", "application/x-msdownload", "a.exe", id="a program, listed"),
        pytest.param("image/*", "a.图", "image/png", "a_图.png", id="not an extension"),
        pytest.param("image/*", "/", "image/png", "file.png", id="nothing left of the name"),
        pytest.param("image/*", ".jpg", "image/png", "_jpg.png", id="only an extension"),
        pytest.param("image/*", "a", "image/svg+xml", None, id="active, not listed by name"),
        pytest.param("image/*", "a", "audio/mpeg", None, id="a type that is not admitted"),
        pytest.param("image/*", "a", "image/made-up", None, id="an unknown type"),
        pytest.param("image/*", "a", "", None, id="no type"),
        pytest.param(".csv", "a", "text/plain", None, id="a name that means other files"),
        pytest.param("application/octet-stream", "a", "image/png", "a", id="only unknown listed"),
        pytest.param(
            ".abc=application/octet-stream", "a", UNKNOWN, None, id="octet-stream means unknown"
        ),
    ],
)
def test_a_name_without_an_extension_takes_that_of_its_type(
    allowed: str, name: str, content_type: str, expected: str | None
) -> None:
    if expected is None:
        assert not admits(allowed, name, content_type)
        return
    admitted = admit(allowed, name, content_type)
    assert admitted.name == expected
    assert admitted.extension == expected.partition(".")[2]


def test_key_type_and_shown_name_get_the_extension_of_the_declared_type() -> None:
    query = {"filename": "5fd924.image", "type": "image/jpeg"}
    fields = invoke(ENVIRON, path="/s3/params", query=query).document["fields"]
    assert fields["key"].endswith(".jpg")
    assert fields["Content-Type"] == fields["x-oss-content-type"] == "image/jpeg"
    assert fields["Content-Disposition"] == "attachment; filename*=UTF-8''5fd924_image.jpg"


@pytest.mark.parametrize("name", sorted({n for k, r in TABLE.items() for n in r[1].split()}))
def test_another_name_of_a_type_means_the_type(name: str) -> None:
    """Names that have a row themselves mean that row."""
    meant = [name] if name in TABLE else [k for k, row in TABLE.items() if name in row[1].split()]
    assert set(types(name).content_types) == set(meant)


@pytest.mark.parametrize(
    ("allowed", "name", "stored"),
    [
        pytest.param(".csv=text/plain", "a.csv", "text/plain", id="instead of the table's"),
        pytest.param(".csv=text/plain,text/csv", "a.csv", "text/plain", id="listed first"),
        pytest.param("text/csv,.csv=text/plain", "a.csv", "text/plain", id="listed last"),
        pytest.param("image/*,.abc=image/x-abc", "a.abc", "image/x-abc", id="unknown to the table"),
    ],
)
def test_an_own_type_is_the_type_that_is_stored(allowed: str, name: str, stored: str) -> None:
    assert admit(allowed, name).content_type == stored
    assert admits(allowed, name, content_type="text/csv" if name == "a.csv" else "image/png")


@pytest.mark.parametrize(
    ("allowed", "active"),
    [
        pytest.param("image/*,text/*,application/*,application/octet-stream", (), id="wildcards"),
        pytest.param("image/*,.svg", ("image/svg+xml",), id="by extension"),
        pytest.param("text/xml", ("application/xml",), id="by another name"),
        pytest.param(".abc=text/html", ("text/html",), id="an own type"),
        pytest.param(".kml=application/vnd.a+xml", ("application/vnd.a+xml",), id="own XML"),
        pytest.param(".svg=image/png", (), id="stored as another type"),
    ],
)
def test_active_types(allowed: str, active: tuple[str, ...]) -> None:
    assert types(allowed).active_types == active


@pytest.mark.parametrize(
    ("allowed", "accept"),
    [
        pytest.param("image/*,video/mp4", "image/*,video/mp4", id="pictures and films as they are"),
        pytest.param(".PSD, .abc = a/b", ".psd,.abc", id="extensions"),
        pytest.param("application/zip", "application/zip,.zip", id="a type and its extensions"),
        pytest.param("text/csv,.csv,.txt", "text/csv,.csv,.txt", id="nothing twice"),
        pytest.param("image/*,application/octet-stream", "", id="any file"),
    ],
)
def test_the_text_for_a_file_picker(allowed: str, accept: str) -> None:
    assert types(allowed).accept == accept


def test_by_default_the_picker_offers_the_common_types() -> None:
    items = types("").accept.split(",")
    assert {"image/*", "video/*", "audio/*", ".amr", ".pdf", ".txt", ".zip"} <= {*items}
    assert ".html" not in items


@pytest.mark.parametrize(
    ("allowed", "names"),
    [
        pytest.param("audio/*", ["audio/x-m4a", "audio/x-wav", "audio/x-flac"], id="sound"),
        pytest.param("video/*", ["video/avi", "video/vnd.dlna.mpeg-tts"], id="film"),
        pytest.param("image/*", ["image/vnd.microsoft.icon"], id="ico"),
        pytest.param("application/zip", ["application/x-zip-compressed"], id="zip"),
        pytest.param(".rar", ["application/x-rar-compressed"], id="rar"),
        pytest.param("text/csv", ["application/vnd.ms-excel"], id="csv"),
        pytest.param(".wps", ["application/kswps", "application/wps-office.wps"], id="wps"),
        pytest.param(".abc=a/b", ["a/b"], id="an own type"),
        pytest.param("application/octet-stream", [UNKNOWN], id="unknown files"),
    ],
)
def test_directory_grants_admit_what_browsers_call_the_types(
    allowed: str, names: list[str]
) -> None:
    grant = invoke(ENVIRON | {"ALLOWED_CONTENT_TYPES": allowed}).document
    (pinned,) = [c[2] for c in conditions(grant) if isinstance(c, list) and c[0] == "in"]
    assert {*names, *types(allowed).content_types} <= {*pinned}
    assert grant["limits"]["content_types"] == pinned


def test_directory_grants_admit_any_type_without_a_list() -> None:
    assert types("").directory_types == types(",").directory_types == ()


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        pytest.param(".vsdx", False, id="an active name of another type"),
        pytest.param("image/*,text/*,application/*,model/*,font/*", False, id="wildcards"),
        pytest.param(".xml", True, id="listed"),
    ],
)
def test_directory_grants_admit_an_active_name_only_where_listed(
    allowed: str, expected: bool
) -> None:
    assert any(map(is_active, types(allowed).directory_types)) is expected


listed = st.lists(
    st.sampled_from([*TABLE, *(f".{end}" for end in STORED), "image/*", "application/*", UNKNOWN]),
    min_size=1,
    max_size=5,
)


@given(listed, st.sampled_from([*STORED, "xyz", ""]), st.sampled_from(["", *TABLE]))
def test_only_what_the_list_names_is_admitted(
    items: list[str], end: str, content_type: str
) -> None:
    allowed = ",".join(items)
    try:
        admitted = admit(allowed, f"a.{end}" if end else "a", content_type)
    except TypeNotAllowed:
        return
    stored = STORED.get(admitted.extension, UNKNOWN)
    assert admitted.content_type == stored
    assert admitted.content_type in types(allowed).content_types
    assert admitted.content_type in types(allowed).directory_types
    assert not end or admitted.extension == end
    if is_active(stored) or stored in PROGRAMS:
        assert {stored, f".{admitted.extension}"} & {*items}


@given(st.text(max_size=40))
def test_the_client_never_chooses_the_type(content_type: str) -> None:
    query = {"filename": "a.png", "type": content_type}
    response = invoke(ENVIRON, path="/s3/params", query=query)
    assert response.status == 415 or response.document["fields"]["Content-Type"] == "image/png"


@given(st.text(max_size=30))
def test_any_setting_is_read_or_misconfigured(text: str) -> None:
    try:
        assert types(text).content_types
    except Misconfigured as error:
        assert error.hint
