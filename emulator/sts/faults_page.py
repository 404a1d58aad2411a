"""The switch over HTTP: PUT /faults?kind=503&times=3 sets a fault, GET shows it, DELETE clears."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from .answer import json_answer
from .faults import KINDS, Faults


def answer_faults(request: Request, faults: Faults) -> Response:
    if request.method == "PUT":
        try:
            times = request.args.get("times")
            faults.set(request.args.get("kind", ""), None if times is None else int(times))
        except ValueError as error:
            return _json_response(400, {"error": str(error)})
    elif request.method == "DELETE":
        faults.clear()
    elif request.method not in ("GET", "HEAD"):
        response = _json_response(405, {"error": "use PUT, GET or DELETE"})
        response.headers["Allow"] = "GET, HEAD, PUT, DELETE"
        return response
    current = faults.current
    return _json_response(
        200,
        {
            "kind": current and current.kind,
            "times": current and current.times,
            "kinds": list(KINDS),
        },
    )


def _json_response(status: int, document: dict[str, object]) -> Response:
    answer = json_answer(status, document)
    return Response(answer.body, answer.status, content_type=answer.content_type)
