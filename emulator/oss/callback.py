"""Calls back: tells an application of a stored object and hands its answer to the uploader.

OSS documents, "Callback" and the 203 errors. Where the service refuses private addresses, this
calls them: there is nobody else to call on one machine.
"""

from __future__ import annotations

import base64
import http.client
import json
import queue
import threading
import time
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import MD5
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .callback_field import Callback
from .errors import Refused
from .refusals import (
    CALLBACK_ANSWER_NOT_JSON,
    CALLBACK_ANSWER_TOO_LONG,
    CALLBACK_ANSWER_WITHOUT_LENGTH,
    CALLBACK_STATUS,
    CALLBACK_TOO_SLOW,
    CALLBACK_UNREACHABLE,
)

PUBLIC_KEY_PATH = "/callback_pub_key.pem"
LIMIT_SECONDS = 5.0  # for the whole callback, however many addresses it has
MAX_ANSWER_BYTES = 1024**2


@dataclass(frozen=True)
class Answer:
    """What the application answered: the uploader gets it as it is, with status 200."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class _Raw:
    """An answer before anybody looked at it."""

    status: int
    length: str | None
    content_type: str
    body: bytes


class CallbackKey:
    """The key pair that signs callbacks, new for each run.

    The service's own has 512 bits; libraries no longer make keys so short.
    """

    def __init__(self) -> None:
        self._private = generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505

    @property
    def public_pem(self) -> bytes:
        return self._private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )

    def authorization(self, url: SplitResult, body: bytes) -> str:
        """RSA PKCS#1 v1.5 with MD5 over unquoted path, raw query with its `?`, newline, body."""
        query = f"?{url.query}" if url.query else ""
        text = unquote_to_bytes(url.path or "/") + query.encode() + b"\n" + body
        return base64.b64encode(self._private.sign(text, PKCS1v15(), MD5())).decode()  # noqa: S303


def call_back(callback: Callback, body: bytes, *, key: CallbackKey, key_url: str) -> Answer:
    """Try the addresses in their order; `Refused` (203) with the last one's failure."""
    deadline = time.monotonic() + LIMIT_SECONDS
    failure: Refused | None = None
    for address in callback.urls:
        url = urlsplit(address if "://" in address else f"http://{address}")
        headers = {
            "Content-Type": callback.body_type,
            "User-Agent": "http-client/0.0.1",
            "authorization": key.authorization(url, body),
            "x-oss-pub-key-url": base64.b64encode(key_url.encode()).decode(),
            "Host": callback.host or url.netloc,
        }
        try:
            return _checked(_post_within(deadline - time.monotonic(), url, body, headers))
        except Refused as refused:
            failure = refused
    assert failure is not None  # noqa: S101 (a callback has at least one address)
    raise failure


def _post_within(seconds: float, url: SplitResult, body: bytes, headers: dict[str, str]) -> _Raw:
    """Post and wait so long in all; a socket's own timeout starts anew with each byte."""
    answers: queue.SimpleQueue[_Raw | Exception] = queue.SimpleQueue()

    def call() -> None:
        try:
            answers.put(_post(url, body, headers))
        except (OSError, ValueError, http.client.HTTPException) as error:
            answers.put(error)

    threading.Thread(target=call, name="callback", daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, seconds))
    except queue.Empty:
        answer = TimeoutError()
    if isinstance(answer, TimeoutError):
        raise Refused(
            CALLBACK_TOO_SLOW,
            hint=f"The callback server did not answer within {LIMIT_SECONDS:g} seconds; the "
            "object is stored. Let it answer first and work afterwards.",
        )
    if isinstance(answer, Exception):
        raise Refused(
            CALLBACK_UNREACHABLE,
            hint=f"Nobody answers HTTP at {url.netloc!r} ({type(answer).__name__}); the object is "
            "stored. Start the server that CALLBACK_URL names.",
        )
    return answer


def _post(url: SplitResult, body: bytes, headers: dict[str, str]) -> _Raw:
    """One POST; redirects are answers like any other."""
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=LIMIT_SECONDS)
    try:
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("POST", target, body, headers)
        response = connection.getresponse()
        return _Raw(
            response.status,
            response.headers["Content-Length"],
            response.headers["Content-Type"] or "application/json",
            response.read(MAX_ANSWER_BYTES + 1),
        )
    finally:
        connection.close()


def _checked(raw: _Raw) -> Answer:
    if raw.status != 200:
        raise Refused(
            CALLBACK_STATUS,
            detail=f"{raw.status}.",
            hint=f"The callback server answered {raw.status}, and only 200 counts; the object is "
            "stored. Its own log says why.",
        )
    if raw.length is None:
        raise Refused(
            CALLBACK_ANSWER_WITHOUT_LENGTH,
            hint="The callback server's answer has no Content-Length; the object is stored. "
            "Send it in one piece.",
        )
    if len(raw.body) > MAX_ANSWER_BYTES:
        raise Refused(
            CALLBACK_ANSWER_TOO_LONG,
            hint=f"The callback server's answer has more than {MAX_ANSWER_BYTES} bytes; the "
            "object is stored. Answer shorter.",
        )
    try:
        # Not from bytes: Python's json would pass over a byte order mark.
        json.loads(raw.body.decode(), parse_constant=_not_json)
    except (ValueError, RecursionError):
        raise Refused(
            CALLBACK_ANSWER_NOT_JSON,
            hint="The callback server's answer is not JSON in UTF-8 without a byte order mark; "
            "the object is stored. Answer JSON.",
        ) from None
    return Answer(raw.body, raw.content_type)


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
