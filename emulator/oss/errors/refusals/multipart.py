"""Refusals of the multipart operations.

OSS documents, InitiateMultipartUpload, UploadPart, CompleteMultipartUpload, ListParts,
AbortMultipartUpload and the HTTP 400 page. LIVE: tests of the official Go and Java SDKs.
"""

from __future__ import annotations

from .row import INFERRED, LIVE, Refusal

_GONE = (
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been"
    " aborted or completed."
)
NO_UPLOAD_TO_PUT = Refusal(404, "NoSuchUpload", _GONE, "0042-00000104", LIVE)
NO_UPLOAD_TO_LIST = Refusal(404, "NoSuchUpload", _GONE, "0042-00000002", LIVE)
NO_UPLOAD_TO_COMPLETE = Refusal(404, "NoSuchUpload", _GONE)
MALFORMED_UPLOAD_ID = Refusal(404, "NoSuchUpload", _GONE, "0017-00000244")
PART_NUMBER = Refusal(
    400,
    "InvalidArgument",
    "Part number must be an integer between 1 and 10000, inclusive.",
    "0017-00000220",
)
# Its text is inferred.
TRAFFIC_LIMIT = Refusal(
    400, "InvalidArgument", "The traffic limit is invalid.", "0004-00000502", INFERRED
)
INVALID_PART = Refusal(
    400,
    "InvalidPart",
    "One or more of the specified parts could not be found or the specified entity tag might not"
    " have matched the part's entity tag.",
    evidence=LIVE,
)
PART_ORDER = Refusal(
    400, "InvalidPartOrder", "The list of parts was not in ascending order.", "0042-00000209"
)
LISTED_PART_NUMBER = Refusal(400, "InvalidPartOrder", PART_NUMBER.message)
PART_TOO_SMALL = Refusal(
    400,
    "EntityTooSmall",
    "Your proposed upload smaller than the minimum allowed size.",
    "0042-00000213",
    LIVE,
)
PART_TOO_LARGE = Refusal(
    400,
    "EntityTooLarge",
    "Your proposed upload exceeds the maximum allowed size.",
    evidence=INFERRED,
)
MALFORMED_XML = Refusal(
    400,
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema.",
    "0042-00000205",
)
# The EC is documented in general; status, code, text and limit are inferred.
XML_TOO_LONG = Refusal(
    400, "MalformedXML", "The XML you provided is too long.", "0017-00000501", INFERRED
)
# The misspelling is the service's own.
COMPLETE_ALL_WITH_BODY = Refusal(
    400,
    "InvalidArgument",
    "Should not speficy both complete all header and http body.",
    "0042-00000216",
    LIVE,
)
HEADER_FORBID_OVERWRITE = Refusal(
    400, "InvalidArgument", "The value of x-oss-forbid-overwrite is invalid.", "0017-00000279"
)
INVALID_TAG = Refusal(
    400, "InvalidTag", "The tagging of the object is not valid.", evidence=INFERRED
)
