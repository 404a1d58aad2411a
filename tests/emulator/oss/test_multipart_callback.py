"""The callback of a completed upload: wanted by headers, run once the object exists."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from werkzeug import Response

from tests.emulator.client import Reply, encoded
from tests.emulator.oss.bucket import Bucket
from tests.emulator.oss.multipart import Uploader, started
from tests.recorder import Recorder, recording


def complete(uploader: Uploader, url: str, variables: Mapping[str, object] | None = None) -> Reply:
    body = "${bucket}|${object}|${etag}|${size}|${mimeType}|${x:who}|${x:n}"
    headers = {"x-oss-callback": encoded({"callbackUrl": url, "callbackBody": body})}
    if variables is not None:
        headers["x-oss-callback-var"] = encoded(variables)
    return uploader.complete(headers=headers)


def test_the_applications_response_becomes_that_of_the_completion(
    bucket: Bucket, application: Recorder
) -> None:
    uploader = started(bucket, b"content", headers={"content-type": "video/mp4"})
    reply = complete(uploader, application.url, {"x:who": "u 1", "x:n": 7})
    assert (reply.status, reply.body) == (200, b'{"Status": "OK"}')
    assert reply.headers["content-type"] == "application/json"
    etag = reply.headers["etag"].strip('"')
    (recorded,) = application.requests
    assert recorded.body.decode().split("|") == [
        *("post-test", "a.bin", etag, "7", "video%2Fmp4", "u%201", "7")
    ]
    assert bucket.get("/a.bin").headers["etag"] == f'"{etag}"'


def test_without_variables_they_are_empty(bucket: Bucket, application: Recorder) -> None:
    assert complete(started(bucket, b"content"), application.url).status == 200
    assert application.requests[0].body.endswith(b"||")


def test_a_callback_that_fails_is_203_and_the_object_stays(bucket: Bucket) -> None:
    """Seen live: the Go SDK's TestCompleteMultipartUpload, with a 301."""
    with recording(lambda recorded: Response(status=301)) as application:
        reply = complete(started(bucket, b"content"), application.url)
    assert (reply.status, reply.element("EC")) == (203, "0007-00000203")
    assert reply.element("Message") == "Error status : 301."
    assert bucket.get("/a.bin").body == b"content"


@pytest.mark.parametrize("name", ["x-oss-callback", "x-oss-callback-var"])
def test_what_is_not_base64_is_refused_and_the_upload_stays_open(bucket: Bucket, name: str) -> None:
    uploader = started(bucket, b"content")
    assert uploader.complete(headers={name: "%"}).element("Code") == "InvalidArgument"
    assert uploader.complete().status == 200
