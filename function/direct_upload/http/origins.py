"""Which web pages may send requests: the CORS side of the function.

Function Compute's default domain allows any Origin when the function sends no CORS header
(documents, "HTTP triggers overview"), so saying nothing does not refuse: a foreign origin gets an
error, an allowed one its own name back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..errors import OriginNotAllowed, misconfigured
from .outgoing import PORTS

# Sent with every preflight; a progress listener on an upload causes one, too.
PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE",
    "Access-Control-Allow-Headers": "authorization, content-type",
    "Access-Control-Max-Age": "600",
}

# Not those of apps (WHATWG, "URL", special schemes).
_WEB_SCHEMES = {"http", "https", "ws", "wss", "ftp", "file"}


@dataclass(frozen=True)
class Origins:
    """The setting `ALLOWED_ORIGINS`; `everyone` is its `*`."""

    listed: frozenset[str] = field(default_factory=frozenset)
    everyone: bool = False

    def allows(self, origin: str | None) -> bool:
        """Whether to serve; None is a request without the header, so not from a browser's page."""
        return origin is None or self.everyone or origin in self.listed

    def check(self, origin: str | None) -> None:
        """Refuse the requests of a page that is not listed."""
        if not self.allows(origin):
            raise OriginNotAllowed(
                "Pages of this origin may not request uploads.",
                "Add the page's origin, such as https://www.example.com, to ALLOWED_ORIGINS.",
            )

    def headers(self, origin: str | None) -> dict[str, str]:
        """What lets a page of this origin read the response; caches must keep origins apart."""
        if origin is None or not self.allows(origin):
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": "*" if self.everyone else origin,
            "Access-Control-Expose-Headers": "Retry-After",
            "Vary": "Origin",
        }


def parse_origins(setting: str) -> Origins:
    """Read `ALLOWED_ORIGINS`: a comma list of origins of pages and apps, or only `*`."""
    items = [item for item in (part.strip() for part in setting.split(",")) if item]
    if items == ["*"]:
        return Origins(everyone=True)
    return Origins(frozenset(map(_listed_origin, items)))


def _listed_origin(item: str) -> str:
    """The origin of a page, or of an app around a web view: `capacitor://localhost`.

    An app's host stays as it is written: there is no other form of it.
    """
    scheme, _, host = item.partition("://")
    if scheme.lower() not in _WEB_SCHEMES and re.fullmatch(
        r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._-]+(:[0-9]{1,5})?/?", item
    ):
        return f"{scheme.lower()}://{host.removesuffix('/')}"
    return normal_origin("ALLOWED_ORIGINS", item)


def normal_origin(setting: str, text: str) -> str:
    """`HTTPS://Example.com:443/` as a browser names it: `https://example.com`."""
    try:
        url = urlsplit(text)
        port = url.port
        host = url.hostname or ""
        if not host.isascii():
            name = host.encode("idna")
            # Where Python changes letters (ß to ss), browsers may mean another host.
            host = name.decode("ascii") if name.decode("idna") == host else ""
    except ValueError:  # a bad port, bracket or label; UnicodeError is one
        host = ""
    if (
        not re.fullmatch(r"[a-z0-9._:-]+", host)
        or url.scheme not in PORTS
        or url.path not in ("", "/")
        or re.search(r"[?#@\s]", text)  # what urlsplit takes away
    ):
        raise misconfigured(
            setting,
            "contains an invalid origin",
            f"Write {setting} as scheme://host[:port], such as https://www.example.com.",
        )
    if ":" in host:  # urlsplit takes the brackets off an IPv6 address
        host = f"[{host}]"
    if port in (None, PORTS[url.scheme]):
        return f"{url.scheme}://{host}"
    return f"{url.scheme}://{host}:{port}"
