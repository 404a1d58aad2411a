"""Which callers AUTH=jwt accepts: a valid token, and everything that is almost one."""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm
from werkzeug import Response

from direct_upload.callers.keys import SharedSecret, read_jwks
from direct_upload.callers.tokens import JwtCallers
from direct_upload.errors import Unauthorized
from tests.function.callers.issuer import (
    ALGORITHMS,
    AUDIENCE,
    ISSUER,
    NOW_SECONDS,
    Token,
    claims,
    jwks,
    key_pair,
    public_jwk,
)
from tests.function.invocations import NOW
from tests.recorder import recording

ALL_KEYS = jwks(*(public_jwk(algorithm, kid=algorithm) for algorithm in ALGORITHMS))


def callers(key_set: str | None = None, **changes: Any) -> JwtCallers:
    checks: dict[str, Any] = {
        "keys": read_jwks(key_set or jwks(public_jwk("RS256", kid="first")), Path("nowhere")),
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "required": {},
        "user_claim": "sub",
    }
    return JwtCallers(**checks | changes)


def user_of(token: str, *, checker: JwtCallers | None = None, scheme: str = "Bearer ") -> str:
    return (checker or callers()).caller({"authorization": scheme + token}, {}, NOW).user


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def segment(content: object) -> str:
    """Header or payload of a token: any text, or JSON of anything else."""
    text = content if isinstance(content, str) else json.dumps(content)
    return base64url(text.encode())


def signed_text(payload: str) -> str:
    """A validly signed token whose payload is any text."""
    return jwt.PyJWS().encode(
        payload.encode(), key_pair("RS256"), algorithm="RS256", headers={"kid": "first"}
    )


def signed_by_hand(header: Mapping[str, object]) -> str:
    """A validly signed token with a header that PyJWT would not write."""
    signing_input = f"{segment(header)}.{segment(claims())}"
    signature = RSAAlgorithm(RSAAlgorithm.SHA256).sign(signing_input.encode(), key_pair("RS256"))
    return f"{signing_input}.{base64url(signature)}"


def test_a_token_signed_by_hand_is_accepted() -> None:
    assert user_of(signed_by_hand({"alg": "RS256", "kid": "first"})) == "alice"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_accepts_each_kind_of_key(algorithm: str) -> None:
    token = Token(algorithm=algorithm, headers={"kid": algorithm}).signed()
    assert user_of(token, checker=callers(ALL_KEYS)) == "alice"


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(claims(aud=["other", AUDIENCE]), id="one of several audiences"),
        pytest.param(claims(exp=NOW_SECONDS - 29), id="expired within the leeway"),
        pytest.param(claims(exp=NOW_SECONDS + 0.5), id="a fraction of a second"),
        pytest.param(claims(nbf=NOW_SECONDS + 30), id="nbf within the leeway"),
        pytest.param(claims(nbf=NOW.timestamp() + 30), id="nbf at the end of the leeway"),
        pytest.param(claims(iat=NOW_SECONDS + 30), id="iat within the leeway"),
        pytest.param(claims(nbf=None, iat=None), id="neither nbf nor iat"),
        pytest.param(claims(exp=10**30), id="exp in the far future"),
        pytest.param(claims(scope="anything"), id="an extra claim"),
    ],
)
def test_accepts_a_token_with(payload: Mapping[str, Any]) -> None:
    assert user_of(Token(payload).signed()) == "alice"


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer   "])
def test_the_scheme_is_case_insensitive(scheme: str) -> None:
    assert user_of(Token().signed(), scheme=scheme) == "alice"


def test_the_user_is_read_from_the_configured_claim() -> None:
    token = Token(claims(sub=None, email="alice@example.com")).signed()
    assert user_of(token, checker=callers(user_claim="email")) == "alice@example.com"


@pytest.mark.parametrize(
    ("given", "user"),
    [
        pytest.param({"sub": 42}, "42", id="a number"),
        pytest.param({"sub": -1}, "-1", id="a negative number"),
        pytest.param({"sub": 0}, "0", id="zero"),
        pytest.param({"sub": 2**70}, "1180591620717411303424", id="a large number"),
        pytest.param({"sub": "042"}, "042", id="digits in a string"),
    ],
)
def test_a_number_names_a_user_by_its_decimal_text(given: dict[str, Any], user: str) -> None:
    assert user_of(signed_text(json.dumps(claims() | given))) == user


