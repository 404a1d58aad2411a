"""Settings: each row changes one setting of a valid environment."""

from __future__ import annotations

import base64
import dataclasses

import pytest

from direct_upload import settings
from direct_upload.callbacks.field import MAX_GRANT_ID_CHARACTERS, callback_field
from direct_upload.errors import Misconfigured
from direct_upload.files import parse_allowed_types
from direct_upload.http.origins import Origins
from tests.function.invocations import ENVIRON, invoke

VALID = {
    "OSS_BUCKET": "my-bucket",
    "OSS_REGION": "cn-hangzhou",
    "UPLOAD_ROLE_ARN": "acs:ram::1234567890123456:role/oss-uploader",
    "AUTH": "anonymous",
}


def test_unset_settings_have_their_defaults() -> None:
    types = set(settings.parse_settings(VALID).allowed_content_types.content_types)
    assert {"image/png", "video/mp4", "application/pdf", "text/plain", "application/zip"} <= types
    assert not types & {"text/html", "image/svg+xml", "application/octet-stream"}
    defaults = settings.parse_settings(VALID)
    assert {each.name: getattr(defaults, each.name) for each in dataclasses.fields(defaults)} == {
        "oss_bucket": "my-bucket",
        "oss_region": "cn-hangzhou",
        "upload_url": "https://my-bucket.oss-cn-hangzhou.aliyuncs.com",
        "upload_dir": "user-dirs/",
        "upload_key": "{id}{ext}",
        "upload_presets": "",
        "unique_dir": True,
        "directory_grants": True,
        "upload_role_arn": "acs:ram::1234567890123456:role/oss-uploader",
        "credentials_source": "assume-role",
        "sts_endpoint": None,
        "sts_region": "cn-hangzhou",
        "credentials_seconds": 3600,
        "policy_seconds": 300,
        "max_upload_bytes": 104857600,
        "min_upload_bytes": 1,
        "allowed_content_types": parse_allowed_types("ALLOWED_CONTENT_TYPES", ""),
        "object_acl": "default",
        "content_disposition": "attachment",
        "storage_class": None,
        "forbid_overwrite": True,
        "signature_version": "v4",
        "allowed_origins": Origins(frozenset(), everyone=False),
        "auth": "anonymous",
        "jwt_jwks": "",
        "jwt_secret": b"",
        "jwt_issuer": "",
        "jwt_audience": "",
        "jwt_claims": "",
        "jwt_user_claim": "sub",
        "callback_url": "",
        "callback_key_prefix": "https://gosspublic.alicdn.com/",
        "grant_secret": b"",
        "multipart": False,
        "multipart_seconds": 86400,
        "oss_endpoint": "https://my-bucket.oss-cn-hangzhou.aliyuncs.com",
        "log_level": "INFO",
    }


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        pytest.param(
            {"OSS_REGION": "oss-cn-beijing"}, "oss_region", "cn-beijing", id="oss- removed"
        ),
        pytest.param(
            {"OSS_REGION": "", "FC_REGION": "cn-qingdao"},
            "oss_region",
            "cn-qingdao",
            id="region of the function",
        ),
        pytest.param(
            {"FC_REGION": "cn-qingdao"}, "sts_region", "cn-qingdao", id="STS near the function"
        ),
        pytest.param(
            {"UPLOAD_URL": "https://Upload.Example.com/"},
            "upload_url",
            "https://upload.example.com",
            id="custom domain",
        ),
        pytest.param({"UPLOAD_DIR": "  "}, "upload_dir", "user-dirs/", id="blank means unset"),
        pytest.param({"UPLOAD_DIR": "用户/图/"}, "upload_dir", "用户/图/", id="Chinese prefix"),
        pytest.param(
            {"STS_ENDPOINT": "http://127.0.0.1:9002"},
            "sts_endpoint",
            "http://127.0.0.1:9002",
            id="emulated STS",
        ),
        pytest.param(
            {"ALLOWED_CONTENT_TYPES": "image/png"},
            "allowed_content_types",
            parse_allowed_types("ALLOWED_CONTENT_TYPES", "image/png"),
            id="one type",
        ),
        pytest.param({"UPLOAD_DIR": "a/b/"}, "fixed_prefix", "a/b/", id="one prefix for all"),
        pytest.param(
            {"CALLBACK_KEY_PREFIX": "http://[::1]:9001/"},
            "callback_key_prefix",
            "http://[::1]:9001/",
            id="keys of an emulator",
        ),
        pytest.param({"OBJECT_ACL": "none"}, "object_acl", None, id="no ACL"),
        pytest.param(
            {"CONTENT_DISPOSITION": "inline"}, "content_disposition", "inline", id="shown in place"
        ),
        pytest.param({"STORAGE_CLASS": "ColdArchive"}, "storage_class", "ColdArchive", id="class"),
        pytest.param(
            {"UPLOAD_DIR": "a/{yyyy}/{mm}/{dd}/b/"}, "fixed_prefix", "a/", id="prefix before a date"
        ),
        pytest.param(
            {"UPLOAD_KEY": "{yyyy}{mm}{dd}-{id}/{name}{ext}"},
            "upload_key",
            "{yyyy}{mm}{dd}-{id}/{name}{ext}",
            id="placeholders in a key",
        ),
        pytest.param({"MIN_UPLOAD_BYTES": "0"}, "min_upload_bytes", 0, id="empty files"),
        pytest.param(
            {"FORBID_OVERWRITE": "false"}, "forbid_overwrite", False, id="overwriting allowed"
        ),
        pytest.param(
            {"ALLOWED_CONTENT_TYPES": "image/svg+xml, Application/PDF"},
            "allowed_content_types",
            parse_allowed_types("ALLOWED_CONTENT_TYPES", "image/svg+xml,application/pdf"),
            id="exact types, any case",
        ),
        pytest.param(
            {"FC_REGION": "cn-hangzhou"},
            "oss_endpoint",
            "https://my-bucket.oss-cn-hangzhou-internal.aliyuncs.com",
            id="OSS in the function's own region",
        ),
        pytest.param(
            {"FC_REGION": "cn-beijing"},
            "oss_endpoint",
            "https://my-bucket.oss-cn-hangzhou.aliyuncs.com",
            id="OSS in another region",
        ),
        pytest.param(
            {"OSS_ENDPOINT": "http://127.0.0.1:9001/"},
            "oss_endpoint",
            "http://127.0.0.1:9001",
            id="emulated OSS",
        ),
        pytest.param(
            {"MULTIPART": "true", "GRANT_SECRET": "x" * 32, "MAX_UPLOAD_BYTES": "53656167435468"},
            "max_upload_bytes",
            53_656_167_435_468,
            id="48.8 TB in parts",
        ),
        pytest.param(
            {"MULTIPART": "true", "GRANT_SECRET": "x" * 32, "MAX_UPLOAD_BYTES": "53656167435468"},
            "max_form_bytes",
            5 * 1024**3,
            id="5 GB in a form",
        ),
        pytest.param({"MAX_UPLOAD_BYTES": "7"}, "max_form_bytes", 7, id="less in a form"),
        pytest.param(
            {"CREDENTIALS_SOURCE": "function-role", "UPLOAD_ROLE_ARN": "nonsense"},
            "upload_role_arn",
            "",
            id="function-role needs no other role",
        ),
    ],
)
def test_reads(changes: dict[str, str], name: str, expected: object) -> None:
    assert getattr(settings.parse_settings(VALID | changes), name) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("OSS_BUCKET", "", id="no bucket"),
        pytest.param("OSS_BUCKET", "My_Bucket", id="invalid bucket name"),
        pytest.param("OSS_BUCKET", "a", id="bucket name too short"),
        pytest.param("OSS_REGION", "", id="no region"),
        pytest.param(
            "OSS_REGION", "https://oss-cn-hangzhou.aliyuncs.com", id="endpoint instead of region"
        ),
        pytest.param("UPLOAD_URL", "ftp://upload.example.com", id="another scheme"),
        pytest.param("UPLOAD_URL", "https://upload.example.com/path", id="URL with a path"),
        pytest.param("UPLOAD_DIR", "/a/", id="prefix begins with a slash"),
        pytest.param("UPLOAD_DIR", "/", id="prefix of a slash"),
        pytest.param("UPLOAD_DIR", "../", id="prefix above"),
        pytest.param("UPLOAD_DIR", "a/./", id="prefix with a dot"),
        pytest.param("UPLOAD_DIR", "a//b/", id="prefix with an empty segment"),
        pytest.param("UPLOAD_DIR", "a", id="prefix without a slash"),
        pytest.param("UPLOAD_DIR", "a*/", id="star"),
        pytest.param("UPLOAD_DIR", "a?/", id="question mark"),
        pytest.param("UPLOAD_DIR", "a$b/", id="dollar"),
        pytest.param("UPLOAD_DIR", "a\\/", id="backslash"),
        pytest.param("UPLOAD_DIR", "a\x00/", id="NUL"),
        pytest.param("UPLOAD_DIR", "a\x7f/", id="DEL"),
        pytest.param("UPLOAD_DIR", "a\udcff/", id="undecodable byte"),
        pytest.param("UPLOAD_DIR", "用" * 170 + "ab/", id="prefix of 513 bytes"),
        pytest.param("UPLOAD_ROLE_ARN", "", id="no role"),
        pytest.param("UPLOAD_ROLE_ARN", "oss-uploader", id="role name instead of ARN"),
        pytest.param("UPLOAD_ROLE_ARN", "acs:ram::١٢٣:role/a", id="account in other digits"),
        pytest.param("UPLOAD_ROLE_ARN", "acs:ram::1:role/é", id="role in other letters"),
        pytest.param("CREDENTIALS_SOURCE", "static", id="unknown source"),
        pytest.param("STS_ENDPOINT", "https://sts.aliyuncs.com", id="STS endpoint with https"),
        pytest.param("STS_ENDPOINT", "sts.aliyuncs.com/", id="STS endpoint with a slash"),
        pytest.param("CREDENTIALS_SECONDS", "899", id="credentials too short"),
        pytest.param("CREDENTIALS_SECONDS", "43201", id="credentials too long"),
        pytest.param("POLICY_SECONDS", "0", id="lifetime zero"),
        pytest.param("POLICY_SECONDS", "86401", id="lifetime over a day"),
        pytest.param("POLICY_SECONDS", "5m", id="not a number"),
        pytest.param("POLICY_SECONDS", "٣٠٠", id="digits of another script"),
        pytest.param("MAX_UPLOAD_BYTES", "0", id="maximum below the minimum"),
        pytest.param("MAX_UPLOAD_BYTES", "5368709121", id="over 5 GB"),
        pytest.param("MAX_UPLOAD_BYTES", "-1", id="negative"),
        pytest.param("MIN_UPLOAD_BYTES", "1e3", id="not an integer"),
        pytest.param("ALLOWED_CONTENT_TYPES", "png", id="not a type"),
        pytest.param("UPLOAD_DIR", "{yyyy}/", id="date in the first segment"),
        pytest.param("UPLOAD_DIR", "a/{id}/", id="placeholder of keys in a prefix"),
        pytest.param("UPLOAD_DIR", "a/{yyyy}{mm}/", id="two placeholders in a segment"),
        pytest.param("UPLOAD_DIR", "a/{YYYY}/", id="placeholder in capitals"),
        pytest.param("UPLOAD_DIR", "a/{{yyyy}}/", id="doubled braces"),
        pytest.param("UPLOAD_DIR", "a/{}/", id="empty braces"),
        pytest.param("UPLOAD_KEY", "{name}{ext}", id="key without an id"),
        pytest.param("UPLOAD_KEY", "{id}{uuid}", id="unknown placeholder in a key"),
        pytest.param("UPLOAD_KEY", "{id", id="unclosed brace in a key"),
        pytest.param("UPLOAD_KEY", "{id.__class__}", id="attribute of a placeholder"),
        pytest.param("UPLOAD_KEY", "{id!r}", id="conversion of a placeholder"),
        pytest.param("UPLOAD_KEY", "{user}/{id}", id="a user in a key without jwt"),
        pytest.param("UPLOAD_KEY", "/{id}", id="key begins with a slash"),
        pytest.param("UPLOAD_KEY", "{id}/", id="key ends with a slash"),
        pytest.param("UPLOAD_KEY", "a//{id}", id="key with an empty segment"),
        pytest.param("UPLOAD_KEY", "../{id}", id="key above its prefix"),
        pytest.param("UPLOAD_KEY", "{id}/{ext}", id="a segment of only an extension"),
        pytest.param("UPLOAD_KEY", "{id}/.{ext}", id="a segment of a dot without an extension"),
        pytest.param("UPLOAD_KEY", "{id}*", id="star in a key"),
        pytest.param("UPLOAD_KEY", "{id}$", id="dollar in a key"),
        pytest.param("UPLOAD_KEY", "{id}\\", id="backslash in a key"),
        pytest.param("UPLOAD_KEY", "{id}\x85a", id="control character in a key"),
        pytest.param("UPLOAD_KEY", "a" * 480 + "{id}", id="key of 512 bytes"),
        pytest.param("UPLOAD_KEY", "a" * 223 + "{id}{name}{ext}", id="key of 512 bytes, filled"),
        pytest.param("CONTENT_DISPOSITION", "form-data", id="unknown disposition"),
        pytest.param("STORAGE_CLASS", "ia", id="storage class in small letters"),
        pytest.param("STORAGE_CLASS", "Glacier", id="another cloud's storage class"),
        pytest.param("OBJECT_ACL", "public", id="unknown ACL"),
        pytest.param("FORBID_OVERWRITE", "yes", id="not a boolean"),
        pytest.param("UNIQUE_DIR", "TRUE", id="boolean in capitals"),
        pytest.param("DIRECTORY_GRANTS", "0", id="number for a boolean"),
        pytest.param("SIGNATURE_VERSION", "v2", id="unknown version"),
        pytest.param("AUTH", "", id="AUTH missing"),
        pytest.param("AUTH", "none", id="unknown AUTH"),
        pytest.param("UPLOAD_DIR", "a/{user}/", id="a user without jwt"),
        pytest.param("CALLBACK_URL", "upload.example.com", id="callback without a scheme"),
        pytest.param("CALLBACK_URL", "https://e.example/" + "c" * 512, id="callback too long"),
        pytest.param("CALLBACK_URL", "ftp://upload.example.com/", id="callback by FTP"),
        pytest.param("CALLBACK_URL", "https:///callback", id="callback to no host"),
        pytest.param("CALLBACK_URL", "https://a.example.com:x/", id="callback to a bad port"),
        pytest.param("CALLBACK_URL", "https://a.example.com:0/", id="callback to port 0"),
        pytest.param("CALLBACK_URL", "https://[::1/", id="callback to an unclosed bracket"),
        pytest.param("CALLBACK_URL", "https://user@a.example.com/", id="callback with a user"),
        pytest.param("CALLBACK_URL", "https://a.example.com/#x", id="callback with a fragment"),
        pytest.param("CALLBACK_URL", "https://a/;https://b/", id="two callbacks"),
        pytest.param("CALLBACK_URL", "https://a/${object}", id="callback with a placeholder"),
        pytest.param("CALLBACK_URL", "https://a/a b", id="callback with a space"),
        pytest.param("CALLBACK_URL", "https://a/图", id="callback not in ASCII"),
        pytest.param("CALLBACK_URL", 'https://a/"', id="callback with a quote"),
        pytest.param("CALLBACK_URL", "https://a/<", id="callback with <"),
        pytest.param("CALLBACK_URL", "https://a/>", id="callback with >"),
        pytest.param("CALLBACK_URL", "https://a\\b/", id="callback with a backslash"),
        pytest.param("CALLBACK_URL", "http://100.100.100.200/", id="callback to shared addresses"),
        pytest.param("CALLBACK_URL", "http://169.254.169.254/", id="callback to link-local"),
        pytest.param("MULTIPART", "yes", id="not a boolean for MULTIPART"),
        pytest.param("MULTIPART_SECONDS", "3599", id="an upload too short"),
        pytest.param("MULTIPART_SECONDS", "604801", id="an upload too long"),
        pytest.param("OSS_ENDPOINT", "http://my-bucket.example", id="OSS in clear text"),
        pytest.param("OSS_ENDPOINT", "my-bucket.example", id="OSS without a scheme"),
        pytest.param("OSS_ENDPOINT", "https://my-bucket.example/a", id="OSS with a path"),
        pytest.param("STS_ENDPOINT", "http://sts.aliyuncs.com", id="STS in clear text"),
        pytest.param("STS_ENDPOINT", "http://10.0.0.5:9002", id="another machine's STS"),
        pytest.param("STS_ENDPOINT", "http://localhost.example", id="not this machine's STS"),
        pytest.param("STS_ENDPOINT", "sts.aliyuncs.com:٨٠", id="STS port in other digits"),
        pytest.param("CALLBACK_URL", "http://10.0.0.5/", id="callback to a private address"),
        pytest.param("CALLBACK_URL", "https://127.0.0.1/", id="callback to this machine"),
        pytest.param("CALLBACK_URL", "http://localhost:9000/", id="callback to localhost"),
        pytest.param("CALLBACK_URL", "http://[fd00::1]/", id="callback to a private IPv6 address"),
        pytest.param("CALLBACK_KEY_PREFIX", "http://keys.example/", id="keys in clear text"),
        pytest.param("CALLBACK_KEY_PREFIX", "HTTP://keys.example/", id="keys in clear text, HTTP"),
        pytest.param("CALLBACK_KEY_PREFIX", "keys", id="key prefix without a scheme"),
        pytest.param("CALLBACK_KEY_PREFIX", "https://keys.example", id="key prefix without a path"),
        pytest.param("CALLBACK_KEY_PREFIX", "https://a/oss", id="key prefix without a slash"),
        pytest.param("CALLBACK_KEY_PREFIX", "ftp://a/", id="key prefix by FTP"),
        pytest.param("CALLBACK_KEY_PREFIX", "https://u@a/", id="key prefix with a user"),
        pytest.param("CALLBACK_KEY_PREFIX", "https://a/?a/", id="key prefix with a query"),
        pytest.param(
            "CALLBACK_KEY_PREFIX", "http://[::1/", id="key prefix with an unclosed bracket"
        ),
        pytest.param("CALLBACK_KEY_PREFIX", "https://a:x/", id="key prefix with a bad port"),
        pytest.param("LOG_LEVEL", "LOUD", id="unknown level"),
    ],
)
def test_refuses_and_names_the_setting(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name) as caught:
        settings.parse_settings(VALID | {name: value})
    assert caught.value.hint


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9001", "http://localhost:9001", "http://[::1]:1"]
)
def test_in_the_harness_callbacks_may_stay_on_this_machine(url: str) -> None:
    local = {
        "UPLOAD_URL": url,
        "CALLBACK_URL": "http://127.0.0.1:9000/callback",
        "GRANT_SECRET": "s" * 32,
    }
    assert settings.parse_settings(VALID | local).callback_url == local["CALLBACK_URL"]


