"""What a record of an event says, and which records report no upload."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given

from direct_upload.events.records import NotAnUpload, read_event, read_record
from tests.function.events.uploads import ETAG, GONE, KEY, event, record, value
from tests.function.strategies import any_json


def test_a_record_says_which_object_was_stored() -> None:
    (found,) = read_event(event(record()))
    stored = read_record(found)
    assert (stored.bucket, stored.key, stored.size, stored.etag) == ("post-test", KEY, 7, ETAG)
    assert stored.stored_at == datetime(2026, 11, 24, 6, 31, tzinfo=timezone.utc)
    assert stored.mime_type == "image/png"
    assert stored.metadata == {"x-oss-meta-grant": value()}
    assert value() not in repr(stored)


@pytest.mark.parametrize("operation", ["PostObject", "CompleteMultipartUpload", "PutObject"])
def test_uploads_are_these_operations(operation: str) -> None:
    for prefix in ("", "oss:"):  # which the trigger's own list has
        read_record(record({"eventName": f"{prefix}ObjectCreated:{operation}"}))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"eventSource": "acs:mns"}, "not from OSS", id="another source"),
        pytest.param({"eventSource": GONE}, "malformed", id="no source"),
        *(
            pytest.param({"eventName": name}, "not an upload", id=name)
            for name in (
                "ObjectCreated:CopyObject",
                "ObjectCreated:InitiateMultipartUpload",
                "ObjectCreated:UploadPart",
                "ObjectCreated:AppendObject",
                "ObjectCreated:",
                "ObjectRemoved:DeleteObject",
                "ObjectModified:UpdateObjectMeta",
                "PostObject",
                "",
            )
        ),
        pytest.param({"eventName": None}, "malformed", id="a name that is null"),
        pytest.param({"oss": None}, "malformed", id="no oss"),
        pytest.param({"oss.bucket": []}, "malformed", id="a bucket that is a list"),
        pytest.param({"oss.bucket.name": 7}, "malformed", id="a bucket's name that is a number"),
        pytest.param({"oss.object.key": ""}, "malformed", id="an empty key"),
        pytest.param({"oss.object.key": "\ud800"}, "malformed", id="half a surrogate pair"),
        pytest.param({"oss.object.size": "7"}, "malformed", id="a size that is text"),
        pytest.param({"oss.object.size": True}, "malformed", id="a size that is true"),
        pytest.param({"oss.object.size": -1}, "malformed", id="a negative size"),
        pytest.param({"oss.object.eTag": GONE}, "malformed", id="no ETag"),
        pytest.param({"oss.object.objectMeta": "x"}, "malformed", id="metadata that is text"),
        pytest.param(
            {"oss.object.objectMeta.userMeta": [1]}, "malformed", id="metadata that is a list"
        ),
    ],
)
def test_other_records_report_no_upload(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(NotAnUpload, match=problem):
        read_record(record(changes))


@pytest.mark.parametrize("what", [None, 7, "text", [], [[]], {}], ids=repr)
def test_what_is_not_a_record_reports_no_upload(what: object) -> None:
    with pytest.raises(NotAnUpload, match="malformed"):
        read_record(what)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"events": {}}', id="no list"),
        pytest.param(b'{"requestContext": {"http": {}}}', id="an HTTP event"),
        pytest.param(b'{"specversion": "1.0", "source": "acs.oss", "data": {}}', id="EventBridge"),
        pytest.param(b'{"events":' * 20_000, id="nested too deep"),
        pytest.param(b'{"events": []}' + b" " * 256 * 1024, id="over 256 KB"),
    ],
)
def test_anything_else_is_not_an_event_of_a_trigger(text: bytes) -> None:
    with pytest.raises(NotAnUpload, match="not an event"):
        read_event(text)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"oss.object.objectMeta": GONE}, id="no objectMeta"),
        pytest.param({"oss.object.objectMeta": None}, id="null"),
        pytest.param({"oss.object.objectMeta": {"mimeType": ""}}, id="empty type, no userMeta"),
        pytest.param({"oss.object.objectMeta": {"userMeta": {"x": 7}}}, id="values of other types"),
    ],
)
def test_metadata_may_be_missing(changes: dict[str, Any]) -> None:
    stored = read_record(record(changes))
    assert (stored.mime_type, stored.metadata) == (None, {})


def test_names_of_metadata_are_compared_without_case() -> None:
    meta = {"X-Oss-Meta-Grant": "a"}
    stored = read_record(record({"oss.object.objectMeta.userMeta": meta}))
    assert stored.metadata == {"x-oss-meta-grant": "a"}


@pytest.mark.parametrize(
    "time",
    [pytest.param(GONE, id="gone"), None, 7, "", "yesterday", "2026-11-24T06:31:00"],
)
def test_the_time_may_be_missing(time: object) -> None:
    assert read_record(record({"eventTime": time})).stored_at is None


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        pytest.param("a/b.png", ["a/b.png"], id="plain"),
        pytest.param("a/%E5%9B%BE.png", ["a/%E5%9B%BE.png", "a/图.png"], id="percent-encoded"),
        pytest.param("a/b+c", ["a/b+c", "a/b c"], id="plus"),
        pytest.param("a%2Fb+c", ["a%2Fb+c", "a/b+c", "a/b c"], id="both"),
    ],
)
def test_a_key_may_be_encoded(key: str, keys: list[str]) -> None:
    assert read_record(record({"oss.object.key": key})).keys == keys


@given(any_json)
def test_no_document_breaks_the_reader(document: object) -> None:
    with pytest.raises(NotAnUpload):
        for found in read_event(json.dumps({"events": [document]}).encode()):
            read_record(found)