@pytest.mark.parametrize(
    ("given", "user"),
    [
        pytest.param({"app": {"uid": "bob"}}, "bob", id="nested"),
        pytest.param({"app": {"uid": 7}}, "7", id="a nested number"),
        pytest.param({"app.uid": "carol", "app": {"uid": "bob"}}, "carol", id="the plain name"),
        pytest.param({"app.uid": None, "app": {"uid": "bob"}}, None, id="the plain name is null"),
        pytest.param({"app": "bob"}, None, id="not an object"),
        pytest.param({"app": {"uid": {"a": "b"}}}, None, id="an object"),
        pytest.param({}, None, id="absent"),
    ],
)
def test_the_users_claim_may_be_a_path_if_no_claim_has_its_name(
    given: dict[str, Any], user: str | None
) -> None:
    token = signed_text(json.dumps(claims() | given))
    checker = callers(user_claim="app.uid")
    if user is None:
        with pytest.raises(Unauthorized):
            user_of(token, checker=checker)
    else:
        assert user_of(token, checker=checker) == user


def test_the_caller_has_the_claims_of_the_token() -> None:
    headers = {"authorization": f"Bearer {Token(claims(role=['clerk'])).signed()}"}
    caller = callers().caller(headers, {}, NOW)
    assert caller.claims == claims(role=["clerk"])
    assert repr(caller) == "Caller(user='alice')"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"iss": None, "aud": None}, id="absent"),
        pytest.param({"iss": "https://other.example", "aud": ["other"]}, id="any"),
    ],
)
def test_a_star_admits_any_issuer_and_audience_and_none(given: dict[str, Any]) -> None:
    token = Token(claims(**given)).signed()
    assert user_of(token, checker=callers(issuer="*", audience="*")) == "alice"
    for checker in (callers(issuer="*"), callers(audience="*"), callers()):
        with pytest.raises(Unauthorized):
            user_of(token, checker=checker)


@pytest.mark.parametrize("claim", ["iss", "aud"])
def test_a_star_in_the_token_matches_nothing_else(claim: str) -> None:
    with pytest.raises(Unauthorized):
        user_of(Token(claims(**{claim: "*"})).signed())


def test_an_encrypted_token_is_refused() -> None:
    """Five parts (RFC 7516), the only form that may be compressed."""
    header = segment({"alg": "RSA-OAEP", "enc": "A256GCM", "zip": "DEF", "kid": "first"})
    for token in (f"{header}.a.b.c.d", f"{header}.{segment(claims())}.c"):
        with pytest.raises(Unauthorized):
            user_of(token)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-be", "latin-1"])
def test_a_payload_that_is_not_utf_8_is_refused(encoding: str) -> None:
    payload = json.dumps(claims(sub="é"), ensure_ascii=False).encode(encoding)
    token = jwt.PyJWS().encode(payload, key_pair("RS256"), "RS256", {"kid": "first"})
    with pytest.raises(Unauthorized):
        user_of(token)


def test_a_header_that_names_keys_is_not_followed() -> None:
    """The other key's owner signs, and says where that key is; nothing is called there."""
    stranger = key_pair("RS256", "other")
    jwk = public_jwk("RS256", kid="first", name="other")
    with recording(lambda _: Response(jwks(jwk))) as server:
        for header in ({"jku": server.url}, {"x5u": server.url}, {"jwk": jwk}):
            token = Token(claims(iss=server.url), {"kid": "first", **header}).signed(stranger)
            with pytest.raises(Unauthorized):
                user_of(token)
    assert server.requests == []


def test_a_token_without_kid_is_verified_with_the_only_key() -> None:
    assert user_of(Token(headers={}).signed()) == "alice"


def test_a_key_without_kid_verifies_tokens_without_one() -> None:
    assert (
        user_of(Token(headers={}).signed(), checker=callers(jwks(public_jwk("RS256")))) == "alice"
    )


refused_claims = [
    pytest.param(claims(exp=None), id="no exp"),
    pytest.param(claims(exp=NOW_SECONDS - 30), id="expired"),
    pytest.param(claims(exp=NOW.timestamp() - 30), id="expired at this instant"),
    pytest.param(claims(exp=True), id="exp is a boolean"),
    pytest.param(claims(exp=str(NOW_SECONDS + 60)), id="exp is a string"),
    pytest.param(claims(exp=[NOW_SECONDS + 60]), id="exp is a list"),
    pytest.param(claims(nbf=NOW_SECONDS + 31), id="nbf in the future"),
    pytest.param(claims(nbf="0"), id="nbf is a string"),
    pytest.param(claims(nbf=True), id="nbf is a boolean"),
    pytest.param(claims(iat=NOW_SECONDS + 31), id="iat in the future"),
    pytest.param(claims(iat={}), id="iat is an object"),
    pytest.param(claims(iss=None), id="no iss"),
    pytest.param(claims(iss=ISSUER.rstrip("/")), id="another iss"),
    pytest.param(claims(iss=ISSUER + "x"), id="a longer iss"),
    pytest.param(claims(aud=None), id="no aud"),
    pytest.param(claims(aud="uploads2"), id="another aud"),
    pytest.param(claims(aud=["other"]), id="other audiences"),
    pytest.param(claims(aud=[]), id="aud is an empty list"),
    pytest.param(claims(aud=[[AUDIENCE]]), id="aud in a nested list"),
    pytest.param(claims(sub=None), id="no user"),
    pytest.param(claims(sub=""), id="an empty user"),
]


