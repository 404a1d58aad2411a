"""The public key that OSS signs callbacks with, and never a key from anywhere else.

A callback names the URL of its key in a header that anyone can write. Only the path is taken
from there; the host is that of `CALLBACK_KEY_PREFIX` (OSS documents, "Callback": the URL must
begin with http://gosspublic.alicdn.com/ or https://gosspublic.alicdn.com/).
"""

from __future__ import annotations

import base64
import functools
import queue
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .errors import Misconfigured

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

OSS_KEY_PREFIX = "https://gosspublic.alicdn.com/"

FETCH_SECONDS = 2.0
MAX_KEY_BYTES = 16 * 1024

_PORTS = {"http": 80, "https": 443}


class NoKey(ValueError):
    """There is no usable key; the text says why, for the log."""


@dataclass(frozen=True)
class _Address:
    scheme: str
    host: str
    port: int
    path: str


def check_key_prefix(prefix: str) -> None:
    """`Misconfigured` unless this is the start of URLs, with a slash at its end."""
    if _parse(prefix) is None or not prefix.endswith("/"):
        raise Misconfigured(
            "The setting CALLBACK_KEY_PREFIX is no start of a URL.",
            f"Leave it out on Alibaba Cloud: it is {OSS_KEY_PREFIX} there.",
        )


def key_url(header: str, prefix: str) -> str:
    """The URL that the header `x-oss-pub-key-url` (Base64) names, if it lies below the prefix.

    An http URL is fetched by https where the prefix is https.
    """
    try:
        named = _parse(base64.b64decode(header, validate=True).decode("ascii"))
    except ValueError:
        raise NoKey("x-oss-pub-key-url is not Base64 of a URL") from None
    allowed = _parse(prefix)
    if named is None or allowed is None:
        raise NoKey("the key's URL is malformed")
    upgraded = allowed.scheme == "https" and (named.scheme, named.port) == ("http", 80)
    scheme, port = ("https", 443) if upgraded else (named.scheme, named.port)
    segments = named.path.split("/")[1:]
    if (
        (scheme, named.host, port) != (allowed.scheme, allowed.host, allowed.port)
        or not named.path.startswith(allowed.path)
        or any(segment in ("", ".", "..") for segment in segments)
    ):
        raise NoKey("the key's URL is not below CALLBACK_KEY_PREFIX")
    return prefix + named.path.removeprefix(allowed.path)


def _parse(url: str) -> _Address | None:
    """The parts of a plain URL: without user, query, fragment, escapes and whatever is not ASCII.

    Parsers disagree about such marks, and a key's URL needs none of them.
    """
    if not re.fullmatch(r"[A-Za-z0-9:/._~\[\]-]+", url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or not parts.path:
        return None
    return _Address(
        parts.scheme, parts.hostname, _PORTS[parts.scheme] if port is None else port, parts.path
    )


@functools.lru_cache(maxsize=8)
def fetch_public_key(url: str) -> RSAPublicKey:
    """The RSA key at a URL that `key_url` let pass; kept once it was good.

    OSS's own has 512 bits, which `cryptography` still loads.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    document = _fetch(url)
    try:
        key = load_pem_public_key(document)
    except (ValueError, UnsupportedAlgorithm):
        raise NoKey("the key is not a public key in PEM") from None
    if not isinstance(key, RSAPublicKey):
        raise NoKey("the key is not for RSA")
    return key


def _fetch(url: str) -> bytes:
    """The document at a URL, in `FETCH_SECONDS` in all.

    Timeouts of sockets bound neither a name look-up nor an answer that trickles. Hence the
    thread: it lives on only as long as such a server holds it.
    """
    import http.client  # brings TLS with it, which a cold start should not wait for

    answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def call() -> None:
        try:
            answers.put(_get(url))
        except (OSError, ValueError, http.client.HTTPException):
            answers.put(None)

    threading.Thread(target=call, name="public-key", daemon=True).start()
    try:
        document = answers.get(timeout=FETCH_SECONDS)
    except queue.Empty:
        raise NoKey("the key's server did not answer in time") from None
    if document is None:
        raise NoKey("the key's server did not answer 200 with a key")
    if len(document) > MAX_KEY_BYTES:
        raise NoKey("the key is too long")
    return document


def _get(url: str) -> bytes | None:
    """One GET; `http.client` follows no redirect and asks no proxy."""
    import http.client

    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=FETCH_SECONDS)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.read(MAX_KEY_BYTES + 1) if response.status == 200 else None
    finally:
        connection.close()
