"""Refusals of a form's bytes, its fields and what they say about the object."""

from __future__ import annotations

from .row import INFERRED, LIVE, Refusal

# Without a full stop in every real response; the documents print one.
_MALFORMED = "The body of your POST request is not well-formed multipart/form-data"
MALFORMED = Refusal(400, "MalformedPOSTRequest", _MALFORMED, "0006-00000104")
NO_BOUNDARY = Refusal(400, "MalformedPOSTRequest", _MALFORMED, evidence=INFERRED)
NO_FILE = Refusal(400, "MalformedPOSTRequest", _MALFORMED, "0006-00000107")
BAD_PART_HEADER = Refusal(400, "MalformedPOSTRequest", _MALFORMED, "0006-00000109", LIVE)
FILE_NOT_LAST = Refusal(400, "MalformedPOSTRequest", _MALFORMED, "0006-00000103")
UNSETTLED_FORM = Refusal(
    400, "MalformedPOSTRequest", _MALFORMED, "0006-00000104", evidence=INFERRED
)
UNRECOGNIZED_HEADER = Refusal(
    400, "InvalidArgument", "The bucket POST contains unrecognized field name."
)
MALFORMED_FIELD = Refusal(
    400, "MalformedPOSTRequest", _MALFORMED, "0006-00000104", evidence=INFERRED
)
TWO_FILES = Refusal(
    400, "IncorrectNumberOfFilesInPOSTRequest", "POST requires exactly one file upload per request."
)
NAME_TOO_LONG = Refusal(
    400, "FieldItemTooLong", "Your name of form field is too long.", "0006-00000110", LIVE
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
EMPTY_KEY = Refusal(400, "InvalidObjectName", "The Object name can not be empty.", "0016-00000001")
KEY_LENGTH = Refusal(
    400, "InvalidObjectName", "The Length of Object name must be less than 1024.", "0016-00000003"
)
INVALID_KEY = Refusal(
    400, "InvalidObjectName", "The specified object is not valid.", "0016-00000005"
)
# The texts of these three are inferred.
FORBID_OVERWRITE = Refusal(
    400, "InvalidArgument", "The value of x-oss-forbid-overwrite is invalid.", "0006-00000117"
)
EMPTY_STORAGE_CLASS = Refusal(
    400, "InvalidArgument", "The storage class is empty.", "0017-00000131", INFERRED
)
STORAGE_CLASS = Refusal(
    400, "InvalidArgument", "The storage class is invalid.", "0017-00000132", INFERRED
)
INVALID_FIELD = Refusal(
    400, "InvalidArgument", "The value of a field or parameter is not valid.", evidence=INFERRED
)
INVALID_ENCRYPTION = Refusal(
    400,
    "InvalidEncryptionAlgorithmError",
    "The Encryption request you specified is not valid. Supported value: AES256/SM4/KMS.",
)
