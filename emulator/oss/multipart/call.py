"""One call of a multipart operation: its request, and what the operations read from it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from xml.etree import ElementTree

from werkzeug import Request, Response

from ..bucket import BucketConfig, LogEntry
from ..errors import Refusal, Refused, printable, refusals
from ..form import Body
from ..signatures import SignedRequest
from ..store import NoUpload, Store, Upload, Uploads

UPLOAD_ID = re.compile("[0-9A-Fa-f]{32}")
MAX_PAGE = 1000


@dataclass(frozen=True)
class Call:
    """`signed` has the key, the parameters and the headers; `now` is when the request arrived."""

    request: Request
    signed: SignedRequest
    body: Body
    config: BucketConfig
    store: Store
    uploads: Uploads
    log: LogEntry
    now: datetime

    @property
    def key(self) -> str:
        return self.signed.key

    @property
    def upload_id(self) -> str:
        return self.signed.query.get("uploadId", "")

    @contextlib.contextmanager
    def open_upload(self, gone: Refusal) -> Iterator[Upload]:
        """The upload that the request names; `gone` refuses one that is not open, or no longer."""
        try:
            if not UPLOAD_ID.fullmatch(self.upload_id):
                gone = refusals.MALFORMED_UPLOAD_ID
                raise NoUpload
            yield self.uploads.find(self.upload_id, self.key)
        except NoUpload:
            raise Refused(
                gone,
                hint=f"There is no open upload {self.upload_id!r} of {self.key!r}: the ID or the"
                " key is another's, or the upload was completed or aborted; initiate a new one.",
                elements={"UploadId": self.upload_id},
            ) from None

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        text = self.signed.query.get(name) or str(default)
        if not re.fullmatch("[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            raise invalid(name, text, f"send a number from {lowest} to {highest}")
        return int(text)

    @property
    def url_encoded(self) -> bool:
        """Whether keys are percent-encoded in the response."""
        value = self.signed.query.get("encoding-type", "")
        if value not in ("", "url"):
            raise invalid("encoding-type", value, "send url, or leave it out")
        return value == "url"

    def shown(self, text: str) -> str:
        return quote(text, safe="") if self.url_encoded else printable(text)


def invalid(name: str, value: str, cure: str) -> Refused:
    return Refused(
        refusals.INVALID_FIELD,
        hint=f"{name} is {value!r}; {cure}.",
        elements={"ArgumentName": name, "ArgumentValue": value},
    )


def xml_response(
    call: Call,
    name: str,
    texts: Mapping[str, str],
    entries: Iterable[tuple[str, Mapping[str, str]]] = (),
) -> Response:
    """A document of one level, then entries of a second; not all clients could read an xmlns."""
    root = ElementTree.Element(name)
    if call.url_encoded:
        ElementTree.SubElement(root, "EncodingType").text = "url"
    _add(root, texts)
    for entry, members in entries:
        _add(ElementTree.SubElement(root, entry), members)
    document: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return Response(document, content_type="application/xml")


def _add(parent: ElementTree.Element, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        ElementTree.SubElement(parent, name).text = text
