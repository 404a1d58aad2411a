"""CompleteMultipartUpload: from the listed parts to an object, and its callback.

OSS documents, CompleteMultipartUpload and Callback. The order of the checks is inferred.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from werkzeug import Response

from ..bucket import check_callback, describe_stored, echo_encryption, run_callback
from ..callback import read_callback, read_variables
from ..errors import Refused, refusals
from ..form import Attributes, collect_attributes
from ..store import Part, PartsChanged, Record, Upload, multipart_etag
from .call import Call, invalid, xml_response
from .part_list import MAX_XML_BYTES, ListedPart, read_part_list

MIN_PART_BYTES = 100 * 1024
COMPLETE_ALL = "x-oss-complete-all"


def complete(call: Call) -> Response:
    headers = call.signed.headers
    own = {"x-oss-object-acl", "x-oss-forbid-overwrite"} & headers.keys()
    attributes = collect_attributes(
        {name: headers[name] for name in own}, forbid_overwrite=refusals.HEADER_FORBID_OVERWRITE
    )
    callback = read_callback({"callback": headers.get("x-oss-callback", "")})
    variables = headers.get("x-oss-callback-var", "")
    fields = read_variables(variables) if variables else {}
    if callback is not None:
        check_callback(callback, call.config)
    listed = _read_list(call)
    shown_key = call.shown(call.key)  # which may be refused, so before anything is stored
    gone = refusals.NO_UPLOAD_TO_COMPLETE
    with call.open_upload(gone) as upload, call.uploads.completing(upload):
        record = None
        while record is None:
            record = _assemble(call, upload, listed, attributes)
    call.log.stored = ("CompleteMultipartUpload", record)
    origin = call.request.host_url.rstrip("/")
    if callback is not None:
        called_back = run_callback(
            callback, record, fields, config=call.config, store=call.store, origin=origin
        )
        response = Response(called_back.body, content_type=called_back.content_type)
    else:
        texts = {
            "Location": f"{origin}/{quote(record.key, safe='/')}",
            "Bucket": call.config.name,
            "Key": shown_key,
            "ETag": f'"{record.etag}"',
        }
        response = xml_response(call, "CompleteMultipartUploadResult", texts)
    describe_stored(response, record)
    echo_encryption(response, record.headers)
    return response


def _read_list(call: Call) -> list[ListedPart] | None:
    """The parts to complete with; None for all that there are."""
    every = call.signed.headers.get(COMPLETE_ALL)
    if every not in (None, "yes"):
        raise invalid(COMPLETE_ALL, every, "send yes, or a list of parts")
    if every is None:
        call.body.check_length(refusals.XML_TOO_LONG)
    document = bytearray()
    while data := call.body.read():
        document += data
        if every:
            raise Refused(
                refusals.COMPLETE_ALL_WITH_BODY,
                hint=f"The request has {COMPLETE_ALL} and a body; send one of them.",
                elements={"ArgumentName": COMPLETE_ALL, "ArgumentValue": every},
            )
        if len(document) > MAX_XML_BYTES:
            raise Refused(
                refusals.XML_TOO_LONG,
                hint=f"The list of parts has more than {MAX_XML_BYTES} bytes; leave out blanks.",
            )
    call.body.check_digest()
    return None if every else read_part_list(bytes(document))


def _assemble(
    call: Call, upload: Upload, listed: Sequence[ListedPart] | None, attributes: Attributes
) -> Record | None:
    """The stored object's record; None if parts changed meanwhile and it must start again."""
    there = call.uploads.parts(upload.id, upload.key)
    parts = there if listed is None else _select(listed, there, upload)
    _check_sizes(parts)
    with call.store.receive() as target:
        try:
            call.uploads.assemble(upload, parts, target)
            record = Record(
                key=upload.key,
                size=target.size,
                etag=multipart_etag(parts),
                crc64=target.crc64,
                content_type=upload.content_type,
                last_modified=f"{call.config.clock():%Y-%m-%dT%H:%M:%S.000Z}",
                headers=upload.headers,
                acl=attributes.acl,
                type="Multipart",
            )
            call.uploads.complete(upload, parts, target, record, overwrite=attributes.overwrite)
        except PartsChanged:
            return None
        except FileExistsError as error:
            raise Refused(
                refusals.ALREADY_EXISTS,
                hint=f"The object {upload.key!r} exists and the request forbids overwriting it; the"
                " upload stays open: abort it (the function's setting is FORBID_OVERWRITE).",
            ) from error
    call.log.size = record.size
    return record


def _select(listed: Sequence[ListedPart], there: Sequence[Part], upload: Upload) -> list[Part]:
    by_number = {part.number: part for part in there}
    selected = []
    for wanted in listed:
        part = by_number.get(wanted.number)
        if part is None or part.etag != wanted.etag:
            problem = "was not uploaded" if part is None else f"has the ETag {part.etag!r}"
            raise Refused(
                refusals.INVALID_PART,
                hint=f"Part {wanted.number} {problem}; list the parts, with the ETag that each"
                " upload returned.",
                elements={
                    "ETag": wanted.etag,
                    "PartNumber": str(wanted.number),
                    "UploadId": upload.id,
                },
            )
        selected.append(part)
    return selected


def _check_sizes(parts: Sequence[Part]) -> None:
    for part in parts[:-1]:
        if part.size < MIN_PART_BYTES:
            raise Refused(
                refusals.PART_TOO_SMALL,
                hint=f"Part {part.number} has {part.size} bytes; every part but the last needs"
                f" {MIN_PART_BYTES}.",
            )
