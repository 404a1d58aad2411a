"""Other servers: their addresses, and calls to them that are bounded in time and size."""

from __future__ import annotations

import functools
import queue
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl

PORTS = {"http": 80, "https": 443}

T = TypeVar("T")


class TookTooLong(Exception):
    """The call did not return in time."""


@dataclass(frozen=True)
class Address:
    """The parts of a plain URL."""

    scheme: str
    host: str
    port: int
    path: str


def parse_address(url: str) -> Address | None:
    """The parts of an http(s) URL, or None when it has more than scheme, host, port and path.

    Parsers disagree about users, escapes and characters outside ASCII; the URLs that the function
    calls need none of these.
    """
    if not re.fullmatch(r"[A-Za-z0-9:/._~\[\]-]+", url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in PORTS or not parts.hostname or not parts.path:
        return None
    return Address(
        parts.scheme, parts.hostname, PORTS[parts.scheme] if port is None else port, parts.path
    )


def is_url(text: str) -> bool:
    """Whether a setting that may also be something else is meant as an http(s) URL."""
    return text.lower().startswith(("http:", "https:"))


def is_fetchable(url: str) -> bool:
    """Whether `fetch` can be sent to an http(s) URL: a plain origin, and any path and query."""
    found = re.fullmatch(r"([A-Za-z]+://[^/]+/)[!-~]*", url)
    return found is not None and parse_address(found[1]) is not None and not {*url} & {*'#\\"<>'}


def is_loopback(host: str) -> bool:
    """Whether the host of a URL certainly means this machine."""
    address = _ip_address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def is_clear_text(url: str) -> bool:
    """Whether others can read what is sent to the URL: http beyond this machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def is_private(host: str) -> bool:
    """Whether the host of a URL is an address that the public network cannot reach."""
    address = _ip_address(host)
    return host == "localhost" or (address is not None and not address.is_global)


def _ip_address(host: str) -> Any:
    import ipaddress  # few settings need it, and it costs a cold start time

    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def within(seconds: float, call: Callable[[], T]) -> T:
    """What `call`, which must not raise, returns within that time; else `TookTooLong`.

    Timeouts of sockets limit neither a name look-up nor a response that trickles in. So it runs
    in a thread, which ends when the server lets go.
    """
    results: queue.SimpleQueue[T] = queue.SimpleQueue()
    threading.Thread(target=lambda: results.put(call()), name="outgoing", daemon=True).start()
    try:
        return results.get(timeout=seconds)
    except queue.Empty:
        raise TookTooLong from None


Fetched: TypeAlias = tuple[Mapping[str, str], bytes]
"""Headers, by their names in lower case, and the body of a response with status 200."""

Reply: TypeAlias = tuple[int, Mapping[str, str], bytes]
"""The status of a response, its headers, by their names in lower case, and its body."""


class FetchFailed(Exception):
    """There is no usable response; the text says why, for the log: "the server ..."."""


def fetch(url: str, *, seconds: float, max_bytes: int) -> Fetched:
    """Send a GET. Raises `FetchFailed`."""
    status, headers, body = send("GET", url, seconds=seconds, max_bytes=max_bytes)
    if status != 200:
        raise FetchFailed(f"the server responds with status {status}")
    return headers, body


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] = MappingProxyType({}),
    body: bytes = b"",
    seconds: float,
    max_bytes: int,
) -> Reply:
    """Send one request. Follows no redirect and uses no proxy. Raises `FetchFailed`."""
    import http.client  # loads TLS, which a cold start should not wait for

    parts = urlsplit(url)
    host = parts.hostname or ""
    connection = (
        http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=_trust())
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port, timeout=seconds)
    )
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    too_late = FetchFailed(f"the server does not respond within {seconds:g} s")

    def exchange() -> Reply | FetchFailed:
        try:
            # Some networks refuse requests that do not say what sends them.
            named = {"User-Agent": "direct-upload", **headers}
            connection.request(method, target, body or None, named)
            response = connection.getresponse()
            read = response.read(max_bytes + 1)
            names = {name.lower() for name in response.headers}
            received = {name: ", ".join(response.headers.get_all(name, [])) for name in names}
        except TimeoutError:  # the socket's own limit, which may end a moment earlier
            return too_late
        except (OSError, ValueError, http.client.HTTPException) as error:
            kind = type(error).__name__  # such as SSLCertVerificationError
            return FetchFailed(f"the server cannot be reached, or breaks off: {kind}")
        finally:
            connection.close()
        if len(read) > max_bytes:
            return FetchFailed(f"the server sends more than {max_bytes} bytes")
        return response.status, received, read

    try:
        outcome = within(seconds, exchange)
    except TookTooLong:
        raise too_late from None
    if isinstance(outcome, FetchFailed):
        raise outcome
    return outcome


@functools.cache
def _trust() -> ssl.SSLContext:
    """The certificates that are trusted: reading them takes longer than a request."""
    import ssl

    return ssl.create_default_context()
