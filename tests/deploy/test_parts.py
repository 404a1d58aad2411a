"""The doctor's part of a resumable upload, against a scripted function and bucket."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest
from werkzeug import Response

from deploy.diagnosis.function import Function
from deploy.diagnosis.parts import check_parts
from tests.recorder import Recorded, recording

PAGE = "https://www.example.com"
ALLOWED = {"Access-Control-Allow-Origin": PAGE, "Access-Control-Expose-Headers": "ETag"}
GOOD = {
    "POST /s3/multipart": (200, {"uploadId": "t.c", "key": "k"}),
    "GET /s3/multipart/t.c/1": (200, {"url": "{bucket}/part"}),
    "DELETE /s3/multipart/t.c": (200, {}),
    "OPTIONS /part": (200, {}),
    "PUT /part": (200, {}),
}
REFUSED = {"error": {"code": "misconfigured"}, "message": "OSS refuses ListParts."}


def replying(
    responses: Mapping[str, tuple[int, object]] = GOOD, headers: Mapping[str, str] = ALLOWED
) -> Callable[[Recorded], Response]:
    """Function and bucket on one server, with a status and a document for each route."""

    def reply(recorded: Recorded) -> Response:
        route = f"{recorded.method} {recorded.target.partition('?')[0]}"
        status, document = responses[route]
        here = f"http://{recorded.headers['host']}"
        return Response(json.dumps(document).replace("{bucket}", here), status, headers)

    return reply


@pytest.mark.parametrize(
    ("route", "response", "message"),
    [
        pytest.param("PUT /part", (200, {}), "Sent a part of 102400 bytes", id="all is well"),
        pytest.param(
            "POST /s3/multipart", (500, REFUSED), "POST /s3/multipart returned 500", id="begin"
        ),
        pytest.param(
            "POST /s3/multipart", (200, {"key": 1}), "POST /s3/multipart returned", id="odd"
        ),
        pytest.param("GET /s3/multipart/t.c/1", (503, REFUSED), "returned 503", id="sign"),
        pytest.param("GET /s3/multipart/t.c/1", (200, {"url": 7}), "returned 200", id="no URL"),
        pytest.param("DELETE /s3/multipart/t.c", (500, REFUSED), "DELETE", id="delete"),
        pytest.param("OPTIONS /part", (403, {}), "does not allow PUT", id="preflight"),
        pytest.param("PUT /part", (403, {}), "OSS returned 403", id="refused part"),
    ],
)
def test_names_the_step_that_fails(route: str, response: tuple[int, object], message: str) -> None:
    with recording(replying(GOOD | {route: response})) as server:
        findings = [f.message for f in check_parts(Function(server.url, PAGE), PAGE)]
        sent = [recorded for recorded in server.requests if recorded.method == "PUT"]
    assert any(message in finding for finding in findings), findings
    assert all("content-type" not in recorded.headers for recorded in sent)


def test_finds_that_the_etag_of_a_part_is_hidden() -> None:
    with recording(replying(headers={"Access-Control-Allow-Origin": PAGE})) as server:
        [finding] = check_parts(Function(server.url, PAGE), PAGE)
    assert "does not expose the ETag" in finding.message


def test_without_a_page_no_preflight_is_sent() -> None:
    with recording(replying()) as server:
        [finding] = check_parts(Function(server.url), None)
        assert "Sent a part" in finding.message
        assert not [recorded for recorded in server.requests if recorded.method == "OPTIONS"]