def test_a_bucket_on_another_machine_calls_no_private_address() -> None:
    local = {
        "UPLOAD_URL": "http://10.0.0.5:9001",
        "CALLBACK_URL": "http://10.0.0.5:9000/callback",
        "GRANT_SECRET": "s" * 32,
    }
    with pytest.raises(Misconfigured, match="CALLBACK_URL is a private address"):
        settings.parse_settings(VALID | local)


@pytest.mark.parametrize(("minimum", "maximum"), [("10", "9"), ("0", "0")])
def test_the_largest_upload_has_a_byte_and_is_no_smaller_than_the_smallest(
    minimum: str, maximum: str
) -> None:
    sizes = {"MIN_UPLOAD_BYTES": minimum, "MAX_UPLOAD_BYTES": maximum}
    with pytest.raises(Misconfigured, match="MAX_UPLOAD_BYTES"):
        settings.parse_settings(VALID | sizes)
    sizes["MAX_UPLOAD_BYTES"] = str(int(maximum) + 1)
    assert settings.parse_settings(VALID | sizes).max_upload_bytes == int(maximum) + 1


OPEN_DOORS = {"UNIQUE_DIR": "false", "FORBID_OVERWRITE": "false"}


@pytest.mark.parametrize(
    ("changes", "warned"),
    [
        pytest.param({}, [], id="defaults"),
        pytest.param({"ALLOWED_ORIGINS": "*"}, ["ALLOWED_ORIGINS"], id="every page"),
        pytest.param(OPEN_DOORS, ["UNIQUE_DIR"], id="overwriting in a shared directory"),
        pytest.param({"UNIQUE_DIR": "false"}, [], id="a shared directory only"),
        pytest.param({"FORBID_OVERWRITE": "false"}, [], id="overwriting in own directories only"),
        pytest.param(OPEN_DOORS | {"DIRECTORY_GRANTS": "false"}, [], id="file grants only"),
        pytest.param({"OBJECT_ACL": "public-read-write"}, ["OBJECT_ACL"], id="public writing"),
        pytest.param({"OBJECT_ACL": "public-read"}, [], id="public reading"),
        pytest.param({"UPLOAD_URL": "http://a.example"}, ["UPLOAD_URL"], id="forms in clear text"),
        pytest.param({"UPLOAD_URL": "http://127.0.0.1:9001"}, [], id="forms to an emulator"),
    ],
)
def test_what_a_setting_makes_dangerous_is_a_warning(
    changes: dict[str, str], warned: list[str]
) -> None:
    found = settings.dangers(settings.parse_settings(VALID | changes))
    assert [name for danger, name in zip(found, warned, strict=True) if name in danger] == warned
    with_jwt = settings.dangers(settings.parse_settings(WITH_JWT | changes))
    assert len(with_jwt) == ("UPLOAD_URL" in warned)


