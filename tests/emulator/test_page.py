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
    (tmp_path / "secret.txt").write_text("not of the page")
    return Client(Page(tmp_path / "web", function_url=FUNCTION, oss_url=OSS))


@pytest.mark.parametrize(
    ("path", "status", "content_type"),
    [
        pytest.param("/", 200, "text/html", id="index"),
        pytest.param("/upload.js", 200, "text/javascript", id="a module"),
        pytest.param("/config.json", 200, "application/json", id="where the function is"),
        pytest.param("/nothing", 404, "text/html", id="nothing"),
        pytest.param("/../secret.txt", 404, "text/html", id="outside of the folder"),
    ],
)
def test_serves_its_folder_alone(site: Client, path: str, status: int, content_type: str) -> None:
    answer = site.get(path, buffered=True)
    assert answer.status_code == status
    assert answer.mimetype == content_type
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_tells_where_the_function_is_and_whom_the_page_may_ask(site: Client) -> None:
    answer = site.get("/config.json")
    assert answer.json == {"endpoint": FUNCTION}
    assert f"connect-src 'self' {FUNCTION} {OSS};" in answer.headers["Content-Security-Policy"]
