"""Answers `POST /callback`, through which OSS reports finished uploads to this function."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import quote

from .callback import accept, refuse
from .errors import NotFound
from .events import Request
from .hook import on_upload
from .settings import Settings

logger = logging.getLogger("direct_upload")


def receive(request: Request, settings: Settings, now: datetime) -> dict[str, Any]:
    """Verify the report, log it, hand it to the hook; OSS passes the answer on to the browser."""
    if not settings.callback_url:
        raise NotFound("There are no callbacks here.", "Set CALLBACK_URL to have them.")
    if request.query:
        # The signature covers the raw query, and Function Compute's event only has a parsed one.
        refuse("the URL has a query")
    upload = accept(
        request.path,  # nothing in it was quoted, or it would not be this route's
        request.headers,
        request.body,
        secret=settings.grant_secret,
        now=now,
        key_prefix=settings.callback_key_prefix,
        directory_types=settings.allowed_content_types if settings.content_types_set else (),
    )
    logger.info(json.dumps({"event": "upload_finished", **asdict(upload)}))
    on_upload(upload)
    return {
        "Status": "OK",
        "key": upload.key,
        "size": upload.size,
        "etag": upload.etag,
        "mime_type": upload.mime_type,
        "url": f"{settings.upload_url}/{quote(upload.key)}",
    }
