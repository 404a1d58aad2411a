"""Who may ask, with AUTH=jwt: one good token, and everything that is not quite one."""

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

from direct_upload.callers import JwtCallers
from direct_upload.errors import Unauthorized
from direct_upload.jwks import read_jwks
from tests.function.asking import NOW
from tests.function.issuer import (
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

ALL_KEYS = jwks(*(public_jwk(algorithm, kid=algorithm) for algorithm in ALGORITHMS))


def callers(key_set: str | None = None, user_claim: str = "sub") -> JwtCallers:
    return JwtCallers(
        jwks=read_jwks(key_set or jwks(public_jwk("RS256", kid="first")), Path("nowhere")),
        issuer=ISSUER,
        audience=AUDIENCE,
        user_claim=user_claim,
    )


def ask(token: str, *, checker: JwtCallers | None = None, scheme: str = "Bearer ") -> str:
    return (checker or callers()).user({"authorization": scheme + token}, {}, NOW)


def segment(content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def signed_text(payload: str) -> str:
    """A token with a good signature over any text."""
    return jwt.PyJWS().encode(
        payload.encode(), key_pair("RS256"), algorithm="RS256", headers={"kid": "first"}
    )


def signed_by_hand(header: Mapping[str, object]) -> str:
    """A token with a good signature under a header that PyJWT would not write."""
    signing_input = f"{segment(header)}.{segment(claims())}"
    signature = RSAAlgorithm(RSAAlgorithm.SHA256).sign(signing_input.encode(), key_pair("RS256"))
    return f"{signing_input}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def test_a_token_signed_by_hand_is_a_good_one() -> None:
    assert ask(signed_by_hand({"alg": "RS256", "kid": "first"})) == "alice"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_knows_a_caller_by_each_kind_of_key(algorithm: str) -> None:
    token = Token(algorithm=algorithm, headers={"kid": algorithm}).signed()
    assert ask(token, checker=callers(ALL_KEYS)) == "alice"


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(claims(aud=["other", AUDIENCE]), id="one of several audiences"),
        pytest.param(claims(exp=NOW_SECONDS - 29), id="expired within the leeway"),
        pytest.param(claims(exp=NOW_SECONDS + 0.5), id="a fraction of a second"),
        pytest.param(claims(nbf=NOW_SECONDS + 30), id="nbf within the leeway"),
        pytest.param(claims(iat=NOW_SECONDS + 30), id="iat within the leeway"),
        pytest.param(claims(nbf=None, iat=None), id="neither nbf nor iat"),
        pytest.param(claims(exp=10**30), id="exp in a far future"),
        pytest.param(claims(scope="anything"), id="a claim of the issuer's own"),
    ],
)
def test_knows_a_caller_by(payload: Mapping[str, Any]) -> None:
    assert ask(Token(payload).signed()) == "alice"


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer   "])
def test_the_scheme_has_no_case(scheme: str) -> None:
    assert ask(Token().signed(), scheme=scheme) == "alice"


def test_the_user_is_in_the_claim_that_the_setting_names() -> None:
    token = Token(claims(sub=None, email="alice@example.com")).signed()
    assert ask(token, checker=callers(user_claim="email")) == "alice@example.com"


def test_a_token_without_kid_is_checked_with_the_only_key() -> None:
    assert ask(Token(headers={}).signed()) == "alice"


def test_a_key_without_kid_checks_tokens_without_one() -> None:
    assert ask(Token(headers={}).signed(), checker=callers(jwks(public_jwk("RS256")))) == "alice"


refused_claims = [
    pytest.param(claims(exp=None), id="no exp"),
    pytest.param(claims(exp=NOW_SECONDS - 30), id="expired"),
    pytest.param(claims(exp=True), id="exp is a boolean"),
    pytest.param(claims(exp=str(NOW_SECONDS + 60)), id="exp is a text"),
    pytest.param(claims(exp=[NOW_SECONDS + 60]), id="exp is a list"),
    pytest.param(claims(nbf=NOW_SECONDS + 31), id="nbf in the future"),
    pytest.param(claims(nbf="0"), id="nbf is a text"),
    pytest.param(claims(nbf=True), id="nbf is a boolean"),
    pytest.param(claims(iat=NOW_SECONDS + 31), id="iat in the future"),
    pytest.param(claims(iat={}), id="iat is an object"),
    pytest.param(claims(iss=None), id="no iss"),
    pytest.param(claims(iss=ISSUER.rstrip("/")), id="another iss"),
    pytest.param(claims(aud=None), id="no aud"),
    pytest.param(claims(aud="uploads2"), id="another aud"),
    pytest.param(claims(aud=["other"]), id="other audiences"),
    pytest.param(claims(aud=[]), id="no audience in the list"),
    pytest.param(claims(aud=[[AUDIENCE]]), id="aud in a list in a list"),
    pytest.param(claims(sub=None), id="no user"),
    pytest.param(claims(sub=""), id="an empty user"),
]


