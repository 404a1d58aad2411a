"""The WSGI application: what each action does, the temporary bucket, and the switch for faults."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from ..acs3 import Nonces
from ..keyring import KeyRing
from ..server import shown, utc_now
from .actions import Parameters, action_of
from .errors import ApiError, Faults
from .functions import (
    MAX_CODE_BYTES,
    TEMPORARY_BUCKET,
    Document,
    Function,
    Functions,
    check_http_trigger,
)
from .signatures import check_2016, check_api, check_oss

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TEMPORARY_CREDENTIALS = timedelta(hours=1)


class ControlPlane:
    """Every call must be signed with a key of the ring.

    `deployed` gets a function after each change of its settings, code or triggers, and `removed`
    its name once it is gone; `url_of` gives the address of its HTTP trigger.
    """

    def __init__(
        self,
        keys: KeyRing,
        directory: Path,
        *,
        deployed: Callable[[Function], None],
        removed: Callable[[str], None],
        url_of: Callable[[str], str],
        clock: Callable[[], datetime] = utc_now,
        log: Callable[[str], None],
    ) -> None:
        self._keys = keys
        self._functions = Functions(directory)
        self._deployed = deployed
        self._removed = removed
        self._url_of = url_of
        self._clock = clock
        self._log = log
        self._nonces = Nonces()
        self._faults = Faults()
        self._changing = threading.Lock()  # one change at a time reaches `deployed`

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = MAX_CODE_BYTES
        action = "?"
        try:
            if request.path == "/faults":
                return self._faults.serve(request)(environ, start_response)
            action, parameters = action_of(request)
            response = self._respond(request, action, parameters)
            outcome = "200 OK"
        except RequestEntityTooLarge:
            error = ApiError(413, "EntityTooLarge", f"more than {MAX_CODE_BYTES} bytes")
            response, outcome = _error(error, action), "413 EntityTooLarge"
        except ApiError as error:
            response = _error(error, action)
            outcome = f"{error.status} {error.code}: {error.message}"
        self._log(f"{action} {shown(request.path)} {outcome}")
        return response(environ, start_response)

    def _respond(self, request: Request, action: str, parameters: Parameters) -> Response:
        now = self._clock()
        if action == "PutObject":
            check_oss(request, TEMPORARY_BUCKET, self._keys, now)
            self._functions.store_zip(request.path, request.get_data())
            return Response(b"")
        if action == "GetTempBucketToken":
            check_2016(request, self._keys, now)
        else:
            check_api(request, self._keys, self._nonces, now)
        self._faults.check(action)
        if request.method == "GET":
            return _json(200, self._read(action, parameters, now))
        with self._changing:
            return _json(200, self._change(action, parameters, _body(request), now))

    def _read(self, action: str, parameters: Parameters, now: datetime) -> Document:
        if action == "GetTempBucketToken":
            return self._temporary_bucket(now)
        if action in ("ListAsyncInvokeConfigs", "ListScalingConfigs"):
            return {"configs": [], "scalingConfigs": []}
        function = self._functions.get(parameters["name"])
        if action == "GetFunction":
            return _function(function)
        if action == "ListTriggers":
            return {"triggers": [self._trigger(function, name) for name in function.triggers]}
        if action == "GetTrigger":
            return self._trigger(function, parameters["trigger"])
        if action == "ListVpcBindings":
            return {"vpcIds": []}
        if action in ("ListAliases", "ListFunctionVersions"):
            return {"aliases": [], "versions": []}
        if action == "GetConcurrencyConfig" and function.reserved_concurrency is not None:
            return _concurrency(function)
        raise ApiError(404, f"{action.removeprefix('Get')}NotFound", "nothing is configured")

    def _change(self, action: str, at: Parameters, body: Document, now: datetime) -> Document:
        if action == "CreateFunction":
            function = self._functions.create(body, now)
            self._deployed(function)
            return _function(function)
        name = at["name"]
        if action == "DeleteFunction":
            self._functions.delete(name)
            self._removed(name)
            return {}
        if action == "UpdateFunction":
            function = self._functions.update(name, body, now)
            self._deployed(function)
            return _function(function)
        if action == "PutConcurrencyConfig":
            reserved = body.get("reservedConcurrency")
            return _concurrency(self._functions.change(name, reserved_concurrency=reserved))
        if action == "DeleteConcurrencyConfig":
            self._functions.change(name, reserved_concurrency=None)
            return {}
        return self._change_trigger(action, name, at.get("trigger", ""), body, now)

    def _change_trigger(
        self, action: str, name: str, trigger: str, body: Document, now: datetime
    ) -> Document:
        function = self._functions.get(name)
        triggers = dict(function.triggers)
        if action == "CreateTrigger":
            trigger = str(body.get("triggerName", ""))
            if trigger in triggers:
                raise ApiError(409, "TriggerAlreadyExists", f"trigger '{trigger}' exists already")
        else:
            body = {**self._stored_trigger(function, trigger), **body}
        if action == "DeleteTrigger":
            del triggers[trigger]
        else:
            if body.get("triggerType") == "http":
                check_http_trigger(body)
            time = f"{now:%Y-%m-%dT%H:%M:%SZ}"
            triggers[trigger] = {"createdTime": time, **body, "lastModifiedTime": time}
        function = self._functions.change(name, triggers=triggers)
        self._deployed(function)
        return {} if action == "DeleteTrigger" else self._trigger(function, trigger)

    def _stored_trigger(self, function: Function, trigger: str) -> Document:
        if trigger not in function.triggers:
            raise ApiError(404, "TriggerNotFound", f"trigger '{trigger}' does not exist")
        return function.triggers[trigger]

    def _trigger(self, function: Function, name: str) -> Document:
        trigger = {**self._stored_trigger(function, name), "triggerId": f"{function.name}-{name}"}
        if trigger.get("triggerType") == "http":
            url = self._url_of(function.name)
            trigger["httpTrigger"] = {"urlInternet": url, "urlIntranet": url}
        return trigger

    def _temporary_bucket(self, now: datetime) -> Document:
        key = self._keys.issue(expiration=now + TEMPORARY_CREDENTIALS)
        return {
            "credentials": {
                "AccessKeyId": key.access_key_id,
                "AccessKeySecret": key.access_key_secret,
                "SecurityToken": key.security_token,
                "Expiration": f"{key.expiration:%Y-%m-%dT%H:%M:%SZ}",
            },
            "ossRegion": "cn-hangzhou",
            "ossBucket": TEMPORARY_BUCKET,
            "objectName": secrets.token_hex(16),
        }


def _body(request: Request) -> Document:
    try:
        body = json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError):  # the latter: nested too deep
        body = None
    if not isinstance(body, dict):
        raise ApiError(400, "InvalidArgument", "the body is not a JSON object")
    return body


def _function(function: Function) -> Document:
    return {
        **function.settings,
        "functionName": function.name,
        "functionArn": function.arn,
        "codeChecksum": function.checksum,
        "createdTime": function.created,
        "lastModifiedTime": function.modified,
        "state": "Active",
        "lastUpdateStatus": "Successful",
    }


def _concurrency(function: Function) -> Document:
    return {
        "functionArn": function.arn,
        "reservedConcurrency": function.reserved_concurrency,
    }


def _json(status: int, document: Any) -> Response:
    return Response(json.dumps(document), status, mimetype="application/json")


def _error(error: ApiError, action: str) -> Response:
    """In the format of the service that was called, which its client relies on."""
    if action == "PutObject":
        code, message = escape(error.code), escape(error.message)
        xml = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return Response(xml, error.status, mimetype="application/xml")
    if action == "GetTempBucketToken":
        return _json(error.status, {"ErrorCode": error.code, "ErrorMessage": error.message})
    request_id = f"1-{secrets.token_hex(4)}-{secrets.token_hex(12)}"
    document = {"Code": error.code, "Message": error.message, "RequestId": request_id}
    return _json(error.status, document)
