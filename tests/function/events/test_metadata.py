"""HeadObject, where an event lacks the metadata: a real request, bounded, to an emulated bucket."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Response

from direct_upload.events import Receiver, metadata
from direct_upload.events.receiving import NotHandled
from direct_upload.hook import Upload
from emulator.keyring import AccessKey, KeyRing
from emulator.oss import Oss
from emulator.oss.store import Record, Store
from emulator.server import Server
from tests.function.events.uploads import ETAG, EVENTS, GONE, KEY, event, record, value
from tests.function.invocations import ENVIRON, NOW, TOKEN, Context
from tests.recorder import recording

META = "oss.object.objectMeta"
WITHOUT = [
    pytest.param({META: GONE}, id="no objectMeta"),
    pytest.param({META: {"mimeType": "image/png", "userMeta": {}}}, id="empty userMeta"),
    pytest.param({f"{META}.mimeType": GONE}, id="no type"),
]
OWN = AccessKey(
    ENVIRON["ALIBABA_CLOUD_ACCESS_KEY_ID"],
    ENVIRON["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
    TOKEN,
    NOW + timedelta(days=1),
)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the server takes longer than OSS may."""
    monkeypatch.setattr(metadata, "TRY_SECONDS", 60.0)


@contextlib.contextmanager
def private_bucket(directory: Path, key: str = KEY, grant: str = value()) -> Iterator[str]:
    """A bucket with the object, which only a signed request may read; its address."""
    store = Store(directory / "post-test")
    with store.receive() as incoming:
        incoming.write(b"content")
        headers = {"x-oss-meta-grant": grant}
        made = Record(key, 7, ETAG, 0, "image/png", f"{NOW:%Y-%m-%dT%H:%M:%S.000Z}", headers, "")
        store.put(incoming, made, overwrite=False)
    oss = Oss(
        "post-test", "cn-hangzhou", directory, KeyRing([OWN]), [], clock=lambda: NOW,
        log=lambda line: None, private_objects=True,
    )  # fmt: skip
    with Server(oss) as server:
        yield server.url


def receive(endpoint: str, changes: dict[str, Any], **settings: str) -> None:
    environ = EVENTS | {"OSS_ENDPOINT": endpoint} | settings
    Receiver(environ, lambda: NOW).handle(event(record(changes)), Context())


@pytest.mark.parametrize("changes", WITHOUT)
def test_what_an_event_lacks_is_read_from_the_object(
    changes: dict[str, Any], uploads: list[Upload], tmp_path: Path
) -> None:
    with private_bucket(tmp_path) as endpoint:
        receive(endpoint, changes)
    (upload,) = uploads
    assert (upload.key, upload.user, upload.mime_type) == (KEY, "alice", "image/png")


def test_an_event_with_all_that_is_needed_costs_no_request(uploads: list[Upload]) -> None:
    with recording(lambda _: Response()) as bucket:
        receive(bucket.url, {})
        receive(bucket.url, {f"{META}.userMeta": {"x-oss-meta-other": "a"}})
        receive(bucket.url, {"oss.bucket.name": "other", META: GONE})
    assert len(uploads) == 1
    assert bucket.requests == []


def test_the_object_also_tells_how_its_key_is_written(
    uploads: list[Upload], tmp_path: Path
) -> None:
    key = "user-dirs/图 b.png"
    with private_bucket(tmp_path, key, value(key=key)) as endpoint:
        receive(endpoint, {META: GONE, "oss.object.key": "user-dirs/%E5%9B%BE+b.png"})
    assert [upload.key for upload in uploads] == [key]


def test_an_object_that_is_gone_is_left_alone(
    uploads: list[Upload], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "direct_upload")
    with private_bucket(tmp_path) as endpoint:
        receive(endpoint, {META: GONE, "oss.object.key": "user-dirs/gone.png"})
    assert uploads == []
    assert "no such object" in caplog.text


def test_the_metadata_of_the_object_is_checked_as_that_of_an_event(
    uploads: list[Upload], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with private_bucket(tmp_path, grant=value(key="other")) as endpoint:
        receive(endpoint, {META: GONE})
    assert uploads == []
    assert "another bucket, key" in caplog.text


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "another"}, id="OSS refuses"),
        pytest.param({"ALIBABA_CLOUD_ACCESS_KEY_ID": ""}, id="no credentials"),
    ],
)
def test_a_function_that_may_not_read_says_so_and_leaves_the_object_alone(
    settings: dict[str, str],
    uploads: list[Upload],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with private_bucket(tmp_path) as endpoint:
        receive(endpoint, {META: GONE}, **settings)
    assert uploads == []
    (line,) = caplog.records
    assert line.levelno == logging.ERROR
    assert "oss:GetObject" in line.message or "no credentials" in line.message
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_outage_of_oss_is_a_failure_after_two_tries(
    status: int, uploads: list[Upload], caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise the upload would be lost: Function Compute tries again."""
    with recording(lambda _: Response(status=status)) as bucket, pytest.raises(NotHandled):
        receive(bucket.url, {META: GONE})
    assert [recorded.method for recorded in bucket.requests] == ["HEAD", "HEAD"]
    assert uploads == []
    assert f"status {status}" in caplog.text


def test_one_failure_of_oss_is_got_over(uploads: list[Upload]) -> None:
    replies = [
        Response(status=503),
        Response(headers={"Content-Type": "image/png", "x-oss-meta-grant": value()}),
    ]
    with recording(lambda _: replies.pop(0)) as bucket:
        receive(bucket.url, {META: GONE})
    assert [upload.key for upload in uploads] == [KEY]


def test_a_redirect_is_not_followed(uploads: list[Upload]) -> None:
    with contextlib.ExitStack() as servers:
        elsewhere = servers.enter_context(recording(lambda _: Response()))
        moved = Response(status=307, headers={"Location": elsewhere.url})
        bucket = servers.enter_context(recording(lambda _: moved))
        receive(bucket.url, {META: GONE})
    assert (len(bucket.requests), elsewhere.requests, uploads) == (1, [], [])


def test_a_server_that_has_gone_is_a_failure(uploads: list[Upload]) -> None:
    with recording(lambda _: Response()) as bucket:
        pass
    with pytest.raises(NotHandled):
        receive(bucket.url, {META: GONE})


def test_the_request_is_signed_in_its_header_with_the_functions_own_credentials(
    uploads: list[Upload],
) -> None:
    with recording(lambda _: Response(status=404)) as bucket:
        receive(bucket.url, {META: GONE})
    (recorded,) = bucket.requests
    assert recorded.target == f"/{KEY}"
    assert recorded.headers["authorization"].startswith(
        "OSS4-HMAC-SHA256 Credential=STS.EXAMPLE/20261124/cn-hangzhou/oss/aliyun_v4_request,"
    )
    assert recorded.headers["x-oss-security-token"] == TOKEN