@pytest.mark.parametrize("payload", refused_claims)
def test_refuses_a_token_with(payload: Mapping[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        user_of(Token(payload).signed())


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param('"alice"', id="a string"),
        pytest.param("[]", id="a list"),
        pytest.param("", id="empty"),
        pytest.param("{", id="truncated"),
        pytest.param("[" * 2000, id="nested too deep"),
        pytest.param(json.dumps(claims(exp=float("nan"))), id="exp is NaN"),
        pytest.param(json.dumps(claims(exp=float("inf"))), id="exp is Infinity"),
        pytest.param(json.dumps(claims(exp=1)).replace(": 1,", ": 1e999,"), id="exp is 1e999"),
        pytest.param(json.dumps(claims(nbf=-1)).replace(": -1,", ": -1e999,"), id="nbf is -1e999"),
        pytest.param(json.dumps(claims(iss=[ISSUER])), id="iss is a list"),
        pytest.param(json.dumps(claims(sub=1.5)), id="the user is a fraction"),
        pytest.param(json.dumps(claims(sub=True)), id="the user is a boolean"),
        pytest.param(json.dumps(claims(sub=["alice"])), id="the user is a list"),
        pytest.param(json.dumps(claims()).replace("alice", "").replace('""', "null"), id="no user"),
    ],
)
def test_refuses_a_signed_payload_that_is(payload: str) -> None:
    with pytest.raises(Unauthorized):
        user_of(signed_text(payload))


VALID = Token().signed()
HEAD, BODY, SIGNATURE = VALID.split(".")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="not Base64"),
        pytest.param(f"{HEAD}.{BODY}", id="no signature"),
        pytest.param(f"{HEAD}.{BODY}.", id="an empty signature"),
        pytest.param(f"{VALID}.{SIGNATURE}", id="four parts"),
        pytest.param(f"{VALID}=", id="padding"),
        pytest.param(f"{VALID} ", id="trailing space"),
        pytest.param(f"{VALID}\n", id="trailing line break"),
        pytest.param(f"{VALID},{VALID}", id="two joined with a comma"),
        pytest.param(f"{VALID}, Bearer {VALID}", id="the header twice, as the gateway joins it"),
        pytest.param(f"Bearer {VALID}", id="the scheme twice"),
        pytest.param(
            f"{HEAD}.{segment(claims(sub='bob'))}.{SIGNATURE}", id="another user's payload"
        ),
        pytest.param(
            f"{segment({'alg': 'none', 'kid': 'first'})}.{BODY}.", id="alg none, unsigned"
        ),
        pytest.param(
            f"{segment({'alg': 'none', 'kid': 'first'})}.{BODY}.{SIGNATURE}", id="alg none"
        ),
        pytest.param(f"{segment({'kid': 'first'})}.{BODY}.{SIGNATURE}", id="no alg"),
        pytest.param(
            f"{segment({'alg': ['RS256'], 'kid': 'first'})}.{BODY}.{SIGNATURE}", id="alg is a list"
        ),
        pytest.param(f"{segment([])}.{BODY}.{SIGNATURE}", id="the header is a list"),
        pytest.param(f"{segment('[' * 2000)}.{BODY}.{SIGNATURE}", id="deeply nested header"),
        pytest.param(Token(headers={"kid": "second"}).signed(), id="unknown kid"),
        pytest.param(Token(headers={"kid": ""}).signed(), id="empty kid"),
        pytest.param(Token(headers={"kid": "first", "crit": ["exp"]}).signed(), id="unknown crit"),
        pytest.param(
            signed_by_hand({"alg": "RS256", "kid": "first", "crit": ["b64"], "b64": True}),
            id="crit that PyJWT knows",
        ),
        pytest.param(Token().signed(key_pair("RS256", "other")), id="another issuer's key"),
        pytest.param(Token(algorithm="PS256").signed(key_pair("RS256")), id="PS256 with this key"),
        pytest.param(Token(algorithm="RS512").signed(key_pair("RS256")), id="RS512 with this key"),
        pytest.param(Token(algorithm="ES256").signed(), id="another kind of key"),
        pytest.param(
            Token(algorithm="HS256").signed(public_jwk("RS256")["n"].encode()),
            id="HMAC with the public key",
        ),
        pytest.param(Token(claims(padding="x" * 3000)).signed(), id="over 4 KB"),
    ],
)
def test_refuses_a_token_that_is(token: str) -> None:
    with pytest.raises(Unauthorized):
        user_of(token)


