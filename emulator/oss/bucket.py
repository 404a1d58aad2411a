"""What every operation on the bucket needs: its configuration, its permissions, its callbacks, and
the headers that say what was stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from werkzeug import Response

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
)
from .errors import Refused, refusals
from .form import ENCRYPTION, KMS_KEY
from .signatures import SignedRequest, authenticate_request
from .store import Part, Record, Store, encoded_header
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
    """What is known of a request afterwards, filled in while the request is served."""

    subject: str
    size: int = 0
    stored: tuple[str, Record] | None = None  # the operation that made an object, and the object


def check_bucket(bucket: str, config: BucketConfig) -> None:
    if bucket != config.name:
        raise Refused(
            refusals.NO_SUCH_BUCKET,
            hint=f"Host names the bucket {bucket!r}, but the only one here is {config.name!r} "
            "(OSS_BUCKET sets it).",
            elements={"BucketName": bucket},
        )


def check_permission(
    access_key: AccessKey, action: str, config: BucketConfig, *, key: str | None = None
) -> None:
    """Refuse what the session policy does not allow; without `key`, on the bucket itself."""
    if access_key.session_policy is None:
        return
    target = config.name if key is None else f"{config.name}/{key}"
    resource = f"acs:oss:oss-{config.region}:{ACCOUNT_ID}:{target}"
    try:
        allowed = is_allowed([access_key.session_policy], action, resource)
    except RamPolicyError as error:
        raise Refused(
            refusals.NOT_EMULATED, hint=f"The session policy cannot be evaluated: {error}."
        ) from error
    if not allowed:
        raise Refused(
            refusals.SESSION_POLICY_DENIES,
            hint=f"The session policy of {access_key.access_key_id!r} does not allow "
            f"{action} on {target}; allow the prefix that the keys start with.",
        )


def authorize(
    signed: SignedRequest, actions: Iterable[str], config: BucketConfig, now: datetime
) -> AccessKey:
    """The key that signed the request, or refuse: it must be allowed all of these actions."""
    access_key = authenticate_request(signed, keys=config.keys, region=config.region, now=now)
    if access_key is None:
        raise Refused(
            refusals.ANONYMOUS,
            hint="The request has no signature, and the bucket is private; sign it with V4, in its"
            " URL or in an Authorization header.",
        )
    for action in actions:
        check_permission(access_key, action, config, key=signed.key or None)
    return access_key


def check_callback(callback: Callback, config: BucketConfig) -> None:
    """Refuse a callback to where OSS cannot send it, before anything is stored."""
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


def run_callback(
    callback: Callback,
    record: Record,
    variables: Mapping[str, str],
    *,
    config: BucketConfig,
    store: Store,
    origin: str,
) -> CallbackResponse:
    """Report a stored object; `Refused` (203) if the application does not take it.

    `origin` is where the upload was sent.
    """
    response = call_back(
        callback,
        record,
        variables,
        bucket=config.name,
        store=store,
        key=config.callback_key,
        key_url=(config.public_url or origin) + PUBLIC_KEY_PATH,
        http10=config.switches.http10_callbacks,
    )
    config.log(f"callback for {record.key!r} returned {len(response.body)} bytes")
    return response


def describe_stored(response: Response, stored: Record | Part) -> None:
    """The headers that say what the bytes were: of an object, or of a part."""
    response.headers["ETag"] = f'"{stored.etag}"'
    response.headers["x-oss-hash-crc64ecma"] = str(stored.crc64)


def echo_encryption(response: Response, headers: Mapping[str, str]) -> None:
    """Repeat the encryption that the object, or the upload, has among its headers."""
    for name in (ENCRYPTION, KMS_KEY):
        if name in headers:
            response.headers[name] = encoded_header(headers[name])
