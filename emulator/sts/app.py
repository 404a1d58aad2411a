"""The WSGI application: AssumeRole at `/`, and at `/faults` the switch that makes it fail."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from ..acs3 import (
    DATE_FORMAT,
    Acs3Error,
    Nonces,
    SignedRequest,
    check_date,
    check_signature,
    parse_authorization,
)
from ..keyring import AccessKey, KeyRing, TokenFault
from ..server import shown, utc_now
from .faults import Faults, serve_faults
from .parameters import parse_assume_role
from .responses import StsError, StsResponse, json_response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

VERSION = "2015-04-01"
ROLE_ID = "300000000000000001"
METHODS = ("GET", "POST")
MAX_BODY_BYTES = 1024 * 1024  # AssumeRole sends no body


class Sts:
    """Knows one role, whose trust policy admits every key of the ring.

    `calls` counts the AssumeRole requests, including refused ones.
    """

    def __init__(
        self,
        role_arn: str,
        keys: KeyRing,
        *,
        clock: Callable[[], datetime] = utc_now,
        log: Callable[[str], None],
    ) -> None:
        self.faults = Faults()
        self.calls = 0
        self._role_arn = role_arn
        self._keys = keys
        self._clock = clock
        self._log = log
        self._nonces = Nonces()
        self._counting = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = MAX_BODY_BYTES
        try:
            # The switch has its own path and takes PUT and DELETE, which no SDK sends.
            is_switch = request.path == "/faults"
            response = serve_faults(request, self.faults) if is_switch else self._api(request)
        except HTTPException as error:
            return error(environ, start_response)
        return response(environ, start_response)

    def _api(self, request: Request) -> Response:
        action = request.headers.get("x-acs-action", "")
        parameters = dict(parse_qsl(request.environ["QUERY_STRING"], keep_blank_values=True))
        if action == "AssumeRole":
            with self._counting:
                self.calls += 1
        fault = None
        try:
            result = self._handle(request, action, parameters)
            fault = self.faults.take()
            outcome = f"fails on purpose: {fault.kind}" if fault else "200 OK"
        except StsError as error:
            result = _error_response(error, request.host)
            outcome = f"{error.status} {error.code}, {error.hint}"
        who = request.headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0]
        what = [shown(text) or "-" for text in (action, parameters.get("RoleArn", ""), who)]
        self._log("{} {} by {}: {}".format(*what, outcome))
        if fault:
            result = self.faults.spoil(fault, result, request.environ["werkzeug.socket"])
        return result.to_http()

    def _handle(self, request: Request, action: str, parameters: dict[str, str]) -> StsResponse:
        if request.path != "/" or action != "AssumeRole":
            raise StsError("InvalidAction.NotFound", "the emulator supports only AssumeRole at /")
        if request.method not in METHODS:
            raise StsError(
                "InvalidAction.NotFound",
                f"AssumeRole is called by {' or '.join(METHODS)}, not by {request.method}",
            )
        if request.headers.get("x-acs-version") != VERSION:
            raise StsError("InvalidVersion", f"expected x-acs-version: {VERSION}")
        now = self._clock()
        try:
            self._verify(request, now)
        except Acs3Error as error:
            raise StsError(error.code, error.hint) from None
        return self._assume_role(parameters, now)

    def _verify(self, request: Request, now: datetime) -> None:
        signed = SignedRequest.of(request)
        authorization = parse_authorization(signed)
        check_date(signed, now)
        key = self._keys.find(authorization.access_key_id)
        if key is None:
            raise StsError("InvalidAccessKeyId.NotFound", "the emulator does not know this key")
        if not key.enabled:
            raise StsError("InvalidAccessKeyId.Inactive", "this key is disabled")
        self._check_token(key, signed.headers.get("x-acs-security-token", ""), now)
        check_signature(signed, authorization, key.access_key_secret)
        self._nonces.use(signed.headers["x-acs-signature-nonce"], key.access_key_id, now)

    def _check_token(self, key: AccessKey, security_token: str, now: datetime) -> None:
        if not security_token:
            if key.security_token is not None:
                raise StsError("MissingSecurityToken", "send the token of this temporary key")
            return
        fault = self._keys.token_fault(key, security_token, now)
        if fault is TokenFault.UNKNOWN:
            raise StsError("InvalidSecurityToken.Malformed", "no key was issued with this token")
        if fault is TokenFault.FOREIGN:
            raise StsError(
                "InvalidSecurityToken.MismatchWithAccessKey", "the token belongs to another key"
            )
        if fault is TokenFault.EXPIRED:
            raise StsError(
                "InvalidSecurityToken.Expired", f"it expired at {key.expiration:{DATE_FORMAT}}"
            )

    def _assume_role(self, parameters: dict[str, str], now: datetime) -> StsResponse:
        wanted = parse_assume_role(parameters)
        # RAM compares ARNs without regard to case.
        if wanted.role_arn.lower() != self._role_arn.lower():
            raise StsError("EntityNotExist.Role", f"the emulator knows only {self._role_arn}")
        key = self._keys.issue(
            expiration=now.replace(microsecond=0) + wanted.duration,
            session_policy=wanted.session_policy,
        )
        document = {
            "RequestId": _request_id(),
            "AssumedRoleUser": {
                "Arn": f"{wanted.role_arn}/{wanted.role_session_name}",
                "AssumedRoleId": f"{ROLE_ID}:{wanted.role_session_name}",
            },
            "Credentials": {
                "AccessKeyId": key.access_key_id,
                "AccessKeySecret": key.access_key_secret,
                "SecurityToken": key.security_token,
                "Expiration": f"{key.expiration:{DATE_FORMAT}}",
            },
        }
        if wanted.source_identity:
            document["SourceIdentity"] = wanted.source_identity
        return json_response(200, document)


def _error_response(error: StsError, host: str) -> StsResponse:
    return json_response(
        error.status,
        {
            "RequestId": _request_id(),
            "HostId": host,
            "Code": error.code,
            "Message": error.message,
            "Recommend": error.hint,
        },
    )


def _request_id() -> str:
    return str(uuid.uuid4()).upper()
