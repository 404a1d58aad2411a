"""Resumable uploads through the whole harness: real sockets, the real SDK for AssumeRole, and a
session policy that the emulated OSS enforces."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.harness import Harness, running_harness

SETTINGS = {
    "MULTIPART": "true",
    "GRANT_SECRET": "0123456789abcdef0123456789abcdef",
    "MAX_UPLOAD_BYTES": "53656167435468",
}
MIB = 1024**2


@dataclass(frozen=True)
class Client:
    """Sends requests to the routes of resumable uploads; returns status and document."""

    function: str

    def send(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        url = f"{self.function}/s3/multipart{path}"
        response = requests.request(method, url, params=query, json=body, timeout=60)
        return response.status_code, response.json()


def put(url: str, content: bytes) -> int:
    return requests.put(url, content, timeout=60).status_code


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with running_harness(tmp_path_factory.mktemp("harness"), SETTINGS) as running:
        yield running


def left(data: Path) -> list[str]:
    """The files that uploads leave in the data folder, besides objects."""
    return [path.name for path in data.rglob("*") if path.is_file() and "uploads" in path.parts]


def test_an_upload_survives_a_restart_of_everything(tmp_path: Path) -> None:
    content = random.Random(3).randbytes(17 * MIB + 1)
    file = {"filename": "film.mp4", "size": len(content)}
    with running_harness(tmp_path, SETTINGS) as first:
        status, begun = Client(first.function).send("POST", "", file)
        assert (status, begun["parts"]) == (200, 4)
        path, key = f"/{begun['uploadId']}", begun["key"]
        for number in (3, 1):
            _, signed = Client(first.function).send("GET", f"{path}/{number}", key=key)
            begin = (number - 1) * begun["partSize"]
            assert put(signed["url"], content[begin : begin + signed["size"]]) == 200
    # Other credentials, another instance, the same bucket and secret.
    with running_harness(tmp_path, SETTINGS) as second:
        client = Client(second.function)
        _, listed = client.send("GET", path, key=key)
        assert [part["PartNumber"] for part in listed] == [1, 3]
        status, refused = client.send("POST", f"{path}/complete", {"parts": []}, key=key)
        assert (status, refused["message"]) == (409, "Part 2 of 4 has not arrived.")
        _, batch = client.send("GET", f"{path}/batch", key=key, partNumbers="2,4")
        for number, url in batch["presignedUrls"].items():
            begin = (int(number) - 1) * begun["partSize"]
            assert put(url, content[begin : begin + begun["partSize"]]) == 200
        status, done = client.send("POST", f"{path}/complete", {}, key=key)
        assert (status, done["size"]) == (200, len(content))
        assert (
            client.send("POST", f"{path}/complete", {}, key=key)[1]["location"] == done["location"]
        )
        stored = requests.get(done["location"], timeout=60).content
        assert hashlib.sha256(stored).digest() == hashlib.sha256(content).digest()
    assert left(tmp_path) == []


def test_the_session_may_abort_and_nothing_is_left(harness: Harness) -> None:
    client = Client(harness.function)
    _, begun = client.send("POST", "", {"filename": "a.mp4", "size": 48 * 1024**4})
    assert begun["parts"] == 10_000
    path, key = f"/{begun['uploadId']}", begun["key"]
    assert client.send("DELETE", path, key=key) == (200, {})
    assert client.send("DELETE", path, key=key) == (200, {})
    status, gone = client.send("POST", f"{path}/complete", {}, key=key)
    assert (status, gone["error"]["code"]) == (404, "upload_not_found")
    assert left(harness.data) == []


def test_a_callback_reports_the_object_to_the_function_itself(tmp_path: Path) -> None:
    settings = SETTINGS | {"CALLBACK_URL": "{function}/callback"}
    with running_harness(tmp_path, settings) as harness:
        client = Client(harness.function)
        _, begun = client.send("POST", "", {"filename": "a.mp4", "size": 3})
        path, key = f"/{begun['uploadId']}", begun["key"]
        _, signed = client.send("GET", f"{path}/1", key=key)
        assert put(signed["url"], b"end") == 200
        _, done = client.send("POST", f"{path}/complete", {}, key=key)
    assert done["callback"]["Status"] == "OK"
    assert (done["callback"]["key"], done["callback"]["size"]) == (key, 3)
    assert done["callback"]["etag"] == done["etag"]
