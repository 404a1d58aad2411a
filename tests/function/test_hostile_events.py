"""Events of any shape: whatever comes in, a documented answer goes out, and no secret with it.

`make test` sends 5,000 events, always the same; `make fuzz` sends 200,000, each time others.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from direct_upload.app import App
from direct_upload.routes import ROUTES
from tests.function.asking import ENVIRON, NOW, TOKEN, Context
from tests.function.issuer import AUDIENCE, ISSUER, Token, claims, jwks, public_jwk

FUZZING = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"

KEY_SECRET = ENVIRON["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
GRANT_SECRET = "grant-secret-of-thirty-two-bytes-and-more"
SECRETS = (KEY_SECRET, GRANT_SECRET)  # have no place in any answer
BEARER = "Bearer " + Token(claims(exp=int(NOW.timestamp()) + 60, nbf=None, iat=None)).signed()

CALLBACKS = {
    "CALLBACK_URL": "https://upload.example.com/callback",
    "CALLBACK_KEY_PREFIX": "http://127.0.0.1:9/",  # nobody listens there
    "GRANT_SECRET": GRANT_SECRET,
}
JWT = {
    "AUTH": "jwt",
    "JWT_JWKS": jwks(public_jwk("RS256", kid="first")),
    "JWT_ISSUER": ISSUER,
    "JWT_AUDIENCE": AUDIENCE,
    "UPLOAD_DIR": "users/{user}/",
}
ENVIRONS: dict[str, dict[str, str]] = {
    "anonymous": ENVIRON | CALLBACKS,
    "known callers": ENVIRON | JWT,
    "everyone": ENVIRON | {"ALLOWED_ORIGINS": "*", "SIGNATURE_VERSION": "v1"},
    "only file grants": ENVIRON | {"DIRECTORY_GRANTS": "false", "ALLOWED_CONTENT_TYPES": "text/*"},
    "misconfigured": ENVIRON | {"OSS_BUCKET": ""},
    "no credentials": {name: value for name, value in ENVIRON.items() if "ALIBABA" not in name},
    # Nobody listens there, either.
    "no STS": ENVIRON
    | {
        "CREDENTIALS_SOURCE": "assume-role",
        "STS_ENDPOINT": "http://127.0.0.1:9",
        "UPLOAD_ROLE_ARN": "acs:ram::1234567890123456:role/oss-uploader",
    },
}
DOCUMENTED_5XX = {
    "misconfigured": (500, "misconfigured"),
    "no credentials": (500, "misconfigured"),
    "no STS": (503, "credentials_unavailable"),
}
CODES = {
    "invalid_request": 400,
    "unauthorized": 401,
    "origin_not_allowed": 403,
    "callback_refused": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "file_too_large": 413,
    "type_not_allowed": 415,
}


@cache
def app(name: str) -> App:
    """One instance for each configuration, as Function Compute keeps them."""
    return App(ENVIRONS[name] | {"LOG_LEVEL": "DEBUG"}, lambda: NOW)


any_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
any_text = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["\r\nX-Evil: 1", "\n", "a\r\nFC Invoke End RequestId: 1", "\ud800", "x" * 10_000]
)
# Methods and paths that belong together, and others.
targets = st.one_of(
    st.sampled_from([(route.method, path) for path, route in ROUTES.items()]),
    st.sampled_from([(route.method, path) for path, route in ROUTES.items()]),
    st.tuples(
        st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "post"]) | any_text,
        st.sampled_from([*ROUTES, "/%73ign", "/sign%0d%0a", "//", "/callback?x"]) | any_text,
    ),
)
header_values = any_text | st.sampled_from(
    [
        *(BEARER, BEARER + "," + BEARER, BEARER[:-1]),
        *("https://app.example.com", "https://app.example.com:443", "null", "*"),
        # Names of keys below the configured prefix and elsewhere, in Base64.
        *("aHR0cDovLzEyNy4wLjAuMTo5L2E=", "aHR0cDovLzEyNy4wLjAuMTo5Ly4uL2E=", "===="),
    ]
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Authorization": st.sampled_from([BEARER, BEARER, "Basic YTpi"]) | header_values,
        "Origin": st.sampled_from(["https://app.example.com"]) | header_values,
        "origin": header_values,
        "X-Oss-Pub-Key-Url": header_values,
    },
) | st.dictionaries(any_text, header_values, max_size=3)
file_names = st.sampled_from(["a.jpg", "a.txt", "a.html", ".jpg"]) | any_text
queries = st.fixed_dictionaries(
    {}, optional={"filename": file_names, "type": any_text, "access_token": any_text}
)
questions = st.fixed_dictionaries(
    {"filename": file_names},
    optional={"content_type": st.sampled_from(["image/jpeg", "text/plain"]), "size": st.integers()},
)
bodies = st.one_of(
    questions.map(json.dumps),
    st.tuples(questions, st.sampled_from(["filename", "content_type", "size"]), any_json).map(
        lambda parts: json.dumps({**parts[0], parts[1]: parts[2]})
    ),
    any_text,
    st.sampled_from(["e30=", "====", "bucket=a&object=b&size=1&grant=c", "[" * 3000]),
)
# As the gateway makes them, whatever the client sent.
polite_events = st.builds(
    lambda target, headers, query, body: {
        "version": "v1",
        "rawPath": target[1],
        "headers": headers,
        "queryParameters": query,
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {"requestId": "", "http": {"method": target[0], "path": target[1]}},
    },
    targets,
    headers,
    queries,
    bodies,
)
# As nobody makes them but a person with the right to invoke the function directly.
members = ["rawPath", "headers", "queryParameters", "body", "isBase64Encoded", "requestContext"]
broken_events = st.tuples(polite_events, st.sampled_from(members), any_json).map(
    lambda parts: {**parts[0], parts[1]: parts[2]}
)
odd_headers = st.tuples(polite_events, st.dictionaries(st.text(), any_json, max_size=3)).map(
    lambda parts: {**parts[0], "headers": parts[1], "queryParameters": parts[1]}
)
shapeless: st.SearchStrategy[Any] = st.one_of(
    any_json.map(lambda value: json.dumps(value).encode()),
    st.binary(),
    st.sampled_from(
        [
            *(b"[" * 100_000, b'{"requestContext":' * 10_000, None, "text", 7, {}),
            *(b'{"requestContext": {"http": {}}}', b'{"requestContext": {"http": []}}'),
            b'{"requestContext": {"http": {"method": "GET"}}}',
        ]
    ),
)
events = st.one_of(
    *(kind.map(lambda event: json.dumps(event).encode()) for kind in [polite_events] * 6),
    *(kind.map(lambda event: json.dumps(event).encode()) for kind in [broken_events, odd_headers]),
    shapeless,
)
contexts = st.one_of(
    st.just(Context()),
    st.none(),
    st.builds(SimpleNamespace, request_id=any_json, credentials=st.none() | st.just({})),
)


class Log(logging.Handler):
    """What the function wrote since somebody asked."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def take(self) -> list[str]:
        lines, self.lines = self.lines, []
        return lines


