"""Upload callbacks: is this report of a finished upload from OSS, and about a grant of ours?

`accept` is all that an application's own server needs; see docs/callbacks.md. What is refused is
refused without detail; the reason is logged.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl, unquote_to_bytes

from . import grant_id
from .errors import CallbackRefused
from .grant_id import WrongGrant
from .hook import Upload
from .public_key import OSS_KEY_PREFIX, NoKey, fetch_public_key, key_url

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

logger = logging.getLogger("direct_upload")


def accept(
    target: str | bytes,
    headers: Mapping[str, str],
    body: bytes,
    *,
    secret: bytes,
    now: datetime,
    key_prefix: str = OSS_KEY_PREFIX,
    directory_types: Collection[str] = (),
    fetch_key: Callable[[str], RSAPublicKey] = fetch_public_key,
) -> Upload:
    """The finished upload that a callback reports, else `CallbackRefused`.

    `target` is the request's raw target, such as `/callback?x=1`; `secret` is `GRANT_SECRET`.
    A report that was accepted once is accepted again: its signature covers no time.
    """
    values = verify(target, headers, body, key_prefix=key_prefix, fetch_key=fetch_key)
    size = _number(values.get("size", ""))
    if size is None:
        refuse("the body tells no size")
    bucket, key, mime_type = (values.get(name, "") for name in ("bucket", "object", "mimeType"))
    try:
        user = grant_id.check(
            values.get("grant", ""),
            secret,
            bucket=bucket,
            key=key,
            size=size,
            content_type=mime_type,
            directory_types=directory_types,
            now=now,
        )
    except WrongGrant as wrong:
        refuse(str(wrong))
    return Upload(
        bucket=bucket,
        key=key,
        size=size,
        etag=values.get("etag", "").strip('"'),
        mime_type=mime_type,
        width=_number(values.get("width", "")),
        height=_number(values.get("height", "")),
        user=user,
    )


def verify(
    target: str | bytes,
    headers: Mapping[str, str],
    body: bytes,
    *,
    key_prefix: str = OSS_KEY_PREFIX,
    fetch_key: Callable[[str], RSAPublicKey] = fetch_public_key,
) -> dict[str, str]:
    """The values of a callback's body, once OSS's signature over it is proven.

    It covers the unquoted path, the raw query with its `?`, a newline and the raw body
    (RSA PKCS#1 v1.5 with MD5; OSS documents, "Callback"). It says that OSS sent this, not for
    whom: every account can make OSS send what it likes. The grant id tells.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import MD5

    try:
        key = fetch_key(key_url(_header(headers, "x-oss-pub-key-url"), key_prefix))
    except NoKey as reason:
        refuse(str(reason))
    try:
        path, mark, query = (target.encode() if isinstance(target, str) else target).partition(b"?")
        message = unquote_to_bytes(path) + mark + query + b"\n" + body
        signature = base64.b64decode(_header(headers, "authorization"), validate=True)
        key.verify(signature, message, PKCS1v15(), MD5())  # noqa: S303 (OSS's choice)
    except (ValueError, InvalidSignature):
        refuse("the signature is not that of OSS")
    return _values(body)


def refuse(reason: str) -> NoReturn:
    """Keep the reason to ourselves."""
    logger.warning("callback refused: %s", reason)
    raise CallbackRefused(
        "This callback was not accepted.", "The function's log says why."
    ) from None


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for found, value in headers.items() if found.lower() == name), "")


def _values(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        refuse("the body is no form")
    values = dict(pairs)
    if len(values) < len(pairs):
        refuse("the body tells something twice")
    return values


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None
