"""A strict reader of multipart/form-data (RFC 7578) that never holds a whole part in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..errors import Refused, refusals
from ..switches import Switches, offer
from .headers import Part, read_part_headers

MAX_HEADER_BYTES = 64 * 1024


class FormParts:
    """Parts in order: `next_part()`, then its `content()`, until `next_part()` returns None."""

    def __init__(self, read: Callable[[], bytes], boundary: bytes, switches: Switches) -> None:
        self._read = read
        self._switches = switches
        self._delimiter = b"\r\n--" + boundary
        # Unlike the others, the first boundary may come without a line break; this adds one.
        self._buffer = bytearray(b"\r\n")
        preamble = sum(len(chunk) for chunk in self.content())
        if preamble and not switches.accept_preamble:
            raise Refused(
                refusals.UNSETTLED_FORM,
                hint=f"The body has {preamble} byte(s) before its first boundary, as forms of"
                " react-native-background-upload and react-native-blob-courier had on iOS when"
                " OSS refused them; start the body with two hyphens and the boundary."
                + offer("accept-preamble"),
            )

    def next_part(self) -> Part | None:
        while len(self._buffer) < 2:
            self._fill()
        if self._buffer.startswith(b"--"):
            while self._read():
                pass  # anything after the last boundary is ignored
            return None
        if not self._buffer.startswith(b"\r\n"):
            raise Refused(
                refusals.MALFORMED,
                hint="A boundary is followed by neither a line break nor two hyphens.",
            )
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEADER_BYTES:
                raise Refused(
                    refusals.MALFORMED, hint="The headers of a part are too long or never end."
                )
            self._fill()
        block = bytes(self._buffer[2:end])
        del self._buffer[: end + 4]
        return read_part_headers(block, self._switches)

    def content(self) -> Iterator[bytes]:
        """The bytes up to the next boundary, as they arrive."""
        overlap = len(self._delimiter) - 1
        while (end := self._buffer.find(self._delimiter)) < 0:
            safe = len(self._buffer) - overlap
            if safe > 0:
                yield bytes(self._buffer[:safe])
                del self._buffer[:safe]
            self._fill()
        if end:
            yield bytes(self._buffer[:end])
        del self._buffer[: end + len(self._delimiter)]

    def _fill(self) -> None:
        data = self._read()
        if not data:
            raise Refused(
                refusals.MALFORMED,
                hint="The body ends without its closing boundary: it was cut off, or its "
                "boundary differs from the one in Content-Type.",
            )
        self._buffer += data
