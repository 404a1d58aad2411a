"""Both kinds of grants: what they contain, pin and leave open."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from direct_upload.callbacks.field import check_grant_id
from direct_upload.callbacks.metadata import from_metadata
from direct_upload.credentials import Credentials
from direct_upload.errors import CredentialsUnavailable, Misconfigured
from direct_upload.files import AdmittedFile, content_types, parse_allowed_types
from direct_upload.grants import GrantMaker
from direct_upload.grants import maker as maker_module
from direct_upload.presets import Preset, presets_for
from direct_upload.settings import parse_settings
from tests.function.callers.issuer import SETTINGS as JWT_SETTINGS
from tests.function.invocations import ENVIRON, NOW, TOKEN, conditions, invoke, pinned

DIRECTORY_PATHS = ["/", "/get_post_signature_for_oss_upload"]


def directory_grant(**changes: str) -> Any:
    response = invoke(ENVIRON | changes)
    assert response.status == 200
    return response.document


def file_grant(body: str = '{"filename": "照片.jpg", "size": 5}', **changes: str) -> Any:
    response = invoke(ENVIRON | changes, "POST", "/sign", body=body)
    assert response.status == 200
    return response.document


@pytest.mark.parametrize("path", DIRECTORY_PATHS)
def test_directory_grant_has_every_documented_member(path: str) -> None:
    grant = invoke(ENVIRON, path=path).document
    fields = grant["fields"]
    prefix = grant["dir"]
    assert grant == {
        "method": "POST",
        "url": "https://post-test.oss-cn-hangzhou.aliyuncs.com/",
        "fields": fields,
        "expires": 299,  # whole seconds, rounded down
        "expire": 1795502145,
        "expiration": "2026-11-24T06:35:45.000Z",
        "server_time": 1795501845,
        "limits": {"min_bytes": 1, "max_bytes": 104857600, "content_types": []},
        "preset": "default",
        "accessid": "STS.EXAMPLE",
        "host": "https://post-test.oss-cn-hangzhou.aliyuncs.com",
        "policy": fields["policy"],
        "signature": fields["x-oss-signature"],
        "dir": prefix,
        "security_token": TOKEN,
        "callback": "",
        "x_oss_signature_version": "OSS4-HMAC-SHA256",
        "version": "OSS4-HMAC-SHA256",
        "x_oss_credential": "STS.EXAMPLE/20261124/cn-hangzhou/oss/aliyun_v4_request",
        "x_oss_date": "20261124T063045Z",
    }
    assert prefix.startswith("user-dirs/")
    assert len(prefix) == len("user-dirs/") + 32 + 1


def test_directory_grant_lists_its_form_in_order() -> None:
    fields = directory_grant()["fields"]
    assert list(fields) == [
        "key",
        "success_action_status",
        "policy",
        "x-oss-signature-version",
        "x-oss-credential",
        "x-oss-date",
        "x-oss-signature",
        "x-oss-security-token",
    ]
    assert fields["key"].endswith("/${filename}")


def test_directory_policy_pins_what_the_documented_pages_send() -> None:
    grant = directory_grant()
    assert conditions(grant) == [
        {"bucket": "post-test"},
        ["content-length-range", 1, 104857600],
        ["starts-with", "$key", grant["dir"]],
        {"success_action_status": "200"},
        {"x-oss-date": grant["x_oss_date"]},
        {"x-oss-signature-version": "OSS4-HMAC-SHA256"},
        {"x-oss-credential": grant["x_oss_credential"]},
        {"x-oss-security-token": TOKEN},
    ]


def test_directory_policy_lists_types_with_wildcards_expanded() -> None:
    grant = directory_grant(ALLOWED_CONTENT_TYPES="application/pdf,image/*")
    (types,) = [c[2] for c in conditions(grant) if isinstance(c, list) and c[0] == "in"]
    assert types[0] == "application/pdf"
    assert {"image/png", "image/jpeg"} <= set(types)
    assert "image/*" not in types
    assert grant["limits"]["content_types"] == types


@pytest.mark.parametrize(
    ("changes", "all_names"),
    [
        pytest.param({}, True, id="room for all names"),
        pytest.param({"UPLOAD_DIR": "d" * 511 + "/"}, False, id="less room"),
    ],
)
def test_names_of_types_that_forms_have_no_room_for_are_left_out(
    changes: dict[str, str], all_names: bool
) -> None:
    """The listed types themselves are in the policy in any case, or the setting is refused."""
    listed = "application/*"
    types = parse_allowed_types("ALLOWED_CONTENT_TYPES", listed)
    token = {"ALIBABA_CLOUD_SECURITY_TOKEN": "t" * 1200}
    grant = directory_grant(ALLOWED_CONTENT_TYPES=listed, **token, **changes)
    pinned_types = tuple(grant["limits"]["content_types"])
    assert (pinned_types == types.directory_types) is all_names
    assert pinned_types == types.directory_types[: len(pinned_types)]
    assert set(types.content_types) < set(pinned_types)
    assert size(grant) <= 8192


def test_without_unique_directories_the_prefix_is_shared_and_overwriting_forbidden() -> None:
    grant = directory_grant(UNIQUE_DIR="false")
    assert grant["dir"] == "user-dirs/"
    assert grant["fields"]["x-oss-forbid-overwrite"] == "true"
    assert pinned(grant)["x-oss-forbid-overwrite"] == "true"


def test_overwriting_can_be_allowed() -> None:
    for grant in (
        directory_grant(UNIQUE_DIR="false", FORBID_OVERWRITE="false"),
        file_grant(FORBID_OVERWRITE="false"),
    ):
        assert "x-oss-forbid-overwrite" not in grant["fields"]
        assert "x-oss-forbid-overwrite" not in pinned(grant)


@pytest.mark.parametrize("path", DIRECTORY_PATHS)
def test_directory_grants_can_be_switched_off(path: str) -> None:
    response = invoke(ENVIRON | {"DIRECTORY_GRANTS": "false"}, path=path)
    assert (response.status, response.code) == (404, "not_found")


def test_v1_grant_has_the_v1_members() -> None:
    grant = directory_grant(SIGNATURE_VERSION="v1")
    fields = grant["fields"]
    assert list(fields) == [
        "key",
        "success_action_status",
        "policy",
        "OSSAccessKeyId",
        "Signature",
        "x-oss-security-token",
    ]
    assert grant["signature"] == fields["Signature"]
    assert grant["accessid"] == fields["OSSAccessKeyId"] == "STS.EXAMPLE"
    assert not {"x_oss_signature_version", "version", "x_oss_credential", "x_oss_date"} & set(grant)


def test_file_grant_has_every_documented_member() -> None:
    grant = file_grant()
    assert grant == {
        "method": "POST",
        "url": "https://post-test.oss-cn-hangzhou.aliyuncs.com/",
        "fields": grant["fields"],
        "key": grant["fields"]["key"],
        "expires": 299,
        "expire": 1795502145,
        "expiration": "2026-11-24T06:35:45.000Z",
        "server_time": 1795501845,
        "limits": {"min_bytes": 5, "max_bytes": 5, "content_types": ["image/jpeg"]},
        "preset": "default",
    }


def test_file_grant_pins_everything_that_it_sends() -> None:
    grant = file_grant()
    fields = grant["fields"]
    assert list(fields) == [
        "key",
        "Content-Type",
        "x-oss-content-type",
        "Content-Disposition",
        "success_action_status",
        "x-oss-forbid-overwrite",
        "x-oss-object-acl",
        "policy",
        "x-oss-signature-version",
        "x-oss-credential",
        "x-oss-date",
        "x-oss-signature",
        "x-oss-security-token",
    ]
    sent = {n: v for n, v in fields.items() if n not in ("policy", "x-oss-signature")}
    assert pinned(grant) == {"bucket": "post-test", **sent}
    assert ["content-length-range", 5, 5] in conditions(grant)
    assert fields["Content-Type"] == fields["x-oss-content-type"] == "image/jpeg"
    assert fields["Content-Disposition"] == "attachment; filename*=UTF-8''%E7%85%A7%E7%89%87.jpg"
    assert fields["x-oss-object-acl"] == "default"


def test_file_grant_without_a_size_has_the_configured_range() -> None:
    grant = file_grant('{"filename": "a.pdf"}', MIN_UPLOAD_BYTES="0", MAX_UPLOAD_BYTES="9")
    assert ["content-length-range", 0, 9] in conditions(grant)
    assert grant["limits"]["max_bytes"] == 9


CALLBACK = {
    "CALLBACK_URL": "https://upload.example.com/callback",
    "GRANT_SECRET": "0123456789abcdef0123456789abcdef",
}


@pytest.mark.parametrize("version", ["v4", "v1"])
def test_a_configured_callback_is_in_both_grants_and_pinned(version: str) -> None:
    for grant in (
        directory_grant(**CALLBACK, SIGNATURE_VERSION=version),
        file_grant(**CALLBACK, SIGNATURE_VERSION=version),
    ):
        callback = grant["fields"]["callback"]
        assert pinned(grant)["callback"] == callback
        assert json.loads(base64.b64decode(callback))["callbackUrl"] == CALLBACK["CALLBACK_URL"]
    assert directory_grant(**CALLBACK)["callback"]


@pytest.mark.parametrize("version", ["v4", "v1"])
def test_with_a_secret_the_object_of_a_file_grant_carries_its_grant_id(version: str) -> None:
    grant = file_grant(GRANT_SECRET=CALLBACK["GRANT_SECRET"], SIGNATURE_VERSION=version)
    value = grant["fields"]["x-oss-meta-grant"]
    assert pinned(grant)["x-oss-meta-grant"] == value
    assert "callback" not in grant["fields"]
    secret = CALLBACK["GRANT_SECRET"].encode()
    upload = {"bucket": "post-test", "key": grant["key"], "size": 5, "content_type": "image/jpeg"}
    assert check_grant_id(from_metadata(secret, value), secret, **upload, now=NOW) == (
        "",
        "default",
    )


def test_the_object_and_the_callback_have_the_same_grant_id() -> None:
    fields = file_grant(**CALLBACK)["fields"]
    body = json.loads(base64.b64decode(fields["callback"]))["callbackBody"]
    secret = CALLBACK["GRANT_SECRET"].encode()
    assert body.endswith("&grant=" + from_metadata(secret, fields["x-oss-meta-grant"]))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(CALLBACK, id="callback"),
        pytest.param({"GRANT_SECRET": CALLBACK["GRANT_SECRET"]}, id="only a secret"),
    ],
)
def test_directory_grants_send_no_metadata(changes: dict[str, str]) -> None:
    grant = directory_grant(**changes)
    assert "x-oss-meta-grant" not in grant["fields"] | pinned(grant)


def test_acl_none_is_neither_sent_nor_pinned() -> None:
    grant = file_grant(OBJECT_ACL="none")
    assert "x-oss-object-acl" not in grant["fields"] | pinned(grant)


def test_keys_and_directories_never_repeat() -> None:
    assert len({file_grant()["key"] for _ in range(50)}) == 50
    assert len({directory_grant()["dir"] for _ in range(50)}) == 50


def maker(**changes: str) -> GrantMaker:
    return GrantMaker(Preset("default", parse_settings(ENVIRON | changes)))


def credentials(life: timedelta | None) -> Credentials:
    return Credentials("STS.EXAMPLE", "StsSecretExample", TOKEN, NOW + life if life else None)


@pytest.mark.parametrize(
    ("life", "policy_seconds", "expires"),
    [
        pytest.param(timedelta(hours=1), "300", 299, id="the policy ends first"),
        pytest.param(timedelta(seconds=160), "300", 99, id="the token ends first, less a minute"),
        pytest.param(None, "86400", 86399, id="a token without a known end"),
        pytest.param(timedelta(seconds=62), "300", 1, id="the last second"),
    ],
)
def test_no_grant_outlives_its_token(
    life: timedelta | None, policy_seconds: str, expires: int
) -> None:
    grant = maker(POLICY_SECONDS=policy_seconds).directory_grant(
        credentials(life), user="", leaf="leaf", now=NOW
    )
    assert grant["expires"] == expires


def test_the_grant_id_ends_with_the_grant_even_if_the_token_ends_first() -> None:
    grant = maker(**CALLBACK).directory_grant(
        credentials(timedelta(seconds=160)), user="", leaf="leaf", now=NOW
    )
    body = json.loads(base64.b64decode(grant["callback"]))["callbackBody"]
    issued, life = body.partition("&grant=")[2].split(".")[3:5]
    assert (int(issued), int(issued) + int(life)) == (grant["server_time"], grant["expire"])


@pytest.mark.parametrize(
    ("life", "now"),
    [
        pytest.param(60, NOW, id="the last minute"),
        pytest.param(60.5, NOW, id="a grant of less than a second"),
        pytest.param(59.75, NOW.replace(microsecond=0), id="a grant that ends now"),
    ],
)
def test_a_token_in_its_last_minute_signs_nothing(life: float, now: datetime) -> None:
    ending = credentials(timedelta(seconds=life))
    with pytest.raises(CredentialsUnavailable) as caught:
        maker().directory_grant(ending, user="", leaf="leaf", now=now)
    assert caught.value.headers == {"Retry-After": "5"}


@settings(max_examples=60)
@given(
    name=st.text(min_size=1, max_size=300),
    prefix=st.lists(st.text("ab用", min_size=1, max_size=80), max_size=2).map(
        lambda segments: "/".join(["p", *segments, ""])
    ),
    version=st.sampled_from(["v4", "v1"]),
)
def test_fields_stay_within_eight_kilobytes(name: str, prefix: str, version: str) -> None:
    grant = file_grant(
        json.dumps({"filename": name}),
        UPLOAD_DIR=prefix,
        SIGNATURE_VERSION=version,
        ALLOWED_CONTENT_TYPES="image/*,application/octet-stream",
        ALIBABA_CLOUD_SECURITY_TOKEN="t" * 1200,
    )
    assert size(grant) <= 8192


EXTREMES = {
    "OSS_BUCKET": "b" * 63,
    "OSS_REGION": "ap-southeast-1",
    "OBJECT_ACL": "public-read-write",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "t" * 1200,
    "ALLOWED_CONTENT_TYPES": "image/*,.docx",
    "CALLBACK_URL": "https://upload.example.com/" + "c" * 64,
    "GRANT_SECRET": CALLBACK["GRANT_SECRET"],
}


@pytest.mark.parametrize(
    "prefix",
    [
        pytest.param("a" * 511, id="letters"),
        pytest.param("用" * 170, id="Chinese"),
        pytest.param("\N{GRINNING FACE}" * 127, id="four bytes"),
        pytest.param('"' * 140 + "a" * 371, id="quotes, which JSON escapes"),
    ],
)
def test_the_longest_values_stay_within_eight_kilobytes(prefix: str) -> None:
    extremes = EXTREMES | {"UPLOAD_DIR": f"{prefix}/"}
    longest_type = content_types.STORED["pptx"]
    file = AdmittedFile("图" * 80, "x" * 16, longest_type, 5 * 1024**3, 5 * 1024**3)
    token = Credentials("x" * 40, "", "t" * 1200, None)
    fullest = maker(**extremes).file_grant(token, file, user="u" * 128, leaf="x" * 32, now=NOW)
    assert 8192 - 80 < size(fullest) <= 8192
    grant = file_grant('{"filename": "%s.docx"}' % ("图" * 200), **extremes)
    assert grant["fields"]["Content-Disposition"].endswith("%9B%BE.docx")
    assert size(grant) <= 8192
    assert size(directory_grant(**extremes)) <= 8192


def test_a_longest_prefix_of_only_quotes_leaves_no_room_for_a_name() -> None:
    response = invoke(ENVIRON | EXTREMES | {"UPLOAD_DIR": '"' * 511 + "/"}, path="/healthz")
    assert response.code == "misconfigured"
    assert response.document["message"].startswith("The setting UPLOAD_DIR makes upload forms")


@pytest.mark.parametrize(
    ("length", "logged"),
    [pytest.param(1200, False, id="certain to fit"), pytest.param(1201, True, id="longer")],
)
def test_a_token_that_may_be_too_long_for_forms_is_logged_and_served(
    length: int, logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    token = "t" * length
    for grant in (
        directory_grant(ALIBABA_CLOUD_SECURITY_TOKEN=token),
        file_grant(ALIBABA_CLOUD_SECURITY_TOKEN=token),
    ):
        assert grant["fields"]["x-oss-security-token"] == token
    assert sum("security token" in message for message in caplog.messages) == 2 * logged


def size(grant: Any) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in grant["fields"].items())


LONG = {
    "dir": "d" * 40 + "/{user}/",
    "key": "{yyyy}-{mm}-{dd}/{id}/{name}{ext}",
    "storage_class": "DeepColdArchive",
    "acl": "public-read-write",
}
LONG_TOKEN = {"ALIBABA_CLOUD_SECURITY_TOKEN": "t" * 1200}


def long_preset(changes: Mapping[str, str] | None = None, metadata: int = 1012) -> Preset:
    preset = LONG | {"metadata": {"a": "x" * metadata}}
    presets = {"UPLOAD_PRESETS": json.dumps({"long-preset": preset})}
    env = {**ENVIRON, **JWT_SETTINGS, **LONG_TOKEN, **presets, **(changes or {})}
    return presets_for(parse_settings(env), env, Path())["long-preset"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a", id="short"),
        pytest.param("\U00020000" * 80, id="letters of four bytes"),
        pytest.param("图" * 80, id="Chinese"),
        pytest.param('"' * 80, id="quotes"),
        pytest.param("\ud800" * 80, id="half pairs"),
    ],
)
@pytest.mark.parametrize("user", ["alice", "图" * 14])
@pytest.mark.parametrize("version", ["v4", "v1"])
@pytest.mark.parametrize(
    ("metadata", "changes"),
    [
        pytest.param(1012, {}, id="1 KB of metadata"),
        pytest.param(800, {"GRANT_SECRET": "s" * 32}, id="less, with the grant id"),
    ],
)
def test_the_longest_of_everything_stays_within_eight_kilobytes(
    name: str, user: str, version: str, metadata: int, changes: dict[str, str]
) -> None:
    """Metadata, a storage class, and a key with all placeholders."""
    preset = long_preset({"SIGNATURE_VERSION": version, **changes}, metadata)
    for extension, content_type in (("png", "image/png"), ("x" * 16, "x" * 80)):
        file = AdmittedFile(f"{name}.{extension}", extension, content_type, 10**9, 10**9)
        token = Credentials("x" * 40, "", "t" * 1200, None)
        grant = GrantMaker(preset).file_grant(token, file, user=user, leaf="0" * 32, now=NOW)
        assert 6000 < size(grant) <= 8192
        assert grant["fields"]["Content-Disposition"].endswith(f".{extension}")


def test_what_leaves_no_room_for_a_name_is_misconfigured_by_preset() -> None:
    GrantMaker(long_preset())
    with pytest.raises(Misconfigured) as caught:
        GrantMaker(long_preset(CALLBACK))
    assert caught.value.message == (
        "The setting UPLOAD_PRESETS.long-preset makes upload forms longer than 8192 bytes."
    )
    assert "metadata" in caught.value.hint


def test_types_that_make_the_forms_of_a_preset_too_long_are_named() -> None:
    types = ",".join(f".x{number}=application/x-type-{number:03}" for number in range(200))
    env = ENVIRON | {"UPLOAD_PRESETS": json.dumps({"a": {"types": types}})}
    response = invoke(env, path="/healthz")
    assert response.code == "misconfigured"
    assert response.document["message"].startswith("The setting UPLOAD_PRESETS.a.types makes")


def test_settings_that_leave_no_room_for_a_name_are_misconfigured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the settings: the room is measured at the start."""
    monkeypatch.setattr(maker_module, "MAX_FIELDS_BYTES", 4000)
    response = invoke(ENVIRON | {"DIRECTORY_GRANTS": "false"}, path="/healthz")
    assert (response.status, response.code) == (500, "misconfigured")
    assert "longer than 4000 bytes" in response.document["message"]
