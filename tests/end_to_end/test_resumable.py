"""Resumable uploads through the whole harness: real sockets, the real SDK for AssumeRole, and a
session policy that the emulated OSS enforces."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from tests.function.multipart.site import put
from tests.harness import Harness, running_harness

SETTINGS = {
    "MULTIPART": "true",
    "GRANT_SECRET": "0123456789abcdef0123456789abcdef",
    "MAX_UPLOAD_BYTES": "53656167435468",
}
MIB = 1024**2


@dataclass(frozen=True)
class Client:
    """A client of one harness after the other, as over a restart."""

    function: str

    def send(self, method: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
        url = f"{self.function}/s3/multipart{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(url, data, method=method)) as response:  # noqa: S310
                return response.status, json.load(response)
        except HTTPError as error:
            return error.code, json.load(error)


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
            assert put(signed["url"], content[begin : begin + signed["size"]]).status == 200
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
            assert put(url, content[begin : begin + begun["partSize"]]).status == 200
        status, done = client.send("POST", f"{path}/complete", {}, key=key)
        assert (status, done["size"]) == (200, len(content))
        assert (
            client.send("POST", f"{path}/complete", {}, key=key)[1]["location"] == done["location"]
        )
        with urlopen(done["location"]) as response:  # noqa: S310
            assert hashlib.sha256(response.read()).digest() == hashlib.sha256(content).digest()
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
        assert put(signed["url"], b"end").status == 200
        _, done = client.send("POST", f"{path}/complete", {}, key=key)
    assert done["callback"]["Status"] == "OK"
    assert (done["callback"]["key"], done["callback"]["size"]) == (key, 3)
    assert done["callback"]["etag"] == done["etag"]
