"""PostObject: from a form to an object, with the checks in the order that the service seems to use.

The order is not documented; checking the signature before the content of the policy keeps a forger
from probing its conditions (inferred).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from werkzeug import Request, Response

from ..keyring import ACCOUNT_ID, AccessKey, KeyRing
from ..ram import RamPolicyError, is_allowed
from .callback import (
    PUBLIC_KEY_PATH,
    Callback,
    CallbackKey,
    CallbackResponse,
    Resolve,
    call_back,
    check_addresses,
    read_callback,
)
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
from .switches import Switches


@dataclass(frozen=True)
class BucketConfig:
    """One emulated bucket."""

    name: str
    region: str
    keys: KeyRing
    clock: Callable[[], datetime]
    log: Callable[[str], None]
    switches: Switches
    callback_key: CallbackKey
    resolve: Resolve
    public_url: str | None  # where callback receivers find OSS; None: where the form was sent


@dataclass
class LogEntry:
    """The content of a request's log line, filled in while the request is served."""

    subject: str
    size: int = 0


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
        _check_callback(callback, config)
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
    origin = request.host_url.rstrip("/")
    called_back: CallbackResponse | None = None
    if callback is not None:
        called_back = call_back(
            callback,
            record,
            form.fields,
            bucket=config.name,
            store=store,
            key=config.callback_key,
            key_url=(config.public_url or origin) + PUBLIC_KEY_PATH,
            http10=config.switches.http10_callbacks,
        )
        config.log(f"callback for {key!r} returned {len(called_back.body)} bytes")
    return success(record, form.fields, bucket=bucket, origin=origin, called_back=called_back)


def _check_callback(callback: Callback, config: BucketConfig) -> None:
    here = check_addresses(
        callback.urls,
        resolve=config.resolve,
        refuse_loopback=config.switches.refuse_loopback_callbacks,
    )
    for host in here:
        config.log(
            f"callback to {host}: OSS itself would refuse this address, 400 InvalidArgument"
            f" {refusals.CALLBACK_HOST_PRIVATE.ec}; --oss refuse-loopback-callbacks does, too"
        )


def check_bucket(bucket: str, config: BucketConfig) -> None:
    if bucket != config.name:
        raise Refused(
            refusals.NO_SUCH_BUCKET,
            hint=f"Host names the bucket {bucket!r}, but the only one here is {config.name!r} "
            "(OSS_BUCKET sets it).",
            elements={"BucketName": bucket},
        )


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
    _check_session_policy(access_key, config.region, config.name, key)
    return policy


def _check_session_policy(access_key: AccessKey, region: str, bucket: str, key: str) -> None:
    if access_key.session_policy is None:
        return
    resource = f"acs:oss:oss-{region}:{ACCOUNT_ID}:{bucket}/{key}"
    try:
        allowed = is_allowed([access_key.session_policy], "oss:PutObject", resource)
    except RamPolicyError as error:
        raise Refused(
            refusals.NOT_EMULATED, hint=f"The session policy cannot be evaluated: {error}."
        ) from error
    if not allowed:
        raise Refused(
            refusals.SESSION_POLICY_DENIES,
            hint=f"The session policy of {access_key.access_key_id!r} does not allow "
            f"oss:PutObject on {bucket}/{key}; allow the prefix that the keys start with.",
        )


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
