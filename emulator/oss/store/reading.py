"""What GET returns: one object, or their list as XML for clients or as a page for people.

Nothing here checks a signature: that comes first, and only where one is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from werkzeug import Request, Response
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from ..errors import Refused, printable, refusals
from .store import Record, Store

DEFAULT_KEYS = 100
MAX_KEYS = 1000
BUFFER_BYTES = 256 * 1024
XML = "application/xml"
HTML = "text/html"

# Nothing that an uploader named or wrote must run as a script on the page.
NO_FORMS = "base-uri 'none'; form-action 'none'"
PAGE_SECURITY = f"default-src 'none'; style-src 'unsafe-inline'; {NO_FORMS}"
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{bucket}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem }}
table {{ width: 100%; border-collapse: collapse }}
th, td {{ text-align: start; padding: .4rem .6rem; border-bottom: 1px solid #8885 }}
td:first-child {{ overflow-wrap: anywhere }}
td.number {{ text-align: end; font-variant-numeric: tabular-nums }}
</style>
<h1>{bucket}</h1>
<p>{summary}</p>
<table>
<tr><th>Object<th>Type<th>Bytes<th>Last modified</tr>
{rows}
</table>
{more}
</html>
"""


def get_object(request: Request, store: Store, key: str) -> Response:
    """The object as it was stored: all of it, or the requested Range."""
    found = store.open(key)
    if found is None:
        raise Refused(
            refusals.NO_SUCH_KEY,
            hint=f"There is no object {key!r}; see the list of objects at /.",
            elements={"Key": key},
        )
    record, file = found
    response = Response(wrap_file(request.environ, file, BUFFER_BYTES), direct_passthrough=True)
    response.content_type = encoded_header(record.content_type)
    response.content_length = record.size
    _describe(response, record)
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=record.size)
    except RequestedRangeNotSatisfiable as error:
        response.close()
        raise Refused(
            refusals.INVALID_RANGE,
            hint=f"The object has {record.size} bytes, none of them in this Range.",
        ) from error
    del response.headers["Date"]  # the server sends its own
    return response


def _describe(response: Response, record: Record) -> None:
    headers = response.headers
    for name, value in record.headers.items():
        headers[name] = encoded_header(value)
    headers.setdefault("x-oss-storage-class", "Standard")
    headers["ETag"] = f'"{record.etag}"'
    headers["x-oss-hash-crc64ecma"] = str(record.crc64)
    headers["x-oss-object-type"] = record.type
    response.last_modified = record.modified_at
    # An uploaded page must not run scripts with this origin's rights.
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Content-Security-Policy"] = f"script-src 'none'; {NO_FORMS}"


def encoded_header(value: str) -> str:
    """The UTF-8 of a header as WSGI expects it: each byte as a Latin-1 character."""
    return value.encode().decode("latin-1")


@dataclass(frozen=True)
class Listing:
    """One page of the list."""

    bucket: str
    prefix: str
    marker: str
    max_keys: int
    records: list[Record]
    truncated: bool
    url_encoded: bool


def list_objects(request: Request, store: Store, bucket: str) -> Response:
    """One page of the objects, as XML unless the client prefers HTML."""
    listing = _select(bucket, store.records(request.args.get("prefix", "")), request.args)
    if request.accept_mimetypes.best_match([XML, HTML], default=XML) == XML:
        return Response(_xml(listing), content_type=XML)
    response = Response(_page(listing), mimetype=HTML)
    response.headers["Content-Security-Policy"] = PAGE_SECURITY
    return response


def _select(bucket: str, records: list[Record], query: Mapping[str, str]) -> Listing:
    """Apply `marker`, `max-keys` and `encoding-type`; the records already have the prefix."""
    text = query.get("max-keys", str(DEFAULT_KEYS))
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_KEYS:
        raise Refused(
            refusals.INVALID_FIELD,
            hint=f"max-keys is {text!r}; send a number from 1 to {MAX_KEYS}.",
            elements={"ArgumentName": "max-keys", "ArgumentValue": text},
        )
    max_keys = int(text)
    marker = query.get("marker", "")
    after = [record for record in records if record.key.encode() > marker.encode()]
    return Listing(
        bucket=bucket,
        prefix=query.get("prefix", ""),
        marker=marker,
        max_keys=max_keys,
        records=after[:max_keys],
        truncated=len(after) > max_keys,
        url_encoded=query.get("encoding-type") == "url",
    )


def _xml(listing: Listing) -> bytes:
    """OSS documents, GetBucket (ListObjects)."""

    def text(value: str) -> str:
        return quote(value, safe="") if listing.url_encoded else printable(value)

    def add(parent: ElementTree.Element, name: str, value: str) -> None:
        ElementTree.SubElement(parent, name).text = value

    root = ElementTree.Element("ListBucketResult")
    add(root, "Name", listing.bucket)
    add(root, "Prefix", text(listing.prefix))
    add(root, "Marker", text(listing.marker))
    add(root, "MaxKeys", str(listing.max_keys))
    add(root, "Delimiter", "")
    if listing.url_encoded:
        add(root, "EncodingType", "url")
    add(root, "IsTruncated", str(listing.truncated).lower())
    if listing.truncated:
        add(root, "NextMarker", text(listing.records[-1].key))
    for record in listing.records:
        contents = ElementTree.SubElement(root, "Contents")
        add(contents, "Key", text(record.key))
        add(contents, "LastModified", record.last_modified)
        add(contents, "ETag", f'"{record.etag}"')
        add(contents, "Type", record.type)
        add(contents, "Size", str(record.size))
        add(contents, "StorageClass", record.headers.get("x-oss-storage-class", "Standard"))
    xml: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return xml


def _page(listing: Listing) -> bytes:
    rows = "\n".join(
        f'<tr><td><a href="/{quote(record.key, safe="/")}">{escape(record.key)}</a>'
        f'<td>{escape(record.content_type)}<td class="number">{record.size:,}'
        f'<td class="number">{record.last_modified[:19].replace("T", " ")}</tr>'
        for record in listing.records
    )
    count = len(listing.records)
    summary = f"{count} object{'' if count == 1 else 's'}"
    if listing.prefix:
        summary += f" under {listing.prefix}"
    more = ""
    if listing.truncated:
        query = {
            "prefix": listing.prefix,
            "marker": listing.records[-1].key,
            "max-keys": listing.max_keys,
        }
        more = f'<p><a href="/?{escape(urlencode(query))}">More</a></p>'
    page = _PAGE.format(
        bucket=escape(listing.bucket), summary=escape(summary), rows=rows, more=more
    )
    return page.encode()
