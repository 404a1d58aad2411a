"""A strict reader of multipart/form-data (RFC 7578) that never holds a whole part in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from werkzeug.http import parse_options_header

from ..errors import Refused, refusals

MAX_HEADER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Part:
    """The headers of one part."""

    name: str
    filename: str | None
    content_type: str | None


class FormParts:
    """Parts in order: `next_part()`, then its `content()`, until `next_part()` returns None."""

    def __init__(self, read: Callable[[], bytes], boundary: bytes) -> None:
        self._read = read
        self._delimiter = b"\r\n--" + boundary
        # Unlike the others, the first boundary may come without a line break; this adds one.
        self._buffer = bytearray(b"\r\n")
        for _ in self.content():
            pass  # anything before the first boundary is ignored

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
        return _parse_headers(block)

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


def read_boundary(content_type: str | None) -> bytes:
    """The boundary that the request's Content-Type announces."""
    media_type, options = parse_options_header(content_type)
    if media_type.lower() != "multipart/form-data":
        raise Refused(
            refusals.NOT_MULTIPART,
            hint=f"The request's Content-Type is {media_type!r}, not multipart/form-data; "
            "post a form.",
        )
    boundary = options.get("boundary", "")
    if not boundary:
        raise Refused(
            refusals.NO_BOUNDARY,
            hint="Content-Type has no boundary; let the browser or the library set this header.",
        )
    return boundary.encode("latin-1", "replace")


def _parse_headers(block: bytes) -> Part:
    try:
        lines = block.decode().split("\r\n")
    except UnicodeDecodeError as error:
        raise Refused(
            refusals.MALFORMED_FIELD, hint="The headers of a part are not UTF-8."
        ) from error
    pairs = [line.partition(":") for line in lines]
    headers = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
    if headers[0][0] != "content-disposition":
        raise Refused(
            refusals.BAD_PART_HEADER,
            hint="A part does not start with Content-Disposition; put this header first.",
        )
    # OSS documents, 400 errors: "contains unrecognized field name" when the line after the
    # first is another header.
    content_type = None
    for name, value in headers[1:]:
        if name != "content-type" or content_type is not None:
            raise Refused(
                refusals.BAD_PART_HEADER,
                hint=f"A part has the header {name!r}; after Content-Disposition only one "
                "Content-Type is allowed.",
            )
        content_type = value
    disposition, options = parse_options_header(headers[0][1])
    if disposition.lower() != "form-data" or not options.get("name"):
        raise Refused(
            refusals.MALFORMED, hint="A part's Content-Disposition is not form-data with a name."
        )
    return Part(options["name"], options.get("filename"), content_type)
