"""Calls the application about a stored object and returns its response to the uploader.

OSS documents, "Callback" and the 203 errors.
"""

from __future__ import annotations

import base64
import http.client
import json
import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import SplitResult, unquote_to_bytes

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import MD5
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ..errors import Refused, refusals
from ..store import Record, Store
from .body import callback_body
from .field import Callback, split_address

PUBLIC_KEY_PATH = "/callback_pub_key.pem"
LIMIT_SECONDS = 5.0  # for the whole callback, whatever the number of addresses
MAX_RESPONSE_BYTES = 1024**2


@dataclass(frozen=True)
class CallbackResponse:
    """What the application returned; the uploader gets it unchanged, with status 200."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class _Raw:
    """A response that has not been checked yet."""

    status: int
    length: str | None
    content_type: str
    body: bytes


class CallbackKey:
    """The key pair that signs callbacks, generated anew for each run.

    The service's own key has 512 bits; libraries no longer generate keys that short.
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


def call_back(
    callback: Callback,
    record: Record,
    fields: Mapping[str, str],
    *,
    bucket: str,
    store: Store,
    key: CallbackKey,
    key_url: str,
    http10: bool,
) -> CallbackResponse:
    """Try the addresses in order; `Refused` (203) with the failure of the last one.

    `key_url` is where the application fetches the public half of `key`. The documents show HTTP/1.0
    and a Host without a port, which `http10` imitates.
    """
    body = callback_body(callback, record, fields, bucket=bucket, store=store)
    deadline = time.monotonic() + LIMIT_SECONDS
    failure: Refused | None = None
    for address in callback.urls:
        url = split_address(address)
        headers = {
            "Content-Type": callback.body_type,
            "User-Agent": "http-client/0.0.1",
            "authorization": key.authorization(url, body),
            "x-oss-pub-key-url": base64.b64encode(key_url.encode()).decode(),
            "Host": callback.host or (url.hostname or "" if http10 else url.netloc),
        }
        own = {name.lower() for name in headers}  # no additional header replaces them (inferred)
        headers |= {
            name: text for name, text in callback.headers.items() if name.lower() not in own
        }
        left = deadline - time.monotonic()
        try:
            return _checked(_post_within(left, url, body, headers, http10=http10))
        except Refused as refused:
            failure = refused
    assert failure is not None  # noqa: S101 (a callback has at least one address)
    raise failure


def _post_within(
    seconds: float, url: SplitResult, body: bytes, headers: dict[str, str], *, http10: bool
) -> _Raw:
    """Post and wait for so long in total; a socket's own timeout restarts with each byte."""
    results: queue.SimpleQueue[_Raw | Exception] = queue.SimpleQueue()

    def call() -> None:
        try:
            results.put(_post(url, body, headers, http10=http10))
        except (OSError, ValueError, http.client.HTTPException) as error:
            results.put(error)

    threading.Thread(target=call, name="callback", daemon=True).start()
    try:
        result = results.get(timeout=max(0.0, seconds))
    except queue.Empty:
        result = TimeoutError()
    if isinstance(result, TimeoutError):
        raise Refused(
            refusals.CALLBACK_TOO_SLOW,
            detail=f"{url.netloc} reply timeout, cost:{1000 * LIMIT_SECONDS:.0f}ms",
            hint=f"The callback server did not respond within {LIMIT_SECONDS:g} seconds; the "
            "object is stored. Let the server respond first and do its work afterwards.",
        )
    if isinstance(result, Exception):
        raise Refused(
            refusals.CALLBACK_UNREACHABLE,
            hint=f"No HTTP server responds at {url.netloc!r} ({type(result).__name__}); the object "
            "is stored. Start the server that CALLBACK_URL names.",
        )
    return result


def _post(url: SplitResult, body: bytes, headers: dict[str, str], *, http10: bool) -> _Raw:
    """One POST; redirects are not followed."""
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=LIMIT_SECONDS)
    if http10:  # http.client has no public switch for it
        vars(connection).update(_http_vsn=10, _http_vsn_str="HTTP/1.0")
    try:
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("POST", target, body, headers)
        response = connection.getresponse()
        return _Raw(
            response.status,
            response.headers["Content-Length"],
            response.headers["Content-Type"] or "application/json",
            response.read(MAX_RESPONSE_BYTES + 1),
        )
    finally:
        connection.close()


def _checked(raw: _Raw) -> CallbackResponse:
    if raw.status != 200:
        raise Refused(
            refusals.CALLBACK_STATUS,
            detail=f"{raw.status}.",
            hint=f"The callback server responded with status {raw.status} instead of 200; the "
            "object is stored. The server's log should say why.",
        )
    if raw.length is None:
        raise Refused(
            refusals.CALLBACK_RESPONSE_WITHOUT_LENGTH,
            hint="The callback server's response has no Content-Length; the object is stored. "
            "Send the response in one piece.",
        )
    if len(raw.body) > MAX_RESPONSE_BYTES:
        raise Refused(
            refusals.CALLBACK_RESPONSE_TOO_LONG,
            hint=f"The callback server's response is longer than {MAX_RESPONSE_BYTES} bytes; the "
            "object is stored. Send a shorter response.",
        )
    try:
        # Decoded first: from bytes, Python's json would accept a byte order mark.
        json.loads(raw.body.decode(), parse_constant=_not_json)
    except (ValueError, RecursionError):
        raise Refused(
            refusals.CALLBACK_RESPONSE_NOT_JSON,
            hint="The callback server's response is not valid JSON in UTF-8 without a byte order "
            "mark; the object is stored. Send JSON.",
        ) from None
    return CallbackResponse(raw.body, raw.content_type)


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not valid JSON")
