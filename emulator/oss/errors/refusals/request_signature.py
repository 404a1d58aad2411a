"""Refusals of V4 signatures in the URL and in the Authorization header.

The pages of these ECs show neither status nor message, so both are inferred where nothing is said.
"""

from __future__ import annotations

from .row import INFERRED, LIVE, Refusal
from .signature import FUTURE_DATE, WRONG_SIGNATURE

SIGNED_TWICE = Refusal(
    400, "InvalidArgument", "Only one way of signing is allowed in a request.", evidence=INFERRED
)
AUTHORIZATION = Refusal(
    400, "InvalidArgument", "The Authorization header is invalid.", evidence=INFERRED
)
REQUEST_DATE = Refusal(
    400, "InvalidArgument", "x-oss-date is missing or invalid.", evidence=INFERRED
)
URL_VERSION = Refusal(
    400, "InvalidArgument", "x-oss-signature-version is missing or invalid.", evidence=INFERRED
)
URL_CREDENTIAL = Refusal(
    400, "InvalidArgument", "x-oss-credential is missing.", "0002-00000217", INFERRED
)
URL_NO_EXPIRES = Refusal(
    400, "InvalidArgument", "x-oss-expires is missing.", "0002-00000215", INFERRED
)
URL_EXPIRES = Refusal(
    400, "InvalidArgument", "x-oss-expires is out of range.", "0002-00000232", INFERRED
)
URL_NO_SIGNATURE = Refusal(
    400, "InvalidArgument", "x-oss-signature is missing.", "0002-00000219", INFERRED
)
URL_EMPTY_SIGNATURE = Refusal(
    400, "InvalidArgument", "x-oss-signature is empty.", "0002-00000220", INFERRED
)
ADDITIONAL_EMPTY = Refusal(
    400, "InvalidArgument", "The additional headers are invalid.", "0002-00000210", INFERRED
)
ADDITIONAL_NAME = Refusal(
    400, "InvalidArgument", "The additional headers are invalid.", "0002-00000209", INFERRED
)
# The status was seen live (TestPresignExtra of the Go SDK).
ADDITIONAL_ABSENT = Refusal(
    400, "InvalidArgument", "An additional header is missing.", "0002-00000211", INFERRED
)
# As for a V1 URL, whose text was seen live: johnlui/AliyunOSS#20.
URL_EXPIRED = Refusal(403, "AccessDenied", "Request has expired.", "0002-00000236", INFERRED)
URL_TOO_EARLY = Refusal(403, "AccessDenied", "Request is not valid yet.", "0002-00000235", INFERRED)
SKEWED_DATE = Refusal(403, "RequestTimeTooSkewed", FUTURE_DATE.message, evidence=LIVE)
# The EC is documented for the header; in a URL it is inferred.
WRONG_REQUEST_SIGNATURE = Refusal(
    403, "SignatureDoesNotMatch", WRONG_SIGNATURE.message, "0002-00000040"
)
