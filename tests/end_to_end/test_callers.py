"""The settings in docs/callers.md accept the tokens of each issuer, and not those to watch for."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
import requests
from werkzeug import Response

from tests.documents import Document
from tests.function.callers.issuer import key_pair, public_jwk
from tests.harness import running_harness
from tests.recorder import Recorded, recording

ROWS = {row[0]: row for row in Document("docs/callers.md").rows("| issuer | settings")}
NOW = int(time.time())
SECRET = "django-insecure-y1$k2#m3(n4)p5*q6=r7+s8_t9"
CLIENT_ID = "9e26ebf96a8e1b9b1d3c"


@dataclass(frozen=True)
class Shape:
    """What one issuer sends: the claims of a user's token, and the set with its keys."""

    claims: dict[str, Any]
    user: str
    algorithm: str = "RS256"
    headers: dict[str, Any] = field(default_factory=lambda: {"kid": "1"})
    keys: tuple[dict[str, Any], ...] = ()
    # What must not be accepted: other claims in a token of the same key.
    refused: dict[str, dict[str, Any]] = field(default_factory=dict)

    def token(self, **changes: Any) -> str:
        # Of this minute: in a whole run, this module was imported long before its tests start.
        now = int(time.time())
        changed = {"iat": now, "exp": now + 900, **self.claims, **changes}
        payload = {name: value for name, value in changed.items() if value is not None}
        key = SECRET if self.algorithm == "HS256" else key_pair(self.algorithm)
        return jwt.encode(payload, key, self.algorithm, self.headers)


RSA = {**public_jwk("RS256", kid="1"), "alg": "RS256", "use": "sig"}
NEXT_RSA = {**public_jwk("RS256", kid="2", name="next"), "alg": "RS256", "use": "sig"}
ENCRYPTION = {**public_jwk("RS256", kid="3", name="other"), "alg": "RSA-OAEP", "use": "enc"}
CERTIFICATE = {"x5c": ["MIIC+zCCAeOgAwIBAgIJ"], "x5t": "NEMyMEFCMzUwMTE1QTNBOUFD"}

SHAPES = {
    "Django simplejwt": Shape(
        {"token_type": "access", "jti": "4e1b", "user_id": "7"},
        user="7",
        algorithm="HS256",
        headers={},
        refused={"a refresh token": {"token_type": "refresh", "exp": NOW + 86400}},
    ),
    "Supabase": Shape(
        {
            "iss": "https://myproject.supabase.co/auth/v1",
            "aud": "authenticated",
            "sub": "123e4567-e89b-12d3-a456-426614174000",
            "role": "authenticated",
            "aal": "aal1",
            "session_id": "6f7f0e3c",
            "email": "alice@example.com",
            "phone": "",
            "is_anonymous": False,
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": {},
            "amr": [{"method": "password", "timestamp": NOW}],
        },
        user="123e4567-e89b-12d3-a456-426614174000",
        algorithm="ES256",
        keys=(
            {**public_jwk("ES256", kid="2", name="standby"), "alg": "ES256", "use": "sig"},
            {
                **public_jwk("ES256", kid="1"),
                "alg": "ES256",
                "use": "sig",
                "ext": True,
                "key_ops": ["verify"],
            },
        ),
        refused={
            "an anonymous sign-in": {"is_anonymous": True},
            "an API key": {"iss": "supabase", "aud": None, "sub": None, "role": "anon"},
        },
    ),
    "Auth0": Shape(
        {
            "iss": "https://mytenant.auth0.com/",
            "aud": ["https://uploads.example.com", "https://mytenant.auth0.com/userinfo"],
            "sub": "auth0|6553da60a54af58e29493993",
            "azp": "my_client_id",
            "scope": "openid profile",
        },
        user="~auth0~7C6553da60a54af58e29493993",
        headers={"kid": "1", "typ": "at+jwt"},
        keys=({**RSA, **CERTIFICATE}, {**NEXT_RSA, **CERTIFICATE}),
        refused={"an ID token": {"aud": "my_client_id"}},
    ),
    "Firebase": Shape(
        {
            "iss": "https://securetoken.google.com/my-project",
            "aud": "my-project",
            "auth_time": NOW,
            "user_id": "5yKs0Wd1m3",
            "sub": "5yKs0Wd1m3",
            "email_verified": True,
            "firebase": {"identities": {"email": ["a@b.c"]}, "sign_in_provider": "password"},
        },
        user="5yKs0Wd1m3",
        keys=(RSA, NEXT_RSA),
        refused={
            "an anonymous sign-in": {
                "firebase": {"identities": {}, "sign_in_provider": "anonymous"}
            },
            "another project": {
                "iss": "https://securetoken.google.com/other",
                "aud": "other",
            },
        },
    ),
    "Logto": Shape(
        {
            "iss": "https://mytenant.logto.app/oidc",
            "aud": "https://uploads.example.com",
            "sub": "k3x9d0a1b2c3",
            "scope": "upload",
            "client_id": "app",
            "jti": "4e1b",
        },
        user="k3x9d0a1b2c3",
        algorithm="ES384",
        headers={"kid": "1", "typ": "at+jwt"},
        keys=({**public_jwk("ES384", kid="1"), "use": "sig"}, NEXT_RSA),
        refused={"an ID token": {"aud": "app"}},
    ),
    "Authing": Shape(
        {
            "iss": "https://myapp.authing.cn/oidc",
            "aud": "64b0c0ffee0123456789abcd",
            "sub": "62a99822ff635db21c2ec21c",
            "nonce": "x",
        },
        user="62a99822ff635db21c2ec21c",
        keys=(RSA,),
        refused={"another app": {"aud": "000000000000000000000000"}},
    ),
    "Casdoor": Shape(
        {
            "iss": "https://casdoor.example.com",
            "aud": [CLIENT_ID],
            "sub": "b4f0c6a8-7e9c-4a0b-9b7e-0d6d1f0c1a2b",
            "owner": "built-in",
            "name": "alice",
            "tokenType": "access-token",
            "scope": "read",
            "nbf": NOW,
            "jti": "admin/4e1b",
        },
        user="b4f0c6a8-7e9c-4a0b-9b7e-0d6d1f0c1a2b",
        algorithm="ES256",
        keys=(
            # One for each certificate of the server, whatever its algorithm.
            {**NEXT_RSA, **CERTIFICATE, "alg": "RS512"},
            {
                "kty": "EC",
                "crv": "P-521",
                "kid": "4",
                "alg": "ES512",
                "use": "sig",
                "x": "",
                "y": "",
            },
            {**public_jwk("ES256", kid="1"), **CERTIFICATE, "alg": "ES256", "use": "sig"},
        ),
        refused={"a refresh token": {"tokenType": "refresh-token", "exp": NOW + 86400}},
    ),
    "Keycloak": Shape(
        {
            "iss": "https://keycloak.example.com/realms/myrealm",
            "aud": ["uploads", "account"],
            "sub": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "typ": "Bearer",
            "azp": "web",
            "realm_access": {"roles": ["uploader", "offline_access"]},
            "preferred_username": "alice",
        },
        user="f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        keys=({**ENCRYPTION, **CERTIFICATE}, {**RSA, **CERTIFICATE}),
        refused={
            "an ID token": {"typ": "ID", "aud": "web"},
            "an ID token for the same audience": {"typ": "ID"},
            "no audience": {"aud": None},
        },
    ),
}


