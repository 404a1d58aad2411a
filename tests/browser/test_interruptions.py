"""A large file from the disk arrives although everything between page and bucket breaks once."""

from __future__ import annotations

import contextlib
import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page

from tests.browser.view import WAIT_MILLISECONDS, UploadPage
from tests.harness import Harness, running_harness

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PART_SIZE = 5 * 1024**2
PARTS = 191
SIZE = 10**9
IN_FLIGHT = 4
SETTINGS = {
    "MULTIPART": "true",
    "GRANT_SECRET": "0123456789abcdef0123456789abcdef",
    "MAX_UPLOAD_BYTES": str(SIZE),
}
# What a page of an application has: an input, and an upload of what is chosen in it.
START = """() => {
    const input = document.createElement("input");
    input.type = "file";
    input.id = "film";
    document.body.append(input);
    window.begin = async (endpoint) => {
        const { upload } = await import("/client/upload.js");
        window.outcome = upload(input.files[0], { endpoint, retries: 8 }).then(
            ({ url }) => url,
            ({ code, message }) => `${code}: ${message}`,
        );
    };
}"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Removed at the end: pytest would keep the gigabytes of three runs."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture
def film(folder: Path) -> Path:
    """A sparse file, in which each part is another one."""
    path = folder / "film.mp4"
    with path.open("wb") as file:
        for number in range(PARTS):
            file.seek(number * PART_SIZE + number)
            file.write(b"part %d" % number)
        file.truncate(SIZE)
    return path


def digest(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    while data := file.read(1024**2):
        found.update(data)
    return found.hexdigest()


class Bucket:
    """What the harness says of parts, the one before a restart included."""

    def __init__(self) -> None:
        self.harnesses: list[Harness] = []

    def count(self, status: int) -> int:
        """How many parts got a response with this status; threads may share a line."""
        printed = "".join(line for harness in self.harnesses for line in list(harness.printed))
        return len(re.findall(rf"PUT '[^']+' {status} ", printed))

    def wait_for(self, parts: int, page: Page) -> None:
        for _ in range(5 * WAIT_MILLISECONDS // 20):
            if self.count(200) >= parts:
                return
            page.wait_for_timeout(20)
        raise AssertionError("".join(self.harnesses[-1].printed[-20:]))


def test_a_gigabyte_survives_cuts_a_restart_other_credentials_and_a_reload(
    open_page: Callable[..., UploadPage], folder: Path, film: Path
) -> None:
    data, bucket = folder / "data", Bucket()
    page: Page

    def choose_and_begin(harness: Harness) -> None:
        page.evaluate(START)
        page.set_input_files("#film", film)
        page.evaluate("(endpoint) => begin(endpoint)", harness.function)

    with contextlib.ExitStack() as running:
        harness = running.enter_context(running_harness(data, SETTINGS))
        bucket.harnesses.append(harness)
        shown = open_page(harness.page, harness.function, harness.oss)
        page = shown.page
        choose_and_begin(harness)
        for parts in (30, 60):
            bucket.wait_for(parts, page)
            shown.cut_the_line()
        bucket.wait_for(90, page)
        running.close()
        # On the same ports, with the same objects. Nobody knows the old credentials any more.
        harness = running.enter_context(running_harness(data, SETTINGS, again=harness))
        bucket.harnesses.append(harness)
        bucket.wait_for(130, page)
        page.reload()
        choose_and_begin(harness)
        url: str = page.evaluate("outcome")
        assert url.startswith(harness.oss), url
        with urlopen(url) as stored, film.open("rb") as file:  # noqa: S310
            assert stored.headers["Content-Length"] == str(SIZE)
            assert digest(stored) == digest(file)
        assert page.evaluate("localStorage.length") == 0
    interruptions = 4
    assert PARTS <= bucket.count(200) <= PARTS + interruptions * IN_FLIGHT
    # Parts that waited got new URLs with the first one, instead of being refused one by one.
    assert bucket.count(403) <= IN_FLIGHT
    assert harness.prints("AssumeRole", "200")
    assert [path for path in data.rglob("*") if path.is_file() and "uploads" in path.parts] == []
