"""The one exception of the emulated OSS, and the one place that makes XML of it."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from .refusals import Refusal
from .text import printable


class Refused(Exception):
    """A request that OSS refuses: a row of the table, and what only this request knows.

    `hint` names cause and cure in one sentence; it is logged, so it never holds a secret.
    """

    def __init__(
        self,
        refusal: Refusal,
        *,
        hint: str,
        detail: str = "",
        elements: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(hint)
        self.refusal = refusal
        self.hint = hint
        self.message = refusal.message + detail
        self.elements = dict(elements or {})


def error_xml(error: Refused, *, request_id: str, host: str) -> bytes:
    """The body of an OSS error, with an element of our own: `Hint`."""
    ec = error.refusal.ec
    elements = {
        "Code": error.refusal.code,
        "Message": error.message,
        "RequestId": request_id,
        "HostId": host,
        **error.elements,
        "Hint": error.hint,
        "EC": ec,
        "RecommendDoc": f"https://api.aliyun.com/troubleshoot?q={ec}",
    }
    if not ec:
        del elements["EC"], elements["RecommendDoc"]
    lines = [f"  <{name}>{escape(printable(text))}</{name}>" for name, text in elements.items()]
    document = ['<?xml version="1.0" encoding="UTF-8"?>', "<Error>", *lines, "</Error>", ""]
    return "\n".join(document).encode()
