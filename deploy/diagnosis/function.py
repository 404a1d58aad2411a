"""The function: whether it runs, which pages it admits, and what it returns to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from urllib.parse import urlencode

from . import Finding
from .browser import Response, fetch
from .errors import HINTS, crash, refusal

# A reserved name (RFC 2606), so no list of allowed origins contains it.
FOREIGN_ORIGIN = "https://foreign.invalid"

# Tried in this order until a type is allowed; the first is allowed by default.
FILE_NAMES = ("doctor.txt", "doctor.png", "doctor.pdf", "doctor.mp4", "doctor.zip")

# Names of presets, and extensions, as the function's responses have them.
OFFERED = re.compile(r"Use one of these: ([a-z][a-z0-9-]{0,15}(?:, [a-z][a-z0-9-]{0,15})*)\.")
EXTENSION = re.compile(r"(?:^|,)\.([a-z0-9]{1,16})(?=,|$)")


@dataclass(frozen=True)
class Function:
    """A deployed function, and the caller whose requests are sent to it."""

    url: str  # without a trailing slash
    origin: str | None = None
    token: str | None = field(default=None, repr=False)
    preset: str = ""  # of the requested grants; empty: the function's default

    def request(
        self,
        method: str,
        path: str,
        *,
        origin: str | None = None,
        document: object = None,
        query: Mapping[str, str] = MappingProxyType({}),
    ) -> Response:
        """Send a request as a page of the origin would; by default, of the deployment's own."""
        headers = {"Origin": origin or self.origin or ""}
        if document is not None:
            headers["Content-Type"] = "application/json"
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = None if document is None else json.dumps(document).encode()
        sent = {name: value for name, value in headers.items() if value}
        named = {**({"preset": self.preset} if self.preset else {}), **query}
        target = f"{path}?{urlencode(named)}" if named else path
        return fetch(method, self.url + target, headers=sent, body=body)

    def for_each_preset(self) -> Iterator[Function]:
        """Once for each preset that the caller may use; as it is if there is only the default.

        The function lists them when it refuses a name that none can have.
        """
        message = replace(self, preset="0").request("GET", "/limits").document().get("message")
        offered = OFFERED.search(message) if isinstance(message, str) else None
        names = offered[1].split(", ") if offered else ["default"]
        yield from [self] if names == ["default"] else [replace(self, preset=n) for n in names]

    def preflight(self, origin: str) -> Response:
        """Send the preflight that comes before JSON and a token."""
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        return fetch("OPTIONS", f"{self.url}/sign", headers=headers)

    def file_grant(self, *, origin: str | None = None) -> Response:
        """Request a grant for a file of the first type that is allowed."""
        return self.for_allowed_file("/sign", origin=origin)

    def for_allowed_file(self, path: str, *, origin: str | None = None, **more: int) -> Response:
        """Send the name of a file of the first type that is allowed, and more about it."""
        for name in FILE_NAMES:
            document = {"filename": name, **more}
            response = self.request("POST", path, origin=origin, document=document)
            if response.error_code() != "type_not_allowed":
                return response
        accept = self.request("GET", "/limits", origin=origin).document().get("accept")
        extension = EXTENSION.search(accept) if isinstance(accept, str) else None
        if extension:
            document = {"filename": f"doctor.{extension[1]}", **more}
            return self.request("POST", path, origin=origin, document=document)
        return response


def check_health(function: Function) -> Iterator[Finding]:
    response = replace(function, origin=None).request("GET", "/healthz")
    if response.header("X-Fc-Error-Type"):
        yield crash(response)
    elif response.status != 200 or response.document().get("status") != "ok":
        yield refusal(response, "GET /healthz")


def check_origins(function: Function) -> Iterator[Finding]:
    """The deployment's own page can read responses; other pages do not get a grant at all."""
    if function.origin:
        own = list(_readable(function.request("GET", "/healthz"), function.origin, "responses"))
        yield from own or _preflight(function.preflight(function.origin), function.origin)
    foreign = function.file_grant(origin=FOREIGN_ORIGIN)
    if foreign.error_code() == "origin_not_allowed":
        pass
    elif foreign.header("Access-Control-Allow-Origin") == "*":
        yield Finding("Pages of every origin may request grants: ALLOWED_ORIGINS is *.")
    else:
        yield Finding(
            f"A page of a foreign origin gets {foreign.status} instead of 403.",
            "Deploy the current code. Function Compute adds CORS headers of its own, so the"
            " function must refuse foreign pages itself.",
        )
    # The default domain of Function Compute echoes the origin on refusals as well, which does no
    # harm there.
    preflight = function.preflight(FOREIGN_ORIGIN)
    allowed = preflight.header("Access-Control-Allow-Origin")
    if preflight.status in (200, 204) and allowed == FOREIGN_ORIGIN:
        yield Finding(
            "A preflight of a foreign origin is allowed: the gateway responds for the function.",
            "Add OPTIONS to the trigger's methods (and the custom domain's) in s.yaml.",
        )


def _preflight(response: Response, origin: str) -> Iterator[Finding]:
    if response.status not in (200, 204):
        yield Finding(
            f"The preflight of {origin} returned {response.status}.",
            "Let OPTIONS reach the function: add it to the trigger's methods, and use authType"
            " anonymous, because a preflight carries no token.",
        )
        return
    yield from _readable(response, origin, "preflights")
    allowed = {
        name.strip().lower() for name in response.header("Access-Control-Allow-Headers").split(",")
    }
    lacking = {"authorization", "content-type"} - allowed
    if lacking or "POST" not in response.header("Access-Control-Allow-Methods"):
        yield Finding(
            "The preflight does not allow POST with the headers authorization and content-type.",
            "Remove whatever responds for the function, such as a corsConfig of the trigger.",
        )


def _readable(response: Response, origin: str, what: str) -> Iterator[Finding]:
    allowed = response.header("Access-Control-Allow-Origin")
    if response.error_code() == "origin_not_allowed":
        yield Finding(
            f"The function does not admit pages of {origin}.", HINTS["origin_not_allowed"]
        )
    elif "," in allowed:
        yield Finding(
            f"Access-Control-Allow-Origin has two values in {what}, which browsers reject.",
            "Remove the corsConfig of the trigger or domain: the function sends the header.",
        )
    elif allowed not in (origin, "*"):
        yield Finding(
            f"Pages of {origin} cannot read {what}.",
            "Let no proxy remove the function's header Access-Control-Allow-Origin.",
        )
    elif allowed != "*" and "origin" not in response.header("Vary").lower():
        yield Finding(
            f"A cache may serve {what} for one origin to another: Vary: Origin is missing.",
            "Let no proxy remove the function's header Vary.",
        )


def check_grant(response: Response) -> Iterator[Finding]:
    """Whether the response is a grant at all."""
    if response.header("X-Fc-Error-Type"):
        yield crash(response)
    elif response.status != 200:
        yield refusal(response, "The grant request")
    elif "fields" not in response.document():
        yield Finding("The response is not a grant.", HINTS["not_found"])
    elif "no-store" not in response.header("Cache-Control"):
        yield Finding(
            "Caches may store grants: Cache-Control: no-store is missing.",
            "Let no proxy remove the function's header Cache-Control.",
        )