def test_callbacks_need_a_secret() -> None:
    with pytest.raises(Misconfigured, match="GRANT_SECRET is missing"):
        settings.parse_settings(VALID | {"CALLBACK_URL": "https://upload.example.com/callback"})


def test_a_secret_that_is_too_short_is_refused_whatever_it_is_for() -> None:
    with pytest.raises(Misconfigured, match="fewer than 32 bytes"):
        settings.parse_settings(VALID | {"GRANT_SECRET": "s" * 31})


LONGEST = {"http": "http://" + "c" * 113, "https": "https://" + "c" * 93}


@pytest.mark.parametrize("scheme", LONGEST)
def test_the_longest_callback_url_makes_a_callback_of_512_bytes(scheme: str) -> None:
    callback = {"CALLBACK_URL": LONGEST[scheme], "GRANT_SECRET": "s" * 32}
    settings.parse_settings(VALID | callback)
    field = callback_field(LONGEST[scheme], "g" * MAX_GRANT_ID_CHARACTERS)
    assert len(base64.b64decode(field)) == 512
    callback["CALLBACK_URL"] += "c"
    with pytest.raises(Misconfigured, match="CALLBACK_URL is 1 characters too long"):
        settings.parse_settings(VALID | callback)


WITH_JWT = VALID | {
    "AUTH": "jwt",
    "JWT_JWKS": "file:jwks.json",
    "JWT_ISSUER": "https://login.example.com",
    "JWT_AUDIENCE": "uploads",
    "UPLOAD_DIR": "users/{user}/",
}
ANY_TOKEN = {"JWT_ISSUER": "*", "JWT_AUDIENCE": "*"}


