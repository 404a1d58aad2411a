"""HTTP as a page's script sees it: any status is a response."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any

TIMEOUT_SECONDS = 20  # longer than the function's own


class Unreachable(Exception):
    """There was no response; the message says why."""


@dataclass(frozen=True)
class Response:
    """Status, headers and body, whatever they are."""

    status: int
    headers: Message = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """All values of a header, joined as a browser joins them; empty if there are none."""
        return ", ".join(self.headers.get_all(name, []))

    def document(self) -> dict[str, Any]:
        """The JSON object in the body; empty if there is none."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    def error_code(self) -> str:
        """The `code` of an error of the function; empty for anything else."""
        error = self.document().get("error")
        return str(error.get("code", "")) if isinstance(error, dict) else ""

    def date(self) -> datetime | None:
        """The time on the server's clock."""
        try:
            date = parsedate_to_datetime(self.header("Date"))
        except ValueError:
            return None
        return date.replace(tzinfo=date.tzinfo or timezone.utc)


def fetch(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
) -> Response:
    """Send one request. Raises `Unreachable` if there is no response."""
    request = urllib.request.Request(url, body, dict(headers), method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            return Response(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Response(error.code, error.headers, error.read())
    except urllib.error.URLError as error:
        raise Unreachable(f"{request.host} does not respond: {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = f"{type(error).__name__} {error}".rstrip()
        raise Unreachable(f"{request.host} does not respond: {reason}") from error
