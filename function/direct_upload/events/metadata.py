"""HeadObject: the type and the metadata of an object whose event lacks them.

Signed with the function's own credentials, limited in time and size; follows no redirect. Needs
the right oss:GetObject (OSS documents, "HeadObject").
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ..credentials import Credentials
from ..errors import StorageUnavailable, misconfigured
from ..http.outgoing import FetchFailed, send
from ..multipart.url_signature import Operation, plain_url, signed_headers
from ..settings import Settings

TRY_SECONDS = 3.0
TRIES = 2
MAX_RESPONSE_BYTES = 16 * 1024


def head_object(
    settings: Settings, credentials: Credentials, key: str, now: datetime
) -> Mapping[str, str] | None:
    """The headers of an object, by their names in lower case; None if there is no such object.

    Raises `StorageUnavailable`, or `Misconfigured` where the function may not read it.
    """
    operation = Operation("HEAD", settings.oss_bucket, key, {})
    headers = signed_headers(operation, credentials, region=settings.oss_region, now=now)
    url = plain_url(operation, origin=settings.oss_endpoint)
    for _ in range(TRIES):
        try:
            status, found, _ = send(
                "HEAD", url, headers=headers, seconds=TRY_SECONDS, max_bytes=MAX_RESPONSE_BYTES
            )
        except FetchFailed as failure:
            reason = str(failure)
            continue
        if status == 200:
            return found
        if status == 404:
            return None
        reason = f"the server responds with status {status}"
        if status < 500 and status != 429:
            raise misconfigured(
                "OSS_ENDPOINT",
                f"or the function's role is wrong: OSS refuses HeadObject (HTTP {status})",
                "Allow the role oss:GetObject below UPLOAD_DIR.",
            )
    raise StorageUnavailable(f"HeadObject: {reason}.", "Function Compute tries again.")
