"""Events of any shape: whatever comes in, a documented response without secrets goes out.

`make test` sends 5,000 events, always the same; `make fuzz` sends 200,000, always new ones.
"""

from __future__ import annotations

import json
import logging
import os
import re
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from direct_upload.app import App
from direct_upload.http.events import MAX_COMPLETION_BYTES, MAX_EVENT_BYTES
from direct_upload.multipart.tickets import Ticket, write_ticket
from direct_upload.routes import ROUTES
from tests.function.callers.issuer import SETTINGS as JWT_SETTINGS
from tests.function.callers.issuer import Token, claims
from tests.function.downloads import saved_extension
from tests.function.invocations import ENVIRON, NO_STS, NOW, TOKEN, Context, event
from tests.function.strategies import any_json, hostile_names

FORMATTER = logging.Formatter()
FUZZING = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"

KEY_SECRET = ENVIRON["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
GRANT_SECRET = "grant-secret-of-thirty-two-bytes-and-more"
SECRETS = (KEY_SECRET, GRANT_SECRET)  # never part of a response
BEARER = "Bearer " + Token(claims(exp=int(NOW.timestamp()) + 60, nbf=None, iat=None)).signed()

CALLBACKS = {
    "CALLBACK_URL": "https://upload.example.com/callback",
    "CALLBACK_KEY_PREFIX": "http://127.0.0.1:9/",  # a closed port
    "GRANT_SECRET": GRANT_SECRET,
}
MULTIPART = {
    "MULTIPART": "true",
    "GRANT_SECRET": GRANT_SECRET,
    "OSS_ENDPOINT": "http://127.0.0.1:9",  # a closed port
    "MAX_UPLOAD_BYTES": str(10**12),
}
ENVIRONS: dict[str, dict[str, str]] = {
    "anonymous": ENVIRON | CALLBACKS,
    "jwt": ENVIRON | JWT_SETTINGS | {"UPLOAD_DIR": "users/{user}/"},
    "any origin": ENVIRON
    | {
        "ALLOWED_ORIGINS": "*",
        "SIGNATURE_VERSION": "v1",
        # Names without an extension are admitted, too.
        "ALLOWED_CONTENT_TYPES": "image/*,text/*,text/html,application/octet-stream",
    },
    "presets": ENVIRON
    | CALLBACKS
    | JWT_SETTINGS
    | {
        "ALLOWED_CONTENT_TYPES": "image/*,text/*,application/octet-stream",
        "UPLOAD_PRESETS": json.dumps(
            {
                "default": {"dir": "others/{yyyy}/", "key": "{id}/{name}{ext}"},
                "avatar": {"dir": "avatars/{user}/", "types": "image/*", "disposition": "inline"},
                "staff": {"dir": "staff/", "allow": {"role": ["staff"]}},
                "dated": {"key": "{yyyy}{mm}{dd}-{id}{ext}", "metadata": {"a": "b"}},
            }
        ),
    },
    "multipart": ENVIRON | MULTIPART,
    "multipart, jwt": ENVIRON | MULTIPART | JWT_SETTINGS,
    "only file grants": ENVIRON | {"DIRECTORY_GRANTS": "false", "ALLOWED_CONTENT_TYPES": "text/*"},
    "misconfigured": ENVIRON | {"OSS_BUCKET": ""},
    "no credentials": {name: value for name, value in ENVIRON.items() if "ALIBABA" not in name},
    "no STS": ENVIRON | NO_STS,
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
    "preset_not_allowed": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "file_too_large": 413,
    "type_not_allowed": 415,
}
CODES_OF_PARTS = {"upload_not_found": 404, "storage_unavailable": 503}

UPLOAD_KEY = "user-dirs/0123456789abcdef0123456789abcdef.mp4"


def ticket(**changes: Any) -> str:
    """The ID of an open upload of three parts, for anybody; or of another upload."""
    end = int(NOW.timestamp()) + 3600
    right = Ticket(
        "0004B9894A22", UPLOAD_KEY, 11 * 1024**2, 5 * 1024**2, "video/mp4", "default", "", end
    )
    return write_ticket(right._replace(**changes), GRANT_SECRET.encode(), "post-test")


TICKET = ticket()
TICKETS = {"multipart": TICKET, "multipart, jwt": ticket(user="alice")}


@cache
def app(name: str) -> App:
    """One instance for each configuration, reused as on Function Compute."""
    return App(ENVIRONS[name] | {"LOG_LEVEL": "DEBUG"}, lambda: NOW)


any_text = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["\r\nX-Evil: 1", "\n", "a\r\nFC Invoke End RequestId: 1", "\ud800", "x" * 10_000]
)
altered_tickets = st.tuples(st.integers(0, len(TICKET) - 1), st.characters()).map(
    lambda change: TICKET[: change[0]] + change[1] + TICKET[change[0] + 1 :]
)
tickets = st.one_of(
    *[st.just(TICKET)] * 3,
    altered_tickets,
    st.sampled_from(
        [
            TICKETS["multipart, jwt"],
            ticket(end=int(NOW.timestamp())),
            ticket(preset="gone"),
            TICKET.partition(".")[0],
            TICKET * 20,
        ]
    ),
    any_text,
)
upload_targets = st.tuples(
    st.sampled_from(["GET", "GET", "POST", "DELETE", "HEAD", "PUT"]),
    st.tuples(
        tickets,
        st.sampled_from(["", "/batch", "/complete", "/1", "/3", "/4", "/0", "/1/2", "/٣", "/1%0a"])
        | any_text.map("/".__add__),
    ).map(lambda parts: "/s3/multipart/" + "".join(parts)),
)
PATHS = [route.partition(" ")[2] for route in ROUTES]
# Methods and paths that belong together, and others.
targets = st.one_of(
    upload_targets,
    upload_targets,
    st.sampled_from([tuple(route.split(" ")) for route in ROUTES]),
    st.sampled_from([tuple(route.split(" ")) for route in ROUTES]),
    st.tuples(
        st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "DELETE", "post"]) | any_text,
        st.sampled_from([*PATHS, "/%73ign", "/sign%0d%0a", "//", "/callback?x"]) | any_text,
    ),
)
header_values = any_text | st.sampled_from(
    [
        *(BEARER, BEARER + "," + BEARER, BEARER[:-1]),
        *("https://app.example.com", "https://app.example.com:443", "null", "*"),
        # URLs of keys below the configured prefix and elsewhere, in Base64.
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
file_names = st.sampled_from(["a.jpg", "a.txt", "a.html", ".jpg"]) | hostile_names | any_text
preset_names = st.sampled_from(["default", "avatar", "staff", "dated", "", "x"])
queries = st.fixed_dictionaries(
    {},
    optional={
        "filename": file_names,
        "type": any_text,
        "access_token": any_text,
        "preset": preset_names | any_text,
        "metadata[preset]": preset_names | any_text,
        "key": st.sampled_from([*[UPLOAD_KEY] * 9, "user-dirs/other.mp4"]) | any_text,
        "partNumbers": any_text
        | st.sampled_from(["1,2,3", "1", "1,1", "3,4", ",", "1,", ",".join(["1"] * 101), "١"]),
    },
)
file_requests = st.fixed_dictionaries(
    {"filename": file_names},
    optional={
        "content_type": st.sampled_from(["image/jpeg", "text/plain"]),
        "size": st.integers(),
        "preset": preset_names,
        "metadata": st.fixed_dictionaries({"preset": preset_names | any_json}),
    },
)
batches = st.fixed_dictionaries(
    {"files": st.lists(file_requests | any_json, max_size=4) | any_json},
    optional={"preset": preset_names, "metadata": any_json},
)
file_members = st.sampled_from(["filename", "content_type", "size", "preset", "metadata", "files"])
bodies = st.one_of(
    file_requests.map(json.dumps),
    batches.map(json.dumps),
    st.tuples(file_requests, file_members, any_json).map(
        lambda parts: json.dumps({**parts[0], parts[1]: parts[2]})
    ),
    any_text,
    st.sampled_from(["e30=", "====", "bucket=a&object=b&size=1&grant=c", "[" * 3000]),
)
# What the gateway can send, whatever the client sent.
gateway_events = st.builds(
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


def padded(sent: dict[str, Any], place: str, count: int) -> bytes:
    """The event with this many characters more in one place."""
    longer = {
        "path": {"rawPath": sent["rawPath"] + "x" * count},
        "query": {"queryParameters": {"filename": "x" * count}},
        "header": {"headers": {"Authorization": "Bearer " + "x" * count}},
        "body": {"body": sent["body"] + "&" * count},
    }
    return json.dumps(sent | longer[place]).encode()


def of_size(size: int, sent: dict[str, Any], place: str) -> bytes:
    """The event made as long as `size` bytes, or as it is when it is longer."""
    return padded(sent, place, max(0, size - len(padded(sent, place, 0))))


large_events = st.builds(
    of_size,
    st.integers(-2, 2).map(MAX_EVENT_BYTES.__add__)
    | st.integers(-2, 2).map(MAX_COMPLETION_BYTES.__add__)
    | st.sampled_from([20_000, 2**18 * 4]),
    gateway_events,
    st.sampled_from(["path", "query", "header", "body"]),
)
# What only a direct invocation can send.
members = ["rawPath", "headers", "queryParameters", "body", "isBase64Encoded", "requestContext"]
broken_events = st.tuples(gateway_events, st.sampled_from(members), any_json).map(
    lambda parts: {**parts[0], parts[1]: parts[2]}
)
odd_headers = st.tuples(gateway_events, st.dictionaries(st.text(), any_json, max_size=3)).map(
    lambda parts: {**parts[0], "headers": parts[1], "queryParameters": parts[1]}
)
malformed_events: st.SearchStrategy[Any] = st.one_of(
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
    *(kind.map(lambda event: json.dumps(event).encode()) for kind in [gateway_events] * 6),
    *(kind.map(lambda event: json.dumps(event).encode()) for kind in [broken_events, odd_headers]),
    malformed_events,
    large_events,
)
contexts = st.one_of(
    st.just(Context()),
    st.none(),
    st.builds(SimpleNamespace, request_id=any_json, credentials=st.none() | st.just({})),
)


def check_response(struct: dict[str, Any], environ: str) -> None:
    """The struct, its headers and its body are as documented."""
    assert {name: type(value) for name, value in struct.items()} == {
        "statusCode": int,
        "headers": dict,
        "isBase64Encoded": bool,
        "body": str,
    }
    assert struct["headers"]["Content-Type"] == "application/json"
    assert struct["headers"]["Cache-Control"] == "no-store"
    assert "Origin" in struct["headers"]["Vary"]
    for name, value in struct["headers"].items():
        assert re.fullmatch(r"[A-Za-z-]+", name)
        assert re.fullmatch(r"[ -~]*", value)
    allowed = struct["headers"].get("Access-Control-Allow-Origin")
    assert allowed in (None, "https://app.example.com", "*")
    json.dumps(struct).encode()
    status, body = struct["statusCode"], struct["body"]
    if not body:
        return
    document = json.loads(body)
    if status >= 400:
        code = document["error"]["code"]
        codes = CODES | CODES_OF_PARTS if environ.startswith("multipart") else CODES
        assert codes.get(code) == status or DOCUMENTED_5XX.get(environ) == (status, code)
    else:
        assert status == 200
        for grant in document.get("grants", [document]):
            if "error" in grant:
                assert CODES[grant["error"]["code"]] != 401
            else:
                check_shown_name(grant.get("fields", {}))


def check_shown_name(fields: dict[str, str]) -> None:
    """People who download the file see the extension that decided about its type."""
    disposition = fields.get("Content-Disposition")
    if disposition:
        shown = unquote(re.sub("(attachment|inline); filename\\*=UTF-8''", "", disposition))
        end = re.search(r"(?:\.([0-9a-z]+))?$", fields["key"])
        assert end and saved_extension(shown) == (end[1] or "")


def check_log(lines: list[str], struct: dict[str, Any]) -> None:
    """Each record is one line, without secrets and without what the grant contains."""
    document = json.loads(struct["body"] or "{}")
    confidential = [*SECRETS, TOKEN, BEARER.removeprefix("Bearer ").rpartition(".")[2], TICKET]
    confidential += re.findall("x-oss-signature=(\\w+)", struct["body"])
    confidential += [
        grant["fields"][name]
        for grant in document.get("grants", [document])
        for name in ("policy", "Signature", "x-oss-signature")
        if name in grant.get("fields", {})
    ]
    for line in lines:
        assert re.fullmatch(r"[^\x00-\x1f\x7f\u2028\u2029]*", line)
        assert not any(secret in line for secret in confidential)
        assert len(line) < 2000


@pytest.mark.timeout(0 if FUZZING else 1800)  # so many examples take a busy machine minutes
@settings(
    max_examples=200_000 if FUZZING else 5_000,
    deadline=None,
    derandomize=not FUZZING,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(sent=events, context=contexts, environ=st.sampled_from(sorted(ENVIRONS)))
def test_any_event_gets_a_documented_response(
    sent: Any, context: Any, environ: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    struct = app(environ).handle(sent, context)
    check_response(struct, environ)
    if isinstance(sent, bytes):
        # Only where there are resumable uploads may an event be longer, to complete one.
        longest = MAX_COMPLETION_BYTES if environ.startswith("multipart") else MAX_EVENT_BYTES
        refused_unread = f"The request is larger than {longest} bytes" in struct["body"]
        assert refused_unread is (len(sent) > longest)
    assert not any(secret in struct["body"] for secret in SECRETS)
    if "partNumber=" in struct["body"]:  # a part's URL, so for the holder of this ticket
        assert TICKETS[environ].encode() in sent
    check_log([FORMATTER.format(record) for record in caplog.records], struct)


@pytest.mark.parametrize("environ", sorted(ENVIRONS))
def test_each_configuration_serves_its_purpose(environ: str) -> None:
    """The events above reach an instance that works, or fails as it should."""
    valid = event("POST", "/sign", headers={"Authorization": BEARER}, body='{"filename": "a.txt"}')
    struct = app(environ).handle(valid, Context())
    code = json.loads(struct["body"]).get("error", {}).get("code")
    expected = DOCUMENTED_5XX.get(environ, (200, None))
    assert (struct["statusCode"], code) == expected
    check_response(struct, environ)


@pytest.mark.parametrize("environ", sorted(TICKETS))
def test_the_tickets_above_are_valid(environ: str) -> None:
    valid = event(
        path=f"/s3/multipart/{TICKETS[environ]}/3",
        headers={"Authorization": BEARER},
        query={"key": UPLOAD_KEY},
    )
    struct = app(environ).handle(valid, Context())
    assert "partNumber=3&" in json.loads(struct["body"])["url"]
    check_response(struct, environ)
