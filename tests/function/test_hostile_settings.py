"""Settings of any shape are read or refused by name; nothing else happens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from direct_upload.app import App
from direct_upload.errors import Misconfigured
from direct_upload.http.origins import parse_origins
from direct_upload.services import make_services
from direct_upload.settings import DEFAULTS, Settings, parse_settings
from tests.function.callers.issuer import AUDIENCE, ISSUER, jwks, public_jwk
from tests.function.callers.issuer import SETTINGS as JWT_SETTINGS
from tests.function.invocations import ENVIRON, NOW, Context, event, invoke, read

# Values that are valid for some setting, and so invalid for others.
VALUES = [
    *("", " ", "0", "1", "-1", "1e3", "٣", "300", "900", "99999999999999", "true", "True", "yes"),
    *(
        "a",
        "a/",
        "/a/",
        "a/{user}/",
        "{user}/",
        "a/{user}x/",
        "a/*/",
        "a//",
        "../",
        "${x}/",
        "\x00/",
    ),
    *("post-test", "cn-hangzhou", "oss-cn-hangzhou", "*", "null", "https://a.example"),
    *(
        "https://a.example:443/",
        "http://[::1]:9",
        "http://[",
        "https://a:b@c",
        "file:x",
        "file:../x",
    ),
    *("image/*", "*/*", "image/*,", "text/html;a=b", "anonymous", "jwt", "function-role", "v1"),
    *("private", "none", "INFO", "acs:ram::1:role/a", "x" * 32, "x" * 4096, "\ud800", "用" * 200),
    *(jwks(public_jwk("RS256")), jwks({"kty": "oct"}), "{}", "[" * 4000, ISSUER, AUDIENCE),
]
values = st.sampled_from(VALUES) | st.text(st.characters(), max_size=60)
environs = st.dictionaries(st.sampled_from([*DEFAULTS, "FC_REGION"]), values, max_size=6)


@given(st.dictionaries(st.text(), st.text()) | environs)
def test_any_environment_gives_settings_or_names_the_wrong_one(environ: dict[str, str]) -> None:
    try:
        assert isinstance(parse_settings(environ), Settings)
    except Misconfigured as refusal:
        assert any(name in refusal.message for name in DEFAULTS)
        assert refusal.hint


@given(environs)
def test_changed_settings_give_services_or_name_the_wrong_one(
    changes: dict[str, str],
) -> None:
    environ = ENVIRON | changes
    try:
        parse_origins(environ["ALLOWED_ORIGINS"])
        make_services(parse_settings(environ), environ, lambda: NOW)
    except Misconfigured as refusal:
        assert any(name in refusal.message for name in DEFAULTS)
        assert refusal.hint


@given(environs)
def test_the_handler_responds_under_any_settings(changes: dict[str, str]) -> None:
    # Not assume-role, which would call whatever STS endpoint is drawn.
    environ = ENVIRON | changes | {"CREDENTIALS_SOURCE": "function-role"}
    response = read(App(environ, lambda: NOW).handle(event(), Context()))
    if response.status == 500:
        assert response.code == "misconfigured"
    else:
        assert response.status in (200, 401, 404)


@given(st.sampled_from(sorted(DEFAULTS)), st.text(st.characters(), max_size=20), st.booleans())
def test_a_refusal_never_quotes_the_value(name: str, text: str, before: bool) -> None:
    value = text + "kept-from-callers" if before else "kept-from-callers" + text
    # Some settings are read only if others are set.
    environ = (
        ENVIRON
        | JWT_SETTINGS
        | {
            "CALLBACK_URL": "https://a.example/callback",
            "GRANT_SECRET": "x" * 32,
            name: value,
        }
    )
    response = App(environ, lambda: NOW).handle(event(), Context())
    assert "kept-from-callers" not in response["body"] or response["statusCode"] == 200


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"AUTH": ""}, id="AUTH missing"),
        pytest.param({"AUTH": "ANONYMOUS"}, id="AUTH in capitals"),
        pytest.param({"AUTH": "none"}, id="none"),
        pytest.param({"AUTH": "jwt"}, id="jwt without keys"),
        pytest.param(
            {"AUTH": "anonymous", "UPLOAD_DIR": "a/{user}/"}, id="a user prefix without users"
        ),
        pytest.param(
            {"AUTH": "jwt", "JWT_JWKS": jwks({"kty": "oct", "k": "AAAA"})}, id="shared secret"
        ),
        pytest.param({"AUTH": "jwt", "JWT_SECRET": "s" * 31}, id="short shared secret"),
        pytest.param(
            {"AUTH": "jwt", "JWT_SECRET": "s" * 32, "JWT_JWKS": jwks(public_jwk("ES256"))},
            id="shared secret beside keys",
        ),
        pytest.param(
            {"AUTH": "jwt", "JWT_SECRET": jwks(public_jwk("ES256"))}, id="keys as shared secret"
        ),
        pytest.param(
            {"AUTH": "jwt", "JWT_SECRET": "s" * 32, "JWT_CLAIMS": '{"a": "b"}'},
            id="claims without lists",
        ),
        pytest.param(
            {"AUTH": "jwt", "JWT_SECRET": "s" * 32, "JWT_CLAIMS": "token_type=access"},
            id="claims that are not JSON",
        ),
        pytest.param(
            {"AUTH": "jwt", "JWT_SECRET": "s" * 32, "JWT_CLAIMS": "[" * 100_000},
            id="claims nested too deep",
        ),
        pytest.param(
            {"GRANT_SECRET": "short", "CALLBACK_URL": "https://a.example"}, id="short grant secret"
        ),
    ],
)
def test_no_mistake_opens_the_endpoint(changes: dict[str, str]) -> None:
    issuer = {"JWT_ISSUER": ISSUER, "JWT_AUDIENCE": AUDIENCE}
    response = invoke(ENVIRON | issuer | changes)
    assert (response.status, response.code) == (500, "misconfigured")
