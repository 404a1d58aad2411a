"""A large file as a form and in parts: how long it takes, with a limit per connection."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug import Response
from werkzeug.middleware.shared_data import SharedDataMiddleware

from emulator.server import Server

from .. import tables
from ..environment import ROOT
from ..harness import harness
from ..line import Line

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RATE, ROUND_TRIP = 2_000_000, 0.15
SETTINGS = {
    "MULTIPART": "true",
    "GRANT_SECRET": "0123456789abcdef0123456789abcdef",
    "MAX_UPLOAD_BYTES": "10000000000",
    "UPLOAD_PRESETS": json.dumps(
        {"default": {}, "form": {"multipart": False, "max_bytes": 5_000_000_000}}
    ),
}
HTML = """<!doctype html><html lang="en"><title>Large</title>
<link rel="icon" href="data:,"><input type="file"></html>"""
# Resolves to the seconds that it took, and the ETag, which says how.
UPLOAD = """async ([endpoint, preset]) => {
    const { upload } = await import("/client/upload.js");
    const [file] = document.querySelector("input").files;
    const start = performance.now();
    const { etag } = await upload(file, {
        endpoint,
        preset,
        retries: 9,
        onProgress: ({ sent }) => { window.sent = sent; },
    });
    return [(performance.now() - start) / 1000, etag];
}"""


def measure(*, size: int) -> str:
    """A table, or the reason why there is none."""
    if shutil.which("chromium") is None:
        return "Without Chromium, large files are not measured.\n"
    found: dict[str, float] = {}
    with (
        Line(round_trip=ROUND_TRIP, rate=RATE) as function,
        Line(round_trip=ROUND_TRIP, rate=RATE) as oss,
        pages() as origin,
        harness(**SETTINGS, ALLOWED_ORIGINS=origin, UPLOAD_URL=oss.url) as servers,
        chromium() as browser,
        sparse_file(size) as path,
    ):
        function.target, oss.target = servers.function, servers.oss
        for preset in ("form", "default"):
            with chosen(browser, origin, path) as page:
                found[preset], etag = page.evaluate(UPLOAD, [function.url, preset])
            if ("-" in etag) is (preset == "form"):  # the ETag of parts ends in their number
                raise RuntimeError(f"the file did not go as it should: {etag}")
    heads = [f"a file of {size / 1e6:.0f} MB", "as a form, s", "in parts, s", "times sooner"]
    form, parts = found["form"], found["default"]
    line = f"{RATE / 1e6:.0f} MB/s per connection, {ROUND_TRIP * 1000:.0f} ms round trip"
    return tables.table(heads, [[line, f"{form:.1f}", f"{parts:.1f}", f"{form / parts:.2f}"]])


@contextmanager
def pages() -> Iterator[str]:
    """Where an input is, beside the client as it is."""
    html = Response(HTML, mimetype="text/html")
    with Server(SharedDataMiddleware(html, {"/client": str(ROOT / "web/client")})) as server:
        yield server.url


@contextmanager
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as browser,
    ):
        yield browser


@contextmanager
def sparse_file(size: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        with path.open("wb") as file:
            file.truncate(size)
        yield path


@contextmanager
def chosen(browser: Browser, origin: str, path: Path) -> Iterator[Page]:
    """A new page, whose input has this file."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(origin)
        page.set_input_files("input", path)
        yield page
