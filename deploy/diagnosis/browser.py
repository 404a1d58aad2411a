"""HTTP as a page's script sees it: any status is a response.

The servers may be hostile. So the doctor follows no redirect, which could carry the token away, and
limits how long a response may take and how much of it is read.
"""

from __future__ import annotations

import http.client
import queue
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from . import Finding
from .documents import parse_object

TIMEOUT_SECONDS = 20  # of silence; longer than the function's own
DEADLINE_SECONDS = 60.0  # for a whole response
MAX_BODY_BYTES = 1_000_000
REDIRECTS = (301, 302, 303, 307, 308)


class NoResponse(Exception):
    """No response could be examined; `finding` says why."""

    def __init__(
        self,
        message: str,
        hint: str = "Check the address (the bucket's comes from OSS_BUCKET, OSS_REGION and"
        " UPLOAD_URL), the network and the certificate.",
    ) -> None:
        super().__init__(message)
        self.finding = Finding(message, hint)


@dataclass(frozen=True)
class Response:
    """Status, headers and body, whatever they are."""

    status: int
    headers: Message = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """All values of a header, joined as a browser joins them; empty if there are none."""
        return ", ".join(self.headers.get_all(name, []))

    def is_readable(self, origin: str) -> bool:
        """Whether a browser shows it to a page of the origin."""
        return self.header("Access-Control-Allow-Origin") in ("*", origin)

    def document(self) -> dict[str, Any]:
        """The JSON object in the body; empty if there is none."""
        return parse_object(self.body)

    def error_code(self) -> str:
        """The `code` of an error of the function; empty for anything else."""
        error = self.document().get("error")
        code = error.get("code") if isinstance(error, dict) else None
        return code if isinstance(code, str) and re.fullmatch("[a-z_]{1,40}", code) else ""

    def date(self) -> datetime | None:
        """The time on the server's clock."""
        try:
            date = parsedate_to_datetime(self.header("Date"))
            return date.replace(tzinfo=date.tzinfo or timezone.utc)
        except (ValueError, TypeError, OverflowError):
            return None


def is_web_address(text: str) -> bool:
    """Whether the text is an http(s) URL, in ASCII and without a user or password."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # ValueError for what is not a port
    except ValueError:
        return False
    return (
        bool(re.fullmatch("[!-~]+", text))
        and parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
    )


def fetch(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
) -> Response:
    """Send one request to an http(s) address. Raises `NoResponse`."""
    if not is_web_address(url):
        raise NoResponse("An address is not a valid http(s) URL.")
    request = _Request(url, body, dict(headers), method=method)
    # Timeouts of sockets limit no response that trickles in; hence a thread, which may live on.
    outcomes: queue.SimpleQueue[Response | NoResponse] = queue.SimpleQueue()
    threading.Thread(target=lambda: outcomes.put(_outcome(request)), daemon=True).start()
    try:
        outcome = outcomes.get(timeout=DEADLINE_SECONDS)
    except queue.Empty:
        raise NoResponse(
            f"{request.host} did not complete its response within {DEADLINE_SECONDS:g} s."
        ) from None
    if isinstance(outcome, NoResponse):
        raise outcome
    return outcome


class _Request(urllib.request.Request):
    """Without the Content-Type that urllib adds to bytes: browsers add none, and OSS signs it."""

    def has_header(self, header_name: str) -> bool:
        return header_name == "Content-type" or super().has_header(header_name)


def _outcome(request: urllib.request.Request) -> Response | NoResponse:
    try:
        return _send(request)
    except NoResponse as failure:
        return failure
    except urllib.error.URLError as error:
        return NoResponse(f"{request.host} does not respond: {error.reason}.")
    except (OSError, http.client.HTTPException) as error:
        reason = f"{type(error).__name__} {error}".rstrip()
        return NoResponse(f"{request.host} does not respond: {reason}.")
    except ValueError as error:  # its text may contain a header that was sent
        return NoResponse(f"No request can be sent to {request.host}: {type(error).__name__}.")


def _opener() -> urllib.request.OpenerDirector:
    """What `urlopen` uses for http and https, without redirects and without any other scheme."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _send(request: urllib.request.Request) -> Response:
    try:
        received = _opener().open(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        received = error
    with received:
        if received.status in REDIRECTS:
            raise _redirected(request, received.status, received.headers.get("Location"))
        body = received.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise NoResponse(
            f"{request.host} sent more than {MAX_BODY_BYTES} bytes.",
            "No response of the function or of OSS is that long: check the address.",
        )
    return Response(received.status, received.headers, body)


def _redirected(request: urllib.request.Request, status: int, location: str | None) -> NoResponse:
    """Names the host only: the rest of a Location may be secret."""
    try:
        target = urlsplit(urljoin(request.full_url, location or "")).netloc.rpartition("@")[2]
    except ValueError:
        target = ""
    where = target if target and location else "no valid address"
    return NoResponse(
        f"{request.host} redirects to {where} (status {status}).",
        "It was not followed: a browser's preflight may not be redirected, and a token must not"
        " reach another server. Use the address that responds itself, with https: as URL for the"
        " function, in UPLOAD_URL for the bucket.",
    )
