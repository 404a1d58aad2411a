"""The doctor names the check that refuses a token, for each check that the function makes."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from jwt import api_jws
from werkzeug import Response

from deploy import doctor
from deploy.diagnosis import Finding
from deploy.diagnosis.tokens import check_token
from tests.function.callers.issuer import (
    AUDIENCE,
    ISSUER,
    NOW_SECONDS,
    SETTINGS,
    Token,
    claims,
    jwks,
    key_pair,
    public_jwk,
)
from tests.function.invocations import ENVIRON, NOW, invoke
from tests.function.strategies import any_json
from tests.harness import ROOT, running_harness
from tests.recorder import recording

SECRET = "django-insecure-0123456789abcdefghij"
WITH_SECRET = {"JWT_JWKS": "", "JWT_SECRET": SECRET}
WITH_CLAIMS = {"JWT_CLAIMS": '{"token_type": ["access"]}'}


def raw(payload: Mapping[str, Any] | str, **headers: Any) -> str:
    """A signed token with claims and headers that PyJWT would not write."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return api_jws.encode(text.encode(), key_pair("RS256"), "RS256", {"kid": "first"} | headers)


def hs256(secret: str = SECRET, **changes: Any) -> str:
    return Token(claims(**changes), {}, "HS256").signed(secret)


REFUSED = [
    pytest.param("MTQ0NjJkZmQ5OTM2NDE1ZTZjNGZmZjI3", {}, "is not a signed JWT", id="opaque"),
    pytest.param("a.b.c.d.e", {}, "is not a signed JWT", id="encrypted"),
    pytest.param("a.b.c", {}, "is not a signed JWT", id="not Base64"),
    pytest.param(raw('"alice"'), {}, "is not a signed JWT", id="a payload without claims"),
    pytest.param(raw("[" * 2000), {}, "is not a signed JWT", id="nested too deep"),
    pytest.param(raw(claims(padding="x" * 3000)), {}, "more than 4096 characters", id="too long"),
    pytest.param(raw(claims(), crit=["b64"], b64=True), {}, "has a header crit", id="crit"),
    pytest.param(raw(claims(exp=NOW_SECONDS - 90)), {}, "expired 90 s ago", id="expired"),
    pytest.param(raw(claims(exp=-(10**400))), {}, "expired 10000000000 s ago", id="long ago"),
    pytest.param(raw(claims(exp=None)), {}, "has no exp", id="no exp"),
    pytest.param(raw(claims(exp="1")), {}, "exp is not a number", id="exp is a string"),
    pytest.param(raw(claims(iat=True)), {}, "iat is not a number", id="iat is a boolean"),
    pytest.param(raw(claims(nbf=NOW_SECONDS + 90)), {}, "nbf lies 90 s in the future", id="nbf"),
    pytest.param(raw(claims(iat=NOW_SECONDS + 31)), {}, "iat lies 31 s in the future", id="iat"),
    pytest.param(
        raw(claims(iss=ISSUER.rstrip("/"))),
        {},
        'iss is "https://login.example.com", but JWT_ISSUER is "https://login.example.com/"',
        id="an issuer without its slash",
    ),
    pytest.param(raw(claims(iss=None)), {}, "iss is missing", id="no issuer"),
    pytest.param(
        raw(claims(aud="other")), {}, 'aud is "other", but JWT_AUDIENCE is "uploads"', id="audience"
    ),
    pytest.param(raw(claims(aud=["a", "b"])), {}, 'aud is ["a", "b"], but', id="audiences"),
    pytest.param(raw(claims(aud=None)), {}, "aud is missing", id="no audience"),
    pytest.param(raw(claims(sub=None)), {}, 'names no user: its claim "sub"', id="no user"),
    pytest.param(raw(claims(sub=1.5)), {}, "names no user", id="the user is a fraction"),
    pytest.param(
        raw(claims()), {"JWT_USER_CLAIM": "user_id"}, 'claim "user_id"', id="another user claim"
    ),
    pytest.param(raw(claims()), WITH_CLAIMS, 'lacks the claim "token_type"', id="no such claim"),
    pytest.param(
        raw(claims(token_type="refresh")),
        WITH_CLAIMS,
        'has another value in the claim "token_type", of which JWT_CLAIMS requires "access"',
        id="a refresh token",
    ),
    pytest.param(
        Token(headers={"kid": "second"}).signed(), {}, 'names the key "second"', id="unknown key"
    ),
    pytest.param(
        Token(headers={}).signed(),
        {"JWT_JWKS": jwks(public_jwk("RS256", kid="a"), public_jwk("ES256", kid="b"))},
        "names no key, and JWT_JWKS has several",
        id="no kid",
    ),
    pytest.param(
        Token(algorithm="ES256").signed(),
        {},
        'signed with "ES256", but the function accepts RS256 with its key',
        id="a key of another kind",
    ),
    pytest.param(
        Token().signed(),
        {
            "JWT_JWKS": jwks(
                {**public_jwk("RS256", kid="first"), "use": "enc"}, public_jwk("ES256", kid="b")
            )
        },
        "the function accepts nothing with its key",
        id="a key for encryption",
    ),
    pytest.param(
        Token(algorithm="RS512").signed(key_pair("RS256")),
        {},
        'signed with "RS512", which needs another',
        id="RS512",
    ),
    pytest.param(hs256(), {}, "which needs JWT_SECRET instead of JWT_JWKS", id="HS256"),
    pytest.param(
        Token().signed(),
        WITH_SECRET,
        'signed with "RS256", but JWT_SECRET is for HS256',
        id="RS256",
    ),
    pytest.param(hs256(SECRET + "x"), WITH_SECRET, "signed with another secret", id="secret"),
    pytest.param(
        Token().signed(key_pair("RS256", "other")), {}, "its signature may be", id="signature"
    ),
]


