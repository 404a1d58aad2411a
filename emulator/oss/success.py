"""The response to a stored upload.

OSS documents, PostObject, `success_action_redirect` and `success_action_status`; Callback.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit
from xml.sax.saxutils import escape

from werkzeug import Response

from .bucket import describe_stored, echo_encryption
from .callback import CallbackResponse
from .errors import printable
from .store import Record


def success(
    record: Record,
    fields: Mapping[str, str],
    *,
    bucket: str,
    origin: str,
    called_back: CallbackResponse | None,
) -> Response:
    """The callback's response, or a redirect, or 200, 201 with XML, or 204 for anything else."""
    if called_back is not None:
        # Documented: always with 200. That it replaces a redirect is inferred.
        response = Response(called_back.body, content_type=called_back.content_type)
    elif address := _redirect(fields.get("success_action_redirect", ""), bucket, record):
        response = Response(status=303)  # inferred, like the query
        response.headers["Location"] = address
    else:
        response = _plain(record, fields.get("success_action_status"), bucket, origin)
    describe_stored(response, record)
    echo_encryption(response, record.headers)
    return response


def _plain(record: Record, status: str | None, bucket: str, origin: str) -> Response:
    if status == "201":
        return Response(_post_response(record, bucket, origin), 201, content_type="application/xml")
    response = Response(status=200 if status == "200" else 204)
    del response.headers["Content-Type"]
    return response


def _redirect(address: str, bucket: str, record: Record) -> str | None:
    """The address with what was stored; an unusable one counts as missing (inferred)."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc or not address.isprintable():
        return None
    stored = urlencode({"bucket": bucket, "key": record.key, "etag": f'"{record.etag}"'})
    query = f"{parts.query}&{stored}" if parts.query else stored
    return parts._replace(query=query).geturl()


def _post_response(record: Record, bucket: str, origin: str) -> str:
    """The order of the elements and the spelling of Location are inferred."""
    location = f"{origin}/{quote(record.key, safe='/')}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<PostResponse>\n"
        f"  <Bucket>{escape(bucket)}</Bucket>\n"
        f"  <Location>{escape(location)}</Location>\n"
        f"  <Key>{escape(printable(record.key))}</Key>\n"
        f'  <ETag>"{record.etag}"</ETag>\n'
        "</PostResponse>\n"
    )
