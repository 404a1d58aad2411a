"""Which requests the emulated STS accepts: built by hand, then changed in one place."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from emulator.acs3 import (
    MAX_NONCES,
    Acs3Error,
    Nonces,
    SignedRequest,
    check_signature,
    parse_authorization,
    string_to_sign,
)
from emulator.keyring import KeyRing
from emulator.server import Server
from emulator.sts import Sts
from tests.emulator.client import send
from tests.emulator.sts.harness import BASE, ROLE

NOW = datetime(2026, 1, 31, 23, 59, 58, tzinfo=timezone.utc)
HASH = {"x-acs-content-sha256": hashlib.sha256().hexdigest()}
VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "acs3_signature.json").read_text())


def sts(now: datetime = NOW) -> Sts:
    return Sts(ROLE, KeyRing([BASE]), clock=lambda: now, log=lambda line: None)


@dataclass
class Call:
    """A valid request until a test changes it; signed from the documents, not by the emulator."""

    method: str = "POST"
    path: str = "/"
    parameters: dict[str, str] = field(
        default_factory=lambda: {"RoleArn": ROLE, "RoleSessionName": "a@b.c", "Other": "x/y +*~文"}
    )
    headers: dict[str, str] = field(
        default_factory=lambda: {
            "host": "sts.aliyuncs.com",
            "user-agent": "test",
            "x-acs-action": "AssumeRole",
            "x-acs-content-sha256": hashlib.sha256().hexdigest(),
            "x-acs-date": "2026-01-31T23:59:58Z",
            "x-acs-signature-nonce": "nonce-1",
            "x-acs-version": "2015-04-01",
        }
    )
    unsigned: set[str] = field(default_factory=set)
    body: bytes = b""
    query: str = ""

    def sign(self) -> Call:
        names = sorted(self.headers.keys() - self.unsigned)
        query = "&".join(
            f"{name}={quote(value, safe='~')}" for name, value in sorted(self.parameters.items())
        )
        canonical = (
            f"{self.method}\n/\n{query}\n"
            + "".join(f"{name}:{self.headers[name]}\n" for name in names)
            + f"\n{';'.join(names)}\n{self.headers.get('x-acs-content-sha256', '')}"
        )
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(BASE.access_key_secret.encode(), text.encode(), hashlib.sha256)
        self.headers["authorization"] = (
            f"ACS3-HMAC-SHA256 Credential={BASE.access_key_id},"
            f"SignedHeaders={';'.join(names)},Signature={signature.hexdigest()}"
        )
        self.query = urlencode(self.parameters)
        return self

    def send(self, app: Sts) -> TestResponse:
        return Client(app).open(
            f"{self.path}?{self.query}", method=self.method, headers=self.headers, data=self.body
        )


def code(response: TestResponse) -> str:
    document = response.json
    assert document is not None
    return str(document.get("Code", "OK"))


def test_a_valid_request_is_accepted() -> None:
    response = Call().sign().send(sts())

    assert response.status_code == 200
    assert response.content_type == "application/json;charset=utf-8"
    assert response.json is not None
    assert response.json.keys() == {"RequestId", "AssumedRoleUser", "Credentials"}


def test_a_get_is_accepted_too() -> None:
    assert code(Call(method="GET").sign().send(sts())) == "OK"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_no_other_method_is(method: str) -> None:
    """STS documents, AssumeRole: HTTP GET or POST; that the code is this one is inferred."""
    response = Call(method=method).sign().send(sts())
    assert response.status_code == 404
    if method != "HEAD":
        assert code(response) == "InvalidAction.NotFound"
        assert response.json is not None
        assert f"GET or POST, not by {method}" in response.json["Recommend"]


def test_a_valid_request_is_accepted_over_a_socket() -> None:
    call = Call().sign()
    with Server(sts(), names=(call.headers["host"],)) as server:
        reply = send(server.url, path=f"/?{call.query}", headers=call.headers)
    assert reply.status == 200
    assert json.loads(reply.body)["Credentials"]["Expiration"] == "2026-02-01T00:59:58Z"


def header(name: str, value: str | None) -> Callable[[Call], None]:
    def change(call: Call) -> None:
        if value is None:
            del call.headers[name]
        else:
            call.headers[name] = value

    return change


def replaced(name: str, old: str, new: str) -> Callable[[Call], None]:
    def change(call: Call) -> None:
        assert old in call.headers[name]
        call.headers[name] = call.headers[name].replace(old, new)

    return change


def set_query(change_query: Callable[[str], str]) -> Callable[[Call], None]:
    def change(call: Call) -> None:
        before = call.query
        call.query = change_query(before)
        assert call.query != before

    return change


def with_body(body: bytes) -> Callable[[Call], None]:
    return lambda call: setattr(call, "body", body)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            set_query(lambda query: query.replace("a%40b.c", "a%40b.d")),
            "SignatureDoesNotMatch",
            id="parameter changed",
        ),
        pytest.param(
            set_query(lambda query: query + "&DurationSeconds=43200"),
            "SignatureDoesNotMatch",
            id="parameter added",
        ),
        pytest.param(
            set_query(lambda query: query + "&RoleArn=" + quote(ROLE)),
            "SignatureDoesNotMatch",
            id="parameter repeated",
        ),
        pytest.param(
            set_query(lambda query: query.rpartition("&")[0]),
            "SignatureDoesNotMatch",
            id="parameter removed",
        ),
        pytest.param(
            set_query(lambda query: "&".join(reversed(query.split("&")))),
            "OK",
            id="parameters in another order",
        ),
        pytest.param(
            set_query(lambda query: query.replace("+", "%20")),
            "OK",
            id="space encoded in another way",
        ),
        pytest.param(header("host", "other"), "SignatureDoesNotMatch", id="host changed"),
        pytest.param(header("user-agent", "x"), "SignatureDoesNotMatch", id="agent changed"),
        pytest.param(header("accept", "*/*"), "OK", id="unsigned header added"),
        pytest.param(header("user-agent", None), "IncompleteSignature", id="signed header removed"),
        pytest.param(
            header("x-acs-security-token", "x"), "IncompleteSignature", id="unsigned token added"
        ),
        pytest.param(
            header("x-acs-signature-nonce", "x"), "SignatureDoesNotMatch", id="nonce changed"
        ),
        pytest.param(
            header("x-acs-date", "2026-01-31T23:59:59Z"), "SignatureDoesNotMatch", id="date changed"
        ),
        pytest.param(
            header("x-acs-content-sha256", "0" * 64), "SignatureDoesNotMatch", id="hash changed"
        ),
        pytest.param(with_body(b"x"), "SignatureDoesNotMatch", id="body added"),
        pytest.param(
            lambda call: setattr(call, "method", "GET"), "SignatureDoesNotMatch", id="method"
        ),
        pytest.param(
            replaced("authorization", "LTAIbase", "LTAIother"),
            "InvalidAccessKeyId.NotFound",
            id="key changed",
        ),
        pytest.param(
            replaced("authorization", "Signature=", "Signature=0"),
            "SignatureDoesNotMatch",
            id="signature longer",
        ),
        pytest.param(
            replaced("authorization", "Signature=", "Signature-"),
            "IncompleteSignature",
            id="signature not named",
        ),
        pytest.param(
            replaced("authorization", "host;user-agent", "user-agent;host"),
            "IncompleteSignature",
            id="signed headers out of order",
        ),
        pytest.param(
            replaced("authorization", "host;", "Host;"),
            "IncompleteSignature",
            id="signed headers in upper case",
        ),
        pytest.param(
            replaced("authorization", "host;", "host;host;"),
            "IncompleteSignature",
            id="signed header twice",
        ),
        pytest.param(
            replaced("authorization", "HMAC-SHA256", "HMAC-SM3"),
            "IncompleteSignature",
            id="another algorithm",
        ),
        pytest.param(header("authorization", ""), "IncompleteSignature", id="no signature"),
        pytest.param(header("authorization", None), "IncompleteSignature", id="no header"),
    ],
)
def test_a_change_after_signing_is_noticed(change: Callable[[Call], None], expected: str) -> None:
    call = Call().sign()
    change(call)

    assert code(call.send(sts())) == expected


def without(name: str) -> Callable[[Call], None]:
    return lambda call: call.unsigned.add(name)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(without("user-agent"), "OK", id="agent unsigned"),
        pytest.param(without("host"), "IncompleteSignature", id="host unsigned"),
        pytest.param(without("x-acs-date"), "IncompleteSignature", id="date unsigned"),
        pytest.param(without("x-acs-action"), "IncompleteSignature", id="action unsigned"),
        pytest.param(without("x-acs-signature-nonce"), "IncompleteSignature", id="nonce unsigned"),
        pytest.param(header("x-acs-date", None), "IncompleteSignature", id="no date"),
        pytest.param(header("x-acs-signature-nonce", None), "IncompleteSignature", id="no nonce"),
        pytest.param(header("x-acs-content-sha256", None), "IncompleteSignature", id="no hash"),
        pytest.param(header("x-acs-date", "2026-01-31"), "InvalidTimeStamp.Format", id="day only"),
        pytest.param(
            header("x-acs-date", "2026-1-31T23:59:58Z"), "InvalidTimeStamp.Format", id="short month"
        ),
        pytest.param(
            header("x-acs-date", "2026-01-31T23:59:58+00:00"),
            "InvalidTimeStamp.Format",
            id="offset instead of Z",
        ),
        pytest.param(header("x-acs-date", "2026-01-31T23:44:58Z"), "OK", id="15 minutes old"),
        pytest.param(
            header("x-acs-date", "2026-01-31T23:44:57Z"), "InvalidTimeStamp.Expired", id="older"
        ),
        pytest.param(header("x-acs-date", "2026-02-01T00:14:58Z"), "OK", id="15 minutes ahead"),
        pytest.param(
            header("x-acs-date", "2026-02-01T00:14:59Z"), "InvalidTimeStamp.Expired", id="further"
        ),
        pytest.param(
            header("x-acs-action", "GetCallerIdentity"), "InvalidAction.NotFound", id="other action"
        ),
        pytest.param(header("x-acs-action", None), "InvalidAction.NotFound", id="no action"),
        pytest.param(
            lambda call: setattr(call, "path", "/x"), "InvalidAction.NotFound", id="other path"
        ),
        pytest.param(header("x-acs-version", "2016-01-01"), "InvalidVersion", id="other version"),
        pytest.param(header("x-acs-version", None), "InvalidVersion", id="no version"),
    ],
)
def test_a_signature_must_cover_what_matters(change: Callable[[Call], None], expected: str) -> None:
    call = Call()
    change(call)

    assert code(call.sign().send(sts())) == expected


def test_a_body_is_covered_by_its_hash() -> None:
    call = Call(body=b"anything")
    call.headers["x-acs-content-sha256"] = hashlib.sha256(b"anything").hexdigest()

    assert code(call.sign().send(sts())) == "OK"


def test_a_body_beyond_a_megabyte_is_refused() -> None:
    assert Call(body=bytes(1024 * 1024 + 1)).sign().send(sts()).status_code == 413


def test_a_request_cannot_be_replayed() -> None:
    app, call = sts(), Call().sign()

    assert [code(call.send(app)) for _ in range(2)] == ["OK", "SignatureNonceUsed"]


def test_a_refused_request_does_not_use_up_its_nonce() -> None:
    app, call = sts(), Call().sign()
    authorization = call.headers["authorization"]
    call.headers["authorization"] = authorization[:-1] + ("0" if authorization[-1] != "0" else "1")
    refused = code(call.send(app))
    call.headers["authorization"] = authorization

    assert [refused, code(call.send(app))] == ["SignatureDoesNotMatch", "OK"]


def test_an_error_has_code_message_and_what_to_do() -> None:
    response = Call(parameters={"RoleArn": ROLE}).sign().send(sts())

    assert response.status_code == 400
    document = response.json
    assert document is not None
    assert document.pop("RequestId")
    assert document == {
        "HostId": "sts.aliyuncs.com",
        "Code": "MissingParameter",
        "Message": "An input parameter that is mandatory for processing this request is not"
        " supplied.",
        "Recommend": "RoleSessionName is required",
    }


def test_a_wrong_signature_shows_the_string_to_sign_and_no_header() -> None:
    call = Call().sign()
    call.headers["user-agent"] = "changed-agent"
    response = call.send(sts())

    assert "server string to sign is 'ACS3-HMAC-SHA256\\n" in response.json["Recommend"]  # type: ignore[index]
    assert "changed-agent" not in response.text


def test_text_of_a_request_is_made_printable_for_the_log() -> None:
    log: list[str] = []
    app = Sts(ROLE, KeyRing([BASE]), clock=lambda: NOW, log=log.append)
    Client(app).post("/?RoleArn=%1B[31m%E6%96%87" + "a" * 200)

    (line,) = log
    assert line.startswith("- ?[31m?aaa")
    assert len(line) < 250


def test_space_around_a_signed_header_does_not_count() -> None:
    def text(value: str) -> str:
        return string_to_sign(SignedRequest("POST", "", {"a": value, **HASH}, b""), "a")

    assert text(" 1 ") == text("1")


class TestVector:
    """The published example of the signature."""

    @staticmethod
    def request(**changes: Any) -> SignedRequest:
        fields = {name: VECTOR[name] for name in ("method", "query", "headers")}
        return SignedRequest(**{**fields, "body": b"", **changes})

    def test_the_string_to_sign_is_the_published_one(self) -> None:
        authorization = parse_authorization(self.request())

        assert authorization.access_key_id == VECTOR["access_key_id"]
        assert (
            string_to_sign(self.request(), authorization.signed_headers) == VECTOR["string_to_sign"]
        )

    def test_the_published_signature_is_accepted(self) -> None:
        request = self.request()

        check_signature(request, parse_authorization(request), VECTOR["access_key_secret"])

    def test_with_another_secret_it_is_refused(self) -> None:
        request = self.request()

        with pytest.raises(Acs3Error, match="SignatureDoesNotMatch"):
            check_signature(request, parse_authorization(request), "YourAccessKeySecre")


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=5))
def test_any_query_is_understood_as_it_was_signed(parameters: dict[str, str]) -> None:
    pairs = sorted(parameters.items())
    canonical = "&".join(
        f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs
    )
    request = SignedRequest(
        "POST", urlencode(parameters), {"x-acs-content-sha256": "", "h": ""}, b""
    )
    canonical_request = f"POST\n/\n{canonical}\nh:\n\nh\n"

    expected = hashlib.sha256(canonical_request.encode()).hexdigest()
    assert string_to_sign(request, "h") == f"ACS3-HMAC-SHA256\n{expected}"


class TestNonces:
    def test_a_nonce_is_remembered_as_long_as_its_date_could_be_valid(self) -> None:
        nonces = Nonces()
        nonces.use("nonce", "key", NOW)

        with pytest.raises(Acs3Error, match="SignatureNonceUsed"):
            nonces.use("nonce", "key", NOW + timedelta(minutes=30))
        nonces.use("nonce", "key", NOW + timedelta(minutes=30, seconds=1))

    def test_two_keys_may_use_the_same_nonce(self) -> None:
        nonces = Nonces()
        nonces.use("nonce", "key", NOW)
        nonces.use("nonce", "another key", NOW)

    def test_the_oldest_are_forgotten_when_memory_is_full(self) -> None:
        nonces = Nonces()
        for number in range(MAX_NONCES + 1):
            nonces.use(str(number), "key", NOW)

        with pytest.raises(Acs3Error, match="SignatureNonceUsed"):
            nonces.use(str(MAX_NONCES), "key", NOW)
        nonces.use("0", "key", NOW)
