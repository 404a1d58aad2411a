"""The page as docs/deploy.md puts it online: its command, its config.json and its policy."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.wrappers import Request, Response

from emulator.page import STYLE_HASH
from emulator.server import Server
from tests.browser.scripted import Scripted
from tests.browser.view import UploadPage, text_file
from tests.documents import Document
from tests.harness import ROOT

pytestmark = pytest.mark.browser

DEPLOY = Document("docs/deploy.md")
FUNCTION, BUCKET = "https://upload.example.com", "https://my-bucket.oss-cn-hangzhou.aliyuncs.com"


class Site:
    """A site of one's own with the page in a folder: static files, a policy, a session."""

    def __init__(self, folder: Path, policy: str) -> None:
        self.signed_in = True
        token = Response(json.dumps({"token": "t"}), mimetype="application/json")

        @Request.application
        def tokens(request: Request) -> Response:
            return token if self.signed_in else Response(status=401)

        files = SharedDataMiddleware(NotFound(), {"/": str(folder)}, cache=False)

        @Request.application
        def with_policy(request: Request) -> Response:
            # Buffered, which closes the file: werkzeug does not when a browser hangs up.
            response = Response.from_app(files, request.environ, buffered=True)
            response.headers["Content-Security-Policy"] = policy
            return response

        self.app = DispatcherMiddleware(with_policy, {"/api/upload-token": tokens})


@pytest.fixture
def site(scripted: Scripted, tmp_path: Path) -> Iterator[tuple[Site, str]]:
    folder = tmp_path / "upload"
    folder.mkdir()
    command = DEPLOY.block("copy").replace("/var/www/upload", str(folder))
    subprocess.run(["bash", "-ec", command], cwd=ROOT, check=True)
    config = DEPLOY.block("config").replace(FUNCTION, scripted.url)
    (folder / "config.json").write_text(config, encoding="utf-8")
    policy = DEPLOY.block("policy").strip().replace(FUNCTION, scripted.url)
    site = Site(tmp_path, policy.replace(BUCKET, scripted.url))
    with Server(site.app) as server:
        yield site, server.url


def test_the_documented_page_uploads_under_the_documented_policy(
    site: tuple[Site, str], open_page: Callable[..., UploadPage], scripted: Scripted
) -> None:
    page = open_page(site[1], scripted.url, path="/upload/index.html")
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "done")
    expect(page.page.get_by_role("link")).to_have_count(0)
    assert scripted.requested[0]["filename"] == "a.txt"


def test_the_documented_page_offers_the_documented_sign_in(
    site: tuple[Site, str], open_page: Callable[..., UploadPage], scripted: Scripted
) -> None:
    site[0].signed_in = False
    page = open_page(site[1], scripted.url, path="/upload/index.html")
    link = page.page.get_by_role("link", name="Sign in")
    expect(link).to_have_attribute("href", "/login")


def test_the_policy_has_the_hash_of_the_style() -> None:
    assert f"style-src 'self' {STYLE_HASH};" in DEPLOY.block("policy")
