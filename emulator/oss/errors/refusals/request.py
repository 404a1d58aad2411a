"""Refusals that do not depend on a form's fields: of the request, the bucket and CORS."""

from __future__ import annotations

from .row import INFERRED, LIVE, Refusal

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
# Its text is inferred.
PUBLIC_ENDPOINT_FORBIDDEN = Refusal(
    400,
    "PublicEndpointForbidden",
    "Data operations are forbidden at the public endpoint of this bucket.",
    "0048-00000401",
)
# Seen live: the Go SDK's tests, of HEAD and of GetObjectAcl.
NO_SUCH_KEY = Refusal(404, "NoSuchKey", "The specified key does not exist.", "0026-00000001", LIVE)
INVALID_RANGE = Refusal(416, "InvalidRange", "The requested range cannot be satisfied.")
# The EC is documented for If-Match; for the source of a copy it is inferred. Seen live without it:
# the Kotlin SDK's tests.
PRECONDITION_FAILED = Refusal(
    412,
    "PreconditionFailed",
    "At least one of the pre-conditions you specified did not hold",
    "0017-00001001",
    INFERRED,
)
# The EC is documented; status, code and text are inferred.
COPY_SOURCE = Refusal(
    400, "InvalidArgument", "x-oss-copy-source is invalid.", "0016-00000304", INFERRED
)
NOT_EMULATED = Refusal(
    501,
    "NotImplemented",
    "A header or form field you provided implies functionality that is not implemented.",
    evidence=INFERRED,
)
INTERNAL_ERROR = Refusal(
    500, "InternalError", "We encountered an internal error. Please try again."
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
