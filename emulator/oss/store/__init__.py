"""What one bucket keeps on disk: its objects and its open multipart uploads, and how objects are
read back."""

from __future__ import annotations

from .reading import encoded_header, get_object, list_objects
from .store import IncomingObject, Record, Store
from .uploads import (
    NoUpload,
    Part,
    PartsChanged,
    Upload,
    Uploads,
    multipart_etag,
    new_upload_id,
)

__all__ = [
    "IncomingObject",
    "NoUpload",
    "Part",
    "PartsChanged",
    "Record",
    "Store",
    "Upload",
    "Uploads",
    "encoded_header",
    "get_object",
    "list_objects",
    "multipart_etag",
    "new_upload_id",
]
