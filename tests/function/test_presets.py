"""Presets: how they are read, who may use which, and what a request names."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from direct_upload.callers import Caller
from direct_upload.errors import InvalidRequest, Misconfigured, PresetNotAllowed
from direct_upload.presets import (
    all_dangers,
    choose_preset,
    fixed_prefixes,
    name_in_json,
    name_in_query,
    presets_for,
)
from direct_upload.settings import parse_settings
from tests.function.callers.issuer import SETTINGS as JWT_SETTINGS
from tests.function.callers.issuer import Token, claims
from tests.function.invocations import ENVIRON, Response, invoke, pinned

PRESETS: dict[str, Any] = {
    "avatar": {"dir": "avatars/{user}/", "types": "image/*", "max_bytes": 2097152},
    "document": {
        "dir": "documents/{yyyy}/{mm}/",
        "types": ".docx, application/pdf",
        "key": "{id}/{name}{ext}",
        "storage_class": "IA",
        "acl": "private",
        "directory_grants": False,
        "metadata": {"source": "portal"},
        "allow": {"role": ["clerk", "admin"]},
    },
}
ANONYMOUS = {"a": {"dir": "a/"}, "b": {"dir": "b/"}}


def environ(presets: Any, **changes: str) -> dict[str, str]:
    text = presets if isinstance(presets, str) else json.dumps(presets)
    return ENVIRON | JWT_SETTINGS | {"UPLOAD_PRESETS": text} | changes


def parse(presets: Any, directory: Path = Path("/nowhere"), **changes: str) -> Any:
    env = environ(presets, **changes)
    return presets_for(parse_settings(env), env, directory)


def request(
    path: str = "/sign",
    *,
    presets: Any = PRESETS,
    body: Any = None,
    query: dict[str, str] | None = None,
    role: Any = None,
    **changes: str,
) -> Response:
    token = Token(claims() | ({} if role is None else {"role": role})).signed()
    return invoke(
        environ(presets, **changes),
        "POST" if path == "/sign" else "GET",
        path,
        headers={"Authorization": f"Bearer {token}"},
        query=query or {},
        body="" if body is None else json.dumps(body),
    )


def test_a_member_stands_for_its_setting_and_no_other_preset_changes() -> None:
    found = parse(PRESETS, POLICY_SECONDS="77", ALLOWED_CONTENT_TYPES="text/plain")
    assert list(found) == ["avatar", "document"]
    avatar, document = (found[name].settings for name in found)
    assert avatar.upload_dir == "avatars/{user}/"
    assert (avatar.max_upload_bytes, document.max_upload_bytes) == (2097152, 104857600)
    assert avatar.policy_seconds == document.policy_seconds == 77
    assert "image/png" in avatar.allowed_content_types.content_types
    assert "application/pdf" in document.allowed_content_types.content_types
    assert "text/plain" not in document.allowed_content_types.content_types
    assert (avatar.upload_key, document.upload_key) == ("{id}{ext}", "{id}/{name}{ext}")
    assert (avatar.storage_class, document.storage_class) == (None, "IA")
    assert found["document"].metadata == {"x-oss-meta-source": "portal"}
    assert found["avatar"].metadata == found["avatar"].allow == {}


@pytest.mark.parametrize(
    ("member", "value", "name", "expected"),
    [
        pytest.param("dir", "x/", "upload_dir", "x/", id="dir"),
        pytest.param("key", "{id}", "upload_key", "{id}", id="key"),
        pytest.param("min_bytes", 0, "min_upload_bytes", 0, id="min_bytes"),
        pytest.param("max_bytes", 5, "max_upload_bytes", 5, id="max_bytes"),
        pytest.param("max_bytes", 1e6, "max_upload_bytes", 1000000, id="a whole double"),
        pytest.param("max_bytes", "5", "max_upload_bytes", 5, id="a number as text"),
        pytest.param("policy_seconds", 60, "policy_seconds", 60, id="policy_seconds"),
        pytest.param("acl", "none", "object_acl", None, id="acl"),
        pytest.param("disposition", "inline", "content_disposition", "inline", id="disposition"),
        pytest.param("storage_class", "Archive", "storage_class", "Archive", id="storage_class"),
        pytest.param("forbid_overwrite", False, "forbid_overwrite", False, id="forbid_overwrite"),
        pytest.param("unique_dir", False, "unique_dir", False, id="unique_dir"),
        pytest.param("directory_grants", "false", "directory_grants", False, id="boolean as text"),
        pytest.param("policy_seconds", "", "policy_seconds", 300, id="empty means unset"),
    ],
)
def test_reads_each_member(member: str, value: Any, name: str, expected: Any) -> None:
    preset = parse({"a": {member: value}})["a"]
    assert getattr(preset.settings, name) == expected


def wrong(member: str, value: Any) -> dict[str, Any]:
    return {"avatar": {member: value}}


AVATAR = "UPLOAD_PRESETS.avatar"


@pytest.mark.parametrize(
    ("presets", "message"),
    [
        pytest.param("{", "UPLOAD_PRESETS is not JSON", id="not JSON"),
        pytest.param("[" * 3000, "UPLOAD_PRESETS is not JSON", id="nested too deep"),
        pytest.param('{"a": NaN}', "UPLOAD_PRESETS.a is not a JSON object", id="NaN"),
        pytest.param("[]", "UPLOAD_PRESETS names no presets", id="a list"),
        pytest.param({}, "UPLOAD_PRESETS names no presets", id="no presets"),
        pytest.param('{"a": {}, "a": {}}', "has a name twice in one object", id="a preset twice"),
        pytest.param('{"a": {"dir": "a/", "dir": "b/"}}', "has a name twice", id="a member twice"),
        pytest.param({"": {}}, "contains an invalid name (preset 1)", id="empty name"),
        pytest.param({"a": {}, "B": {}}, "contains an invalid name (preset 2)", id="capital"),
        pytest.param({"1a": {}}, "contains an invalid name", id="digit first"),
        pytest.param({"a" * 17: {}}, "contains an invalid name", id="name of 17 characters"),
        pytest.param({"a\n": {}}, "contains an invalid name", id="line break in a name"),
        pytest.param({"avatar": []}, f"{AVATAR} is not a JSON object", id="members in a list"),
        pytest.param(
            wrong("maxbytes", 5), f"{AVATAR} has an unknown member, maxbytes", id="unknown member"
        ),
        pytest.param(
            wrong("a\x1b[0m", 5), f"{AVATAR} has an unknown member, number 1", id="hostile member"
        ),
        pytest.param(wrong("dir", "/x/"), f"{AVATAR}.dir is not a valid key prefix", id="dir"),
        pytest.param(
            wrong("dir", "{user}/"), f"{AVATAR}.dir has misplaced braces", id="user first"
        ),
        pytest.param(wrong("dir", "a/{id}/"), f"{AVATAR}.dir has unknown braces", id="id in a dir"),
        pytest.param(wrong("key", "{name}"), f"{AVATAR}.key has no {{id}}", id="key without id"),
        pytest.param(wrong("key", "{id}/"), f"{AVATAR}.key is not a valid name", id="key"),
        pytest.param(wrong("key", "{id}{x}"), f"{AVATAR}.key has unknown braces", id="placeholder"),
        pytest.param(wrong("types", "foo"), f"{AVATAR}.types contains an invalid", id="types"),
        pytest.param(wrong("min_bytes", -1), f"{AVATAR}.min_bytes is out of range", id="minimum"),
        pytest.param(wrong("max_bytes", 1.5), f"{AVATAR}.max_bytes is out of range", id="fraction"),
        pytest.param(
            wrong("min_bytes", 2 * 10**8),
            f"{AVATAR}.max_bytes is out of range",
            id="a minimum above the inherited maximum",
        ),
        pytest.param(
            wrong("policy_seconds", 0), f"{AVATAR}.policy_seconds is out of range", id="seconds"
        ),
        pytest.param(wrong("acl", "open"), f"{AVATAR}.acl is not one of its values", id="acl"),
        pytest.param(
            wrong("disposition", "x"), f"{AVATAR}.disposition is not one of", id="disposition"
        ),
        pytest.param(
            {"avatar": {"disposition": "inline", "types": "image/svg+xml"}},
            f"{AVATAR}.disposition is inline, but types that browsers may run",
            id="inline and active",
        ),
        pytest.param(
            wrong("storage_class", "ia"), f"{AVATAR}.storage_class is not one of", id="class"
        ),
        pytest.param(
            wrong("forbid_overwrite", 1),
            f"{AVATAR}.forbid_overwrite is not one of",
            id="1 for true",
        ),
        pytest.param(wrong("unique_dir", None), f"{AVATAR}.unique_dir is a list, an ob", id="null"),
        pytest.param(
            wrong("types", ["image/*"]), f"{AVATAR}.types is a list, an", id="types listed"
        ),
        pytest.param(wrong("dir", "a\ud800/"), f"{AVATAR}.dir is not UTF-8", id="half a pair"),
        pytest.param(wrong("allow", {}), f"{AVATAR}.allow does not list", id="allow nothing"),
        pytest.param(wrong("allow", {"role": "a"}), f"{AVATAR}.allow does not list", id="no list"),
        pytest.param(wrong("allow", {"role": []}), f"{AVATAR}.allow does not list", id="no values"),
        pytest.param(
            wrong("metadata", ["a"]), f"{AVATAR}.metadata is not a JSON object", id="metadata"
        ),
        pytest.param(
            wrong("metadata", {"Source": "a"}),
            f"{AVATAR}.metadata has an invalid name (item 1)",
            id="metadata in capitals",
        ),
        pytest.param(
            wrong("metadata", {"a_b": "a"}), "has an invalid name (item 1)", id="underscore"
        ),
        pytest.param(
            wrong("metadata", {"a" * 33: "a"}), "has an invalid name (item 1)", id="33 characters"
        ),
        pytest.param(
            wrong("metadata", {"grant": "a"}), "has an invalid name (item 1)", id="reserved"
        ),
        pytest.param(
            wrong("metadata", {"a": 1}), f"{AVATAR}.metadata.a is not a valid value", id="a number"
        ),
        pytest.param(
            wrong("metadata", {"a": ""}), "metadata.a is not a valid value", id="empty value"
        ),
        pytest.param(
            wrong("metadata", {"a": "图"}), "metadata.a is not a valid value", id="Chinese value"
        ),
        pytest.param(
            wrong("metadata", {"a": "a\r\nb"}), "metadata.a is not a valid value", id="line break"
        ),
        pytest.param(
            wrong("metadata", {"a": "${x}"}), "metadata.a is not a valid value", id="dollar"
        ),
        pytest.param(
            wrong("metadata", {"a": "a "}), "metadata.a is not a valid value", id="space at the end"
        ),
        pytest.param(
            wrong("metadata", {"a": "x" * 1013}), "metadata is 1 bytes too long", id="over 1 KB"
        ),
    ],
)
def test_refuses_by_preset_and_member(presets: Any, message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        parse(presets)
    assert message in caught.value.message
    assert caught.value.message.startswith("The setting UPLOAD_PRESETS")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        pytest.param(
            "dir", "a/{user}/", "dir contains {user}, but callers have no names", id="dir"
        ),
        pytest.param("key", "{user}{id}", "key contains {user}, but callers have no", id="key"),
        pytest.param("allow", {"a": ["b"]}, "allow is set, but callers have no claims", id="allow"),
    ],
)
def test_without_callers_names_and_claims_mean_nothing(
    member: str, value: Any, message: str
) -> None:
    with pytest.raises(Misconfigured) as caught:
        parse(wrong(member, value), AUTH="anonymous")
    assert message in caught.value.message


def test_a_whole_kilobyte_of_metadata_is_accepted() -> None:
    found = parse(wrong("metadata", {"a": "x" * 1012}))["avatar"]
    assert sum(len(name) + len(value) for name, value in found.metadata.items()) == 1024


@pytest.mark.parametrize(
    ("length", "accepted"), [pytest.param(9, True, id="fits"), pytest.param(10, False, id="not")]
)
def test_a_name_must_fit_into_the_callback(length: int, accepted: bool) -> None:
    callback = {"CALLBACK_URL": "https://" + "c" * 83, "GRANT_SECRET": "s" * 32}
    presets: dict[str, Any] = {"default": {}, "a" * length: {}}
    if accepted:
        assert len(parse(presets, Path(), **callback)) == 2
    else:
        with pytest.raises(Misconfigured, match="has a name that is 1 characters too long"):
            parse(presets, Path(), **callback)


# As a file


def test_presets_may_be_in_a_file_beside_the_entry(tmp_path: Path) -> None:
    (tmp_path / "presets.json").write_text(json.dumps(ANONYMOUS), "utf-8-sig")
    assert list(parse("file:presets.json", tmp_path)) == ["a", "b"]


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        pytest.param("file:nowhere.json", "names a file that cannot be read", id="missing"),
        pytest.param("file:broken.json", "is not JSON", id="not JSON"),
    ],
)
def test_refuses_a_file_by_what_is_wrong(setting: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(Misconfigured, match=problem):
        parse(setting, tmp_path)


# Who may use which


@pytest.mark.parametrize(
    ("role", "status"),
    [
        pytest.param("clerk", 200, id="one of the values"),
        pytest.param(["guest", "admin"], 200, id="a list with one of them"),
        pytest.param("guest", 403, id="another value"),
        pytest.param([], 403, id="an empty list"),
        pytest.param("clerks", 403, id="a longer value"),
        pytest.param({"clerk": True}, 403, id="an object"),
        pytest.param(None, 403, id="no claim"),
    ],
)
def test_a_preset_is_for_callers_with_a_listed_claim(role: Any, status: int) -> None:
    body = {"filename": "a.pdf", "preset": "document"}
    response = request(body=body, role=role)
    assert response.status == status
    if status == 403:
        assert response.code == "preset_not_allowed"
        assert response.document["message"] == "You may not use the preset document."
        assert response.document["error"]["hint"] == "Use one of these: avatar."


@pytest.mark.parametrize(
    "path", ["/", "/get_post_signature_for_oss_upload", "/s3/params", "/limits"]
)
def test_every_route_requires_the_claim(path: str) -> None:
    presets = {"x": {"allow": {"role": ["clerk"]}}}
    query = {"filename": "a.png", "preset": "x"}
    assert request(path, presets=presets, query=query, role="clerk").status == 200
    refused = request(path, presets=presets, query=query)
    assert (refused.status, refused.code) == (403, "preset_not_allowed")
    assert refused.document["error"]["hint"] == "There is none for you."


@pytest.mark.parametrize(
    ("name", "role", "message"),
    [
        pytest.param("", None, "The request names no preset. Use one of these: avatar.", id="none"),
        pytest.param(
            "",
            "admin",
            "The request names no preset. Use one of these: avatar, document.",
            id="all",
        ),
        pytest.param(
            "video",
            None,
            "There is no preset of this name. Use one of these: avatar.",
            id="unknown",
        ),
        pytest.param("AVATAR", None, "There is no preset of this name.", id="capitals"),
        pytest.param("avatar\n", None, "There is no preset of this name.", id="line break"),
        pytest.param("default", None, "There is no preset of this name.", id="no default"),
    ],
)
def test_a_wrong_name_is_refused_with_the_names_that_the_caller_may_use(
    name: str, role: Any, message: str
) -> None:
    response = request(body={"filename": "a.png", "preset": name}, role=role)
    assert (response.status, response.code) == (400, "invalid_request")
    assert message in response.document["message"]


def test_without_a_name_the_default_is_used_if_there_is_one() -> None:
    presets = {**PRESETS, "default": {"dir": "others/"}}
    response = request(presets=presets, body={"filename": "a.png"})
    assert response.document["preset"] == "default"
    assert response.document["key"].startswith("others/")


def test_without_presets_there_is_only_the_default() -> None:
    assert invoke(ENVIRON).document["preset"] == "default"
    assert invoke(ENVIRON, query={"preset": "default"}).status == 200
    response = invoke(ENVIRON, query={"preset": "avatar"})
    assert (response.status, response.code) == (400, "invalid_request")
    assert "Use one of these: default." in response.document["message"]


def test_a_preset_is_chosen_by_its_exact_name() -> None:
    presets = parse(PRESETS)
    assert choose_preset(presets, "avatar", Caller("a")).name == "avatar"
    with pytest.raises(PresetNotAllowed):
        choose_preset(presets, "document", Caller("a"))
    with pytest.raises(InvalidRequest):
        choose_preset(presets, "avatar ", Caller("a"))


# What a request names


@pytest.mark.parametrize(
    ("body", "query"),
    [
        pytest.param({"preset": "b"}, {}, id="body"),
        pytest.param({"metadata": {"preset": "b"}}, {}, id="Uppy's metadata in the body"),
        pytest.param({}, {"preset": "b"}, id="query"),
        pytest.param({}, {"metadata[preset]": "b"}, id="Uppy's metadata in the query"),
        pytest.param({"preset": "b"}, {"preset": "a"}, id="the body before the query"),
        pytest.param(
            {"preset": "b", "metadata": {"preset": "a"}}, {}, id="preset before metadata, body"
        ),
        pytest.param({}, {"preset": "b", "metadata[preset]": "a"}, id="preset before metadata"),
        pytest.param({"preset": None, "metadata": None}, {"preset": "b"}, id="null names none"),
        pytest.param({"preset": "", "metadata": "x"}, {"preset": "b"}, id="empty names none"),
    ],
)
def test_the_name_that_is_closest_to_the_file_counts(
    body: dict[str, Any], query: dict[str, str]
) -> None:
    response = request(presets=ANONYMOUS, body={"filename": "a.png", **body}, query=query)
    assert response.document["preset"] == "b"
    assert response.document["key"].startswith("b/")


@pytest.mark.parametrize("path", ["/", "/s3/params", "/limits"])
@pytest.mark.parametrize("name", ["preset", "metadata[preset]"])
def test_a_query_names_a_preset(path: str, name: str) -> None:
    response = request(path, presets=ANONYMOUS, query={"filename": "a.png", name: "b"})
    assert response.document["preset"] == "b"


@pytest.mark.parametrize("name", [5, 0, True, False, [], ["b"], {}], ids=repr)
def test_a_name_must_be_a_string(name: Any) -> None:
    for body in ({"preset": name}, {"metadata": {"preset": name}}):
        with pytest.raises(InvalidRequest, match="preset is not a string"):
            name_in_json(body)
    assert name_in_query({}) == name_in_json({}) == ""


# Effects


def test_a_file_grant_has_what_its_preset_says() -> None:
    body = {"filename": "年报 2026.docx", "preset": "document"}
    grant = request(body=body, role="admin").document
    fields = grant["fields"]
    assert re.fullmatch("documents/2026/11/[0-9a-f]{32}/年报-2026.docx", grant["key"])
    expected = {
        "x-oss-storage-class": "IA",
        "x-oss-object-acl": "private",
        "x-oss-meta-source": "portal",
    }
    assert {field: fields[field] for field in expected} == expected
    assert {field: pinned(grant)[field] for field in expected} == expected
    assert grant["preset"] == "document"


@pytest.mark.parametrize(
    ("presets", "setting"),
    [
        pytest.param(PRESETS, "UPLOAD_PRESETS.avatar.types", id="a preset's list"),
        pytest.param("", "ALLOWED_CONTENT_TYPES", id="the list of all"),
    ],
)
def test_a_refused_type_names_the_setting_that_would_admit_it(presets: Any, setting: str) -> None:
    preset = "avatar" if presets else None
    response = request(presets=presets, body={"filename": "a.docx", "preset": preset})
    hint = f"Choose a file of another type, or add .docx to {setting}."
    assert response.document["error"]["hint"] == hint


def test_what_is_shown_in_place_keeps_its_name() -> None:
    presets = {"a": {"disposition": "inline", "types": "image/*"}}
    fields = request(presets=presets, body={"filename": "a.png", "preset": "a"}).document["fields"]
    assert fields["Content-Disposition"] == "inline; filename*=UTF-8''a.png"


def test_directory_grants_have_neither_metadata_nor_a_storage_class() -> None:
    presets = {"a": {"metadata": {"b": "c"}, "storage_class": "IA", "acl": "private"}}
    grant = request("/", presets=presets, query={"preset": "a"}).document
    assert not [name for name in pinned(grant) if name.startswith(("x-oss-meta-", "x-oss-storage"))]
    assert grant["preset"] == "a"


def test_directory_grants_are_switched_off_by_preset() -> None:
    response = request("/", query={"preset": "document"}, role="admin")
    assert (response.status, response.code) == (404, "not_found")
    assert "for the preset document" in response.document["message"]
    assert request("/", query={"preset": "avatar"}).status == 200


def test_without_directory_grants_in_any_preset_the_route_does_not_exist() -> None:
    env = environ({"a": {"directory_grants": False}})
    assert invoke(env).status == 404  # before the caller is looked at
    assert invoke(environ(PRESETS)).status == 401


def test_limits_say_what_may_be_uploaded_without_credentials() -> None:
    assert invoke(
        environ({"default": {"types": "image/png, .psd", "min_bytes": 7}}, AUTH="anonymous")
        | {"ALIBABA_CLOUD_ACCESS_KEY_ID": ""},
        path="/limits",
    ).document == {
        "preset": "default",
        "min_bytes": 7,
        "max_bytes": 104857600,
        "content_types": ["image/png", "image/vnd.adobe.photoshop"],
        "accept": "image/png,.psd",
        "directory_grants": True,
        "multipart": None,
    }


def test_prefixes_within_another_are_left_out() -> None:
    dirs = {"a": "up/", "b": "up/b/", "c": "up-2/{user}/", "d": "up-2/", "e": "x/{yyyy}/"}
    presets = parse({name: {"dir": text} for name, text in dirs.items()})
    assert fixed_prefixes(presets) == ["up-2/", "up/", "x/"]


def test_dangers_name_the_presets_that_they_are_true_of(caplog: pytest.LogCaptureFixture) -> None:
    presets = {"a": {"acl": "public-read-write"}, "b": {}, "c": {"acl": "public-read-write"}}
    (danger,) = all_dangers(parse(presets, AUTH="anonymous"))
    assert danger.endswith("anyone can replace what was uploaded. Presets: a, c.")
    with caplog.at_level(logging.WARNING, "direct_upload"):
        invoke(environ(presets, AUTH="anonymous"), path="/healthz")
    assert danger in caplog.messages
