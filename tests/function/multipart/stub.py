"""A strict stand-in for OSS: it accepts the requests of one upload of seven bytes, and a test can
replace any of its responses."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

from werkzeug import Response

from tests.recorder import Recorded, recording

UPLOAD_ID = "0004B9894A22E5B1888A1E29F8236E2D"
ETAG = '"0123456789ABCDEF0123456789ABCDEF"'
PART = f"<Part><PartNumber>1</PartNumber><ETag>{ETAG}</ETag><Size>7</Size></Part>"
LISTED = f"<ListPartsResult>{PART}<IsTruncated>false</IsTruncated></ListPartsResult>"
INITIATED = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<InitiateMultipartUploadResult '
    'xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">'
    f"<Bucket>post-test</Bucket><Key>k</Key><UploadId>{UPLOAD_ID}</UploadId>"
    "</InitiateMultipartUploadResult>"
)
COMPLETED = (
    "<CompleteMultipartUploadResult><Location>http://x/k</Location><Bucket>post-test</Bucket>"
    '<Key>k</Key><ETag>"B864DB6A936D376F9F8D3ED3BBE540DD-1"</ETag></CompleteMultipartUploadResult>'
)
RESPONSES: dict[str, tuple[int, str]] = {
    "initiate": (200, INITIATED),
    "list": (200, LISTED),
    "complete": (200, COMPLETED),
    "abort": (204, ""),
}
NAMES = {"GET": "list", "DELETE": "abort"}

Reply = Callable[[Recorded], Response]


def error(status: int, code: str) -> Response:
    return Response(f"<Error><Code>{code}</Code><Message>no</Message></Error>", status)


class Stub:
    """The stand-in on a free port; `replaced` has a test's own replies, by operation."""

    def __init__(self, **replaced: Reply) -> None:
        self.replaced = replaced
        self._stack = ExitStack()

    def __enter__(self) -> Stub:
        recorder = self._stack.enter_context(recording(self._respond))
        self.url, self.requests = recorder.url, recorder.requests
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def operations(self) -> list[str]:
        return [operation(recorded) for recorded in self.requests]

    def _respond(self, recorded: Recorded) -> Response:
        name = operation(recorded)
        if name in self.replaced:
            return self.replaced[name](recorded)
        status, body = RESPONSES[name]
        return Response(body, status, content_type="application/xml")


def operation(recorded: Recorded) -> str:
    """The name of a request, which must be signed and carry exactly what it should."""
    query = dict(parse_qsl(urlsplit(recorded.target).query, keep_blank_values=True))
    assert query["x-oss-signature-version"] == "OSS4-HMAC-SHA256"
    assert len(query["x-oss-signature"]) == 64
    assert "authorization" not in recorded.headers
    if "uploads" in query:
        assert recorded.body == b""
        return "initiate"
    assert query["uploadId"] == UPLOAD_ID
    return NAMES.get(recorded.method, "complete")
