"""Refusals of keys, tokens and signatures, and of what the signer may not do."""

from __future__ import annotations

from .row import INFERRED, LIVE, Refusal

ANONYMOUS = Refusal(
    403,
    "AccessDenied",
    "You have no right to access this object because of bucket acl.",
    "0003-00000001",
    INFERRED,
)
NO_ACCESS_KEY_ID = Refusal(
    400, "InvalidArgument", "Post request accessKeyId is empty.", "0002-00000706"
)
NO_SIGNATURE = Refusal(400, "InvalidArgument", "Post request signature is empty.", "0002-00000703")
EMPTY_SIGNATURE = Refusal(
    400, "InvalidArgument", "Post request signature is empty.", "0002-00000704"
)
NO_POLICY = Refusal(
    400, "InvalidArgument", "Post request policy is empty.", "0002-00000702", INFERRED
)
NO_DATE = Refusal(
    400, "InvalidArgument", "Post request x-oss-date is empty or invalid.", evidence=INFERRED
)
UNKNOWN_VERSION = Refusal(
    400,
    "InvalidArgument",
    "Post request x-oss-signature-version is invalid.",
    "0002-00000701",
    INFERRED,
)
BAD_CREDENTIAL_SCOPE = Refusal(
    400, "InvalidArgument", "Post request x-oss-credential is invalid.", "0002-00000710", INFERRED
)
BAD_CREDENTIAL_DATE = Refusal(
    400,
    "InvalidArgument",
    "The date of post request x-oss-credential is invalid.",
    "0002-00000709",
    INFERRED,
)
ILLEGAL_ACCESS_KEY_ID = Refusal(
    403,
    "InvalidAccessKeyId",
    "The OSS Access Key Id you provided is invalid.",
    "0002-00000901",
    INFERRED,
)
ILLEGAL_CREDENTIAL_ID = Refusal(
    403,
    "InvalidAccessKeyId",
    "The OSS Access Key Id you provided is invalid.",
    "0002-00000708",
    INFERRED,
)
_UNKNOWN_KEY = "The OSS Access Key Id you provided does not exist in our records."
UNKNOWN_KEY = Refusal(403, "InvalidAccessKeyId", _UNKNOWN_KEY, "0002-00000902", LIVE)
DISABLED_KEY = Refusal(403, "InvalidAccessKeyId", "The OSS Access Key Id you provided is disabled.")
NO_TOKEN = Refusal(
    403,
    "InvalidAccessKeyId",
    _UNKNOWN_KEY + " The Security Token may be lost to specify that it is a STS Access Id.",
    "0002-00000003",
    LIVE,
)
EXPIRED_TOKEN = Refusal(
    403, "SecurityTokenExpired", "The security token you provided has expired.", "0002-00000007"
)
INVALID_TOKEN = Refusal(
    403, "InvalidSecurityToken", "The security token you provided is invalid.", "0002-00000006"
)
FOREIGN_TOKEN = Refusal(
    403,
    "AccessKeyIdAndSecurityTokenNotMatch",
    "The OSS access key id and security token you provided does not match.",
)
_WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)
WRONG_SIGNATURE = Refusal(403, "SignatureDoesNotMatch", _WRONG_SIGNATURE, "0002-00000705")
WRONG_SCOPE = Refusal(403, "SignatureDoesNotMatch", _WRONG_SIGNATURE, "0002-00000705", INFERRED)
FUTURE_DATE = Refusal(
    403,
    "RequestTimeTooSkewed",
    "The difference between the request time and the current time is too large.",
    evidence=INFERRED,
)
V1_DISABLED = Refusal(
    403, "AccessDenied", "The V1 signature is disabled for this bucket.", "0002-00000080", INFERRED
)
SESSION_POLICY_DENIES = Refusal(
    403, "AccessDenied", "Access denied by authorizer's policy.", "0003-00000301"
)
