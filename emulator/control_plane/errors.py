"""Refusals of the control plane, and the switch that makes it fail on purpose.

PUT /faults?kind=quota sets a fault for every later call, GET shows it, DELETE clears it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response


@dataclass(eq=False)  # exceptions are compared by identity
class ApiError(Exception):
    """Codes as fc3 0.1.22 knows them (its error-code.ts); other codes and messages are inferred."""

    status: int
    code: str
    message: str


@dataclass(frozen=True)
class Fault:
    """Which actions fail, and how."""

    actions: frozenset[str]  # empty: all of them
    error: tuple[int, str, str]


FAULTS = {
    "quota": Fault(
        frozenset({"PutConcurrencyConfig"}),
        (400, "InvalidArgument", "the reserved concurrency exceeds what the account has left"),
    ),
    "name-taken": Fault(
        frozenset({"CreateFunction"}),
        (409, "FunctionAlreadyExists", "a function of this name exists already"),
    ),
    "denied": Fault(frozenset(), (403, "AccessDenied", "the caller may not perform this action")),
    "unavailable": Fault(frozenset(), (503, "ServiceUnavailable", "try again later")),
}


class Faults:
    """The current fault, if any."""

    def __init__(self) -> None:
        self._kind = ""

    def check(self, action: str) -> None:
        fault = FAULTS.get(self._kind)
        if fault and (not fault.actions or action in fault.actions):
            raise ApiError(*fault.error)

    def serve(self, request: Request) -> Response:
        """The switch at /faults."""
        if request.method == "PUT":
            kind = request.args.get("kind", "")
            if kind not in FAULTS:
                kinds = ", ".join(FAULTS)
                raise ApiError(400, "InvalidArgument", f"kind must be one of {kinds}")
            self._kind = kind
        elif request.method == "DELETE":
            self._kind = ""
        elif request.method != "GET":
            raise ApiError(405, "MethodNotAllowed", "use GET, PUT or DELETE")
        return Response(json.dumps({"kind": self._kind or None}), mimetype="application/json")
