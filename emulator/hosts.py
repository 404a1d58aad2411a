"""Which hosts a request may name: those that cannot lead a foreign web page here.

A page of evil.example can let its name point to 127.0.0.1 after it has loaded (DNS rebinding). Its
scripts may then read any server on this machine, because to the browser the origin is still
the page's own. Only the Host header tells such a request from a developer's.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SHOWN_CHARACTERS = 100  # of a foreign host
AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[0-9a-z_.-]+)(:[0-9]{0,5})?")
LOOPBACK_NAME = re.compile(r"([0-9a-z_-]+\.)*localhost")  # resolves to loopback only (RFC 6761)
IPV4_LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")
IPV6_LOOPBACK = ipaddress.IPv6Address("::1")


def is_own(authority: str, *, names: Iterable[str], arrived_at: str) -> bool:
    """Whether `authority`, the value of a Host header, means this server; any port is right.

    Its own are loopback names and addresses, `names`, and the address that the request arrived at:
    an address needs no DNS, so it cannot be rebound. A dot may end a name, as in `localhost.`.
    """
    parts = AUTHORITY.fullmatch(authority.lower())
    if parts is None:
        return False
    name = parts["host"].strip("[]").removesuffix(".")
    if LOOPBACK_NAME.fullmatch(name) or name in {own.lower() for own in names}:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address) and address in IPV4_LOOPBACK:
        return True
    return address == IPV6_LOOPBACK or str(address) == arrived_at


@dataclass(frozen=True)
class OwnHosts:
    """A WSGI application in front of another one: it refuses requests for any other host.

    `names` are names and addresses that are the server's own besides loopback.
    """

    app: WSGIApplication
    names: tuple[str, ...]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        authority = environ.get("HTTP_HOST", "")
        arrived_at, port = environ["werkzeug.socket"].getsockname()[:2]
        if is_own(authority, names=self.names, arrived_at=arrived_at):
            return self.app(environ, start_response)
        return _refusal(authority, port)(environ, start_response)


def _refusal(authority: str, port: int) -> Response:
    host = f"for the host {authority[:SHOWN_CHARACTERS]!r}" if authority else "without a host"
    return Response(
        f"This emulator accepts no requests {host}: a foreign web page could reach it under a name"
        f" of its own.\nUse http://localhost:{port}, or start local_server.py with --host and the"
        " name or address by which you reach this machine.\n",
        421,  # Misdirected Request (RFC 9110)
        {"X-Content-Type-Options": "nosniff"},
        mimetype="text/plain",
    )
