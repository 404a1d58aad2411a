"""Refusals of the callback's field (400), and its failures once the object is stored (203)."""

from __future__ import annotations

from .row import INFERRED, LIVE, Refusal

CALLBACK_TOO_LONG = Refusal(400, "InvalidArgument", "The length of callback exceed max value.")
CALLBACK_NOT_BASE64 = Refusal(
    400, "InvalidArgument", "The callback configuration is not base64 encoded.", "0007-00000002"
)
CALLBACK_NOT_JSON = Refusal(
    400, "InvalidArgument", "The callback configuration is not json format.", "0007-00000003", LIVE
)
CALLBACK_URL = Refusal(
    400, "InvalidArgument", "The callback url configuration is invalid.", "0007-00000004"
)
CALLBACK_URLS = Refusal(400, "InvalidArgument", "The number of callback url exceed max value.")
CALLBACK_BODY = Refusal(400, "InvalidArgument", "The callback body is empty.")
CALLBACK_BODY_TYPE = Refusal(400, "InvalidArgument", "The body type of callback is not supported.")
CALLBACK_VARIABLES_NOT_BASE64 = Refusal(
    400,
    "InvalidArgument",
    "The callback-var configuration is not base64 encoded.",
    "0007-00000102",
    INFERRED,
)
CALLBACK_VARIABLES_NOT_JSON = Refusal(
    400,
    "InvalidArgument",
    "The callback-var configuration is not json format.",
    "0007-00000103",
    INFERRED,
)

# A failed callback: always 203, since the object has been stored
_FAILED_CALLBACK = "CallbackFailed"
CALLBACK_TOO_SLOW = Refusal(203, _FAILED_CALLBACK, "Cost too long time.", "0007-00000202", INFERRED)
CALLBACK_STATUS = Refusal(203, _FAILED_CALLBACK, "Error status : ", "0007-00000203", LIVE)
CALLBACK_UNREACHABLE = Refusal(
    203,
    _FAILED_CALLBACK,
    "Error status : -1.OSS can not connect to your callbackUrl, please check it.",
    "0007-00000203",
    LIVE,
)
CALLBACK_RESPONSE_WITHOUT_LENGTH = Refusal(
    203,
    _FAILED_CALLBACK,
    "Error Status : 400.User server missing content-length.",
    "0007-00000203",
    INFERRED,
)
CALLBACK_RESPONSE_TOO_LONG = Refusal(
    203,
    _FAILED_CALLBACK,
    "Error Status : 400.User server return too long content-length value.",
    "0007-00000203",
    INFERRED,
)
CALLBACK_RESPONSE_NOT_JSON = Refusal(
    203, _FAILED_CALLBACK, "Response body is not valid json format.", "0007-00000205"
)
