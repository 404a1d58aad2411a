"""Events of OSS, through the whole harness: what a callback misses arrives all the same, once."""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from direct_upload.app import App, utc_now
from direct_upload.callbacks import report, signature
from direct_upload.events import Receiver
from direct_upload.hook import Upload
from emulator.function_compute import FunctionCompute, asynchronous
from emulator.keyring import AccessKey, KeyRing
from emulator.oss.callback import sending
from emulator.server import Server
from local_server import Addresses, function_environment, give_keys, serving
from tests.documents import Document
from tests.emulator.client import Reply, form, send, signed_fields
from tests.function.events.uploads import SECRET, value
from tests.harness import Harness, four_free_ports, running_harness

PNG = b"\x89PNG\r\n\x1a\n"
NOBODY = "http://127.0.0.1:9/callback"  # nothing listens there


def upload(function: str, name: str = "a.png") -> tuple[str, int]:
    """The key of a new object, and what OSS returned for the form."""
    grant = requests.post(f"{function}/sign", json={"filename": name}, timeout=60).json()
    files = {"file": (name, PNG)}
    return grant["key"], requests.post(
        grant["url"], data=grant["fields"], files=files, timeout=60
    ).status_code


def finished(harness: Harness, key: str, source: str) -> bool:
    return harness.prints('"event": "upload_finished"', key, f'"source": "{source}"')


def test_both_ways_can_be_seen_at_once(tmp_path: Path) -> None:
    settings = {"CALLBACK_URL": "{function}/callback"}
    with running_harness(tmp_path, settings, "--events") as harness:
        key, status = upload(harness.function)
        assert status == 200
        assert finished(harness, key, "callback")
        assert finished(harness, key, "event")
        assert harness.prints("event", f"PostObject '{key}': done")


def test_the_event_arrives_where_the_callback_is_cut(tmp_path: Path) -> None:
    with running_harness(tmp_path, {"CALLBACK_URL": NOBODY}, "--events") as harness:
        key, status = upload(harness.function)
        assert status == 203
        assert finished(harness, key, "event")
        assert not [line for line in harness.printed if '"source": "callback"' in line]


def test_without_the_option_there_are_no_events(tmp_path: Path) -> None:
    with running_harness(tmp_path, {"CALLBACK_URL": "{function}/callback"}) as harness:
        key, _ = upload(harness.function)
        assert finished(harness, key, "callback")
        assert not [line for line in harness.printed if line.startswith("event")]


@pytest.mark.parametrize("runtime", ["python3.10", "python3.12"])
def test_what_an_event_lacks_is_read_from_a_private_bucket(runtime: str, tmp_path: Path) -> None:
    """HeadObject, signed with the function's own key, as the emulated OSS checks it."""
    options = ("--events", "--oss", "events-without-metadata", "--private-objects")
    with running_harness(tmp_path, {}, *options, "--runtime", runtime) as harness:
        key, _ = upload(harness.function)
        assert finished(harness, key, "event")
        assert harness.prints("HEAD", key, " 200 ")


def test_a_resumable_upload_is_reported_when_it_is_complete(tmp_path: Path) -> None:
    with running_harness(tmp_path, {"MULTIPART": "true"}, "--events") as harness:
        multipart = f"{harness.function}/s3/multipart"
        file: dict[str, str | int] = {"filename": "a.mp4", "type": "video/mp4", "size": 9}
        begun = requests.post(multipart, json=file, timeout=60).json()
        ticket = f"{multipart}/{begun['uploadId']}"
        query = {"key": begun["key"]}
        part = requests.get(f"{ticket}/1", query, timeout=60).json()
        assert requests.put(part["url"], b"ninebytes", timeout=60).status_code == 200
        done = requests.post(f"{ticket}/complete", params=query, timeout=60)
        assert done.status_code == 200
        assert finished(harness, begun["key"], "event")
        assert harness.prints(f"CompleteMultipartUpload '{begun['key']}': done")


@dataclass
class Site:
    """The harness in this process; `log` has its lines."""

    function: str
    oss: str
    environment: dict[str, str]
    key: AccessKey
    log: list[str] = field(default_factory=list)

    def post(self, object_key: str, grant: str | None) -> Reply:
        """An object that somebody else put there, with what may look like a grant's metadata."""
        metadata = {"x-oss-meta-grant": grant} if grant is not None else {}
        fields = {"x-oss-content-type": "image/png", **metadata}
        signed = signed_fields(self.key, now=utc_now(), object_key=object_key, fields=fields)
        return send(self.oss, body=form(signed, PNG))

    def wait_for(self, count: int, text: str) -> None:
        """Until the log has so many lines with the text; what hangs, the runner's timeout ends."""
        while sum(text in line for line in list(self.log)) < count:
            time.sleep(0.01)


