"""PostObject: from a form to an object, with the checks in the order that the service seems to use.

The order is not documented; checking the signature before the content of the policy keeps a forger
from probing its conditions (inferred).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime

from werkzeug import Request, Response

from .bucket import (
    BucketConfig,
    LogEntry,
    check_bucket,
    check_callback,
    check_permission,
    run_callback,
)
from .callback import CallbackResponse, read_callback
from .errors import Refused, refusals
from .form import (
    Attributes,
    Body,
    Form,
    FormParts,
    finish_form,
    object_key,
    read_attributes,
    read_boundary,
    read_form,
)
from .policy import (
    Policy,
    check_conditions,
    check_coverage,
    check_expiration,
    parse_policy,
    within_ranges,
)
from .signatures import Claim, authenticate, read_claim
from .store import IncomingObject, Record, Store
from .success import success


def post_object(
    request: Request, body: Body, *, bucket: str, config: BucketConfig, store: Store, log: LogEntry
) -> Response:
    """Store the form's file; `bucket` is the one that the request names."""
    boundary = read_boundary(request.headers.get("Content-Type"), config.switches)
    body.check_length()
    parts = FormParts(body.read, boundary, config.switches)
    form = read_form(parts)
    now = config.clock()
    key = log.subject = object_key(form)
    claim = read_claim(form.fields, now)
    check_bucket(bucket, config)
    policy = _authorize(claim, form, key=key, config=config, now=now)
    attributes = read_attributes(form, request.headers)
    callback = read_callback(form.fields)
    if callback is not None:
        check_callback(callback, config)
    with store.receive() as incoming:
        for chunk in within_ranges(policy, _counted(parts.content(), log)):
            incoming.write(chunk)
        finish_form(parts, accept_trailing_fields=config.switches.accept_trailing_fields)
        body.check_digest()
        etag = uuid.uuid4().hex.upper() if config.switches.uuid_etag else incoming.md5
        record = _record(key, incoming, attributes, etag, config.clock())
        try:
            store.put(incoming, record, overwrite=attributes.overwrite)
        except FileExistsError as error:
            raise Refused(
                refusals.ALREADY_EXISTS,
                hint=f"The object {key!r} exists and the form forbids overwriting it; request a "
                "new grant (the function's setting is FORBID_OVERWRITE).",
            ) from error
    log.stored = ("PostObject", record)
    origin = request.host_url.rstrip("/")
    called_back: CallbackResponse | None = None
    if callback is not None:
        called_back = run_callback(
            callback, record, form.fields, config=config, store=store, origin=origin
        )
    return success(record, form.fields, bucket=bucket, origin=origin, called_back=called_back)


def _authorize(
    claim: Claim | None, form: Form, *, key: str, config: BucketConfig, now: datetime
) -> Policy:
    if claim is None:
        raise Refused(
            refusals.ANONYMOUS,
            hint="The form has no key ID, policy or signature, and the bucket is private; "
            "send the fields of a grant before `file`.",
        )
    if claim.scope is None and config.switches.refuse_v1:
        raise Refused(
            refusals.V1_DISABLED,
            hint="V1 signatures are switched off here; set SIGNATURE_VERSION=v4.",
        )
    access_key = authenticate(claim, keys=config.keys, region=config.region, now=now)
    policy = parse_policy(claim.policy)
    check_expiration(policy, claim.scope, now)
    check_conditions(policy, form, bucket=config.name)
    check_coverage(policy, claim, accept_uncovered_token=config.switches.accept_uncovered_token)
    check_permission(access_key, "oss:PutObject", config, key=key)
    return policy


def _counted(content: Iterable[bytes], log: LogEntry) -> Iterator[bytes]:
    for chunk in content:
        log.size += len(chunk)
        yield chunk


def _record(
    key: str, incoming: IncomingObject, attributes: Attributes, etag: str, now: datetime
) -> Record:
    return Record(
        key=key,
        size=incoming.size,
        etag=etag,
        crc64=incoming.crc64,
        content_type=attributes.content_type,
        last_modified=f"{now:%Y-%m-%dT%H:%M:%S.000Z}",
        headers=attributes.headers,
        acl=attributes.acl,
    )
