"""Refusals of the policy document, and of what does not comply with it."""

from __future__ import annotations

from .row import INFERRED, LIVE, Refusal

# The policy document; the texts after "Invalid Policy: " are inferred, except for three
_POLICY = "InvalidPolicyDocument"
POLICY_INVALID = Refusal(
    400, _POLICY, "Invalid Policy: the document is not valid.", "0006-00000201", INFERRED
)
POLICY_NOT_BASE64 = Refusal(
    400, _POLICY, "Invalid Policy: the policy is not base64 encoded.", "0006-00000202"
)
POLICY_NOT_UTF8 = Refusal(
    400, _POLICY, "Invalid Policy: the policy is not UTF-8 encoded.", "0006-00000203"
)
POLICY_NOT_JSON = Refusal(400, _POLICY, "Invalid Policy: Invalid JSON: ", "0006-00000204")
NO_CONDITIONS = Refusal(400, _POLICY, "Invalid Policy: conditions are missing.", "0006-00000207")
NO_EXPIRATION = Refusal(400, _POLICY, "Invalid Policy: the expiration is missing.", "0006-00000208")
EMPTY_POLICY = Refusal(
    400, _POLICY, "Invalid Policy: expiration and conditions are missing.", "0006-00000209"
)
EXPIRATION_NOT_TEXT = Refusal(
    400, _POLICY, "Invalid Policy: the expiration must be a string.", "0006-00000210"
)
EMPTY_EXPIRATION = Refusal(
    400, _POLICY, "Invalid Policy: the expiration is empty.", "0006-00000211"
)
BAD_EXPIRATION = Refusal(
    400, _POLICY, "Invalid Policy: the expiration is not ISO 8601 GMT.", "0006-00000212"
)
CONDITIONS_NOT_LIST = Refusal(
    400, _POLICY, "Invalid Policy: conditions must be an array.", "0006-00000214"
)
_ONE_PROPERTY = (
    "Invalid Policy: Invalid Simple-Condition: "
    "Simple-Conditions must have exactly one property specified."
)
EMPTY_CONDITIONS = Refusal(400, _POLICY, _ONE_PROPERTY, "0006-00000215")
NOT_ONE_PROPERTY = Refusal(400, _POLICY, _ONE_PROPERTY)
NO_MODE = Refusal(400, _POLICY, "Invalid Policy: a condition lacks its mode.", "0006-00000216")
UNKNOWN_MODE = Refusal(
    400, _POLICY, "Invalid Policy: the mode of a condition is unknown.", "0006-00000217"
)
WRONG_ARITY = Refusal(
    400, _POLICY, "Invalid Policy: a condition must have three elements.", "0006-00000218"
)
RANGE_REVERSED = Refusal(
    400, _POLICY, "Invalid Policy: content-length-range has max < min.", "0006-00000219"
)
RANGE_NOT_INTEGERS = Refusal(
    400, _POLICY, "Invalid Policy: content-length-range needs integers.", "0006-00000221"
)
CONDITION_TYPE = Refusal(
    400, _POLICY, "Invalid Policy: a condition must be a map or a list.", "0006-00000222"
)
RANGE_NESTED = Refusal(
    400, _POLICY, "Invalid Policy: content-length-range contains a list.", "0006-00000223"
)
VALUES_NOT_LIST = Refusal(
    400, _POLICY, "Invalid Policy: in and not-in need a list of strings.", "0006-00000224"
)

# What the policy requires
_EXPIRED = "Invalid according to Policy: Policy expired."
POLICY_EXPIRED = Refusal(403, "AccessDenied", _EXPIRED, "0006-00000213", LIVE)
DATE_EXPIRED = Refusal(403, "AccessDenied", _EXPIRED, evidence=INFERRED)
_FAILED = "Invalid according to Policy: Policy Condition failed: "
FIELD_ABSENT = Refusal(403, "AccessDenied", _FAILED, "0006-00000226")
CONDITION_FAILED = Refusal(403, "AccessDenied", _FAILED, "0006-00000227", LIVE)
FIELD_UNCOVERED = Refusal(
    403, "AccessDenied", "Invalid according to Policy: Extra input fields: ", "0006-00000228"
)
TOO_SMALL = Refusal(
    400,
    "EntityTooSmall",
    "Your proposed upload smaller than the minimum allowed size.",
    "0006-00000004",
)
TOO_LARGE = Refusal(
    400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size.", "0006-00000003"
)
BODY_TOO_LARGE = Refusal(
    400, "EntityTooLarge", "Post body size must be less than 5G.", "0006-00000003"
)
ALREADY_EXISTS = Refusal(
    409,
    "FileAlreadyExists",
    "The object you specified already exists and can not be overwritten.",
    "0026-00000002",
)
