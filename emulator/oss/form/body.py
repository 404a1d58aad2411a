"""The body of a request as a stream that checks its length, its hash and its end."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import time
from typing import TYPE_CHECKING

from ..errors import Refusal, Refused, refusals

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CHUNK_BYTES = 256 * 1024
# OSS documents, PostObject ("Post body size must be less than 5G.") and UploadPart.
MAX_BODY_BYTES = 5 * 1024**3
DRAIN_SECONDS = 5.0


class Body:
    """Reads what has arrived, at most one chunk at a time, and refuses a body that ends early."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        stream = environ["wsgi.input"]
        # A buffered socket has read1, which does not wait for a whole chunk.
        self._read = getattr(stream, "read1", stream.read)
        self._socket = environ.get("werkzeug.socket")
        length = environ.get("CONTENT_LENGTH", "")
        self._chunked = bool(environ.get("wsgi.input_terminated"))
        self._declared = not self._chunked and length.isdecimal()
        self._left = 0
        if self._declared:  # Python refuses to read a number of thousands of digits
            self._left = int(length) if len(length) < 20 else MAX_BODY_BYTES + 1
        self._digest = hashlib.md5(usedforsecurity=False)
        self._content_md5: str | None = environ.get("HTTP_CONTENT_MD5")

    def check_length(self, too_large: Refusal = refusals.BODY_TOO_LARGE) -> None:
        if not self._declared and not self._chunked:
            raise Refused(
                refusals.MISSING_LENGTH,
                hint="The request has no Content-Length and is not chunked; send either of them.",
            )
        if self._left > MAX_BODY_BYTES:
            raise Refused(
                too_large,
                hint=f"The body has more than the {MAX_BODY_BYTES} bytes that one request may have;"
                " send a smaller file, or a file in parts.",
            )

    def read(self) -> bytes:
        """The next bytes; empty at the regular end."""
        size = CHUNK_BYTES if self._chunked else min(self._left, CHUNK_BYTES)
        try:
            data: bytes = self._read(size) if size else b""
        except OSError as error:  # a reset, or broken chunks
            raise self._incomplete() from error
        if not self._chunked:
            if size and not data:
                raise self._incomplete()
            self._left -= len(data)
        if self._content_md5 is not None:
            self._digest.update(data)
        return data

    def check_digest(self) -> None:
        """Compare Content-MD5, which covers the whole body with all its fields."""
        if self._content_md5 is None:
            return
        computed = base64.b64encode(self._digest.digest())
        if not hmac.compare_digest(computed, self._content_md5.encode()):
            raise Refused(
                refusals.BAD_DIGEST,
                hint="Content-MD5 is not the base64 MD5 of the whole body (a form with all its "
                "fields); compute it over the exact bytes sent, or leave it out.",
            )

    def drain(self) -> None:
        """Read the rest for a while: closing the connection with unread bytes would reset it, and
        a browser would show a network error instead of our response."""
        end = time.monotonic() + DRAIN_SECONDS
        if self._socket is not None:
            self._socket.settimeout(DRAIN_SECONDS)
        with contextlib.suppress(Refused):
            while self.read() and time.monotonic() < end:
                pass

    def _incomplete(self) -> Refused:
        # Nothing more will arrive, so there is nothing to drain.
        self._left, self._chunked = 0, False
        return Refused(
            refusals.INCOMPLETE_BODY,
            hint="The connection ended before the whole body arrived; nothing was stored.",
        )
