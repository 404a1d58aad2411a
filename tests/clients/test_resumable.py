"""Stock Uppy uploads a large file in parts, over a line that breaks."""

from __future__ import annotations

import hashlib
import random
import re
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.clients.client import Client, Settings
from tests.clients.conftest import HarnessWith, Pages
from tests.clients.driving import WAIT_MILLISECONDS
from tests.clients.report import shown_code
from tests.documents import Document
from tests.harness import Harness

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

SIZE = 150_000_000
PARTS = 29
IN_FLIGHT = 6  # parts that Uppy sends at once
SPEED = 10_000_000  # bytes a second, so that the line is cut on the way on any machine

MULTIPART: Settings = (
    "MULTIPART=true",
    "GRANT_SECRET=0123456789abcdef0123456789abcdef",
    "MAX_UPLOAD_BYTES=1000000000",
)
UPPY_6 = Client(
    "Uppy 6",
    "entries/uppy-multipart.js",
    "POST /s3/multipart",
    packages=("@uppy/aws-s3", "@uppy/core"),
    needs=("AUTH=anonymous", *MULTIPART),
)
UPPY_5 = Client(
    "Uppy 5",
    "uppy-5/multipart.js",
    "POST /s3/multipart",
    packages=("uppy-5/node_modules/@uppy/aws-s3", "uppy-5/node_modules/@uppy/core"),
    needs=MULTIPART,
)
CLIENTS = (UPPY_6, UPPY_5)  # in docs/resumable.md

each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.title)


@pytest.fixture(scope="module", autouse=True)
def bundled(pages: Pages) -> None:
    pages.add(CLIENTS)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "电影.mp4"
    path.write_bytes(random.Random(7).randbytes(SIZE))
    return path


class Line:
    """The browser's line to everything, which a test can cut."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self._devtools = context.new_cdp_session(page)
        self._devtools.send("Network.enable")
        self.set(offline=False)

    def set(self, *, offline: bool) -> None:
        conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": SPEED}
        self._devtools.send("Network.emulateNetworkConditions", {"offline": offline, **conditions})


def parts_stored(harness: Harness) -> int:
    """How many parts the bucket took so far."""
    return len(re.findall(r"PUT \S+ 200 ", "".join(list(harness.printed))))


def wait(page: Page, harness: Harness, parts: int) -> None:
    while parts_stored(harness) < parts:
        page.wait_for_timeout(50)


@each_client
def test_uppy_goes_on_after_the_line_broke(
    client: Client,
    harness_with: HarnessWith,
    browser_context: BrowserContext,
    origin: str,
    token: str,
    film: Path,
) -> None:
    harness = harness_with(client.settings)
    page = browser_context.new_page()
    page.set_default_timeout(WAIT_MILLISECONDS)
    line = Line(browser_context, page)
    query = urlencode({"function": harness.function, "token": token})
    page.goto(f"{origin}/{client.name}.html?{query}")
    before = parts_stored(harness)
    page.set_input_files("input[type=file]", film)
    wait(page, harness, before + 8)
    with page.expect_event("requestfailed"):
        line.set(offline=True)
    line.set(offline=False)
    page.wait_for_function("() => record.result || record.failure")
    if page.evaluate("() => record.failure"):
        page.evaluate("() => { record.failure = null; uppy.retryAll(); }")
        page.wait_for_function("() => record.result || record.failure")
    record = page.evaluate("() => record")
    page.close()
    assert record["failure"] is None
    url = record["result"]["uploadURL"]
    with urlopen(url) as response:  # noqa: S310
        body = response.read()
        assert response.headers["Content-Type"] == "video/mp4"
    assert hashlib.sha256(body).digest() == hashlib.sha256(film.read_bytes()).digest()
    assert urlsplit(url).path.startswith("/user-dirs/")
    assert PARTS <= parts_stored(harness) - before <= PARTS + IN_FLIGHT


def test_without_the_size_uppy_shows_what_to_do(
    harness_with: HarnessWith,
    browser_context: BrowserContext,
    origin: str,
    token: str,
    film: Path,
) -> None:
    harness = harness_with(UPPY_5.settings)
    page = browser_context.new_page()
    query = urlencode({"function": harness.function, "token": token})
    page.goto(f"{origin}/{UPPY_5.name}.html?{query}")
    page.evaluate("() => uppy.on('file-added', (file) => uppy.setFileMeta(file.id, {size: null}))")
    page.set_input_files("input[type=file]", film)
    page.wait_for_function("() => record.failure")
    assert "size is missing" in page.evaluate("() => record.failure")
    page.close()


@each_client
def test_the_document_shows_what_is_tested(client: Client) -> None:
    assert shown_code(client.entry) in Document("docs/resumable.md").text
