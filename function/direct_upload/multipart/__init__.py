"""Resumable uploads: a file in parts, of which a browser puts each by a signed URL.

Off until `MULTIPART` or a preset switches it on, and loaded only then. The protocol is that of
Uppy's Companion (docs/resumable.md). Nothing is stored: what a step must know is in the upload's
ID, a ticket that `tickets` makes and checks. `url_signature` signs URLs, `oss` sends requests to
the bucket, `responses` reads what comes back, `parts` checks and signs parts, and `uploads` has the
six routes.
"""

from .uploads import ResumableUploads

__all__ = ["ResumableUploads"]
