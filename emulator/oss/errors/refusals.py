"""Every refusal of the emulated OSS: status, Code, Message and EC.

Sources: OSS documents, "PostObject errors", the HTTP status pages and the pages of the EC codes.
The evidence says how certain a row is: DOCUMENTED on a page, seen LIVE in a real response, or
INFERRED where a page describes the case but leaves code, message or EC open.
"""

from __future__ import annotations

from dataclasses import dataclass

DOCUMENTED = "documented"
LIVE = "live"
INFERRED = "inferred"
EVIDENCE = (DOCUMENTED, LIVE, INFERRED)


@dataclass(frozen=True)
class Refusal:
    """One row of the table; a message may be completed by a detail of the request."""

    status: int
    code: str
    message: str
    ec: str = ""
    evidence: str = DOCUMENTED


# The request
NOT_MULTIPART = Refusal(
    400,
    "RequestIsNotMultiPartContent",
    "Bucket POST must be of the enclosure-type multipart/form-data.",
)
METHOD_NOT_ALLOWED = Refusal(
    405, "MethodNotAllowed", "The specified method is not allowed against this resource."
)
MISSING_LENGTH = Refusal(
    411, "MissingContentLength", "You must provide the Content-Length HTTP header."
)
INCOMPLETE_BODY = Refusal(
    400,
    "IncompleteBody",
    "You did not provide the number of bytes specified by the Content-Length HTTP header.",
)
BAD_DIGEST = Refusal(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
NO_SUCH_BUCKET = Refusal(
    404, "NoSuchBucket", "The specified bucket does not exist.", "0015-00000101", LIVE
)
NO_SUCH_KEY = Refusal(404, "NoSuchKey", "The specified key does not exist.")
INVALID_RANGE = Refusal(416, "InvalidRange", "The requested range cannot be satisfied.")
NOT_EMULATED = Refusal(
    501,
    "NotImplemented",
    "A header or form field you provided implies functionality that is not implemented.",
    evidence=INFERRED,
)
INTERNAL_ERROR = Refusal(
    500, "InternalError", "We encountered an internal error. Please try again."
)

# The form
_MALFORMED = "The body of your POST request is not well-formed multipart/form-data."
MALFORMED = Refusal(400, "MalformedPOSTRequest", _MALFORMED, "0006-00000104")
NO_BOUNDARY = Refusal(400, "MalformedPOSTRequest", _MALFORMED, evidence=INFERRED)
NO_FILE = Refusal(400, "MalformedPOSTRequest", _MALFORMED, "0006-00000107")
BAD_PART_HEADER = Refusal(400, "MalformedPOSTRequest", _MALFORMED, "0006-00000109")
MALFORMED_FIELD = Refusal(
    400, "MalformedPOSTRequest", _MALFORMED, "0006-00000104", evidence=INFERRED
)
TWO_FILES = Refusal(
    400, "IncorrectNumberOfFilesInPOSTRequest", "POST requires exactly one file upload per request."
)
NAME_TOO_LONG = Refusal(
    400, "FieldItemTooLong", "Your name of form field is too long.", "0006-00000110"
)
VALUE_TOO_LONG = Refusal(
    400, "FieldItemTooLong", "Your value of form field is too long.", "0006-00000111", INFERRED
)
FIELDS_TOO_LONG = Refusal(
    400, "FieldItemTooLong", "Your form fields are too long.", "0006-00000112", INFERRED
)
NO_KEY = Refusal(
    400,
    "InvalidArgument",
    "The bucket POST must contain the specified 'key'. "
    "If it is specified, please check the order of the fields",
    evidence=LIVE,
)
KEY_LENGTH = Refusal(400, "InvalidObjectName", "The Length of Object name must be less than 1024.")
INVALID_KEY = Refusal(400, "InvalidObjectName", "The specified object is not valid.")
INVALID_FIELD = Refusal(
    400, "InvalidArgument", "The value of a form field is not valid.", evidence=INFERRED
)
INVALID_ENCRYPTION = Refusal(
    400,
    "InvalidEncryptionAlgorithmError",
    "The Encryption request you specified is not valid. Supported value: AES256/SM4/KMS.",
)

# The signature
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
    409, "FileAlreadyExists", "The object you specified already exists and can not be overwritten."
)

# The callback
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

# Cross-origin requests; the misspellings are the service's own
CORS_FORBIDDEN = Refusal(
    403,
    "AccessForbidden",
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of "
    "Origin, request method / Access-Control-Request-Method or Access-Control-Requet-Headers "
    "are not whitelisted by the resource's CORS spec.",
    "0003-00000602",
    INFERRED,
)
NO_CORS_RULES = Refusal(403, "AccessForbidden", CORS_FORBIDDEN.message, "0003-00000601", INFERRED)
PREFLIGHT_WITHOUT_ORIGIN = Refusal(
    400, "BadRequest", "Insufficient information. Origin request header needed.", "0034-00000101"
)
PREFLIGHT_WITHOUT_METHOD = Refusal(
    400,
    "BadRequest",
    "Insufficient information. Request Access-Control-Request-Method header needed.",
    "0034-00000102",
)
