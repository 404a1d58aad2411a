"""The two services for the page: the real harness and a scripted one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response

from emulator.page import Page as PageServer
from emulator.server import Server
from tests.browser.scripted import Scripted
from tests.browser.view import WAIT_MILLISECONDS, UploadPage
from tests.harness import ROOT, Harness, running_harness
from tests.programs import npm_packages

FOLDER = Path(__file__).parent
MAX_UPLOAD_BYTES = 2 * 1024 * 1024

Open = Callable[..., UploadPage]


@pytest.fixture(scope="session")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    settings = {"MAX_UPLOAD_BYTES": str(MAX_UPLOAD_BYTES)}
    with running_harness(tmp_path_factory.mktemp("data"), settings) as harness:
        yield harness


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    service = Scripted()
    with Server(service) as server:
        service.url = server.url
        yield service
        service.gate.set()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Open]:
    """Opens pages at an address; they may request nothing elsewhere and raise no error."""
    expect.set_options(timeout=WAIT_MILLISECONDS)
    with contextlib.ExitStack() as ending:

        def open_at(
            address: str,
            *services: str,
            path: str = "",
            language: str = "en-GB",
            width: int = 900,
        ) -> UploadPage:
            context = chromium.new_context(
                locale=language, viewport={"width": width, "height": 720}
            )
            context.set_default_timeout(WAIT_MILLISECONDS)
            ending.callback(context.close)
            page = context.new_page()
            ending.callback(_watch(page, {address, *services}))
            page.goto(address + path)
            return UploadPage(page, context.new_cdp_session(page))

        yield open_at


def _watch(page: Page, origins: set[str]) -> Callable[[], None]:
    requested: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text))

    def check() -> None:
        # Chromium itself logs every response above 399 and every broken connection.
        assert [error for error in errors if not error.startswith("Failed to load resource")] == []
        urls = [urlsplit(url) for url in requested if not url.startswith("blob:")]
        assert {f"{url.scheme}://{url.netloc}" for url in urls} <= origins

    return check


@pytest.fixture
def real_page(open_page: Open, harness: Harness) -> Callable[..., UploadPage]:
    """The page as the harness serves it."""
    return lambda **how: open_page(harness.page, harness.function, harness.oss, **how)


@pytest.fixture
def scripted_page(open_page: Open, scripted: Scripted) -> Iterator[Callable[..., UploadPage]]:
    """The page with the scripted service."""
    pages = PageServer(ROOT / "web", function_url=scripted.url, oss_url=scripted.url)
    with Server(pages) as server:
        yield lambda **how: open_page(server.url, scripted.url, **how)


@pytest.fixture
def blank(chromium: Browser, scripted: Scripted) -> Iterator[Page]:
    """An empty document beside the client, without a Content-Security-Policy."""
    pages = PageServer(ROOT / "web", function_url=scripted.url, oss_url=scripted.url)
    html = Response("<!doctype html><title>Blank</title>", mimetype="text/html")
    with Server(DispatcherMiddleware(pages, {"/blank": html})) as server:
        context = chromium.new_context()
        context.set_default_timeout(WAIT_MILLISECONDS)
        page = context.new_page()
        page.goto(server.url + "/blank")
        yield page
        context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe, which finds accessibility violations."""
    return (npm_packages(FOLDER) / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
