"""Where a callback may go, checked before anything is stored.

OSS resolves the host of each address and refuses private ones (seen live for a form in 2026). The
emulator may call its own machine, since that is where a developer's application runs.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable

from ..errors import Refusal, Refused, refusals
from .field import split_address

Resolve = Callable[[str], Iterable[str]]


def resolve_host(host: str) -> list[str]:
    """The addresses of a host; OSError or ValueError if it has none."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]).partition("%")[0] for *_, address in found]


def check_addresses(urls: Iterable[str], *, resolve: Resolve, refuse_loopback: bool) -> list[str]:
    """Refuse hosts that OSS cannot reach, but return those on this machine, which the emulator can.

    That OSS checks every address of the list, and not only the one that it calls, is inferred.
    """
    here = []
    for url in urls:
        host = split_address(url).hostname or ""
        try:
            addresses = [ipaddress.ip_address(text) for text in resolve(host)]
        except (OSError, ValueError):
            raise _refused(
                refusals.CALLBACK_HOST_UNKNOWN,
                url,
                f"The host {host!r} of callbackUrl cannot be resolved, by this machine at least."
                " Correct the name, or publish it in DNS (the function's setting is CALLBACK_URL)."
                " Without a network, call an address of this machine.",
            ) from None
        if all(address.is_loopback for address in addresses) and not refuse_loopback:
            here.append(host)
        elif not all(address.is_global for address in addresses):
            raise _refused(
                refusals.CALLBACK_HOST_PRIVATE,
                url,
                f"The host {host!r} of callbackUrl has the private address"
                f" {', '.join(map(str, addresses))}, which OSS cannot reach. Use a public address,"
                " or a tunnel to your machine (the function's setting is CALLBACK_URL).",
            )
    return here


def _refused(refusal: Refusal, url: str, hint: str) -> Refused:
    return Refused(
        refusal, hint=hint, elements={"ArgumentName": "callbackUrl", "ArgumentValue": url}
    )
