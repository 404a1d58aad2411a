"""Callbacks as users see them: the real harness calls a receiver, the page shows the outcome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from werkzeug.wrappers import Request, Response

from emulator.server import Server
from tests.browser.view import UploadPage, text_file
from tests.harness import running_harness

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

pytestmark = pytest.mark.browser

OpenPage = Callable[..., UploadPage]


def test_the_page_shows_the_response_of_the_functions_own_receiver(
    open_page: OpenPage, tmp_path: Path
) -> None:
    settings = {"CALLBACK_URL": "{function}/callback"}
    with running_harness(tmp_path, settings) as harness:
        page = open_page(harness.page, harness.function, harness.oss)
        page.choose(text_file("a.txt", b"reported"))
        page.expect_state("a.txt", "done", callback="answered")
        key = page.key("a.txt")
        assert harness.prints('"event": "upload_finished"', key)


@Request.application
def html(request: Request) -> Response:
    return Response("<h1>It works!</h1>", mimetype="text/html")


@Request.application
def failing(request: Request) -> Response:
    return Response("{}", 500, mimetype="application/json")


@Request.application
def slow(request: Request) -> Response:
    """Says nothing until OSS has hung up."""
    request.get_data()
    request.environ["werkzeug.socket"].recv(1)
    return Response("{}", mimetype="application/json")


@pytest.mark.parametrize(
    "receiver", [html, failing, slow, None], ids=["html", "500", "slow", "down"]
)
def test_the_page_says_that_the_callback_failed(
    open_page: OpenPage, tmp_path: Path, receiver: WSGIApplication | None
) -> None:
    with Server(receiver or html) as server:
        if receiver is None:
            server.stop()
        settings = {"CALLBACK_URL": f"{server.url}/done"}
        with running_harness(tmp_path, settings) as harness:
            page = open_page(harness.page, harness.function, harness.oss)
            page.choose(text_file("a.txt", b"stored anyway"))
            page.expect_state("a.txt", "done", callback="failed")
            page.expect_message("a.txt", "Stored, but the callback failed")
            kept = requests.get(f"{harness.oss}/{page.key('a.txt')}", timeout=60)
            assert kept.content == b"stored anyway"
