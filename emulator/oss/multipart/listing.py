"""ListParts and ListMultipartUploads, in pages. OSS documents of these names."""

from __future__ import annotations

from datetime import datetime

from werkzeug import Response

from ..errors import Refused, refusals
from ..store import Part, Upload
from .call import MAX_PAGE, Call, xml_response

STORAGE_CLASS = "x-oss-storage-class"


def list_parts(call: Call) -> Response:
    limit = call.number("max-parts", MAX_PAGE, 1, MAX_PAGE)
    marker = call.number("part-number-marker", 0, 0, 10**9)
    with call.open_upload(refusals.NO_UPLOAD_TO_LIST) as upload:
        found = [p for p in call.uploads.parts(upload.id, upload.key) if p.number > marker]
    page = found[:limit]
    texts = {
        "Bucket": call.config.name,
        "Key": call.shown(upload.key),
        "UploadId": upload.id,
        "StorageClass": _storage_class(upload),
        "PartNumberMarker": str(marker),
        # Seen live: the last part's number, even if nothing follows. Without parts, inferred.
        "NextPartNumberMarker": str(page[-1].number if page else 0),
        "MaxParts": str(limit),
        "IsTruncated": str(len(found) > limit).lower(),
    }
    return xml_response(call, "ListPartsResult", texts, [("Part", _members(p)) for p in page])


def _members(part: Part) -> dict[str, str]:
    modified = datetime.strptime(part.last_modified, "%Y%m%dT%H%M%SZ")  # noqa: DTZ007  UTC
    return {
        "PartNumber": str(part.number),
        "LastModified": f"{modified:%Y-%m-%dT%H:%M:%S.000Z}",
        "ETag": f'"{part.etag}"',
        "Size": str(part.size),
        # On no page; official SDKs read it when they resume.
        "HashCrc64ecma": str(part.crc64),
    }


def list_uploads(call: Call) -> Response:
    query = call.signed.query
    if query.get("delimiter"):
        raise Refused(
            refusals.NOT_EMULATED, hint="A delimiter is not emulated here; list by prefix."
        )
    limit = call.number("max-uploads", MAX_PAGE, 1, MAX_PAGE)
    prefix, key_marker = query.get("prefix", ""), query.get("key-marker", "")
    # Without a key-marker it has no meaning (documented).
    id_marker = query.get("upload-id-marker", "") if key_marker else ""
    found = [
        upload
        for upload in call.uploads.all()
        if upload.key.startswith(prefix) and _follows(upload, key_marker, id_marker)
    ]
    page, truncated = found[:limit], len(found) > limit
    texts = {
        "Bucket": call.config.name,
        "KeyMarker": call.shown(key_marker),
        "UploadIdMarker": id_marker,
        "NextKeyMarker": call.shown(page[-1].key) if truncated else "",
        "NextUploadIdMarker": page[-1].id if truncated else "",
        "Prefix": call.shown(prefix),
        "MaxUploads": str(limit),
        "IsTruncated": str(truncated).lower(),
    }
    entries = [
        (
            "Upload",
            {
                "Key": call.shown(upload.key),
                "UploadId": upload.id,
                "StorageClass": _storage_class(upload),
                "Initiated": upload.initiated,
            },
        )
        for upload in page
    ]
    return xml_response(call, "ListMultipartUploadsResult", texts, entries)


def _follows(upload: Upload, key_marker: str, id_marker: str) -> bool:
    key, marker = upload.key.encode(), key_marker.encode()
    return key > marker or bool(id_marker and key == marker and upload.id > id_marker)


def _storage_class(upload: Upload) -> str:
    return upload.headers.get(STORAGE_CLASS, "Standard")