@pytest.mark.parametrize(
    ("changes", "warned"),
    [
        pytest.param(ANY_TOKEN, True, id="any issuer and audience"),
        pytest.param({"JWT_ISSUER": "*"}, False, id="any issuer"),
        pytest.param({"JWT_AUDIENCE": "*"}, False, id="any audience"),
        pytest.param(ANY_TOKEN | {"JWT_CLAIMS": "{}"}, False, id="but a claim"),
        pytest.param(
            ANY_TOKEN | {"AUTH": "anonymous", "UPLOAD_DIR": "a/"}, False, id="no tokens at all"
        ),
    ],
)
def test_accepting_any_token_of_a_key_is_a_warning(changes: dict[str, str], warned: bool) -> None:
    found = settings.dangers(settings.parse_settings(WITH_JWT | changes))
    assert bool(found) is warned
    assert all("JWT_CLAIMS" in danger for danger in found)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://login.example.com/.well-known/jwks.json", id="https"),
        pytest.param(
            "https://www.googleapis.com/service_accounts/v1/jwk/"
            "securetoken@system.gserviceaccount.com",
            id="Firebase's",
        ),
        pytest.param("https://login.example.com/keys?tenant=a", id="query"),
        pytest.param("http://127.0.0.1:9003/issuer/jwks.json", id="http on this machine"),
        pytest.param("HTTPS://login.example.com/jwks", id="capitals"),
    ],
)
def test_keys_may_come_from_a_url(url: str) -> None:
    assert settings.parse_settings(WITH_JWT | {"JWT_JWKS": url}).jwt_jwks == url


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"JWT_JWKS": ""}, "JWT_JWKS is missing", id="neither keys nor secret"),
        pytest.param(
            {"JWT_JWKS": "http://login.example.com/jwks"},
            "JWT_JWKS uses http beyond this machine",
            id="http",
        ),
        pytest.param(
            {"JWT_JWKS": "HTTP://10.0.0.1/jwks"},
            "JWT_JWKS uses http beyond this machine",
            id="HTTP to a private address",
        ),
        pytest.param(
            {"JWT_JWKS": "https://login.example.com"}, "JWT_JWKS is not a valid URL", id="no path"
        ),
        pytest.param(
            {"JWT_JWKS": "https://user:kept@login.example.com/jwks"},
            "JWT_JWKS is not a valid URL",
            id="user",
        ),
        pytest.param({"JWT_JWKS": "https:"}, "JWT_JWKS is not a valid URL", id="only a scheme"),
        pytest.param({"JWT_SECRET": "s" * 32}, "JWT_SECRET is set as well as JWT_JWKS", id="both"),
        pytest.param(
            {"JWT_SECRET": "s" * 31, "JWT_JWKS": ""},
            "JWT_SECRET has fewer than 32 bytes",
            id="a short secret",
        ),
    ],
)
def test_keys_are_one_set_or_one_secret(changes: dict[str, str], problem: str) -> None:
    with pytest.raises(Misconfigured, match=problem):
        settings.parse_settings(WITH_JWT | changes)


