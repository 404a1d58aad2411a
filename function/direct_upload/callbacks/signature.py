"""Whether OSS sent a callback: its signature, checked with OSS's public key and never another's.

A callback names the URL of its key in a header that anyone can write. Only the path is taken
from there; the host is that of `CALLBACK_KEY_PREFIX` (OSS documents, "Callback": the URL must
begin with http://gosspublic.alicdn.com/ or https://gosspublic.alicdn.com/).
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias, TypeVar
from urllib.parse import unquote_to_bytes

from ..http.outgoing import FetchFailed, fetch, parse_address

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

FETCH_SECONDS = 2.0
MAX_KEY_BYTES = 16 * 1024
BACK_OFF = timedelta(seconds=5)
MAX_REMEMBERED = 8

T = TypeVar("T")
GetKey: TypeAlias = Callable[[str, datetime], "RSAPublicKey"]


class NotFromOss(ValueError):
    """The signature could not be verified; the text says why, for the log."""


class PublicKeys:
    """Keys by URL: kept once they are good, and not fetched again within 5 s of a failure.

    Safe to share between threads, which fetch one after the other.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, RSAPublicKey] = {}
        self._failures: dict[str, tuple[datetime, str]] = {}

    def get(self, url: str, now: datetime) -> RSAPublicKey:
        """The key at a URL that `key_url` accepts, else `NotFromOss`."""
        with self._lock:
            return self._get(url, now)

    def _get(self, url: str, now: datetime) -> RSAPublicKey:
        if url in self._keys:
            return self._keys[url]
        failed, reason = self._failures.get(url, (None, ""))
        if failed is not None and timedelta() <= now - failed < BACK_OFF:
            raise NotFromOss(reason)
        try:
            key = _fetch_public_key(url)
        except NotFromOss as failure:
            _remember(self._failures, url, (now, str(failure)))
            raise
        _remember(self._keys, url, key)
        return key


def _remember(cache: dict[str, T], url: str, value: T) -> None:
    cache.pop(url, None)
    cache[url] = value
    while len(cache) > MAX_REMEMBERED:
        del cache[next(iter(cache))]  # the oldest


PUBLIC_KEYS = PublicKeys()


def _fetch_public_key(url: str) -> RSAPublicKey:
    """OSS's own key has 512 bits, which `cryptography` still loads."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        _, document = fetch(url, seconds=FETCH_SECONDS, max_bytes=MAX_KEY_BYTES)
    except FetchFailed as failure:
        raise NotFromOss(f"the key was not fetched: {failure}") from None
    try:
        key = load_pem_public_key(document)
    except (ValueError, UnsupportedAlgorithm):
        raise NotFromOss("the key is not a public key in PEM") from None
    if not isinstance(key, RSAPublicKey):
        raise NotFromOss("the key is not for RSA")
    return key


def check_signature(
    target: str | bytes,
    headers: Mapping[str, str],
    body: bytes,
    *,
    key_prefix: str,
    now: datetime,
    get_key: GetKey | None = None,
) -> None:
    """`NotFromOss` unless OSS signed this request; `target` is its raw target, `/callback?x=1`.

    The signature covers the unquoted path, the raw query with its `?`, a newline and the raw body
    (RSA PKCS#1 v1.5 with MD5; OSS documents, "Callback").
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import MD5

    get_key = get_key or PUBLIC_KEYS.get
    key = get_key(key_url(_header(headers, "x-oss-pub-key-url"), key_prefix), now)
    try:
        raw = target.encode() if isinstance(target, str) else target
        path, separator, query = raw.partition(b"?")
        message = unquote_to_bytes(path) + separator + query + b"\n" + body
        signature = base64.b64decode(_header(headers, "authorization"), validate=True)
        key.verify(signature, message, PKCS1v15(), MD5())  # noqa: S303 (OSS's choice)
    except (ValueError, InvalidSignature):
        raise NotFromOss("the signature is not that of OSS") from None


def key_url(header: str, prefix: str) -> str:
    """The URL that the header `x-oss-pub-key-url` (Base64) names, if it lies below the prefix.

    An http URL is fetched by https where the prefix is https. Raises `NotFromOss`.
    """
    try:
        named = parse_address(base64.b64decode(header, validate=True).decode("ascii"))
    except ValueError:
        raise NotFromOss("x-oss-pub-key-url is not Base64 of a URL") from None
    allowed = parse_address(prefix)
    if named is None or allowed is None:
        raise NotFromOss("the key's URL is malformed")
    if allowed.scheme == "https" and (named.scheme, named.port) == ("http", 80):
        named = replace(named, scheme="https", port=443)
    segments = named.path.split("/")[1:]
    if (
        replace(named, path="") != replace(allowed, path="")
        or not named.path.startswith(allowed.path)
        or any(segment in ("", ".", "..") for segment in segments)
    ):
        raise NotFromOss("the key's URL is not below CALLBACK_KEY_PREFIX")
    return prefix + named.path.removeprefix(allowed.path)


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for found, value in headers.items() if found.lower() == name), "")
