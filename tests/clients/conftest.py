"""What the tests need to drive the clients: packages, bundles, harnesses, a browser."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.clients.client import FOLDER, Client, Settings, changed
from tests.clients.clients import CLIENTS
from tests.clients.driving import Outcome, upload_in_browser
from tests.clients.running import upload_by_bytes, upload_by_program
from tests.function.callers.issuer import AUDIENCE, ISSUER, Token, claims, jwks, public_jwk
from tests.harness import Harness, running_harness
from tests.programs import npm_packages

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{name}</title>
<link rel="icon" href="data:,">
<div id="app"><input type="file"></div>
<script src="{script}"></script></html>
"""
HarnessWith = Callable[[Settings], Harness]


class Run(Protocol):
    def __call__(self, client: Client, changes: Settings = ..., path: Path = ...) -> Outcome: ...


@pytest.fixture(scope="session")
def packages() -> Path:
    """The clients' node_modules."""
    return npm_packages(FOLDER)


@dataclass(frozen=True)
class Pages:
    """A folder of pages, each with one client bundled by esbuild."""

    packages: Path
    folder: Path

    def add(self, clients: Sequence[Client]) -> None:
        uni = [client for client in clients if client.uses_vue_of_uni]
        self._bundle([client for client in clients if client not in uni])
        self._bundle(uni, "--alias:vue=@dcloudio/uni-h5-vue")
        for client in clients:
            page = PAGE.format(name=client.name, script=f"{client.name}.js")
            (self.folder / f"{client.name}.html").write_text(page, encoding="utf-8")

    def _bundle(self, clients: Sequence[Client], *options: str) -> None:
        finished = subprocess.run(
            [
                self.packages / ".bin" / "esbuild",
                *(client.entry for client in clients),
                "--bundle",
                f"--outdir={self.folder}",
                "--entry-names=[name]",
                "--log-level=error",
                '--define:process.env.NODE_ENV="production"',
                *options,
            ],
            cwd=FOLDER,
            capture_output=True,
            text=True,
        )
        assert finished.returncode == 0, finished.stderr


@pytest.fixture(scope="session")
def pages(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    pages = Pages(packages, tmp_path_factory.mktemp("pages"))
    pages.add([client for client in CLIENTS if client.runs_in_chromium])
    return pages


@pytest.fixture(scope="session")
def origin(pages: Pages) -> Iterator[str]:
    """Where the pages are served."""
    handler = partial(_QuietHandler, directory=str(pages.folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="session")
def harness_with(origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HarnessWith]:
    """The harness with these settings, which admits the clients' pages; started once."""
    always = {
        "ALLOWED_ORIGINS": origin,
        "JWT_JWKS": jwks(public_jwk("RS256", kid="first")),
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": AUDIENCE,
    }
    with contextlib.ExitStack() as running:

        @cache
        def harness(settings: Settings) -> Harness:
            named = dict(setting.split("=", 1) for setting in settings)
            data = tmp_path_factory.mktemp("harness")
            return running.enter_context(running_harness(data, {**always, **named}))

        yield harness


@pytest.fixture(scope="session")
def browser_context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context()
    yield context
    context.close()


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to upload, with a Chinese name and random bytes."""
    path = tmp_path_factory.mktemp("files") / "年度报告 2026.pdf"
    path.write_bytes(b"%PDF-1.7\n" + secrets.token_bytes(600_000))
    return path


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file whose type no file grant allows."""
    path = tmp_path_factory.mktemp("files") / "网页.html"
    path.write_bytes(b"<script>alert(1)</script>")
    return path


@pytest.fixture(scope="session")
def token() -> str:
    """A token that the harness's settings admit."""
    expiration = datetime.now(timezone.utc) + timedelta(hours=1)
    return Token(claims(exp=int(expiration.timestamp()), nbf=None, iat=None)).signed()


@pytest.fixture(scope="session")
def run(
    browser_context: BrowserContext,
    harness_with: HarnessWith,
    origin: str,
    token: str,
    file: Path,
) -> Run:
    """Upload with a client and its settings, or changed ones; once for the same arguments."""

    @cache
    def upload(client: Client, settings: Settings, path: Path) -> Outcome:
        harness = harness_with(settings)
        if client.write:
            return upload_by_bytes(client.write, path, harness, token=token)
        if not client.runs_in_chromium:
            return upload_by_program(client, path, harness, token=token)
        return upload_in_browser(browser_context, client, path, harness, origin=origin, token=token)

    def upload_once(client: Client, changes: Settings = (), path: Path = file) -> Outcome:
        return upload(client, changed(client.settings, changes), path)

    return upload_once