@pytest.mark.parametrize("secret", ["s" * 32, "密" * 11])
def test_a_secret_has_at_least_32_bytes(secret: str) -> None:
    found = settings.parse_settings(WITH_JWT | {"JWT_JWKS": "", "JWT_SECRET": secret})
    assert found.jwt_secret == secret.encode()


def test_with_jwt_a_prefix_may_contain_the_user() -> None:
    found = settings.parse_settings(WITH_JWT)
    assert (found.upload_dir, found.fixed_prefix) == ("users/{user}/", "users/")


def test_no_repr_shows_keys_or_secrets() -> None:
    kept = {
        "JWT_JWKS": "kept-from-logs",
        "CALLBACK_URL": "https://upload.example.com/callback",
        "GRANT_SECRET": "kept-from-logs" * 3,
    }
    assert "kept-from-logs" not in repr(settings.parse_settings(WITH_JWT | kept))
    kept |= {"JWT_JWKS": "", "JWT_SECRET": "kept-from-logs" * 3}
    assert "kept-from-logs" not in repr(settings.parse_settings(WITH_JWT | kept))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("JWT_ISSUER", "", id="no issuer"),
        pytest.param("JWT_AUDIENCE", "", id="no audience"),
        pytest.param("UPLOAD_DIR", "{user}/", id="user in the first segment"),
        pytest.param("UPLOAD_DIR", "users/x{user}/", id="user in part of a segment"),
        pytest.param("UPLOAD_DIR", "users/{name}/", id="other braces"),
        pytest.param("UPLOAD_DIR", "users/{user/", id="unclosed brace"),
        pytest.param("UPLOAD_DIR", "u" * 383 + "/{user}/", id="513 bytes with the user"),
        pytest.param("UPLOAD_KEY", "u" * 352 + "{user}{id}", id="key of 512 bytes with the user"),
    ],
)
def test_with_jwt_refuses(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        settings.parse_settings(WITH_JWT | {name: value})


@pytest.mark.parametrize("prefix", ["用" * 170 + "a/", "u" * 382 + "/{user}/"])
def test_a_prefix_may_have_512_bytes(prefix: str) -> None:
    assert settings.parse_settings(WITH_JWT | {"UPLOAD_DIR": prefix}).upload_dir == prefix


@pytest.mark.parametrize(
    "key", ["a" * 479 + "{id}", "u" * 351 + "{user}{id}", "a" * 222 + "{id}{name}{ext}"]
)
def test_a_name_below_the_prefix_may_have_511_bytes(key: str) -> None:
    assert settings.parse_settings(WITH_JWT | {"UPLOAD_KEY": key}).upload_key == key


@pytest.mark.parametrize("types", ["image/png,image/svg+xml", ".html", "text/html"])
def test_what_is_shown_in_place_must_not_be_active(types: str) -> None:
    changes = {"ALLOWED_CONTENT_TYPES": types, "CONTENT_DISPOSITION": "inline"}
    with pytest.raises(Misconfigured, match="CONTENT_DISPOSITION is inline, but types"):
        settings.parse_settings(VALID | changes)
    settings.parse_settings(VALID | changes | {"CONTENT_DISPOSITION": "attachment"})


def test_a_wrong_setting_is_misconfigured_and_logged_by_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = invoke(ENVIRON | {"OSS_BUCKET": "Not_A_Bucket"})
    assert (response.status, response.code) == (500, "misconfigured")
    assert "OSS_BUCKET" in caplog.text
    assert "Not_A_Bucket" not in caplog.text


def test_types_that_make_forms_too_long_are_misconfigured() -> None:
    many = ",".join(f".x{number}=application/x-type-{number:03}" for number in range(200))
    response = invoke(ENVIRON | {"ALLOWED_CONTENT_TYPES": many})
    assert (response.status, response.code) == (500, "misconfigured")
    assert "ALLOWED_CONTENT_TYPES" in response.document["message"]
    only_file_grants = {"ALLOWED_CONTENT_TYPES": many, "DIRECTORY_GRANTS": "false"}
    assert invoke(ENVIRON | only_file_grants, path="/healthz").status == 200


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        pytest.param({"MULTIPART": "true"}, "GRANT_SECRET", id="no secret"),
        pytest.param(
            {"MULTIPART": "true", "GRANT_SECRET": "x" * 31}, "GRANT_SECRET", id="short secret"
        ),
        pytest.param(
            {"UPLOAD_PRESETS": '{"a": {"multipart": true}}'}, "GRANT_SECRET", id="for a preset"
        ),
        pytest.param(
            {
                "MULTIPART": "true",
                "GRANT_SECRET": "x" * 32,
                "MAX_UPLOAD_BYTES": "53656167435469",
            },
            "MAX_UPLOAD_BYTES",
            id="over 48.8 TB",
        ),
        pytest.param(
            {
                "MULTIPART": "true",
                "GRANT_SECRET": "x" * 32,
                "MAX_UPLOAD_BYTES": "5368709121",
                "UPLOAD_PRESETS": '{"a": {"multipart": false}}',
            },
            "UPLOAD_PRESETS.a.max_bytes",
            id="over 5 GB in a preset of forms",
        ),
    ],
)
def test_what_resumable_uploads_need(changes: dict[str, str], name: str) -> None:
    response = invoke(ENVIRON | changes, path="/healthz")
    assert response.code == "misconfigured"
    assert f"The setting {name} " in response.document["message"]