def token_of(length: int) -> str:
    """A valid token of exactly this many characters."""
    header, shortest = Token().headers, len(Token(claims(padding="")).signed())
    near = (length - shortest) * 3 // 4
    tokens = (
        Token(claims(padding="x" * size), {**header, "padding": "x" * more}).signed()
        for more in range(3)
        for size in range(near - 30, near + 2)
    )
    return next(token for token in tokens if len(token) == length)


def test_a_token_may_have_4096_characters() -> None:
    assert user_of(token_of(4096)) == "alice"
    with pytest.raises(Unauthorized):
        user_of(token_of(4097))


SECRET = b"django-insecure-0123456789abcdefghij"


def hs(algorithm: str = "HS256", secret: Any = SECRET, **headers: Any) -> str:
    return Token(headers=headers, algorithm=algorithm).signed(secret)


@pytest.mark.parametrize("headers", [{}, {"kid": "anything"}], ids=["no kid", "any kid"])
def test_a_shared_secret_accepts_hs256(headers: dict[str, str]) -> None:
    assert user_of(hs(**headers), checker=callers(keys=SharedSecret(SECRET))) == "alice"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(hs(secret=SECRET + b"x"), id="another secret"),
        pytest.param(Token().signed(), id="RS256"),
        pytest.param(f"{segment({'alg': 'none'})}.{BODY}.", id="none"),
    ],
)
def test_a_shared_secret_accepts_nothing_else(token: str) -> None:
    with pytest.raises(Unauthorized):
        user_of(token, checker=callers(keys=SharedSecret(SECRET)))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_shared_secret_accepts_no_other_hash(algorithm: str) -> None:
    secret = SECRET * 2  # long enough for PyJWT not to warn
    with pytest.raises(Unauthorized):
        user_of(hs(algorithm, secret), checker=callers(keys=SharedSecret(secret)))


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        pytest.param({"token_type": "access"}, True, id="access"),
        pytest.param({"token_type": "refresh"}, False, id="refresh"),
        pytest.param({}, False, id="absent"),
    ],
)
def test_required_claims_keep_refresh_tokens_out(
    given: dict[str, str], accepted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    checker = callers(required={"token_type": ("access",)})
    token = Token(claims(**given)).signed()
    if accepted:
        assert user_of(token, checker=checker) == "alice"
        return
    with pytest.raises(Unauthorized):
        user_of(token, checker=checker)
    assert "the token lacks a claim of JWT_CLAIMS" in caplog.text


@pytest.mark.parametrize("kid", [5, None, ["first"], {"a": 1}], ids=repr)
def test_refuses_a_kid_that_is_not_a_string(kid: object) -> None:
    with pytest.raises(Unauthorized):
        user_of(f"{segment({'alg': 'RS256', 'kid': kid})}.{BODY}.{SIGNATURE}")


def test_with_several_keys_a_token_without_kid_is_refused() -> None:
    with pytest.raises(Unauthorized):
        user_of(Token(headers={}).signed(), checker=callers(ALL_KEYS))


@pytest.mark.parametrize("given", ALGORITHMS)
def test_a_key_verifies_no_token_of_another_algorithm(given: str) -> None:
    others = [algorithm for algorithm in ALGORITHMS if algorithm != given]
    for other in others:
        token = Token(algorithm=given, headers={"kid": other}).signed()
        with pytest.raises(Unauthorized):
            user_of(token, checker=callers(ALL_KEYS))


@pytest.mark.parametrize("scheme", ["", "Basic ", "Bearer", "Bearer\t", "BearerX ", "Bearer:"])
def test_refuses_a_token_under_another_scheme(scheme: str) -> None:
    with pytest.raises(Unauthorized):
        user_of(Token().signed(), scheme=scheme)


@pytest.mark.parametrize(
    "name", ["access_token", "authorization", "token", "jwt", "id_token", "Access_Token"]
)
def test_refuses_a_token_in_the_query_even_beside_a_valid_header(name: str) -> None:
    for headers in ({}, {"authorization": f"Bearer {VALID}"}):
        with pytest.raises(Unauthorized):
            callers().caller(headers, {name: VALID}, NOW)


def test_ignores_other_parameters_of_the_query() -> None:
    query = {"filename": "a.jpg", "metadata[name]": "a"}
    assert callers().caller({"authorization": f"Bearer {VALID}"}, query, NOW).user == "alice"


@pytest.mark.parametrize(
    "name", ["x-jwt-sub", "x-forwarded-user", "x-fc-jwt", "cookie", "proxy-authorization"]
)
def test_trusts_no_header_that_a_gateway_may_have_written(name: str) -> None:
    with pytest.raises(Unauthorized):
        callers().caller({name: "alice"}, {}, NOW)
    with pytest.raises(Unauthorized):
        callers().caller({name: f"Bearer {VALID}"}, {}, NOW)


def test_a_refusal_never_says_which_check_failed() -> None:
    refusals = set()
    for payload in (row.values[0] for row in refused_claims):
        with pytest.raises(Unauthorized) as refusal:
            user_of(Token(payload).signed())  # type: ignore[arg-type]
        error = refusal.value
        refusals.add((error.message, error.hint, *error.headers.items()))
    with pytest.raises(Unauthorized) as refusal:
        callers().caller({}, {}, NOW)
    refusals.add((refusal.value.message, refusal.value.hint, *refusal.value.headers.items()))
    assert len(refusals) == 1
    assert refusal.value.headers == {"WWW-Authenticate": "Bearer"}


def test_the_log_says_why_without_the_token_or_its_claims(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    token = Token(claims(sub="secret-name", exp=NOW_SECONDS - 90)).signed()
    with pytest.raises(Unauthorized) as refusal:
        user_of(token)
    assert refusal.value.__context__ is None
    assert "the token has expired" in caplog.text
    assert "secret-name" not in caplog.text
    assert not any(part in caplog.text for part in token.split("."))


def test_the_clock_is_the_one_passed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW_SECONDS + 10**6)
    assert user_of(Token().signed()) == "alice"


@given(st.data())
def test_a_token_with_any_change_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(VALID) - 1))
    character = data.draw(st.characters(exclude_characters=VALID[place]))
    changed = data.draw(
        st.sampled_from(
            [
                VALID[:place] + character + VALID[place + 1 :],
                VALID[:place] + character + VALID[place:],
                VALID[:place],
                VALID[:place] + VALID[place + 1 :],
            ]
        )
    )
    with pytest.raises(Unauthorized):
        user_of(changed)


