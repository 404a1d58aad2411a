"""Real clients upload a real file with grants of the function."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.clients.browsers import (
    DOCUMENTATION_PAGE,
    PLUPLOAD,
    UPPY_5_PARAMETERS,
    UPPY_6_COMPANION,
    UPPY_XHR,
)
from tests.clients.client import OPPOSITES, WITH_CALLBACK, Client, changed
from tests.clients.clients import CLIENTS
from tests.clients.conftest import HarnessWith, Run
from tests.clients.driving import choose_file, read_object
from tests.clients.mini_programs import WX
from tests.clients.report import UPDATE, Finding, documents

# npm takes a busy machine minutes.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

CORS_WITHOUT_ETAG = """<CORSConfiguration><CORSRule>
<AllowedOrigin>*</AllowedOrigin><AllowedMethod>POST</AllowedMethod><AllowedHeader>*</AllowedHeader>
</CORSRule></CORSConfiguration>"""

each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.title)


@each_client
def test_a_client_stores_the_file_and_reports_success(
    client: Client, run: Run, harness_with: HarnessWith, file: Path
) -> None:
    outcome = run(client)
    assert outcome.failure is None
    assert outcome.result is not None
    stored = read_object(harness_with(client.settings), outcome.result["key"])
    assert stored.body == file.read_bytes()
    assert stored.content_type == "application/pdf"


@each_client
def test_a_clients_progress_grows_to_the_end(client: Client, run: Run) -> None:
    # Some count the whole form, so they end a little above the file's size.
    progress = [min(share, 1) for share in run(client).progress]
    if client.shows_progress:
        assert progress == sorted(progress)
        assert any(0 < share < 1 for share in progress)
        assert progress[-1] == 1
    else:
        assert progress == []


@pytest.mark.parametrize(
    "client",
    # WeChat does not tell the name of a photo.
    [client for client in CLIENTS if client.posts_file_grants and client is not WX],
    ids=lambda client: client.title,
)
def test_a_file_grant_keeps_the_name_for_the_download(
    client: Client, run: Run, harness_with: HarnessWith
) -> None:
    result = run(client).result
    assert result is not None
    stored = read_object(harness_with(client.settings), result["key"])
    name = "%E5%B9%B4%E5%BA%A6%E6%8A%A5%E5%91%8A%202026.pdf"
    assert stored.content_disposition == f"attachment; filename*=UTF-8''{name}"


@pytest.mark.parametrize(
    "client",
    [client for client in CLIENTS if client.requests_file_grants],
    ids=lambda client: client.title,
)
def test_a_client_reports_a_type_that_is_not_allowed(
    client: Client, run: Run, page_file: Path
) -> None:
    outcome = run(client, path=page_file)
    assert outcome.result is None
    assert outcome.failure


@pytest.mark.parametrize(
    "client",
    # Those that build the form themselves, and those that read more than the response's status.
    [PLUPLOAD, DOCUMENTATION_PAGE, UPPY_5_PARAMETERS, UPPY_XHR],
    ids=lambda client: client.title,
)
def test_a_client_works_with_a_callback(
    client: Client, run: Run, harness_with: HarnessWith, file: Path
) -> None:
    outcome = run(client, WITH_CALLBACK)
    assert outcome.failure is None
    assert outcome.result is not None
    harness = harness_with(changed(client.settings, WITH_CALLBACK))
    assert read_object(harness, outcome.result["key"]).body == file.read_bytes()
    key = json.dumps(outcome.result["key"])  # as the function's log has it
    assert harness.prints('"event": "upload_finished"', key)


@pytest.mark.parametrize(
    ("client", "need"),
    [
        pytest.param(client, need, id=f"{client.title}, {need}")
        for client in CLIENTS
        for need in client.needs
    ],
)
def test_a_client_reports_a_failure_without_a_setting_that_it_needs(
    client: Client, need: str, run: Run
) -> None:
    outcome = run(client, (OPPOSITES[need],))
    assert outcome.result is None
    assert outcome.failure


def test_uppy_5_waits_forever_unless_the_etag_is_exposed(
    run: Run,
    harness_with: HarnessWith,
    browser_context: BrowserContext,
    file: Path,
    origin: str,
) -> None:
    harness = harness_with(UPPY_6_COMPANION.settings)
    rule = harness.data / "cors.xml"
    rule.write_text(CORS_WITHOUT_ETAG)
    try:
        with choose_file(
            browser_context, UPPY_5_PARAMETERS, file, harness, origin=origin, token=""
        ) as page:
            words = "Could not read the ETag header"
            while not any(words in message.text for message in page.console_messages()):
                page.wait_for_timeout(50)
            # The client prints this and returns, so nothing can end its wait.
            assert page.evaluate("() => [record.result, record.failure]") == [None, None]
    finally:
        rule.unlink()


def test_the_documents_match_the_run(
    run: Run, harness_with: HarnessWith, file: Path, page_file: Path
) -> None:
    findings = []
    for client in CLIENTS:
        outcome, harness = run(client), harness_with(client.settings)
        stored = read_object(harness, outcome.result["key"]) if outcome.result else None
        findings.append(
            Finding(
                client,
                outcome,
                stored,
                bucket_url=harness.oss,
                bytes_arrived=stored is not None and stored.body == file.read_bytes(),
                refusal=run(client, path=page_file) if client.requests_file_grants else None,
                without={OPPOSITES[need]: run(client, (OPPOSITES[need],)) for need in client.needs},
            )
        )
    for page, found in documents(findings).items():
        if os.environ.get("WRITE_DOCS"):
            page.write_text(found, encoding="utf-8")
        assert page.read_text(encoding="utf-8") == found, (
            f"{page.name} differs from the run; {UPDATE} updates it"
        )
