"""GET and HEAD of one object. They need no signature here: a person shall see what arrived."""

from __future__ import annotations

from werkzeug import Request, Response
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from .errors import Refused
from .refusals import INVALID_RANGE, NO_SUCH_KEY
from .store import Record, Store

BUFFER_BYTES = 256 * 1024


def get_object(request: Request, store: Store, key: str) -> Response:
    """The object as it was stored, in whole or the Range asked for."""
    found = store.open(key)
    if found is None:
        raise Refused(
            NO_SUCH_KEY,
            hint=f"There is no object {key!r}; the list at / shows what there is.",
            elements={"Key": key},
        )
    record, file = found
    response = Response(wrap_file(request.environ, file, BUFFER_BYTES), direct_passthrough=True)
    response.content_type = _header(record.content_type)
    response.content_length = record.size
    _describe(response, record)
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=record.size)
    except RequestedRangeNotSatisfiable as error:
        response.close()
        raise Refused(
            INVALID_RANGE, hint=f"The object has {record.size} bytes, and none in this Range."
        ) from error
    del response.headers["Date"]  # the server sends its own
    return response


def _describe(response: Response, record: Record) -> None:
    headers = response.headers
    for name, value in record.headers.items():
        headers[name] = _header(value)
    headers.setdefault("x-oss-storage-class", "Standard")
    headers["ETag"] = f'"{record.etag}"'
    headers["x-oss-hash-crc64ecma"] = str(record.crc64)
    headers["x-oss-object-type"] = "Normal"
    response.last_modified = record.modified_at
    # An uploaded page shall not act in this origin's name.
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Content-Security-Policy"] = "script-src 'none'"


def _header(value: str) -> str:
    """WSGI headers are bytes in the disguise of Latin-1; these are UTF-8, as they came."""
    return value.encode().decode("latin-1")
