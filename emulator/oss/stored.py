"""CopyObject and DeleteObject: what may be done to a stored object besides reading it.

OSS documents of these names. That permissions are checked first and x-oss-forbid-overwrite last,
and that a copy has the ETag and the storage class of its source, is inferred.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from werkzeug import Response

from .bucket import (
    BucketConfig,
    LogEntry,
    authorize,
    check_bucket,
    check_permission,
    describe_stored,
    echo_encryption,
)
from .errors import Refused, refusals
from .form import ENCRYPTION, KMS_KEY, checked_key, collect_attributes
from .signatures import SignedRequest
from .store import Record, Store

COPY_SOURCE = "x-oss-copy-source"
IF_MATCH = "x-oss-copy-source-if-match"
DIRECTIVE = "x-oss-metadata-directive"
ENCRYPTED = (ENCRYPTION, KMS_KEY)
# Always what the request says, even if the metadata is that of the source.
OF_THE_COPY = ("x-oss-object-acl", "x-oss-forbid-overwrite", "x-oss-storage-class", *ENCRYPTED)
KEPT_ALWAYS = ("x-oss-storage-class", "x-oss-tagging-count")
NOT_EMULATED = (
    *("x-oss-copy-source-if-none-match", "x-oss-copy-source-if-modified-since"),
    *("x-oss-copy-source-if-unmodified-since", "x-oss-tagging", "x-oss-tagging-directive"),
)


def serve_stored(
    signed: SignedRequest, *, config: BucketConfig, store: Store, log: LogEntry
) -> Response:
    """The response to a PUT or DELETE that does not belong to a multipart upload."""
    is_copy = signed.method == "PUT" and COPY_SOURCE in signed.headers
    parameters = [name for name in signed.query if not name.startswith("x-oss-")]
    refused = [*parameters, *(name for name in NOT_EMULATED if name in signed.headers)]
    if not signed.key or refused or not (is_copy or signed.method == "DELETE"):
        named = f" with {', '.join(refused)}" if refused else ""
        raise Refused(
            refusals.NOT_EMULATED,
            hint=f"{signed.method}{named} is not emulated: only CopyObject, DeleteObject and"
            " multipart uploads are. Upload a form by POST to /, or a file in parts.",
        )
    check_bucket(signed.bucket, config)
    return _copy(signed, config, store, log) if is_copy else _delete(signed, config, store)


def _copy(signed: SignedRequest, config: BucketConfig, store: Store, log: LogEntry) -> Response:
    now = config.clock()
    access_key = authorize(signed, ["oss:PutObject"], config, now)
    source = _source(signed.headers[COPY_SOURCE], config)
    check_permission(access_key, "oss:GetObject", config, key=source)
    replaced = _replaces_metadata(signed.headers.get(DIRECTIVE, "COPY"))
    given = signed.headers.items()
    attributes = collect_attributes(
        {name: value for name, value in given if replaced or name in OF_THE_COPY},
        forbid_overwrite=refusals.HEADER_FORBID_OVERWRITE,
    )
    key = checked_key(signed.key)
    found = store.open(source)
    if found is None:
        raise Refused(
            refusals.NO_SUCH_KEY,
            hint=f"There is no object {source!r} to copy: it was removed, or never uploaded.",
            elements={"Key": source},
        )
    record, file = found
    kept = {
        name: value
        for name, value in record.headers.items()
        if name in KEPT_ALWAYS or not (replaced or name in ENCRYPTED)
    }
    copy = replace(
        record,
        key=key,
        last_modified=f"{now:%Y-%m-%dT%H:%M:%S.000Z}",
        acl=attributes.acl,
        content_type=attributes.content_type if replaced else record.content_type,
        headers={**kept, **attributes.headers},
    )
    with file, store.receive() as target:
        _check_match(signed.headers.get(IF_MATCH), record)
        target.append(file, record.size, record.crc64)
        try:
            store.put(target, copy, overwrite=attributes.overwrite)
        except FileExistsError as error:
            raise Refused(
                refusals.ALREADY_EXISTS,
                hint=f"The object {key!r} exists and the request forbids overwriting it; if it is"
                " an earlier copy, nothing is left to do.",
            ) from error
    log.size = copy.size
    log.stored = ("CopyObject", copy)
    return _copied(copy)


def _source(value: str, config: BucketConfig) -> str:
    """The key in x-oss-copy-source, which is /bucket/key, percent-encoded."""
    path, _, parameters = value.partition("?")
    if parameters.startswith("versionId="):
        raise Refused(refusals.NOT_EMULATED, hint="Versions of objects are not emulated.")
    start, _, rest = path.partition("/")
    bucket, _, key = rest.partition("/")
    if start or not key or parameters:
        raise Refused(
            refusals.COPY_SOURCE,
            hint=f"{COPY_SOURCE} is {value!r}; send /bucket/key, percent-encoded.",
            elements={"ArgumentName": COPY_SOURCE, "ArgumentValue": value},
        )
    check_bucket(bucket, config)
    return unquote(key)


def _replaces_metadata(directive: str) -> bool:
    # Seen live: "Replace", in the tests of the Kotlin SDK.
    if directive.upper() not in ("COPY", "REPLACE"):
        raise Refused(
            refusals.INVALID_FIELD,
            hint=f"{DIRECTIVE} is {directive!r}; send COPY or REPLACE.",
            elements={"ArgumentName": DIRECTIVE, "ArgumentValue": directive},
        )
    return directive.upper() == "REPLACE"


def _check_match(etag: str | None, source: Record) -> None:
    if etag is not None and etag.strip('"') != source.etag:
        raise Refused(
            refusals.PRECONDITION_FAILED,
            hint=f"{IF_MATCH} is {etag!r}, but {source.key!r} has the ETag {source.etag!r}: it is"
            " not the object that was looked at.",
        )


def _copied(copy: Record) -> Response:
    response = Response(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<CopyObjectResult>\n"
        f'  <ETag>"{copy.etag}"</ETag>\n'
        f"  <LastModified>{copy.last_modified}</LastModified>\n"
        "</CopyObjectResult>\n",
        content_type="application/xml",
    )
    describe_stored(response, copy)
    echo_encryption(response, copy.headers)
    return response


def _delete(signed: SignedRequest, config: BucketConfig, store: Store) -> Response:
    """204 whether the object exists or not (documented)."""
    authorize(signed, ["oss:DeleteObject"], config, config.clock())
    store.delete(signed.key)
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response
