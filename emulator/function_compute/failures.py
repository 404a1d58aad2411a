"""How errors look to the caller: the gateway's own, and those of the function's code."""

from __future__ import annotations

import json
import traceback

from .answer import Answer, Refused


def refusal(refused: Refused, request_id: str) -> Answer:
    """The shape is that of Function Compute's API errors (inferred for HTTP triggers)."""
    return _json_answer(
        refused.status,
        {"RequestId": request_id, "Code": refused.code, "Message": refused.message},
        cause=f"{refused.code}: {refused.message}",
    )


def function_error(error: Exception, error_type: str) -> Answer:
    """Function Compute documents, "Error handling": the caller sees message and stack trace."""
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is the runtime's own
    document: dict[str, object] = {"errorMessage": str(error), "errorType": type(error).__name__}
    if frames:
        document["stackTrace"] = [[f.filename, f.lineno, f.name, f.line] for f in frames]
    return _failed(document, error_type, cause=type(error).__name__)


def process_exit(seconds: float) -> Answer:
    """The message is documented; memory is not measured here."""
    message = (
        "Process exited unexpectedly before completing request "
        f"(duration: {seconds * 1000:.0f}ms, maxMemoryUsage: 0MB)"
    )
    return _failed({"errorMessage": message}, "UnhandledInvocationError", cause="SystemExit")


def _failed(document: dict[str, object], error_type: str, *, cause: str) -> Answer:
    """Status 502 is a report by users of an earlier version; for 3.0 none is documented."""
    return _json_answer(502, document, cause=cause, **{"X-Fc-Error-Type": error_type})


def _json_answer(status: int, document: dict[str, object], *, cause: str, **more: str) -> Answer:
    headers = {"Content-Type": "application/json", **more}
    return Answer(status, headers, json.dumps(document).encode(), cause=cause)
