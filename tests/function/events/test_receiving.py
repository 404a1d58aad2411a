"""From an event to the hook: what is granted arrives, what is not is left alone."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from direct_upload.callbacks import report
from direct_upload.errors import Misconfigured
from direct_upload.events import Receiver, metadata
from direct_upload.events.receiving import NotHandled
from direct_upload.hook import Upload
from tests.function.events.uploads import (
    ETAG,
    EVENTS,
    GONE,
    KEY,
    RECORD,
    SECRET,
    event,
    record,
    value,
)
from tests.function.invocations import ENVIRON, NOW, Context
from tests.function.strategies import any_json

GRANT = "oss.object.objectMeta.userMeta.x-oss-meta-grant"
META = "oss.object.objectMeta"


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "direct_upload")


def receive(*records: object, now: datetime = NOW, **settings: str) -> None:
    Receiver(EVENTS | settings, lambda: now).handle(event(*records), Context())


def test_a_granted_upload_reaches_the_hook(
    uploads: list[Upload], caplog: pytest.LogCaptureFixture
) -> None:
    receive(record())
    upload = Upload(
        bucket="post-test",
        key=KEY,
        size=7,
        etag=ETAG,
        mime_type="image/png",
        width=None,
        height=None,
        user="alice",
        preset="default",
        source="event",
    )
    assert uploads == [upload]
    (line,) = caplog.messages
    assert json.loads(line)["event"] == "upload_finished"
    assert json.loads(line)["source"] == "event"


NOISE = "malformed|no grant id of this"  # what another secret encrypts is rarely even text


def grant(**changes: Any) -> dict[str, Any]:
    return {GRANT: value(**changes)}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(grant(secret="x" * 32), NOISE, id="forged"),
        pytest.param({GRANT: "abc"}, NOISE, id="cut off"),
        pytest.param({GRANT: value() + "abcdefgh"}, NOISE, id="longer"),
        pytest.param(grant(key="user-dirs/other.png"), "another bucket, key", id="another key's"),
        pytest.param(grant(bucket="other"), "another bucket, key", id="another bucket's"),
        pytest.param(grant(content_type="image/gif"), "another bucket, key", id="another type's"),
        pytest.param({"oss.object.size": 1001}, "size", id="too large"),
        pytest.param({"oss.object.size": 0}, "size", id="too small"),
        pytest.param(
            grant(issued=NOW - timedelta(hours=24, minutes=5)), "too long ago", id="expired"
        ),
        pytest.param({"eventTime": "2027-01-01T00:00:00.000Z"}, "too long ago", id="used late"),
    ],
)
def test_an_upload_that_was_not_granted_is_refused_and_logged(
    changes: dict[str, Any],
    reason: str,
    uploads: list[Upload],
    caplog: pytest.LogCaptureFixture,
) -> None:
    receive(record(changes))
    assert uploads == []
    (line,) = caplog.records
    assert line.levelno == logging.WARNING
    assert re.search(f"{re.escape(KEY)}.*({reason})", line.message)
    assert SECRET not in caplog.text
    assert value() not in caplog.text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"oss.bucket.name": "other"}, "the bucket", id="another bucket"),
        pytest.param({"eventName": "ObjectRemoved:DeleteObject"}, "operation", id="a deletion"),
        pytest.param({"eventSource": "acs:mns"}, "not from OSS", id="a foreign record"),
        pytest.param({"oss": 7}, "malformed", id="a malformed record"),
        pytest.param({f"{META}.userMeta": {"x-oss-meta-a": "b"}}, "no grant id", id="no grant id"),
    ],
)
def test_what_is_not_an_upload_from_here_is_left_alone(
    changes: dict[str, Any],
    reason: str,
    uploads: list[Upload],
    caplog: pytest.LogCaptureFixture,
) -> None:
    receive(record(changes))
    assert uploads == []
    (line,) = caplog.records
    assert line.levelno == logging.INFO
    assert reason in line.message


def test_an_event_of_another_kind_is_left_alone(
    uploads: list[Upload], caplog: pytest.LogCaptureFixture
) -> None:
    Receiver(EVENTS, lambda: NOW).handle(b'{"triggerName": "timer"}', Context())
    assert uploads == []
    assert "not an event of an OSS trigger" in caplog.text


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("user-dirs/图 a+b%.png", id="as it is"),
        pytest.param("user-dirs/%E5%9B%BE%20a%2Bb%25.png", id="percent-encoded"),
        pytest.param("user-dirs%2F%E5%9B%BE+a%2Bb%25.png", id="as in a form"),
    ],
)
def test_the_grant_id_tells_how_a_key_is_written(written: str, uploads: list[Upload]) -> None:
    """No document says whether keys in events are encoded."""
    key = "user-dirs/图 a+b%.png"
    receive(record({"oss.object.key": written, **grant(key=key)}))
    assert [upload.key for upload in uploads] == [key]


def test_an_event_may_come_days_after_the_upload(uploads: list[Upload]) -> None:
    receive(record(), now=NOW + timedelta(days=5))
    assert len(uploads) == 1


def test_without_a_time_the_clock_counts(uploads: list[Upload]) -> None:
    without = record({"eventTime": GONE})
    receive(without, now=NOW + timedelta(hours=24))
    assert len(uploads) == 1
    receive(without, now=NOW + timedelta(hours=24, minutes=6))
    assert len(uploads) == 1


def test_the_preset_and_the_types_of_its_directory_grants_count(uploads: list[Upload]) -> None:
    presets = json.dumps({"a": {"types": "image/gif"}, "b": {}})
    for preset, content_type in (("a", "image/gif"), ("a", "image/png"), ("b", "image/png")):
        changes = grant(key="user-dirs/", directory=True, preset=preset)
        changes[f"{META}.mimeType"] = content_type
        receive(record(changes), UPLOAD_PRESETS=presets)
    assert [(one.preset, one.mime_type) for one in uploads] == [
        ("a", "image/gif"),
        ("b", "image/png"),
    ]


def keyed(name: str) -> dict[str, Any]:
    key = f"user-dirs/{name}.png"
    return record({"oss.object.key": key, **grant(key=key)})


def test_every_record_is_tried_and_the_failure_is_of_those_that_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[str] = []

    def hook(upload: Upload) -> None:
        tried.append(upload.key)
        if "bad" in upload.key:
            raise OSError("password=hunter2")

    monkeypatch.setattr(report, "on_upload", hook)
    records = [keyed("bad-1"), None, keyed("good"), record({GRANT: "abc"}), keyed("bad-2")]
    with pytest.raises(NotHandled) as caught:
        receive(*records)
    assert str(caught.value) == "2 of 5 records failed; the log says why."
    assert tried == ["user-dirs/bad-1.png", "user-dirs/good.png", "user-dirs/bad-2.png"]
    assert "'user-dirs/bad-1.png' failed: the hook raised OSError in hook:" in caplog.text
    assert "hunter2" not in caplog.text


def test_an_event_without_records_is_not_a_failure(uploads: list[Upload]) -> None:
    receive()
    assert uploads == []


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        pytest.param({"GRANT_SECRET": ""}, "GRANT_SECRET", id="no secret"),
        pytest.param({"OSS_BUCKET": ""}, "OSS_BUCKET", id="no bucket"),
    ],
)
def test_settings_that_permit_no_event_are_an_error_of_the_function(
    settings: dict[str, Any], name: str, uploads: list[Upload]
) -> None:
    with pytest.raises(Misconfigured, match=f"The setting {name} is missing"):
        receive(record(), **settings)
    assert uploads == []


def test_the_secret_may_be_in_a_file() -> None:
    with pytest.raises(Misconfigured, match="GRANT_SECRET names a file"):
        Receiver(ENVIRON | {"GRANT_SECRET": "file:missing.txt"}, lambda: NOW).handle(
            event(), Context()
        )


def paths(part: Any, above: str = "") -> Iterator[str]:
    """The path of every member of a record."""
    for name, member in part.items():
        yield above + name
        if isinstance(member, dict):
            yield from paths(member, f"{above}{name}.")


@given(st.sampled_from(list(paths(RECORD))), any_json)
def test_no_value_anywhere_in_a_record_raises(path: str, found: object) -> None:
    """Otherwise one odd event would come back again and again."""
    with (
        mock.patch.object(metadata, "head_object", lambda *_: None),
        mock.patch.object(report, "on_upload") as hook,
    ):
        receive(record({path: found}))
    for (upload,), _ in hook.call_args_list:  # what may differ from the documented record
        assert (upload.bucket, upload.key, upload.user) == ("post-test", KEY, "alice")