def test_every_issuer_of_the_table_is_tested() -> None:
    assert list(ROWS) == list(SHAPES)


def documented_settings(issuer: str) -> dict[str, str]:
    return dict(re.findall(r"`(JWT_\w+)=(.*?)`", ROWS[issuer][1]))


@pytest.mark.parametrize("issuer", SHAPES)
def test_the_documented_settings_accept_users_and_nobody_else(issuer: str, tmp_path: Path) -> None:
    shape, settings = SHAPES[issuer], documented_settings(issuer)
    path = urlsplit(settings.get("JWT_JWKS", "")).path

    def respond(recorded: Recorded) -> Response:
        return Response(json.dumps({"keys": shape.keys}), 200 if recorded.target == path else 404)

    with recording(respond) as server:
        if "JWT_SECRET" in settings:
            settings["JWT_SECRET"] = SECRET
        else:
            settings["JWT_JWKS"] = server.url + path
        environ = {"AUTH": "jwt", "UPLOAD_DIR": "users/{user}/", **settings}
        with running_harness(tmp_path, environ) as harness:

            def sign(token: str) -> requests.Response:
                headers = {"Origin": harness.page, "Authorization": f"Bearer {token}"}
                file = {"filename": "a.txt"}
                return requests.post(
                    f"{harness.function}/sign", json=file, headers=headers, timeout=30
                )

            accepted = sign(shape.token())
            assert accepted.status_code == 200, harness.printed
            assert accepted.json()["key"].startswith(f"users/{shape.user}/")
            for what, changes in {**shape.refused, "expired": {"exp": NOW - 90}}.items():
                assert sign(shape.token(**changes)).status_code == 401, what
        assert len(server.requests) == ("JWT_JWKS" in documented_settings(issuer))


def test_simplejwt_may_send_a_number(tmp_path: Path) -> None:
    settings = {
        "AUTH": "jwt",
        "UPLOAD_DIR": "users/{user}/",
        **documented_settings("Django simplejwt"),
    }
    settings["JWT_SECRET"] = SECRET
    with running_harness(tmp_path, settings) as harness:
        token = SHAPES["Django simplejwt"].token(user_id=7)
        headers = {"Authorization": f"Bearer {token}"}
        grant = requests.get(harness.function, headers=headers, timeout=30).json()
        assert grant["dir"].startswith("users/7/")
