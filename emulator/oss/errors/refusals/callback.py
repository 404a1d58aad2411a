"""Refusals of the callback's field (400), and its failures once the object is stored (203)."""

from __future__ import annotations

from .row import INFERRED, LIVE, Refusal

CALLBACK_TOO_LONG = Refusal(
    400, "InvalidArgument", "The length of callback exceed max value.", "0007-00000001"
)
CALLBACK_NOT_BASE64 = Refusal(
    400, "InvalidArgument", "The callback configuration is not base64 encoded.", "0007-00000002"
)
CALLBACK_NOT_JSON = Refusal(
    400, "InvalidArgument", "The callback configuration is not json format.", "0007-00000003", LIVE
)
CALLBACK_URL = Refusal(
    400, "InvalidArgument", "The callback url configuration is invalid.", "0007-00000004"
)
CALLBACK_URLS = Refusal(
    400, "InvalidArgument", "The number of callback url exceed max value.", "0007-00000005"
)
CALLBACK_HOST_UNKNOWN = Refusal(
    400, "InvalidArgument", "Can not get ip by this host.", "0007-00000007", LIVE
)
CALLBACK_HOST_PRIVATE = Refusal(
    400, "InvalidArgument", "Private address is forbidden to callback.", "0007-00000008", LIVE
)
CALLBACK_HOST = Refusal(
    400, "InvalidArgument", "The callback host is invalid.", "0007-00000009", INFERRED
)
# The pages of the next two and of the body type show no EC; the numbers between are these.
CALLBACK_BODY_NOT_TEXT = Refusal(
    400, "InvalidArgument", "The callback body is invalid.", "0007-00000010", INFERRED
)
CALLBACK_BODY_EMPTY = Refusal(
    400, "InvalidArgument", "The callback body is empty.", "0007-00000011"
)
CALLBACK_BODY_TYPE_NOT_TEXT = Refusal(
    400, "InvalidArgument", "The body type of callback is invalid.", "0007-00000012", INFERRED
)
CALLBACK_BODY_TYPE = Refusal(
    400, "InvalidArgument", "The body type of callback is not supported.", "0007-00000013", INFERRED
)
CALLBACK_SNI = Refusal(400, "InvalidArgument", "The callback SNI is invalid.", "", INFERRED)
# Documented cases; the texts are inferred, and so are the ECs ending in 22 and 24.
_HEADERS = "The additional headers of callback are invalid."
CALLBACK_HEADERS = Refusal(400, "InvalidArgument", _HEADERS, "0007-00000021", INFERRED)
CALLBACK_HEADERS_TOO_MANY = Refusal(400, "InvalidArgument", _HEADERS, "0007-00000022", INFERRED)
CALLBACK_HEADER_EMPTY = Refusal(400, "InvalidArgument", _HEADERS, "0007-00000023", INFERRED)
CALLBACK_HEADER_NAME = Refusal(400, "InvalidArgument", _HEADERS, "0007-00000024", INFERRED)
CALLBACK_HEADER_VALUE = Refusal(400, "InvalidArgument", _HEADERS, "0007-00000025", INFERRED)
CALLBACK_HEADER_RESERVED = Refusal(400, "InvalidArgument", _HEADERS, "0007-00000026", INFERRED)
CALLBACK_VARIABLES_TOO_LONG = Refusal(
    400,
    "InvalidArgument",
    "The length of callback-var exceed max value.",
    "0007-00000101",
    INFERRED,
)
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

CALLBACK_PLACEHOLDER = Refusal(
    400, "InvalidArgument", "Left brace must be adjacent to dollar sign.", "0007-00000105", LIVE
)

# A failed callback: always 203, since the object has been stored
_FAILED_CALLBACK = "CallbackFailed"
CALLBACK_TOO_SLOW = Refusal(203, _FAILED_CALLBACK, "Error status : -1 ", "0007-00000202")
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
