"""Which action a request means, by its method and path.

The table has what fc3 0.1.22 calls for a function like this project's, from recorded deployments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from werkzeug.wrappers import Request

from .errors import ApiError
from .functions import TEMPORARY_BUCKET_HOST

API = "/2023-03-30/functions"
FUNCTION = rf"{API}/(?P<name>[^/]+)"
TRIGGER = rf"{FUNCTION}/triggers/(?P<trigger>[^/]+)"
TOKEN_PATH = "/2016-08-15/tempBucketToken"  # noqa: S105
ACTIONS = {
    "CreateFunction": ("POST", API),
    "GetFunction": ("GET", FUNCTION),
    "UpdateFunction": ("PUT", FUNCTION),
    "DeleteFunction": ("DELETE", FUNCTION),
    "CreateTrigger": ("POST", f"{FUNCTION}/triggers"),
    "ListTriggers": ("GET", f"{FUNCTION}/triggers"),
    "GetTrigger": ("GET", TRIGGER),
    "UpdateTrigger": ("PUT", TRIGGER),
    "DeleteTrigger": ("DELETE", TRIGGER),
    "GetConcurrencyConfig": ("GET", f"{FUNCTION}/concurrency"),
    "PutConcurrencyConfig": ("PUT", f"{FUNCTION}/concurrency"),
    "DeleteConcurrencyConfig": ("DELETE", f"{FUNCTION}/concurrency"),
    "GetAsyncInvokeConfig": ("GET", f"{FUNCTION}/async-invoke-config"),
    "GetScalingConfig": ("GET", f"{FUNCTION}/scaling-config"),
    "ListVpcBindings": ("GET", f"{FUNCTION}/vpc-bindings"),
    "ListAsyncInvokeConfigs": ("GET", "/2023-03-30/async-invoke-configs"),
    "ListScalingConfigs": ("GET", "/2023-03-30/scaling-configs"),
    "ListAliases": ("GET", f"{FUNCTION}/aliases"),
    "ListFunctionVersions": ("GET", f"{FUNCTION}/versions"),
}
Parameters = Mapping[str, str]


def action_of(request: Request) -> tuple[str, Parameters]:
    """The action and the parameters in the path; the header with its name must agree."""
    host = request.host.partition(":")[0]
    if host == TEMPORARY_BUCKET_HOST and request.method == "PUT":
        return "PutObject", {}
    if (request.method, request.path) == ("GET", TOKEN_PATH):
        return "GetTempBucketToken", {}
    for action, (method, pattern) in ACTIONS.items():
        found = re.fullmatch(pattern, request.path)
        if found and method == request.method:
            if request.headers.get("x-acs-action") != action:
                raise ApiError(400, "InvalidAction", f"x-acs-action must be {action}")
            return action, found.groupdict()
    raise ApiError(404, "InvalidAction.NotFound", f"{request.method} of this path is not emulated")
