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

# A reserved name (RFC 2606), so no list of allowed origins contains it.
FOREIGN_ORIGIN = "https://foreign.invalid"

# Tried in this order until a type is allowed; the first is allowed by default.
FILE_NAMES = ("doctor.txt", "doctor.png", "doctor.pdf", "doctor.mp4", "doctor.zip")

# Names of presets, and extensions, as the function's responses have them.
OFFERED = re.compile(r"Use one of these: ([a-z][a-z0-9-]{0,15}(?:, [a-z][a-z0-9-]{0,15})*)\.")
EXTENSION = re.compile(r"(?:^|,)\.([a-z0-9]{1,16})(?=,|$)")

ERROR_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")

HINTS = {
    "misconfigured": "Correct the setting in s.yaml or .env, then run s deploy -y.",
    "unauthorized": "AUTH=jwt needs a token: set the environment variable TOKEN to a valid one.",
    "origin_not_allowed": "Add the page's origin to ALLOWED_ORIGINS, then run s deploy -y.",
    "credentials_unavailable": (
        "STS is down or cannot be reached: try again in a minute. If it stays so, look into the"
        " function's log, and check internetAccess in s.yaml and STS_ENDPOINT."
    ),
    "preset_not_allowed": "The token does not have what the preset's allow requires: use another.",
    "callback_refused": "Only OSS may call /callback: use the function's own URL, without a path.",
    "invalid_request": "The function takes no request of this doctor: deploy the current code.",
    "method_not_allowed": "Something in front changes the method of requests: let it pass them on.",
    "file_too_large": "Set MAX_UPLOAD_BYTES to at least 1, then run s deploy -y.",
    "type_not_allowed": (
        "The doctor found no type of file that ALLOWED_CONTENT_TYPES lists: correct the setting, or"
        " ignore this if it lists rare types only."
    ),
    "storage_unavailable": (
        "OSS is down, slow or cannot be reached by the function: try again in a minute. If it stays"
        " so, check OSS_ENDPOINT and internetAccess in s.yaml."
    ),
    "upload_not_found": (
        "The function does not know its own ticket: all instances must have the same GRANT_SECRET,"
        " so deploy again."
    ),
    "upload_incomplete": "Parts are missing at OSS: something in front loses them. Try again.",
    "internal_error": "This is a defect of the function: its log names the line. Please report it.",
    "keys_unavailable": (
        "See the function's log: it says why the URL in JWT_JWKS gives no keys. The function needs"
        " a way there (internetAccess, or its VPC)."
    ),
    "not_found": "Use the function's own URL, without a path, and deploy the current code.",
}

# Refusals of STS by the beginning of their code, as the function's message names it. Whatever is
# not listed is an outage.
STS_REFUSAL = re.compile(r"STS refused AssumeRole: (?P<code>[A-Za-z0-9.]{1,64})")
SEE_FUNCTION_ROLE = (
    "The function's own role is missing or was created anew: check FUNCTION_ROLE_ARN, then run"
    " s deploy -y."
)
STS_HINTS = {
    "NoPermission": (
        "STS works, but the function may not assume the role: run what make setup-cloud prints,"
        " and wait a minute after that."
    ),
    "EntityNotExist.Role": "UPLOAD_ROLE_ARN names no role: run what make setup-cloud prints.",
    "InvalidParameter.RoleArn": "UPLOAD_ROLE_ARN is not acs:ram::<account>:role/<name>.",
    "InvalidParameter.DurationSeconds": (
        "CREDENTIALS_SECONDS is more than the role allows: run what make setup-cloud prints."
    ),
    "InvalidParameter.Policy": "Check OSS_BUCKET and UPLOAD_DIR: the session policy has both.",
    "InvalidAccessKeyId": SEE_FUNCTION_ROLE,
    "InvalidSecurityToken": SEE_FUNCTION_ROLE,
    "MissingSecurityToken": SEE_FUNCTION_ROLE,
    "SignatureDoesNotMatch": SEE_FUNCTION_ROLE,
    "Throttling": "STS takes 100 calls a second from an account: lower reservedConcurrency.",
}


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
        yield _crash(response)
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
        yield _crash(response)
    elif response.status != 200:
        yield refusal(response, "The grant request")
    elif "fields" not in response.document():
        yield Finding("The response is not a grant.", HINTS["not_found"])
    elif "no-store" not in response.header("Cache-Control"):
        yield Finding(
            "Caches may store grants: Cache-Control: no-store is missing.",
            "Let no proxy remove the function's header Cache-Control.",
        )


def _crash(response: Response) -> Finding:
    kinds = (response.header("X-Fc-Error-Type"), response.document().get("errorType"))
    names = [kind for kind in kinds if isinstance(kind, str) and ERROR_TYPE.fullmatch(kind)]
    return Finding(
        f"The function does not run: {' '.join(names) or 'an error of an unknown type'}.",
        "Build for the deployed runtime (make bundle RUNTIME=...), deploy again, and read the"
        " function's log.",
    )


def refusal(response: Response, what: str) -> Finding:
    code = response.error_code()
    if not code:
        return Finding(
            f"{what} returned {response.status}, from something in front of the function.",
            "Use the URL of the HTTP trigger or custom domain. Its public access must be on, its"
            " authType anonymous (or jwt, with TOKEN set).",
        )
    message = response.document().get("message")
    refused = STS_REFUSAL.search(message) if isinstance(message, str) else None
    detail = ""
    if code == "misconfigured" and isinstance(message, str):
        detail = f" {message[:200]}"  # it names a setting but never its value
    elif code == "credentials_unavailable" and refused:
        detail = f" STS refused AssumeRole: {refused['code']}."
    hint = HINTS.get(code, "See the function's log, under the same request ID.")
    if detail and refused:
        hints = (hint for start, hint in STS_HINTS.items() if refused["code"].startswith(start))
        hint = next(hints, hint)
    return Finding(f"{what} returned {response.status} {code}.{detail}", hint)
