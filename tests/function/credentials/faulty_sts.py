"""Responses of STS and their faults; the clock and the secrets of the tests that use them."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta, timezone

from tests.function.raw_server import Connection, Responder, close, reset

ISSUED_SECRET = "IssuedAccessKeySecret"
ISSUED_TOKEN = "IssuedSecurityToken"
BASE_SECRET = "BaseSecret"
BASE_TOKEN = "BaseToken"
POLICY = '{"Version":"1","Statement":[]}'

# Neither these nor signatures and session policies may be logged or printed.
SECRETS = (ISSUED_SECRET, ISSUED_TOKEN, BASE_SECRET, BASE_TOKEN, "Signature=", "Statement")


class Clock:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(timezone.utc).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def respond(status: str, body: str, *headers: str) -> Responder:
    content = body.encode()
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers, "", "")
    return lambda connection: connection.socket.sendall("\r\n".join(lines).encode() + content)


def refuse(status: str, code: str, *headers: str) -> Responder:
    return respond(
        status, json.dumps({"Code": code, "Message": "Why.", "RequestId": "1"}), *headers
    )


def grant(credentials: object) -> Responder:
    return respond("200 OK", json.dumps({"RequestId": "1", "Credentials": credentials}))


def issued(expiration: object, **changes: object) -> dict[str, object]:
    if isinstance(expiration, datetime):
        expiration = expiration.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "AccessKeyId": "STS.issued",
        "AccessKeySecret": ISSUED_SECRET,
        "SecurityToken": ISSUED_TOKEN,
        "Expiration": expiration,
    } | changes


def healthy(clock: Clock, life: float = 3600, *, first: int = 1) -> Responder:
    """New credentials for each request, named STS.1, STS.2 and so on."""
    numbers = itertools.count(first)

    def respond_anew(connection: Connection) -> None:
        expiration = clock() + timedelta(seconds=life)
        grant(issued(expiration, AccessKeyId=f"STS.{next(numbers)}"))(connection)

    return respond_anew


def hang(connection: Connection) -> None:
    connection.released.wait()


def trickle(connection: Connection) -> None:
    """One byte at a time, so that no single read times out."""
    connection.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    while not connection.released.wait(0.02):
        connection.socket.sendall(b" ")


def redirect_to_itself(connection: Connection) -> None:
    respond("302 Found", "", "Location: /")(connection)


NOW = datetime.now(timezone.utc)
GOOD = NOW + timedelta(hours=1)

# These never respond in full: only with them may a test use short timeouts.
SILENT = ("hang", "trickle")

# What STS, or a server in its place, can do wrong; whether the failure is transient; and what the
# message then says.
FAULTS = {
    "500": (refuse("500 Internal Server Error", "InternalError"), True, "InternalError (HTTP 500)"),
    "503": (refuse("503 Unavailable", "ServiceUnavailable"), True, "ServiceUnavailable (HTTP 503)"),
    "429": (refuse("429 Too Many", "Whatever"), True, "Whatever (HTTP 429)"),
    "throttled": (refuse("400 Bad", "Throttling.User"), True, "Throttling.User (HTTP 400)"),
    "throttled with retry-after": (
        refuse("400 Bad", "FlowControl", "x-acs-retry-after: 70000"),
        True,
        "FlowControl (HTTP 400)",
    ),
    "html 500": (respond("500 Bad", "<html>", "Content-Type: text/html"), True, "not AssumeRole's"),
    "empty 502": (respond("502 Bad Gateway", ""), True, "not AssumeRole's"),
    "html 200": (respond("200 OK", "<html>"), True, "not AssumeRole's"),
    "xml": (
        respond("500 Bad", "<Error>", "Content-Type: text/xml;charset=utf-8"),
        True,
        "not AssumeRole's",
    ),
    "list 403": (respond("403 Forbidden", "[]"), True, "not AssumeRole's"),
    "204": (respond("204 No Content", ""), True, "not AssumeRole's"),
    "empty 200": (respond("200 OK", ""), True, "not AssumeRole's"),
    "truncated json": (
        respond("200 OK", json.dumps({"Credentials": issued(GOOD)})[:-3]),
        True,
        "not AssumeRole's",
    ),
    "truncated body": (
        respond("200 OK", json.dumps({"Credentials": issued(GOOD)}), "Content-Length: 999"),
        True,
        "STS",
    ),
    "empty object": (respond("200 OK", "{}"), True, "access_key_id"),
    "list": (respond("200 OK", "[]"), True, "access_key_id"),
    "null": (respond("200 OK", "null"), True, "access_key_id"),
    "string": (respond("200 OK", '"text"'), True, "access_key_id"),
    "credentials null": (grant(None), True, "access_key_id"),
    "credentials a string": (grant("x"), True, "access_key_id"),
    "credentials a list": (grant([issued(GOOD)]), True, "access_key_id"),
    "key ID null": (grant(issued(GOOD, AccessKeyId=None)), True, "access_key_id"),
    "key ID empty": (grant(issued(GOOD, AccessKeyId="")), True, "access_key_id"),
    "secret a number": (grant(issued(GOOD, AccessKeySecret=5)), True, "access_key_secret"),
    "secret an object": (grant(issued(GOOD, AccessKeySecret={})), True, "access_key_secret"),
    "token null": (grant(issued(GOOD, SecurityToken=None)), True, "security_token"),
    "token with a line break": (grant(issued(GOOD, SecurityToken="a\n")), True, "security_token"),
    "no expiration": (grant(issued(None)), True, "expiration"),
    "expiration a number": (grant(issued(GOOD.timestamp())), True, "expiration"),
    "expiration without zone": (grant(issued(f"{GOOD:%FT%T}")), True, "an impossible Expiration"),
    "expiration in another zone": (
        grant(issued(f"{GOOD:%FT%T}+08:00")),
        True,
        "an impossible Expiration",
    ),
    "expiration not padded": (
        grant(issued(f"{GOOD:%FT%H:%M}:5Z")),
        True,
        "an impossible Expiration",
    ),
    "expiration not a date": (
        grant(issued("2099-02-30T00:00:00Z")),
        True,
        "an impossible Expiration",
    ),
    "expiration in the past": (
        grant(issued(NOW - timedelta(seconds=1))),
        True,
        "an impossible Expiration",
    ),
    "expiration in a month": (
        grant(issued(NOW + timedelta(days=30))),
        True,
        "an impossible Expiration",
    ),
    "closed": (close, True, "could not be reached"),
    "reset": (reset, True, "could not be reached"),
    "endless redirect": (redirect_to_itself, True, "could not be reached"),
    "hang": (hang, True, "could not be reached|did not respond in time"),
    "trickle": (trickle, True, "did not respond in time"),
    "not authorised": (refuse("403 Forbidden", "NoPermission"), False, "NoPermission (HTTP 403)"),
    "no such role": (
        refuse("404 Not Found", "EntityNotExist.Role"),
        False,
        "EntityNotExist.Role (HTTP 404)",
    ),
    "bad parameter": (
        refuse("400 Bad", "InvalidParameter.DurationSeconds"),
        False,
        "InvalidParameter.DurationSeconds",
    ),
    "bad signature": (refuse("400 Bad", "SignatureDoesNotMatch"), False, "SignatureDoesNotMatch"),
    "key deleted": (refuse("404 Not Found", "InvalidAccessKeyId.NotFound"), False, "NotFound"),
    "token expired": (refuse("400 Bad", "InvalidSecurityToken.Expired"), False, "Expired"),
    "no code": (respond("400 Bad", "{}"), False, "None (HTTP 400)"),
    "code of 65 letters": (refuse("400 Bad", "C" * 65), False, "unknown (HTTP 400)"),
    "code before a secret": (
        refuse("400 Bad", f"Bad\n{ISSUED_SECRET}"),
        False,
        "unknown (HTTP 400)",
    ),
    "code with a secret": (refuse("400 Bad", f"\n{ISSUED_SECRET}"), False, "unknown (HTTP 400)"),
}
