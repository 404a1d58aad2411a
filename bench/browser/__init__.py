"""The element beside stock Uppy, in Chromium: how long many files take, and what they cost."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.exceptions import NotFound
from werkzeug.middleware.shared_data import SharedDataMiddleware

from emulator.server import Server

from .. import tables
from ..environment import NODE_FOLDER, node
from ..harness import harness
from .large import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HERE = Path(__file__).resolve().parent
FILES, FILE_BYTES, LATENCY_MS = 200, 100_000, 150
MANY, KEPT = 3000, 500
CLIENTS = {"`<oss-upload>`": "own", "stock Uppy 6 (Dashboard, companionEndpoint)": "uppy"}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>
<link rel="icon" href="data:,"><div id="app"></div><script src="{name}.js"></script></html>"""
MAKE_FILES = """([count, size]) => {
    window.files = Array.from({ length: count }, (_, number) =>
        new File([new Uint8Array(size)], `${number}.jpg`, { type: "image/jpeg" }));
}"""
# A task that is longer than 50 ms is felt, and only such tasks are reported.
ADD = """async () => {
    window.longest = 0;
    new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
    }).observe({ entryTypes: ["longtask"] });
    const start = performance.now();
    add(files);
    window.took = (count) => new Promise((resolve) => {
        const look = setInterval(() => {
            if (stored() < count) return;
            clearInterval(look);
            resolve(performance.now() - start);
        }, 10);
    });
}"""


def measure(*, rounds: int) -> str:
    """A table, or the reason why there is none."""
    if shutil.which("chromium") is None or node() is None:
        return "Without Chromium and Node, the element is not measured.\n"
    found: dict[str, list[float]] = {name: [] for name in CLIENTS}
    longest: dict[str, float] = {}
    heap: dict[str, float] = {}
    with _pages() as (origin, function), chromium() as browser:
        for _ in range(rounds):
            for name, entry in CLIENTS.items():  # in turn, so that both meet the same machine
                found[name].append(_seconds(browser, f"{origin}/{entry}.html?function={function}"))
        for name, entry in CLIENTS.items():
            page = f"{origin}/{entry}.html?function={function}"
            longest[name] = _longest_task(browser, page)
            heap[name] = _heap(browser, page)
    own, uppy = CLIENTS
    rows = [
        [
            name,
            f"{statistics.median(found[name]):.1f}",
            f"{tables.ratio(found, name, uppy):.2f}",
            f"{longest[name]:.0f}",
            f"{heap[name]:.1f}",
        ]
        for name in (own, uppy)
    ]
    heads = [
        f"{FILES} files of {FILE_BYTES // 1000} KB over {LATENCY_MS} ms",
        "s",
        "/ Uppy",
        f"longest task, {MANY:,} files added, ms",
        f"heap after {KEPT} files, MB",
    ]
    return tables.table(heads, rows)


@contextmanager
def _pages() -> Iterator[tuple[str, str]]:
    """Where the clients' pages are, bundled, and the function."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(NODE_FOLDER / "node_modules/.bin/esbuild"), "--bundle", "--minify"]
        entries = [str(HERE / f"{entry}.js") for entry in CLIENTS.values()]
        options = [f"--outdir={folder}", "--log-level=warning"]
        paths = {"NODE_PATH": str(NODE_FOLDER / "node_modules")}
        subprocess.run([*command, *entries, *options], check=True, env=paths, stdout=sys.stderr)  # noqa: S603
        for entry in CLIENTS.values():
            Path(folder, f"{entry}.html").write_text(PAGE.format(name=entry), encoding="utf-8")
        files = SharedDataMiddleware(NotFound(), {"/": folder})
        with Server(files) as server, harness(ALLOWED_ORIGINS=server.url) as servers:
            yield server.url, servers.function


@contextmanager
def _opened(browser: Browser, address: str, latency: int) -> Iterator[Page]:
    line = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1, "latency": latency}
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(600_000)
        page.goto(address)
        page.wait_for_function("window.ready")
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.send("Network.emulateNetworkConditions", line)
        yield page


def _seconds(browser: Browser, address: str) -> float:
    with _opened(browser, address, LATENCY_MS) as page:
        page.evaluate(MAKE_FILES, [FILES, FILE_BYTES])
        page.evaluate(ADD)
        milliseconds: float = page.evaluate(f"took({FILES})")
        return milliseconds / 1000


def _longest_task(browser: Browser, address: str) -> float:
    with _opened(browser, address, LATENCY_MS) as page:
        page.evaluate(MAKE_FILES, [MANY, 1000])
        page.evaluate(ADD)
        page.evaluate("took(30)")
        page.wait_for_timeout(2000)
        milliseconds: float = page.evaluate("longest")
        return milliseconds


def _heap(browser: Browser, address: str) -> float:
    with _opened(browser, address, 0) as page:
        page.evaluate(MAKE_FILES, [KEPT, 1000])
        page.evaluate(ADD)
        page.evaluate(f"took({KEPT})")
        devtools = page.context.new_cdp_session(page)
        devtools.send("HeapProfiler.collectGarbage")
        size: float = devtools.send("Runtime.getHeapUsage")["usedSize"]
        return size / 1e6