@pytest.mark.parametrize("payload", refused_claims)
def test_refuses_a_token_with(payload: Mapping[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        ask(Token(payload).signed())


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param('"alice"', id="a text"),
        pytest.param("[]", id="a list"),
        pytest.param("", id="nothing"),
        pytest.param("{", id="half an object"),
        pytest.param(json.dumps(claims(exp=float("nan"))), id="exp is NaN"),
        pytest.param(json.dumps(claims(exp=float("inf"))), id="exp is Infinity"),
        pytest.param(json.dumps(claims(exp=1)).replace(": 1,", ": 1e999,"), id="exp is 1e999"),
        pytest.param(json.dumps(claims(sub=1)), id="the user is a number"),
        pytest.param(json.dumps(claims(sub=["alice"])), id="the user is a list"),
    ],
)
def test_refuses_a_signed_payload_that_is(payload: str) -> None:
    with pytest.raises(Unauthorized):
        ask(signed_text(payload))


GOOD = Token().signed()
HEAD, BODY, SIGNATURE = GOOD.split(".")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing"),
        pytest.param("a.b.c", id="no Base64"),
        pytest.param(f"{HEAD}.{BODY}", id="no signature"),
        pytest.param(f"{HEAD}.{BODY}.", id="an empty signature"),
        pytest.param(f"{GOOD}.{SIGNATURE}", id="four parts"),
        pytest.param(f"{GOOD}=", id="padding"),
        pytest.param(f"{GOOD} ", id="a space behind"),
        pytest.param(f"{GOOD}\n", id="a line break behind"),
        pytest.param(f"{GOOD},{GOOD}", id="two joined with a comma"),
        pytest.param(f"{GOOD}, Bearer {GOOD}", id="the header twice, as the gateway joins it"),
        pytest.param(f"Bearer {GOOD}", id="the scheme twice"),
        pytest.param(f"{HEAD}.{segment(claims(sub='bob'))}.{SIGNATURE}", id="another's payload"),
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
        pytest.param(f"{segment('[' * 2000)}.{BODY}.{SIGNATURE}", id="the header is nested deep"),
        pytest.param(Token(headers={"kid": "second"}).signed(), id="unknown kid"),
        pytest.param(Token(headers={"kid": ""}).signed(), id="empty kid"),
        pytest.param(
            Token(headers={"kid": "first", "crit": ["exp"]}).signed(), id="an unknown crit"
        ),
        pytest.param(
            signed_by_hand({"alg": "RS256", "kid": "first", "crit": ["b64"], "b64": True}),
            id="a crit that PyJWT knows",
        ),
        pytest.param(Token().signed(key_pair("RS256", "other")), id="another's key"),
        pytest.param(Token(algorithm="PS256").signed(key_pair("RS256")), id="PS256 of this key"),
        pytest.param(Token(algorithm="RS512").signed(key_pair("RS256")), id="RS512 of this key"),
        pytest.param(Token(algorithm="ES256").signed(), id="another kind of key"),
        pytest.param(
            Token(algorithm="HS256").signed(public_jwk("RS256")["n"].encode()),
            id="HMAC with the public key",
        ),
        pytest.param(Token(claims(padding="x" * 3000)).signed(), id="over 4 KB"),
    ],
)
def test_refuses_as_a_token(token: str) -> None:
    with pytest.raises(Unauthorized):
        ask(token)


@pytest.mark.parametrize("kid", [5, None, ["first"], {"a": 1}])
def test_refuses_a_kid_that_is_no_text(kid: object) -> None:
    with pytest.raises(Unauthorized):
        ask(f"{segment({'alg': 'RS256', 'kid': kid})}.{BODY}.{SIGNATURE}")


def test_a_token_without_kid_is_refused_where_there_are_several_keys() -> None:
    with pytest.raises(Unauthorized):
        ask(Token(headers={}).signed(), checker=callers(ALL_KEYS))


