"""The HTTP response of a function, and what the caller gets if there is none: the gateway's own
refusals, and the errors of the function's code."""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass


@dataclass(frozen=True)
class FunctionResponse:
    """An HTTP response; `dropped` lists the headers that a function is not allowed to set."""

    status: int
    headers: dict[str, str]
    body: bytes
    dropped: tuple[str, ...] = ()
    cause: str = ""  # for the log: why this is an error


@dataclass(eq=False)  # exceptions are compared by identity
class Refused(Exception):
    """What the gateway itself refuses, before or after the function runs."""

    status: int
    code: str
    message: str


def refusal(refused: Refused, request_id: str) -> FunctionResponse:
    """Shaped like Function Compute's API errors (inferred for HTTP triggers)."""
    return _json_response(
        refused.status,
        {"RequestId": request_id, "Code": refused.code, "Message": refused.message},
        cause=f"{refused.code}: {refused.message}",
    )


def function_error(error: Exception, error_type: str) -> FunctionResponse:
    """Function Compute documents, "Error handling": the caller sees message and stack trace."""
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is the runtime's own
    document: dict[str, object] = {"errorMessage": str(error), "errorType": type(error).__name__}
    if frames:
        document["stackTrace"] = [[f.filename, f.lineno, f.name, f.line] for f in frames]
    return _failed(document, error_type, cause=type(error).__name__)


def process_exit(seconds: float) -> FunctionResponse:
    """The message is documented; memory usage is not measured here."""
    message = (
        "Process exited unexpectedly before completing request "
        f"(duration: {seconds * 1000:.0f}ms, maxMemoryUsage: 0MB)"
    )
    return _failed({"errorMessage": message}, "UnhandledInvocationError", cause="SystemExit")


def _failed(document: dict[str, object], error_type: str, *, cause: str) -> FunctionResponse:
    """Users of an earlier version report status 502; none is documented for 3.0."""
    return _json_response(502, document, cause=cause, **{"X-Fc-Error-Type": error_type})


def _json_response(
    status: int, document: dict[str, object], *, cause: str, **more: str
) -> FunctionResponse:
    headers = {"Content-Type": "application/json", **more}
    return FunctionResponse(status, headers, json.dumps(document).encode(), cause=cause)
