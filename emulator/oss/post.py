"""PostObject: from a form to an object, in the order of checks that the service seems to have.

The order is not documented; a signature that is checked before the policy's content keeps a
forger from probing conditions (inferred).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from werkzeug import Request, Response
from werkzeug.http import parse_options_header

from ..keyring import AccessKey
from ..ram import UnsupportedPolicy, is_allowed
from .attributes import Attributes, object_key, read_attributes
from .authentication import authenticate
from .body import Body
from .callback_field import read_callback
from .claims import Claim, read_claim
from .conditions import check_conditions, check_coverage, check_expiration
from .errors import Refused
from .form import Form, finish_form, read_form
from .multipart import Multipart
from .policy import Policy, SizeRange, parse_policy
from .refusals import (
    ALREADY_EXISTS,
    ANONYMOUS,
    NO_BOUNDARY,
    NO_SUCH_BUCKET,
    NOT_EMULATED,
    NOT_MULTIPART,
    SESSION_POLICY_DENIES,
    TOO_LARGE,
    TOO_SMALL,
    V1_DISABLED,
)
from .report import report
from .settings import Settings
from .store import Record, Store, Upload
from .success import success

MAX_OBJECT_BYTES = 5 * 1024**3
ACCOUNT = "1234567890123456"  # the emulated bucket's owner


@dataclass
class LogEntry:
    """What the line of the log will say; filled in while a request is served."""

    subject: str
    size: int = 0


def post_object(
    request: Request, body: Body, *, bucket: str, settings: Settings, store: Store, log: LogEntry
) -> Response:
    boundary = _boundary(request)
    body.check_length()
    parts = Multipart(body.read, boundary)
    form = read_form(parts)
    now = settings.clock()
    key = log.subject = object_key(form)
    claim = read_claim(form.fields, now)
    check_bucket(bucket, settings)
    policy = _authorize(claim, form, key=key, bucket=bucket, settings=settings, now=now)
    attributes = read_attributes(form, request.headers)
    callback = read_callback(form.fields)
    with store.upload() as upload:
        _receive(parts.content(), upload, policy.size_ranges, log)
        finish_form(parts, accept_trailing_fields=settings.accept_trailing_fields)
        body.check_digest()
        record = _record(key, upload, attributes, settings.clock())
        try:
            store.put(upload, record, overwrite=attributes.overwrite)
        except FileExistsError as error:
            raise Refused(
                ALREADY_EXISTS,
                hint=f"The object {key!r} exists and the form forbids to overwrite it; ask for "
                "a new grant (FORBID_OVERWRITE of the function decides).",
            ) from error
    origin = request.host_url.rstrip("/")
    answer = None
    if callback is not None:
        answer = report(
            callback, record, form.fields, settings=settings, store=store, origin=origin
        )
    return success(record, form.fields, bucket=bucket, origin=origin, answer=answer)


def check_bucket(bucket: str, settings: Settings) -> None:
    if bucket != settings.bucket:
        raise Refused(
            NO_SUCH_BUCKET,
            hint=f"The Host names the bucket {bucket!r}; here is only {settings.bucket!r} "
            "(OSS_BUCKET names it).",
            elements={"BucketName": bucket},
        )


def _boundary(request: Request) -> bytes:
    content_type, options = parse_options_header(request.headers.get("Content-Type"))
    if content_type.lower() != "multipart/form-data":
        raise Refused(
            NOT_MULTIPART,
            hint=f"The request's Content-Type is {content_type!r}, not multipart/form-data; "
            "post a form.",
        )
    boundary = options.get("boundary", "")
    if not boundary:
        raise Refused(
            NO_BOUNDARY,
            hint="Content-Type has no boundary; let the browser or the library set this header.",
        )
    return boundary.encode("latin-1", "replace")


def _authorize(
    claim: Claim | None, form: Form, *, key: str, bucket: str, settings: Settings, now: datetime
) -> Policy:
    if claim is None:
        raise Refused(
            ANONYMOUS,
            hint="The form has neither key ID nor policy nor signature and the bucket is private; "
            "post the fields of a grant before `file`.",
        )
    if claim.scope is None and not settings.accept_v1:
        raise Refused(
            V1_DISABLED, hint="V1 signatures are switched off here; set SIGNATURE_VERSION=v4."
        )
    access_key = authenticate(claim, keys=settings.keys, region=settings.region, now=now)
    policy = parse_policy(claim.policy)
    check_expiration(policy, claim.scope, now)
    check_conditions(policy, form, bucket=bucket)
    check_coverage(policy, claim, accept_uncovered_token=settings.accept_uncovered_token)
    _check_session_policy(access_key, settings.region, bucket, key)
    return policy


def _check_session_policy(access_key: AccessKey, region: str, bucket: str, key: str) -> None:
    if access_key.session_policy is None:
        return
    resource = f"acs:oss:oss-{region}:{ACCOUNT}:{bucket}/{key}"
    try:
        allowed = is_allowed([access_key.session_policy], "oss:PutObject", resource)
    except UnsupportedPolicy as error:
        raise Refused(
            NOT_EMULATED, hint=f"The session policy cannot be evaluated: {error}."
        ) from error
    if not allowed:
        raise Refused(
            SESSION_POLICY_DENIES,
            hint=f"The session policy of {access_key.access_key_id!r} does not allow "
            f"oss:PutObject on {bucket}/{key}; it must allow the prefix that keys start with.",
        )


def _receive(
    content: Iterable[bytes], upload: Upload, ranges: tuple[SizeRange, ...], log: LogEntry
) -> None:
    """Write to the disk and stop at the first byte too many."""
    minimum = max((bounds.minimum for bounds in ranges), default=0)
    maximum = min((bounds.maximum for bounds in ranges), default=MAX_OBJECT_BYTES)
    for chunk in content:
        log.size += len(chunk)
        if log.size > maximum:
            raise Refused(
                TOO_LARGE,
                hint=f"The file has more than the {maximum} bytes that content-length-range "
                "allows (MAX_UPLOAD_BYTES, or the size declared for the grant).",
            )
        upload.write(chunk)
    if log.size < minimum:
        raise Refused(
            TOO_SMALL,
            hint=f"The file has {log.size} bytes and content-length-range demands {minimum} "
            "(MIN_UPLOAD_BYTES, or the size declared for the grant).",
        )


def _record(key: str, upload: Upload, attributes: Attributes, now: datetime) -> Record:
    return Record(
        key=key,
        size=upload.size,
        etag=upload.etag,
        crc64=upload.crc64,
        content_type=attributes.content_type,
        last_modified=f"{now:%Y-%m-%dT%H:%M:%S.000Z}",
        headers=attributes.headers,
        acl=attributes.acl,
    )
