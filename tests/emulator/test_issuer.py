"""The issuer for development, on the page's port."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from werkzeug.test import Client

from emulator.issuer import Issuer
from emulator.page import Page
from tests.harness import ROOT

FUNCTION, OSS = "http://127.0.0.1:9000", "http://127.0.0.1:9001"
ISSUER, AUDIENCE = "http://127.0.0.1:9003/issuer", "uploads"


def site(issuer: Issuer | None) -> Client:
    return Client(Page(ROOT / "web", function_url=FUNCTION, oss_url=OSS, issuer=issuer))


def claims_of(client: Client, query: str = "") -> dict[str, Any]:
    """The claims of the token that a page gets, checked with the issuer's key set."""
    response = client.get(f"/issuer/token{query}", buffered=True)
    assert response.json is not None
    (key,) = jwt.PyJWKSet.from_dict(client.get("/issuer/jwks.json", buffered=True).json or {}).keys
    token = response.json["token"]
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": key.key_id, "typ": "JWT"}
    decoded: dict[str, Any] = jwt.decode(token, key, audience=AUDIENCE, issuer=ISSUER)
    assert decoded["exp"] - decoded["iat"] == 300
    return decoded


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("", {"sub": "developer"}, id="nobody named"),
        pytest.param("?user=", {"sub": "developer"}, id="an empty name"),
        pytest.param("?user=%E7%8E%8B", {"sub": "王"}, id="a Chinese name"),
        pytest.param("?user=alice&role=clerk", {"sub": "alice", "role": "clerk"}, id="a claim"),
        pytest.param("?role=a&role=b", {"role": ["a", "b"]}, id="a claim with a list"),
    ],
)
def test_a_token_names_the_user_and_has_the_claims_of_the_query(
    query: str, expected: dict[str, Any]
) -> None:
    claims = claims_of(site(Issuer(issuer=ISSUER, audience=AUDIENCE)), query)
    assert expected.items() <= claims.items()
    assert set(claims) == {"iss", "aud", "sub", "iat", "exp", *expected}


def test_the_user_is_in_the_claim_that_the_function_reads() -> None:
    issuer = Issuer(issuer=ISSUER, audience=AUDIENCE, user_claim="user_id")
    assert claims_of(site(issuer), "?user=alice")["user_id"] == "alice"


def test_the_query_may_make_a_token_that_is_refused() -> None:
    with pytest.raises(jwt.InvalidAudienceError):
        claims_of(site(Issuer(issuer=ISSUER, audience=AUDIENCE)), "?aud=other")


def test_the_key_set_has_a_public_key_only() -> None:
    (key,) = Issuer(issuer=ISSUER, audience=AUDIENCE).jwks()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_the_page_learns_where_tokens_are_and_other_origins_cannot_read_them() -> None:
    client = site(Issuer(issuer=ISSUER, audience=AUDIENCE))
    assert client.get("/config.json").json == {"endpoint": FUNCTION, "token": "/issuer/token"}
    headers = client.get("/issuer/token", headers={"Origin": "https://evil.example"}).headers
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/issuer/token", "/issuer/jwks.json"])
def test_without_an_issuer_there_are_no_tokens(path: str) -> None:
    assert site(None).get(path, buffered=True).status_code == 404
