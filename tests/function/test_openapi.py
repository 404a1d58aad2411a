"""The function does what docs/openapi.yaml says: over real sockets, by schemathesis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok

from direct_upload.app import App
from direct_upload.errors import Refusal
from direct_upload.routes import ROUTES
from emulator.function_compute import FunctionCompute
from emulator.server import Server
from tests.function.callers.issuer import SETTINGS as JWT_SETTINGS
from tests.function.callers.issuer import Token, claims
from tests.function.invocations import ENVIRON, NO_STS
from tests.function.multipart.stub import Stub

DOCUMENT = yaml.safe_load(
    (Path(__file__).parents[2] / "docs" / "openapi.yaml").read_text(encoding="utf-8")
)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    result.ok().label: result.ok()
    for result in SCHEMA.get_all_operations()
    if isinstance(result, Ok)
}
# The gateway refuses longer ones itself.
MAX_URI_BYTES = 4096
PAGE = "https://app.example.com"

ENVIRONS = {
    "V4": ENVIRON,
    "V1 with callbacks": ENVIRON
    | {
        "SIGNATURE_VERSION": "v1",
        "CALLBACK_URL": "https://upload.example.com/callback",
        "GRANT_SECRET": "x" * 32,
        "UNIQUE_DIR": "false",
        "ALLOWED_CONTENT_TYPES": "image/*",
    },
    "jwt": ENVIRON | JWT_SETTINGS,
    # Nothing listens on this port.
    "no keys": ENVIRON | JWT_SETTINGS | {"JWT_JWKS": "http://127.0.0.1:9/jwks.json"},
    "presets": ENVIRON
    | JWT_SETTINGS
    | {
        "UPLOAD_PRESETS": json.dumps(
            {
                "avatar": {"types": "image/*", "disposition": "inline"},
                "staff": {"allow": {"role": ["staff"]}, "directory_grants": False},
            }
        )
    },
    "multipart": ENVIRON
    | JWT_SETTINGS
    | {
        "MULTIPART": "true",
        "GRANT_SECRET": "x" * 32,
        "UPLOAD_PRESETS": json.dumps({"default": {}, "forms": {"multipart": False}}),
    },
    "only file grants": ENVIRON | {"DIRECTORY_GRANTS": "false"},
    "misconfigured": ENVIRON | {"OSS_BUCKET": ""},
    "no STS": ENVIRON | NO_STS,
}


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """The function behind an emulated Function Compute, once for each configuration."""
    with ExitStack() as stack:
        oss = stack.enter_context(Stub())

        def serve(environ: dict[str, str]) -> str:
            handle = App({"OSS_ENDPOINT": oss.url} | environ).handle
            function = FunctionCompute(handle, function_keys=None, log=lambda line: None)
            return stack.enter_context(Server(function)).url

        yield {name: serve(environ) for name, environ in ENVIRONS.items()}


@cache
def checks() -> list[Any]:
    return CHECKS.get_by_names(
        [
            *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
            *("response_headers_conformance", "response_schema_conformance"),
        ]
    )


def modes() -> Iterator[Any]:
    """Each operation as described; also not as described, where it has a query or a body."""
    for name, operation in OPERATIONS.items():
        yield pytest.param(name, GenerationMode.POSITIVE, id=f"as described-{name}")
        if operation.query or operation.body:
            yield pytest.param(name, GenerationMode.NEGATIVE, id=f"not as described-{name}")


@pytest.mark.parametrize(("operation", "mode"), list(modes()))
def test_any_request_gets_a_described_response(
    operation: str, mode: GenerationMode, urls: dict[str, str]
) -> None:
    described = OPERATIONS[operation]

    @settings(
        max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=described.as_strategy(mode))
    def send(case: Any) -> None:
        environ = "multipart" if "/multipart" in operation else "V4"
        response = case.call(base_url=urls[environ], headers=TOKEN)
        if len(response.request.path_url) <= MAX_URI_BYTES:
            case.validate_response(response, checks=checks())

    send()


@dataclass(frozen=True)
class Exchange:
    """A request and the expected status of its response."""

    operation: str
    status: int
    environ: str = "V4"
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)


FILE = {"filename": "a.jpg", "content_type": "image/jpeg", "size": 5}
BROWSER = {"Origin": PAGE}
LASTING = Token(claims(exp=4102444800, nbf=None, iat=None))  # until 2100
TOKEN = {"Authorization": f"Bearer {LASTING.signed()}"}
FOREIGN = {"Origin": "https://evil.example"}
AUTHORIZATION = {"Authorization": f"Bearer {Token().signed()}"}
HTML = {"filename": "a.html", "size": 1}
ANY = {"uploadId": "x", "partNumber": "1"}
UPLOAD: tuple[Any, ...] = ("multipart", None, {"key": "k"}, TOKEN, ANY)
OFF: tuple[Any, ...] = ("V4", *UPLOAD[1:])
# Name, method, path below /s3/multipart, status, and the rest of an exchange.
MULTIPART: list[Any] = [
    ("begin", "POST", "", 200, "multipart", FILE, {}, TOKEN),
    ("begin, no size", "POST", "", 400, "multipart", {"filename": "a.jpg"}, {}, TOKEN),
    ("begin, no token", "POST", "", 401, "multipart", FILE),
    ("begin, foreign origin", "POST", "", 403, "multipart", FILE, {}, FOREIGN),
    ("begin, not for this preset", "POST", "", 404, "multipart", FILE, {"preset": "forms"}, TOKEN),
    ("begin, too large", "POST", "", 413, "multipart", FILE | {"size": 10**9}, {}, TOKEN),
    ("begin, active type", "POST", "", 415, "multipart", HTML, {}, TOKEN),
    ("begin, switched off", "POST", "", 404, "V4", FILE),
    ("list, no such upload", "GET", "/{uploadId}", 404, *UPLOAD),
    ("list, switched off", "GET", "/{uploadId}", 404, *OFF),
    ("list, HEAD", "HEAD", "/{uploadId}", 404, *UPLOAD),
    ("sign, no such upload", "GET", "/{uploadId}/{partNumber}", 404, *UPLOAD),
    ("sign, HEAD", "HEAD", "/{uploadId}/{partNumber}", 404, *UPLOAD),
    ("batch, no such upload", "GET", "/{uploadId}/batch", 404, *UPLOAD),
    ("complete, no such upload", "POST", "/{uploadId}/complete", 404, *UPLOAD),
    ("delete, no such upload", "DELETE", "/{uploadId}", 404, *UPLOAD),
    ("preflight of a deletion", "OPTIONS", "/{uploadId}", 204, "V4", None, {}, BROWSER, ANY),
]
REPORT = {"bucket": "b", "object": "k", "size": "1", "mimeType": "text/plain", "grant": "g"}


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(Exchange("GET /", 200), id="directory grant"),
        pytest.param(
            Exchange("GET /", 200, "V1 with callbacks", headers=BROWSER), id="directory grant, V1"
        ),
        pytest.param(
            Exchange("GET /get_post_signature_for_oss_upload", 200), id="directory grant, old path"
        ),
        pytest.param(Exchange("GET /", 404, "only file grants"), id="no directory grants"),
        pytest.param(Exchange("GET /", 401, "jwt"), id="directory grant, no token"),
        pytest.param(Exchange("HEAD /", 200, headers=BROWSER), id="HEAD"),
        pytest.param(Exchange("HEAD /", 401, "jwt"), id="HEAD, no token"),
        pytest.param(Exchange("HEAD /", 503, "no STS"), id="HEAD, no credentials"),
        pytest.param(Exchange("POST /sign", 200, body=FILE), id="file grant"),
        pytest.param(
            Exchange("POST /sign", 200, "V1 with callbacks", FILE, {}, BROWSER), id="file grant, V1"
        ),
        pytest.param(Exchange("POST /sign", 400, body={}), id="no name"),
        pytest.param(Exchange("POST /sign", 401, "jwt", FILE), id="file grant, no token"),
        pytest.param(Exchange("POST /sign", 403, body=FILE, headers=FOREIGN), id="foreign origin"),
        pytest.param(Exchange("POST /sign", 413, body=FILE | {"size": 10**9}), id="too large"),
        pytest.param(Exchange("POST /sign", 415, body={"filename": "a.html"}), id="active type"),
        pytest.param(Exchange("POST /sign", 500, "misconfigured", FILE), id="misconfigured"),
        pytest.param(Exchange("POST /sign", 503, "no STS", FILE, {}, BROWSER), id="no credentials"),
        pytest.param(
            Exchange("POST /sign", 503, "no keys", FILE, {}, BROWSER | AUTHORIZATION), id="no keys"
        ),
        pytest.param(Exchange("GET /s3/params", 200, query={"filename": "a.png"}), id="Companion"),
        pytest.param(
            Exchange("GET /s3/params", 200, query={"filename": "a,b.png", "metadata[name]": "a"}),
            id="Companion, metadata",
        ),
        pytest.param(
            Exchange("GET /s3/params", 415, query={"filename": "a"}), id="Companion, refused"
        ),
        pytest.param(
            Exchange("HEAD /s3/params", 200, query={"filename": "a.png"}), id="Companion, HEAD"
        ),
        pytest.param(
            Exchange("GET /s3/params", 200, query={"filename": "a.png", "preset": "default"}),
            id="Companion, preset",
        ),
        pytest.param(
            Exchange("POST /sign", 200, body={"files": [FILE, {"filename": "a.html"}]}), id="batch"
        ),
        pytest.param(
            Exchange("POST /sign", 200, body={"files": [{"filename": "a.html"}]}),
            id="batch, all refused",
        ),
        pytest.param(Exchange("POST /sign", 400, body={"files": []}), id="batch, empty"),
        pytest.param(
            Exchange("POST /sign", 503, "no STS", {"files": [FILE]}), id="batch, no credentials"
        ),
        pytest.param(
            Exchange("POST /sign", 200, "presets", FILE | {"preset": "avatar"}, {}, TOKEN),
            id="preset",
        ),
        pytest.param(
            Exchange("POST /sign", 403, "presets", FILE, {"preset": "staff"}, TOKEN),
            id="preset of others",
        ),
        pytest.param(Exchange("POST /sign", 400, "presets", FILE, {}, TOKEN), id="no preset"),
        pytest.param(
            Exchange("GET /", 400, "presets", None, {"preset": "x"}, TOKEN), id="unknown preset"
        ),
        pytest.param(
            Exchange("HEAD /", 400, "presets", None, {"preset": "x"}, TOKEN),
            id="HEAD, unknown preset",
        ),
        pytest.param(
            Exchange("GET /", 403, "presets", None, {"preset": "staff"}, TOKEN),
            id="directory grant, preset of others",
        ),
        pytest.param(Exchange("GET /limits", 200, "no STS"), id="limits"),
        pytest.param(Exchange("HEAD /limits", 200), id="limits, HEAD"),
        pytest.param(Exchange("GET /limits", 401, "presets"), id="limits, no token"),
        pytest.param(
            Exchange("GET /limits", 400, "presets", headers=TOKEN), id="limits, no preset"
        ),
        pytest.param(
            Exchange("GET /limits", 403, "presets", None, {"preset": "staff"}, TOKEN),
            id="limits, preset of others",
        ),
        pytest.param(Exchange("OPTIONS /sign", 204, headers=BROWSER), id="preflight"),
        pytest.param(
            Exchange("OPTIONS /sign", 204, "misconfigured", headers=BROWSER),
            id="preflight, misconfigured",
        ),
        pytest.param(
            Exchange("OPTIONS /sign", 403, headers=FOREIGN), id="preflight, foreign origin"
        ),
        pytest.param(
            Exchange(
                "POST /callback", 403, "V1 with callbacks", REPORT, {}, {"x-oss-pub-key-url": "a"}
            ),
            id="forged callback",
        ),
        pytest.param(
            Exchange("POST /callback", 404, body=REPORT, headers={"x-oss-pub-key-url": "a"}),
            id="no callbacks",
        ),
        *(
            pytest.param(Exchange(f"{method} /s3/multipart{below}", status, *rest), id=name)
            for name, method, below, status, *rest in MULTIPART
        ),
        pytest.param(Exchange("GET /healthz", 200, "no STS"), id="health"),
        pytest.param(Exchange("GET /healthz", 500, "misconfigured"), id="health, misconfigured"),
    ],
)
def test_responds_as_described(exchange: Exchange, urls: dict[str, str]) -> None:
    operation = OPERATIONS[exchange.operation]
    kind = {"POST /callback": "application/x-www-form-urlencoded"}.get(exchange.operation)
    parts: dict[str, Any] = {
        "query": exchange.query,
        "headers": exchange.headers,
        "path_parameters": exchange.path,
    }
    if exchange.body is not None:
        parts |= {"body": exchange.body, "media_type": kind or "application/json"}
    case = operation.Case(**parts)
    response = case.call(base_url=urls[exchange.environ])
    assert response.status_code == exchange.status
    described = [check for check in checks() if check.__name__ != "not_a_server_error"]
    case.validate_response(response, checks=described)


def test_the_steps_of_an_upload_respond_as_described(urls: dict[str, str]) -> None:
    begin = OPERATIONS["POST /s3/multipart"].Case(
        body={"filename": "a.mp4", "size": "7"}, headers=TOKEN, media_type="application/json"
    )
    response = begin.call(base_url=urls["multipart"])
    begin.validate_response(response, checks=checks())
    begun = response.json()
    for operation, status in {
        "GET /s3/multipart/{uploadId}/{partNumber}": 200,
        "HEAD /s3/multipart/{uploadId}/{partNumber}": 200,
        "GET /s3/multipart/{uploadId}/batch": 200,
        "HEAD /s3/multipart/{uploadId}/batch": 200,
        "GET /s3/multipart/{uploadId}": 200,
        "HEAD /s3/multipart/{uploadId}": 200,
        "POST /s3/multipart/{uploadId}/complete": 200,
        "DELETE /s3/multipart/{uploadId}": 200,
    }.items():
        case = OPERATIONS[operation].Case(
            path_parameters={"uploadId": begun["uploadId"], "partNumber": 1},
            query={"key": begun["key"], "partNumbers": "1"},
            headers=TOKEN,
        )
        response = case.call(base_url=urls["multipart"])
        assert response.status_code == status
        case.validate_response(response, checks=checks())


def test_every_route_and_method_is_described() -> None:
    served = {*ROUTES}
    for method, path in (route.split(" ") for route in ROUTES):
        served |= {f"OPTIONS {path}"} | ({f"HEAD {path}"} if method == "GET" else set())
    assert set(OPERATIONS) == served


def test_every_error_is_described() -> None:
    codes = {(kind.code, kind.status) for kind in Refusal.__subclasses__()}
    described = set()
    for path in DOCUMENT["paths"].values():
        methods = ("get", "post", "delete", "options")
        for operation in (path[name] for name in methods if name in path):
            for status, response in operation["responses"].items():
                name = response.get("$ref", "").rpartition("/")[2]
                text = json.dumps(DOCUMENT["components"]["responses"].get(name, {}))
                described |= {(code, int(status)) for code, _ in codes if f'"{code}"' in text}
    # No operation can describe a method that is not described.
    assert described | {("method_not_allowed", 405)} == codes
    everything = DOCUMENT["components"]["schemas"]["Error"]["properties"]["error"]["properties"]
    assert set(everything["code"]["enum"]) == {code for code, _ in codes}


@pytest.mark.parametrize("path", sorted({route.partition(" ")[2] for route in ROUTES}))
def test_other_methods_are_refused_as_described(path: str, urls: dict[str, str]) -> None:
    refused = {"405": {"$ref": "#/components/responses/MethodNotAllowed"}}
    parameters = DOCUMENT["paths"][path].get("parameters", [])
    patch = {"parameters": parameters, "patch": {"responses": refused}}
    document = DOCUMENT | {"paths": {path: patch}}
    case = schemathesis.openapi.from_dict(document)[path]["PATCH"].Case(
        path_parameters={"uploadId": "x", "partNumber": "1"}
    )
    case.validate_response(case.call(base_url=urls["V4"]), checks=checks())


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        pytest.param(418, {}, id="another status"),
        pytest.param(200, {"Cache-Control": "public"}, id="another header"),
        pytest.param(200, {"Content-Type": "text/html"}, id="another type"),
        pytest.param(503, {}, id="another body"),
    ],
)
def test_a_response_that_is_not_described_is_detected(
    status: int, changes: dict[str, str], urls: dict[str, str]
) -> None:
    case = OPERATIONS["GET /"].Case()
    response = case.call(base_url=urls["V4"])
    case.validate_response(response, checks=checks())
    response.status_code = status
    response.headers |= {name.lower(): [value] for name, value in changes.items()}
    with pytest.raises(FailureGroup):
        case.validate_response(response, checks=checks())
