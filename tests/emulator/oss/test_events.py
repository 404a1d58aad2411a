"""The events of the emulated bucket: one for each stored object, as the documents show them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Response

from emulator.oss.switches import NO_SWITCHES, Switches
from tests.emulator.client import encoded
from tests.emulator.oss.bucket import Bucket, running_bucket
from tests.emulator.oss.multipart import PART, started
from tests.emulator.oss.test_stored import copy
from tests.recorder import recording

VECTOR = Path(__file__).parents[2] / "vectors/oss_event.json"


class Notified(list[tuple[dict[str, Any], str]]):
    """What OSS reported: the record of each event, and its name."""

    def notify(self, event: bytes, name: str) -> None:
        (record,) = json.loads(event)["events"]
        self.append((record, name))


@pytest.fixture
def notified() -> Notified:
    return Notified()


@pytest.fixture
def reporting(
    tmp_path: Path, notified: Notified, request: pytest.FixtureRequest
) -> Iterator[Bucket]:
    switches = getattr(request, "param", NO_SWITCHES)
    with running_bucket(tmp_path, notify=notified.notify, switches=switches) as bucket:
        yield bucket


def members(document: object) -> Any:
    """The names in a document, all the way down."""
    if isinstance(document, dict):
        return {name: members(value) for name, value in document.items()}
    return type(document)


def test_a_form_is_reported_as_the_documents_show_it(reporting: Bucket, notified: Notified) -> None:
    reply = reporting.post("图 a+b%.png", b"content", fields={"x-oss-meta-grant": "abc"})
    ((record, name),) = notified
    (documented,) = json.loads(VECTOR.read_text("utf-8"))["event"]["events"]
    assert members(record) == members(documented)
    assert name == "PostObject '图 a+b%.png'"
    assert record["eventName"] == "ObjectCreated:PostObject"
    assert record["eventTime"] == "2026-11-24T12:00:00.000Z"
    assert record["oss"]["bucket"]["name"] == "post-test"
    assert record["oss"]["object"] == {
        "deltaSize": 7,
        "eTag": reply.headers["etag"].strip('"'),
        "key": "图 a+b%.png",  # as it is: nothing is encoded
        "objectMeta": {"mimeType": "text/plain", "userMeta": {"x-oss-meta-grant": "abc"}},
        "size": 7,
    }
    assert record["responseElements"]["requestId"] == reply.headers["x-oss-request-id"]


def test_a_multipart_upload_is_reported_once_with_what_it_was_begun_with(
    reporting: Bucket, notified: Notified
) -> None:
    headers = {"content-type": "video/mp4", "x-oss-meta-grant": "abc"}
    uploader = started(reporting, PART, b"end", headers=headers)
    assert notified == []
    assert uploader.complete().status == 200
    ((record, _),) = notified
    assert record["eventName"] == "ObjectCreated:CompleteMultipartUpload"
    found = record["oss"]["object"]
    assert found["size"] == len(PART) + 3
    assert found["eTag"].endswith("-2")
    assert found["objectMeta"] == {
        "mimeType": "video/mp4",
        "userMeta": {"x-oss-meta-grant": "abc"},
    }


def test_a_copy_is_reported_as_such(reporting: Bucket, notified: Notified) -> None:
    reporting.post("a.txt")
    assert copy(reporting).status == 200
    assert [record["eventName"] for record, _ in notified] == [
        "ObjectCreated:PostObject",
        "ObjectCreated:CopyObject",
    ]
    assert notified[1][0]["oss"]["object"]["key"] == "b.txt"


def test_what_is_not_stored_is_not_reported(reporting: Bucket, notified: Notified) -> None:
    forbidden = {"x-oss-forbid-overwrite": "true"}
    assert reporting.post(conditions=[["content-length-range", 0, 1]]).status == 400
    assert reporting.post().status == 204
    assert reporting.post(fields=forbidden).status == 409
    assert reporting.get("/a.txt").status == 200
    assert len(notified) == 1


def test_an_upload_whose_callback_fails_is_reported(reporting: Bucket, notified: Notified) -> None:
    with recording(lambda _: Response(status=500)) as application:
        callback = {"callbackUrl": application.url, "callbackBody": "a=b"}
        assert reporting.post(fields={"callback": encoded(callback)}).status == 203
    assert len(notified) == 1


@pytest.mark.parametrize(
    "reporting", [Switches(events_without_metadata=True)], indirect=True, ids=["switched on"]
)
def test_an_event_may_lack_the_metadata(reporting: Bucket, notified: Notified) -> None:
    reporting.post(fields={"x-oss-meta-grant": "abc"})
    assert "objectMeta" not in notified[0][0]["oss"]["object"]
