"""The one exception of the emulated OSS, and the XML and log text made from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from .refusals import Refusal

# XML 1.0, section 2.2; lone surrogates are not characters either.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refused(Exception):
    """A request that OSS refuses: a row of the table, and what is particular to this request.

    `hint` says in one sentence what is wrong and how to fix it. It is logged, so it must never
    contain a secret. `detail` completes the message; `elements` are added to the XML.
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
    """The body of an OSS error, with one element of our own: `Hint`."""
    ec = error.refusal.ec
    elements = {
        "Code": error.refusal.code,
        "Message": error.message,
        "RequestId": request_id,
        "HostId": host,
        **error.elements,
        "Hint": error.hint,
    }
    if ec:
        elements["EC"] = ec
        elements["RecommendDoc"] = f"https://api.aliyun.com/troubleshoot?q={ec}"
    lines = [f"  <{name}>{escape(printable(text))}</{name}>" for name, text in elements.items()]
    document = ['<?xml version="1.0" encoding="UTF-8"?>', "<Error>", *lines, "</Error>", ""]
    return "\n".join(document).encode()


def printable(text: str) -> str:
    """Replace what XML cannot express: most control characters, even as references."""
    return _UNPRINTABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Escape line breaks and other unprintable characters, so that no request can forge a line
    of the log."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
