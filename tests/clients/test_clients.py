"""Real clients upload a real file with grants of the function."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.clients.clients import (
    CLIENTS,
    CURL,
    FOLDER,
    UPPY_5_PARAMETERS,
    Client,
)
from tests.clients.conftest import Run
from tests.clients.driving import choose_file, read_object
from tests.clients.report import DOCUMENT, Finding, document
from tests.harness import Harness

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("clients")]

CORS_WITHOUT_ETAG = """<CORSConfiguration><CORSRule>
<AllowedOrigin>*</AllowedOrigin><AllowedMethod>POST</AllowedMethod><AllowedHeader>*</AllowedHeader>
</CORSRule></CORSConfiguration>"""

each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.title)


@each_client
def test_a_client_stores_the_file_and_says_so(
    client: Client, run: Run, harnesses: dict[str, Harness], file: Path
) -> None:
    outcome = run(client)
    assert outcome.failure is None
    assert outcome.answer is not None
    stored = read_object(harnesses[client.settings], outcome.answer["key"])
    assert stored.body == file.read_bytes()
    assert stored.content_type == "application/pdf"


@each_client
def test_a_clients_progress_moves_on_to_the_end(client: Client, run: Run) -> None:
    # Some count the whole form and so end a little above the file's size.
    progress = [min(share, 1) for share in run(client).progress]
    if client.shows_progress:
        assert progress == sorted(progress)
        assert any(0 < share < 1 for share in progress)
        assert progress[-1] == 1
    else:
        assert progress == []


@pytest.mark.parametrize(
    "client",
    [client for client in CLIENTS if client.asks_for_file_grants],
    ids=lambda client: client.title,
)
def test_a_file_grant_keeps_the_name_for_the_download(
    client: Client, run: Run, harnesses: dict[str, Harness]
) -> None:
    answer = run(client).answer
    assert answer is not None
    stored = read_object(harnesses[client.settings], answer["key"])
    name = "%E5%B9%B4%E5%BA%A6%E6%8A%A5%E5%91%8A%202026.pdf"
    assert stored.content_disposition == f"attachment; filename*=UTF-8''{name}"


@pytest.mark.parametrize(
    "client",
    [client for client in CLIENTS if client.asks_for_file_grants],
    ids=lambda client: client.title,
)
def test_a_client_tells_of_a_type_that_is_not_allowed(
    client: Client, run: Run, page_file: Path
) -> None:
    outcome = run(client, path=page_file)
    assert outcome.answer is None
    assert outcome.failure


@pytest.mark.parametrize(
    ("client", "settings"),
    [
        pytest.param(client, settings, id=f"{client.title}, {settings}")
        for client in CLIENTS
        for settings in client.misfits
    ],
)
def test_a_client_fails_aloud_under_settings_that_it_does_not_fit(
    client: Client, settings: str, run: Run
) -> None:
    outcome = run(client, settings)
    assert outcome.answer is None
    assert outcome.failure


def test_uppy_5_waits_for_ever_unless_the_etag_is_exposed(
    run: Run,
    harnesses: dict[str, Harness],
    browser_context: BrowserContext,
    file: Path,
    origin: str,
) -> None:
    harness = harnesses["anonymous"]
    rule = harness.data / "cors.xml"
    rule.write_text(CORS_WITHOUT_ETAG)
    try:
        with choose_file(
            browser_context, UPPY_5_PARAMETERS, file, harness, origin=origin, token=""
        ) as page:
            page.wait_for_event(
                "console", lambda message: "Could not read the ETag header" in message.text
            )
            # The client prints this and returns; nothing that it could still wait for is left.
            assert page.evaluate("() => [record.answer, record.failure]") == [None, None]
    finally:
        rule.unlink()


def test_form_of_curl_cuts_a_field_at_its_semicolon(
    run: Run, harnesses: dict[str, Harness], file: Path, tmp_path: Path
) -> None:
    script = tmp_path / "curl.sh"
    script.write_text((FOLDER / CURL.entry).read_text().replace("form-string", "form"))
    finished = subprocess.run(
        ["bash", script, harnesses["anonymous"].function, file], capture_output=True, text=True
    )
    assert finished.returncode
    assert "Content-Disposition" in finished.stdout


def test_the_document_is_what_the_run_found(
    run: Run, harnesses: dict[str, Harness], file: Path, page_file: Path
) -> None:
    findings = []
    for client in CLIENTS:
        outcome, harness = run(client), harnesses[client.settings]
        stored = read_object(harness, outcome.answer["key"]) if outcome.answer else None
        findings.append(
            Finding(
                client,
                outcome,
                stored,
                bucket_url=harness.oss,
                bytes_arrived=stored is not None and stored.body == file.read_bytes(),
                refusal=run(client, path=page_file) if client.asks_for_file_grants else None,
                misfits={settings: run(client, settings) for settings in client.misfits},
            )
        )
    found = document(findings)
    if os.environ.get("WRITE_DOCS"):
        DOCUMENT.write_text(found, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == found, (
        "docs/clients.md drifts from the run; WRITE_DOCS=1 python -m pytest tests/clients writes it"
    )
