"""What becomes of a file's name and type, and of a user's name in a key.

The server derives the content type from the extension; what the client declares can only contradict
it. Pure.
"""

from .admission import AdmittedFile, File, admit, file_from_json, file_from_query
from .names import MAX_SEGMENT_BYTES, MIN_NAME_BYTES, shown_name, user_segment

__all__ = [
    "MAX_SEGMENT_BYTES",
    "MIN_NAME_BYTES",
    "AdmittedFile",
    "File",
    "admit",
    "file_from_json",
    "file_from_query",
    "shown_name",
    "user_segment",
]
