"""The function: whether it runs, whom it lets ask, and what it answers them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from .browser import Answer, fetch
from .finding import Finding

# A name that nobody can own (RFC 2606), so that it is in nobody's list.
FOREIGN_ORIGIN = "https://foreign.invalid"

# One of these has a type that the deployment allows; the first is allowed by default.
FILE_NAMES = ("doctor.txt", "doctor.png", "doctor.pdf", "doctor.mp4", "doctor.zip")

CURES = {
    "misconfigured": "Set what the message names in s.yaml or .env, then s deploy -y.",
    "unauthorized": "Give a token that is valid now with --token; AUTH=jwt asks for one.",
    "origin_not_allowed": "Add the page's origin to ALLOWED_ORIGINS, then s deploy -y.",
    "credentials_unavailable": (
        "The function's log has the reason. Most often a role or its trust is missing:"
        " compare with what make setup-cloud prints."
    ),
    "not_found": "Give the function's own URL, without a path, and deploy the current code.",
}


@dataclass(frozen=True)
class Function:
    """A deployed function and who asks it."""

    url: str  # without a slash at its end
    origin: str | None = None
    token: str | None = field(default=None, repr=False)

    def ask(
        self, method: str, path: str, *, origin: str | None = None, document: object = None
    ) -> Answer:
        """Ask as a page of the origin would, by default of the deployment's own."""
        headers = {"Origin": origin or self.origin or ""}
        if document is not None:
            headers["Content-Type"] = "application/json"
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = None if document is None else json.dumps(document).encode()
        sent = {name: value for name, value in headers.items() if value}
        return fetch(method, self.url + path, headers=sent, body=body)

    def preflight(self, origin: str) -> Answer:
        """What a browser asks before a page may send JSON and a token."""
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        return fetch("OPTIONS", f"{self.url}/sign", headers=headers)

    def file_grant(self, *, origin: str | None = None) -> Answer:
        """A grant for a file of the first type that is allowed."""
        for name in FILE_NAMES:
            answer = self.ask("POST", "/sign", origin=origin, document={"filename": name})
            if answer.error_code() != "type_not_allowed":
                break
        return answer


def check_health(function: Function) -> Iterator[Finding]:
    answer = replace(function, origin=None).ask("GET", "/healthz")
    if answer.header("X-Fc-Error-Type"):
        yield _crash(answer)
    elif answer.status != 200 or answer.document().get("status") != "ok":
        yield _refusal(answer, "GET /healthz")


def check_origins(function: Function) -> Iterator[Finding]:
    """A page of the deployment may read answers, any other may not even get one."""
    if function.origin:
        own = list(_readable(function.ask("GET", "/healthz"), function.origin, "an answer"))
        yield from own or _preflight(function.preflight(function.origin), function.origin)
    foreign = function.file_grant(origin=FOREIGN_ORIGIN)
    if foreign.error_code() == "origin_not_allowed":
        pass
    elif foreign.header("Access-Control-Allow-Origin") == "*":
        yield Finding("Pages of every origin may ask for grants: ALLOWED_ORIGINS is *.")
    else:
        yield Finding(
            f"A page of a foreign origin is answered {foreign.status}, not 403.",
            "Deploy the current code: silence about CORS is no refusal on Function Compute, so the"
            " function has to refuse foreign pages itself.",
        )
    # The default domain of Function Compute puts the origin on refusals, too; browsers do not
    # mind it there.
    preflight = function.preflight(FOREIGN_ORIGIN)
    allowed = preflight.header("Access-Control-Allow-Origin")
    if preflight.status in (200, 204) and allowed == FOREIGN_ORIGIN:
        yield Finding(
            "A preflight of a foreign origin is allowed: the gateway answers in the function's"
            " place.",
            "Add OPTIONS to the trigger's methods (and the custom domain's) in s.yaml.",
        )


def _preflight(answer: Answer, origin: str) -> Iterator[Finding]:
    if answer.status not in (200, 204):
        yield Finding(
            f"The preflight of {origin} is answered {answer.status}.",
            "Let OPTIONS through to the function: add it to the trigger's methods, and use"
            " authType anonymous, since a preflight carries no token.",
        )
        return
    yield from _readable(answer, origin, "a preflight")
    allowed = {
        name.strip().lower() for name in answer.header("Access-Control-Allow-Headers").split(",")
    }
    lacking = {"authorization", "content-type"} - allowed
    if lacking or "POST" not in answer.header("Access-Control-Allow-Methods"):
        yield Finding(
            "The preflight does not allow POST with the headers authorization and content-type.",
            "Remove what answers in the function's place, such as a corsConfig of the trigger.",
        )


def _readable(answer: Answer, origin: str, what: str) -> Iterator[Finding]:
    allowed = answer.header("Access-Control-Allow-Origin")
    if answer.error_code() == "origin_not_allowed":
        yield Finding(f"The function refuses pages of {origin}.", CURES["origin_not_allowed"])
    elif "," in allowed:
        yield Finding(
            f"The header Access-Control-Allow-Origin of {what} has two values, which browsers"
            " refuse.",
            "Remove the corsConfig of the trigger or domain: the function sends the header itself.",
        )
    elif allowed not in (origin, "*"):
        yield Finding(
            f"Pages of {origin} may not read {what}.",
            "Let the header Access-Control-Allow-Origin of the function through.",
        )
    elif allowed != "*" and "origin" not in answer.header("Vary").lower():
        yield Finding(
            f"A cache may hand {what} for one origin to another: there is no Vary: Origin.",
            "Let the header Vary of the function through.",
        )


def check_answer(answer: Answer) -> Iterator[Finding]:
    """Whether an answer is a grant at all."""
    if answer.header("X-Fc-Error-Type"):
        yield _crash(answer)
    elif answer.status != 200:
        yield _refusal(answer, "A question for a grant")
    elif "fields" not in answer.document():
        yield Finding("What is answered is no grant.", CURES["not_found"])
    elif "no-store" not in answer.header("Cache-Control"):
        yield Finding(
            "Caches may keep grants: there is no Cache-Control: no-store.",
            "Let the header Cache-Control of the function through.",
        )


def _crash(answer: Answer) -> Finding:
    kind = str(answer.document().get("errorType", ""))[:60]
    return Finding(
        f"The function does not run: {answer.header('X-Fc-Error-Type')[:60]} {kind}".rstrip() + ".",
        "Build for the runtime that is deployed (make bundle RUNTIME=...), deploy again, and read"
        " the function's log.",
    )


def _refusal(answer: Answer, what: str) -> Finding:
    code = answer.error_code()
    if not code:
        return Finding(
            f"{what} is answered {answer.status}, not by the function but by what stands before"
            " it.",
            "Give the URL of the HTTP trigger or custom domain; its public access must be on, its"
            " authType anonymous (or jwt with --token).",
        )
    # This message names a setting and never holds its value; the others say no more than the code.
    message = str(answer.document().get("message", ""))[:200] if code == "misconfigured" else ""
    cure = CURES.get(code, "The function's log has the reason, under the same request id.")
    return Finding(f"{what} is answered {answer.status} {code[:40]}. {message}".rstrip(), cure)
