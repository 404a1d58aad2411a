"""What becomes of a file's name and type, and of a user's name in a key.

The server derives the content type from the extension. What the client declares can only contradict
it, or stand in for an extension that is missing. Pure.
"""

from .allowed import AdmittedFile, AllowedTypes, parse_allowed_types
from .declared import MAX_BODY_BYTES, File, file_from_members, file_from_query, parse_body
from .names import MAX_SEGMENT_BYTES, MIN_NAME_BYTES, shown_name, user_segment

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_SEGMENT_BYTES",
    "MIN_NAME_BYTES",
    "AdmittedFile",
    "AllowedTypes",
    "File",
    "file_from_members",
    "file_from_query",
    "parse_allowed_types",
    "parse_body",
    "shown_name",
    "user_segment",
]