@pytest.fixture(scope="module")
def log() -> Iterator[Log]:
    handler = Log()
    logger = logging.getLogger()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def check_answer(answer: dict[str, Any], environ: str) -> None:
    """The struct, its headers and its body are as documented."""
    assert {name: type(value) for name, value in answer.items()} == {
        "statusCode": int,
        "headers": dict,
        "isBase64Encoded": bool,
        "body": str,
    }
    assert answer["headers"]["Content-Type"] == "application/json"
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert "Origin" in answer["headers"]["Vary"]
    for name, value in answer["headers"].items():
        assert re.fullmatch(r"[A-Za-z-]+", name)
        assert re.fullmatch(r"[ -~]*", value)
    allowed = answer["headers"].get("Access-Control-Allow-Origin")
    assert allowed in (None, "https://app.example.com", "*")
    json.dumps(answer).encode()
    status, body = answer["statusCode"], answer["body"]
    if not body:
        return
    document = json.loads(body)
    if status >= 400:
        code = document["error"]["code"]
        assert CODES.get(code) == status or DOCUMENTED_5XX.get(environ) == (status, code)
    else:
        assert status == 200


def check_log(lines: list[str], answer: dict[str, Any]) -> None:
    """One record is one line, without what was handed out or kept."""
    fields = json.loads(answer["body"] or "{}").get("fields", {})
    kept = [*SECRETS, TOKEN, BEARER.removeprefix("Bearer ").rpartition(".")[2]]
    kept += [fields[name] for name in ("policy", "Signature", "x-oss-signature") if name in fields]
    for line in lines:
        assert re.fullmatch(r"[^\x00-\x1f\x7f\u2028\u2029]*", line)
        assert not any(secret in line for secret in kept)
        assert len(line) < 2000


@pytest.mark.timeout(0 if FUZZING else 1800)  # so many examples take a busy machine minutes
@settings(
    max_examples=200_000 if FUZZING else 5_000,
    deadline=None,
    derandomize=not FUZZING,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(event=events, context=contexts, environ=st.sampled_from(sorted(ENVIRONS)))
def test_any_event_gets_a_documented_answer(
    event: Any, context: Any, environ: str, log: Log
) -> None:
    log.take()
    answer = app(environ).handle(event, context)
    check_answer(answer, environ)
    assert not any(secret in answer["body"] for secret in SECRETS)
    check_log(log.take(), answer)


@pytest.mark.parametrize("environ", sorted(ENVIRONS))
def test_each_configuration_serves_its_purpose(environ: str) -> None:
    """The events above meet an instance that works, or fails as it should."""
    body = json.dumps({"filename": "a.txt"})
    context = {"http": {"method": "POST", "path": "/sign"}}
    event = {"requestContext": context, "headers": {"Authorization": BEARER}, "body": body}
    answer = app(environ).handle(json.dumps(event).encode(), Context())
    code = json.loads(answer["body"]).get("error", {}).get("code")
    expected = DOCUMENTED_5XX.get(environ, (200, None))
    assert (answer["statusCode"], code) == expected
    check_answer(answer, environ)