def findings(token: str, changes: Mapping[str, str]) -> list[Finding]:
    settings = {**SETTINGS, **changes}
    return list(check_token(token, settings, NOW, directory=Path("nowhere")))


@pytest.mark.parametrize(("token", "changes", "message"), REFUSED)
def test_what_the_function_refuses_is_one_problem(
    token: str, changes: dict[str, str], message: str
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert invoke(ENVIRON | SETTINGS | changes, headers=headers).status == 401
    (problem,) = findings(token, changes)
    assert message in problem.message
    assert problem.hint
    shown = problem.message + problem.hint
    parts = [part for part in token.split(".") if len(part) > 1]
    assert not [secret for secret in (*parts, SECRET, "alice") if secret in shown]


@pytest.mark.parametrize(
    ("token", "changes"),
    [
        pytest.param(Token().signed(), {}, id="inline keys"),
        pytest.param(raw(claims(sub=7 * 10**18)), {}, id="a long number as user"),
        pytest.param(hs256(), WITH_SECRET, id="a shared secret"),
        pytest.param(
            raw(claims(iss=None, aud=None)), {"JWT_ISSUER": "*", "JWT_AUDIENCE": "*"}, id="waived"
        ),
        pytest.param(raw(claims(token_type="access")), WITH_CLAIMS, id="a required claim"),
    ],
)
def test_what_the_function_accepts_has_nothing_wrong(token: str, changes: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert invoke(ENVIRON | SETTINGS | changes, headers=headers).status == 200
    (finding,) = findings(token, changes)
    assert finding.message.startswith("Nothing is wrong with TOKEN here")


def test_everything_that_is_wrong_is_told() -> None:
    token = raw(claims(exp=NOW_SECONDS - 90, aud="other"), kid="second")
    assert len(findings(token, {})) == 3


def test_what_is_not_known_here_is_not_compared() -> None:
    found = list(check_token(Token().signed(), {}, NOW, directory=Path("nowhere")))
    assert [bool(finding.hint) for finding in found] == [False, True, False]
    assert "has JWT_JWKS or JWT_SECRET" in found[0].message
    assert "has JWT_ISSUER, JWT_AUDIENCE" in found[2].message


@pytest.mark.parametrize("setting", ["token_type=access", '{"token_type": "access"}', "[" * 99_999])
def test_a_wrong_setting_of_claims_is_a_problem(setting: str) -> None:
    (problem,) = findings(Token().signed(), {"JWT_CLAIMS": setting})
    assert problem.message == "JWT_CLAIMS is not JSON that lists permitted values."


SET = jwks(public_jwk("RS256", kid="first"))


def test_a_set_in_a_file_or_at_a_url_is_read(tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text(SET)
    unknown = Token(headers={"kid": "second"}).signed()
    with recording(lambda _: Response(SET)) as server:
        for jwks_setting in ("file:jwks.json", f"{server.url}/jwks.json"):
            settings = {**SETTINGS, "JWT_JWKS": jwks_setting}
            (problem,) = check_token(unknown, settings, NOW, directory=tmp_path)
            assert 'the key "second", which is not among the 1' in problem.message


@pytest.mark.parametrize(
    ("response", "message"),
    [
        pytest.param(Response("[]", 404), "The URL in JWT_JWKS returned 404", id="404"),
        pytest.param(Response("<html>"), "The URL in JWT_JWKS has no keys", id="HTML"),
        pytest.param(Response('{"keys": [1]}'), "The URL in JWT_JWKS has no keys", id="no objects"),
        pytest.param(
            Response(status=302, headers={"Location": "/"}), "redirects to", id="redirect"
        ),
        pytest.param(Response(b"x" * 1_000_001), "sent more than 1000000 bytes", id="too long"),
    ],
)
def test_a_key_server_that_misbehaves_is_a_problem(response: Response, message: str) -> None:
    with recording(lambda _: response) as server:
        (problem,) = findings(Token().signed(), {"JWT_JWKS": f"{server.url}/jwks.json"})
    assert message in problem.message
    assert problem.hint


@pytest.mark.parametrize("name", ["missing.json", "", "..", "a\x00b"])
def test_a_file_that_cannot_be_read_is_a_problem(name: str, tmp_path: Path) -> None:
    settings = {**SETTINGS, "JWT_JWKS": f"file:{name}"}
    (problem,) = check_token(Token().signed(), settings, NOW, directory=tmp_path)
    assert problem.message == "The file in JWT_JWKS cannot be read."


@given(st.text(), st.dictionaries(st.sampled_from(["kid", "alg", "typ"]), any_json), any_json)
def test_any_token_is_survived(token: str, header: dict[str, Any], payload: Any) -> None:
    findings(token, {})
    parts = (json.dumps(part).encode() for part in ({"alg": "RS256"} | header, payload))
    encoded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
    findings(".".join([*encoded, "c2lnbmF0dXJl"]), WITH_CLAIMS)


names = st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "token_type"])


@given(st.dictionaries(names, any_json | st.integers()))
def test_any_claims_are_survived(changes: dict[str, Any]) -> None:
    findings(raw(claims() | changes), WITH_CLAIMS)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param(
            "?aud=other", 'TOKEN\'s aud is "other", but JWT_AUDIENCE is "uploads".', id="aud"
        ),
        pytest.param("", "No problems found.", id="a valid token"),
    ],
)
def test_the_doctor_explains_a_refusal(
    query: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_harness(tmp_path, {"AUTH": "jwt"}) as harness:
        url = f"{harness.page}/issuer/token{query}"
        token = requests.get(url, timeout=30).json()["token"]
        environ = {
            "TOKEN": token,
            "JWT_JWKS": f"{harness.page}/issuer/jwks.json",
            "JWT_ISSUER": f"{harness.page}/issuer",
            "JWT_AUDIENCE": AUDIENCE,
        }
        code = doctor.main([harness.function, "--origin", harness.page], environ=environ)
    printed = capsys.readouterr().out
    assert code == (1 if query else 0)
    assert message in printed
    assert printed.count("      -> ") == (1 if query else 0)
    assert not [part for part in token.split(".") if part in printed]


def test_an_unreadable_env_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_bytes(b"\xff")
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="2"):
        doctor.main(["https://example.com"], environ={})
    assert ".env is not UTF-8" in capsys.readouterr().err


def test_the_doctor_needs_no_packages() -> None:
    """-S hides those of the environment."""
    command = [sys.executable, "-S", "-m", "deploy.doctor", "--help"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