@pytest.mark.parametrize("given", ["RS256", "ES256", "EdDSA"])
def test_a_key_checks_no_token_of_another_algorithm(given: str) -> None:
    others = [algorithm for algorithm in ALGORITHMS if algorithm != given]
    for other in others:
        token = Token(algorithm=given, headers={"kid": other}).signed()
        with pytest.raises(Unauthorized):
            ask(token, checker=callers(ALL_KEYS))


@pytest.mark.parametrize("scheme", ["", "Basic ", "Bearer", "Bearer\t", "BearerX ", "Bearer:"])
def test_refuses_a_token_under_another_scheme(scheme: str) -> None:
    with pytest.raises(Unauthorized):
        ask(Token().signed(), scheme=scheme)


@pytest.mark.parametrize("name", ["access_token", "token", "jwt", "id_token", "Access_Token"])
def test_refuses_a_token_in_the_query_even_beside_a_good_header(name: str) -> None:
    for headers in ({}, {"authorization": f"Bearer {GOOD}"}):
        with pytest.raises(Unauthorized):
            callers().user(headers, {name: GOOD}, NOW)


def test_ignores_other_parameters_of_the_query() -> None:
    query = {"filename": "a.jpg", "metadata[name]": "a"}
    assert callers().user({"authorization": f"Bearer {GOOD}"}, query, NOW) == "alice"


@pytest.mark.parametrize(
    "name", ["x-jwt-sub", "x-forwarded-user", "x-fc-jwt", "cookie", "proxy-authorization"]
)
def test_trusts_no_header_that_a_gateway_may_have_written(name: str) -> None:
    with pytest.raises(Unauthorized):
        callers().user({name: "alice"}, {}, NOW)
    with pytest.raises(Unauthorized):
        callers().user({name: f"Bearer {GOOD}"}, {}, NOW)


def test_a_refusal_never_says_which_check_failed() -> None:
    said = set()
    for payload in (row.values[0] for row in refused_claims):
        with pytest.raises(Unauthorized) as refusal:
            ask(Token(payload).signed())  # type: ignore[arg-type]
        error = refusal.value
        said.add((error.message, error.hint, *error.headers.items()))
    with pytest.raises(Unauthorized) as refusal:
        callers().user({}, {}, NOW)
    said.add((refusal.value.message, refusal.value.hint, *refusal.value.headers.items()))
    assert len(said) == 1
    assert refusal.value.headers == {"WWW-Authenticate": "Bearer"}


def test_the_log_says_why_without_the_token_or_its_claims(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    token = Token(claims(sub="secret-name", exp=NOW_SECONDS - 90)).signed()
    with pytest.raises(Unauthorized):
        ask(token)
    assert "the token has expired" in caplog.text
    assert "secret-name" not in caplog.text
    assert not any(part in caplog.text for part in token.split("."))


def test_the_clock_is_the_one_passed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW_SECONDS + 10**6)
    assert ask(Token().signed()) == "alice"


@given(st.data())
def test_a_token_with_any_change_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(GOOD) - 1))
    mark = data.draw(st.characters(exclude_characters=GOOD[place]))
    changed = data.draw(
        st.sampled_from(
            [
                GOOD[:place] + mark + GOOD[place + 1 :],
                GOOD[:place] + mark + GOOD[place:],
                GOOD[:place],
                GOOD[:place] + GOOD[place + 1 :],
            ]
        )
    )
    with pytest.raises(Unauthorized):
        ask(changed)


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
def test_a_token_that_nobody_signed_is_refused(
    header: dict[str, object], changes: dict[str, object], signature: str
) -> None:
    with pytest.raises(Unauthorized):
        ask(f"{segment(header)}.{segment(claims() | changes)}.{signature}")


any_value: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([])
)


@given(st.dictionaries(st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat"]), any_value))
def test_signed_claims_of_any_shape_name_a_user_or_are_refused(changes: dict[str, Any]) -> None:
    try:
        name = ask(signed_text(json.dumps(claims() | changes)))
    except Unauthorized:
        return
    assert name
    assert name == changes.get("sub", "alice")


@given(st.text())
def test_any_authorization_header_is_refused(value: str) -> None:
    with pytest.raises(Unauthorized):
        callers().user({"authorization": value}, {}, NOW)


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
    assert ask(Token(headers={"kid": "key-49"}).signed(), checker=checker) == "alice"
    assert len(verified) == 1
    with pytest.raises(Unauthorized):
        ask(Token(headers={"kid": "key-50"}).signed(), checker=checker)
    assert len(verified) == 1
