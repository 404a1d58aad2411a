"""The static site of the upload page."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.test import Client

from emulator.page import Page

FUNCTION, OSS = "http://127.0.0.1:9000", "http://127.0.0.1:9001"


@pytest.fixture
def site(tmp_path: Path) -> Client:
    (tmp_path / "web").mkdir()
    (tmp_path / "web/index.html").write_text("<!doctype html>")
    (tmp_path / "web/upload.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("not part of the page")
    return Client(Page(tmp_path / "web", function_url=FUNCTION, oss_url=OSS))


@pytest.mark.parametrize(
    ("path", "status", "content_type"),
    [
        pytest.param("/", 200, "text/html", id="index"),
        pytest.param("/upload.js", 200, "text/javascript", id="a module"),
        pytest.param("/config.json", 200, "application/json", id="where the function is"),
        pytest.param("/nothing", 404, "text/html", id="a missing file"),
        pytest.param("/../secret.txt", 404, "text/html", id="outside of the folder"),
    ],
)
def test_serves_only_its_folder(site: Client, path: str, status: int, content_type: str) -> None:
    response = site.get(path, buffered=True)
    assert response.status_code == status
    assert response.mimetype == content_type
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_says_where_the_function_is_and_what_the_page_may_connect_to(site: Client) -> None:
    response = site.get("/config.json")
    assert response.json == {"endpoint": FUNCTION}
    assert f"connect-src 'self' {FUNCTION} {OSS};" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/upload.js", "/config.json", "/nothing"])
def test_injected_markup_can_neither_move_links_nor_submit_forms(site: Client, path: str) -> None:
    policy = site.get(path, buffered=True).headers["Content-Security-Policy"].split("; ")
    assert {"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} <= set(policy)
