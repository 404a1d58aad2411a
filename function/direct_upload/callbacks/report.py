"""Reports of finished uploads: `POST /callback`, and `accept` for an application's own server.

A refused report gets no reason; the log has it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, quote

from ..errors import CallbackRefused, NotFound
from ..hook import Upload, on_upload
from ..http.events import Request
from ..settings import OSS_KEY_PREFIX, Settings
from .field import WrongGrant, check_grant_id
from .signature import GetKey, NotFromOss, check_signature

logger = logging.getLogger("direct_upload")


def receive(
    request: Request,
    settings: Settings,
    now: datetime,
    *,
    directory_types: Mapping[str, Collection[str]],
) -> dict[str, Any]:
    """Verify the report, log it, hand it to the hook; OSS gives the response to the browser."""
    if not settings.callback_url:
        raise NotFound("Callbacks are switched off.", "Set CALLBACK_URL to switch them on.")
    if request.query:
        # The signature covers the raw query, and Function Compute's event only has a parsed one.
        raise _refused("the URL has a query")
    upload = accept(
        request.path,  # Function Compute decoded it already, as the signature wants it
        request.headers,
        request.body,
        secret=settings.grant_secret,
        now=now,
        key_prefix=settings.callback_key_prefix,
        directory_types=directory_types,
    )
    hand_over(upload)
    return {
        "Status": "OK",
        "key": upload.key,
        "size": upload.size,
        "etag": upload.etag,
        "mime_type": upload.mime_type,
        "url": f"{settings.upload_url}/{quote(upload.key)}",
        "preset": upload.preset,
    }


def hand_over(upload: Upload) -> None:
    """Log a proven upload and give it to the hook, whichever way the report came."""
    logger.info(json.dumps({"event": "upload_finished", **asdict(upload)}))
    on_upload(upload)


def accept(
    target: str | bytes,
    headers: Mapping[str, str],
    body: bytes,
    *,
    secret: bytes,
    now: datetime,
    key_prefix: str = OSS_KEY_PREFIX,
    directory_types: Mapping[str, Collection[str]] = MappingProxyType({}),
    get_key: GetKey | None = None,
) -> Upload:
    """The finished upload that a callback reports, else `CallbackRefused`.

    `target` is the request's raw target, such as `/callback?x=1`; `secret` is `GRANT_SECRET`;
    `directory_types` are the types that directory grants of each preset allow, none meaning any.
    The signature says that OSS sent the report, for any account; the grant id says that the upload
    was granted here. A report that was accepted once is accepted again: no time is signed.
    """
    try:
        values = _values(body)
        size = _number(values.get("size", ""))
        if size is None:
            raise WrongGrant("the body has no size")
        bucket, key, mime_type = (values.get(name, "") for name in ("bucket", "object", "mimeType"))
        user, preset = check_grant_id(
            values.get("grant", ""),
            secret,
            bucket=bucket,
            key=key,
            size=size,
            content_type=mime_type,
            directory_types=directory_types,
            now=now,
        )
        # Afterwards, because it may fetch a key from a path that the request names.
        check_signature(target, headers, body, key_prefix=key_prefix, now=now, get_key=get_key)
    except (NotFromOss, WrongGrant) as reason:
        raise _refused(str(reason)) from None
    return Upload(
        bucket=bucket,
        key=key,
        size=size,
        etag=values.get("etag", "").strip('"'),
        mime_type=mime_type,
        width=_number(values.get("width", "")),
        height=_number(values.get("height", "")),
        user=user,
        preset=preset,
        source="callback",
    )


def _refused(reason: str) -> CallbackRefused:
    logger.warning("callback refused: %s", reason)
    return CallbackRefused("This callback was not accepted.", "The function's log says why.")


def _values(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise WrongGrant("the body is not a form") from None
    values = dict(pairs)
    if len(values) < len(pairs):
        raise WrongGrant("the body has a name twice")
    return values


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None
