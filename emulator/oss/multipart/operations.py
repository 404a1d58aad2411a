"""The routes of multipart uploads, and all operations except listing and completing.

OSS documents, InitiateMultipartUpload, UploadPart and AbortMultipartUpload.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from werkzeug import Request, Response

from ..bucket import authorize, check_bucket, describe_stored, echo_encryption
from ..errors import Refused, refusals
from ..form import ENCRYPTION, MAX_BODY_BYTES, checked_key, collect_attributes
from ..signatures import SignedRequest
from ..store import Part, Upload, new_upload_id
from .call import Call, invalid, xml_response
from .completing import complete
from .listing import list_parts, list_uploads
from .part_list import MAX_PART_NUMBER

MAX_TAGS = 10
TRAFFIC_LIMIT = "x-oss-traffic-limit"
TRAFFIC_BITS = (819_200, 838_860_800)
MARKS = ("uploads", "uploadId", "partNumber")  # each parameter makes a request one of these


def is_multipart(request: Request) -> bool:
    return bool(request.query_string) and any(name in request.args for name in MARKS)


def serve_multipart(call: Call) -> Response:
    signed = call.signed
    operation = "uploads" if "uploads" in signed.query else "uploadId"
    route = _ROUTES.get((signed.method, operation, bool(signed.key)))
    if route is None:
        raise Refused(
            refusals.METHOD_NOT_ALLOWED,
            hint=f"{signed.method} with the parameter {operation!r} is not an operation on"
            f" {'an object' if signed.key else 'the bucket'}.",
            elements={
                "Method": signed.method,
                "ResourceType": "Object" if signed.key else "Bucket",
            },
        )
    action, serve = route
    check_bucket(signed.bucket, call.config)
    actions = [action]
    if serve is _initiate and "x-oss-tagging" in signed.headers:
        actions.append("oss:PutObjectTagging")
    authorize(signed, actions, call.config, call.now)
    return serve(call)


def _initiate(call: Call) -> Response:
    key = checked_key(call.key)
    # No effect at initiate (inferred): no SDK sends it, and complete has one of its own.
    headers = {
        name: value for name, value in call.signed.headers.items() if name != "x-oss-object-acl"
    }
    attributes = collect_attributes(headers, forbid_overwrite=refusals.HEADER_FORBID_OVERWRITE)
    if not attributes.overwrite and call.store.record(key):
        raise Refused(
            refusals.ALREADY_EXISTS,
            hint=f"The object {key!r} exists and the request forbids overwriting it; upload under"
            " another key (the function's setting is FORBID_OVERWRITE).",
        )
    upload = Upload(
        id=new_upload_id(),
        key=key,
        initiated=f"{call.now:%Y-%m-%dT%H:%M:%S.000Z}",
        content_type=attributes.content_type,
        headers={**attributes.headers, **_tagging(headers)},
    )
    texts = {"Bucket": call.config.name, "Key": call.shown(key), "UploadId": upload.id}
    response = xml_response(call, "InitiateMultipartUploadResult", texts)
    call.uploads.initiate(upload)
    echo_encryption(response, upload.headers)
    return response


def _tagging(headers: Mapping[str, str]) -> dict[str, str]:
    """OSS documents, PutObjectTagging: 10 tags, with keys of 128 and values of 256 characters."""
    text = headers.get("x-oss-tagging")
    if text is None:
        return {}
    tags = parse_qsl(text, keep_blank_values=True)
    names = {name for name, _ in tags}
    fit = all(1 <= len(name) <= 128 and len(value) <= 256 for name, value in tags)
    if not tags or not fit or len(names) != len(tags) or len(tags) > MAX_TAGS:
        raise Refused(
            refusals.INVALID_TAG,
            hint=f"x-oss-tagging must be 1 to {MAX_TAGS} different tags like a query, percent-"
            "encoded: keys of 1 to 128 characters, values of at most 256.",
        )
    return {"x-oss-tagging-count": str(len(tags))}


def _upload_part(call: Call) -> Response:
    number = _part_number(call.signed.query.get("partNumber", ""))
    if ENCRYPTION in call.signed.headers:
        raise invalid(
            ENCRYPTION, call.signed.headers[ENCRYPTION], "send it when the upload is initiated"
        )
    _check_traffic_limit(call.signed)
    if "x-oss-copy-source" in call.signed.headers:
        raise Refused(
            refusals.NOT_EMULATED, hint="UploadPartCopy is not emulated; send the part's bytes."
        )
    call.body.check_length(refusals.PART_TOO_LARGE)
    with call.open_upload(refusals.NO_UPLOAD_TO_PUT) as upload, call.store.receive() as incoming:
        while data := call.body.read():
            incoming.write(data)
            call.log.size += len(data)
            if incoming.size > MAX_BODY_BYTES:  # chunked, so not known before
                raise Refused(
                    refusals.PART_TOO_LARGE,
                    hint=f"A part may have at most {MAX_BODY_BYTES} bytes; send smaller parts.",
                )
        call.body.check_digest()
        part = Part(
            number=number,
            last_modified=f"{call.config.clock():%Y%m%dT%H%M%SZ}",
            size=incoming.size,
            etag=incoming.md5,
            crc64=incoming.crc64,
        )
        call.uploads.put_part(upload.id, upload.key, incoming, part)
    response = Response()
    del response.headers["Content-Type"]
    response.headers["Content-MD5"] = base64.b64encode(bytes.fromhex(part.etag)).decode()
    describe_stored(response, part)
    echo_encryption(response, upload.headers)
    return response


def _check_traffic_limit(signed: SignedRequest) -> None:
    """OSS documents, "Single-connection bandwidth throttling": bits per second. Nothing is slowed
    down here."""
    limit = signed.headers.get(TRAFFIC_LIMIT) or signed.query.get(TRAFFIC_LIMIT)
    lowest, highest = TRAFFIC_BITS
    if limit and not (re.fullmatch("[0-9]{1,9}", limit) and lowest <= int(limit) <= highest):
        raise Refused(
            refusals.TRAFFIC_LIMIT,
            hint=f"{TRAFFIC_LIMIT} is {limit!r}; send bits per second, {lowest} to {highest}.",
            elements={"ArgumentName": TRAFFIC_LIMIT, "ArgumentValue": limit},
        )


def _part_number(text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= MAX_PART_NUMBER:
        raise Refused(
            refusals.PART_NUMBER,
            hint=f"partNumber is {text!r}; number the parts from 1 to {MAX_PART_NUMBER}.",
            elements={"ArgumentName": "PartNumber", "ArgumentValue": text},
        )
    return int(text)


def _abort(call: Call) -> Response:
    with call.open_upload(refusals.NO_UPLOAD_TO_LIST) as upload:
        call.uploads.abort(upload.id, upload.key)
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


# Method, parameter, and whether there is a key; then the action that RAM must allow.
_ROUTES: dict[tuple[str, str, bool], tuple[str, Callable[[Call], Response]]] = {
    ("POST", "uploads", True): ("oss:PutObject", _initiate),
    ("PUT", "uploadId", True): ("oss:PutObject", _upload_part),
    ("GET", "uploadId", True): ("oss:ListParts", list_parts),
    ("POST", "uploadId", True): ("oss:PutObject", complete),
    ("DELETE", "uploadId", True): ("oss:AbortMultipartUpload", _abort),
    ("GET", "uploads", False): ("oss:ListMultipartUploads", list_uploads),
}