@contextlib.contextmanager
def running_site(data: Path, **settings: str) -> Iterator[Site]:
    addresses = Addresses("127.0.0.1", four_free_ports())
    environment = function_environment({"GRANT_SECRET": SECRET, **settings}, addresses)
    keys = KeyRing()
    own_key = give_keys(environment, keys)
    site = Site(addresses.function, addresses.oss, environment, own_key)
    with serving(
        addresses,
        environment,
        keys,
        own_key=own_key,
        handler=App(environment).handle,
        initializer=lambda context: None,
        object_created=Receiver(environment, utc_now).handle,
        data=data,
        log=site.log.append,
    ):
        yield site


def test_forged_foreign_and_expired_grant_ids_are_refused_and_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "direct_upload")
    found: list[Upload] = []
    monkeypatch.setattr(report, "on_upload", found.append)
    now = utc_now()
    grants = {
        "forged": value(secret="x" * 32, key="user-dirs/forged", issued=now),
        "foreign": value(key="user-dirs/granted", issued=now),
        "expired": value(key="user-dirs/expired", issued=now - timedelta(days=2)),
        "none": None,
        "granted": value(key="user-dirs/granted", issued=now),
    }
    with running_site(tmp_path) as site:
        for name, grant in grants.items():
            assert site.post(f"user-dirs/{name}", grant).status == 204
        site.wait_for(len(grants), ": done")  # none of them is tried again
    assert [upload.key for upload in found] == ["user-dirs/granted"]
    refused = {
        "forged": "no grant id of this function|malformed",  # the bytes are random
        "foreign": "another bucket, key or type",
        "expired": "too long ago",
        "none": "no grant id",
    }
    for name, reason in refused.items():
        (line,) = [m for m in caplog.messages if m.startswith(f"'user-dirs/{name}' left alone")]
        assert re.search(reason, line)


Hook = Callable[[Upload], None]


def documented_hook(database: Path) -> Hook:
    """The ten lines of docs/callbacks.md, with a database."""

    @contextlib.contextmanager
    def connect() -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(database, timeout=60)) as connection, connection:
            yield connection

    with connect() as connection:
        text = Document("docs/callbacks.md").block("idempotent")
        create = text.splitlines()[0].removeprefix("# ")
        assert create.startswith("CREATE TABLE")
        connection.execute(create)
        connection.execute("CREATE TABLE users (name TEXT, files INTEGER, bytes INTEGER)")
        connection.execute("INSERT INTO users VALUES ('', 0, 0)")
    documented: dict[str, Any] = {"connect": connect}
    exec(text, documented)  # noqa: S102 (our own)
    hook: Hook = documented["on_upload"]
    return hook


CLIENTS = 8
ENOUGH = 60


def test_an_outage_of_the_receiver_loses_no_upload_and_counts_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callbacks work, then their receiver is down, then it works again, all under load.

    The hook fails now and then as well: its database is down.
    """
    monkeypatch.setattr(asynchronous, "PAUSES", (0.05, 0.05, 0.05))
    # On a busy machine both responses may be late.
    monkeypatch.setattr(sending, "LIMIT_SECONDS", 60.0)
    monkeypatch.setattr(signature, "FETCH_SECONDS", 60.0)
    documented = documented_hook(tmp_path / "uploads.sqlite")
    calls: Counter[str] = Counter()
    failed_before: set[str] = set()

    def hook(upload: Upload) -> None:
        calls[upload.source] += 1
        if (
            upload.source == "event"
            and upload.key[-5] in "0123"
            and upload.key not in failed_before
        ):
            failed_before.add(upload.key)
            raise OSError("the database is down")
        documented(upload)

    monkeypatch.setattr(report, "on_upload", hook)
    port = four_free_ports()
    statuses: dict[str, int] = {}
    over = threading.Event()

    settings = {
        "CALLBACK_URL": f"http://127.0.0.1:{port}/callback",
        "CREDENTIALS_SOURCE": "function-role",  # the first call of STS may be late as well
    }
    with running_site(tmp_path, **settings) as site:

        def client() -> None:
            while not over.is_set():
                key, status = upload(site.function)
                statuses[key] = status

        def wait_for_more(status: int) -> None:
            before = [*statuses.values()].count(status)
            while [*statuses.values()].count(status) < before + ENOUGH:
                assert all(thread.is_alive() for thread in clients)
                time.sleep(0.01)

        receiver = FunctionCompute(
            App(site.environment).handle, function_keys=site.key, log=lambda line: None
        )
        clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
        with Server(receiver, port=port):
            for thread in clients:
                thread.start()
            wait_for_more(200)
        wait_for_more(203)
        with Server(receiver, port=port):
            wait_for_more(200)
            over.set()
            for thread in clients:
                thread.join()
        site.wait_for(len(statuses), ": done")

    assert set(statuses.values()) == {200, 203}
    assert calls["event"] == len(statuses) + len(failed_before)
    assert failed_before
    with contextlib.closing(sqlite3.connect(tmp_path / "uploads.sqlite")) as database:
        known = {key for (key,) in database.execute("SELECT object_key FROM uploads")}
        ((files, size),) = database.execute("SELECT files, bytes FROM users")
    assert known == set(statuses)
    assert (files, size) == (len(statuses), len(statuses) * len(PNG))