@pytest.mark.timeout(600)  # so many examples take a busy machine minutes
@given(
    header=st.fixed_dictionaries(
        {},
        optional={
            "alg": st.sampled_from(["none", "HS256", "RS256"]),
            "kid": st.sampled_from(["first", "second"]),
            "b64": st.booleans(),
        },
    ),
    changes=st.dictionaries(st.text(), st.text() | st.integers() | st.none()),
    signature=st.text("aA-_", max_size=9),
)
def test_a_token_without_a_valid_signature_is_refused(
    header: dict[str, object], changes: dict[str, object], signature: str
) -> None:
    with pytest.raises(Unauthorized):
        user_of(f"{segment(header)}.{segment(claims() | changes)}.{signature}")


any_value: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([])
)


@given(st.dictionaries(st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat"]), any_value))
def test_signed_claims_of_any_shape_name_a_user_or_are_refused(changes: dict[str, Any]) -> None:
    try:
        name = user_of(signed_text(json.dumps(claims() | changes)))
    except Unauthorized:
        return
    assert name
    assert name == str(changes.get("sub", "alice"))
    assert not isinstance(changes.get("sub"), bool)


@given(st.text())
def test_any_authorization_header_is_refused(value: str) -> None:
    with pytest.raises(Unauthorized):
        callers().caller({"authorization": value}, {}, NOW)


def test_one_signature_is_checked_however_many_keys_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verified: list[object] = []
    verify = RSAAlgorithm.verify

    def counting(self: RSAAlgorithm, message: bytes, key: Any, signature: bytes) -> bool:
        verified.append(key)
        return verify(self, message, key, signature)

    monkeypatch.setattr(RSAAlgorithm, "verify", counting)
    fifty = [public_jwk("RS256", kid=f"key-{number}") for number in range(50)]
    checker = callers(jwks(*fifty))
    assert user_of(Token(headers={"kid": "key-49"}).signed(), checker=checker) == "alice"
    assert len(verified) == 1
    with pytest.raises(Unauthorized):
        user_of(Token(headers={"kid": "key-50"}).signed(), checker=checker)
    assert len(verified) == 1
