"""Clients as people first use them: what goes wrong, and whether they are told why."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol
from urllib.error import HTTPError

import pytest
from playwright.sync_api import BrowserContext

from tests.clients.browsers import FETCH, UPPY_6_COMPANION
from tests.clients.client import Client
from tests.clients.conftest import HarnessWith, Pages
from tests.clients.driving import Outcome, read_object, upload_in_browser
from tests.clients.mini_programs import TARO_H5, WX
from tests.clients.running import changed, upload_by_bytes, upload_by_program
from tests.clients.servers import CURL, NODE_AXIOS
from tests.clients.traps import TRAPS, Trap
from tests.harness import Harness

# npm takes a busy machine minutes.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

WRONG_SIGNATURE = ("formData: fields,", 'formData: { ...fields, "x-oss-signature": "0" },')


class UploadChanged(Protocol):
    def __call__(self, client: Client, *changes: tuple[str, str]) -> Outcome: ...


@pytest.fixture
def harness(harness_with: HarnessWith) -> Harness:
    return harness_with(TRAPS[0].client.settings)


@pytest.fixture
def upload_changed(
    harness: Harness,
    pages: Pages,
    origin: str,
    browser_context: BrowserContext,
    file: Path,
    token: str,
) -> UploadChanged:
    def upload(client: Client, *changes: tuple[str, str]) -> Outcome:
        with changed(client, changes) as trial:
            if not trial.runs_in_chromium:
                return upload_by_program(trial, file, harness, token=token)
            pages.add([trial])
            return upload_in_browser(
                browser_context, trial, file, harness, origin=origin, token=token
            )

    return upload


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.cause)
def test_the_hint_names_the_client_and_the_cure(
    trap: Trap, upload_changed: UploadChanged, harness: Harness, file: Path, token: str
) -> None:
    if trap.write:
        outcome = upload_by_bytes(trap.write, file, harness, token=token)
    else:
        outcome = upload_changed(trap.client, *trap.changes)
    text = outcome.failure or ""
    code, hint = (re.search(f"<{name}>(.*?)</{name}>", text) for name in ("Code", "Hint"))
    assert code and hint, text
    ec = re.search("<EC>(.*?)</EC>", text)
    assert trap.symptom == code[1] + (f", EC {ec[1]}" if ec else "")
    for words in trap.hint:
        assert words in hint[1].replace("&quot;", '"')


def test_with_taros_default_the_browser_stops_after_the_preflight(
    upload_changed: UploadChanged, harness: Harness
) -> None:
    before = len(harness.printed)
    outcome = upload_changed(TARO_H5, ("withCredentials: false,", ""))
    assert outcome.failure
    assert harness.prints("oss", "OPTIONS", "200", since=before)
    assert not any("oss" in line and "POST" in line for line in harness.printed[before:])


def test_credentials_without_a_preflight_store_the_object_and_report_a_failure(
    upload_changed: UploadChanged, harness: Harness, file: Path
) -> None:
    before = len(harness.printed)
    outcome = upload_changed(FETCH, ("body: form }", 'body: form, credentials: "include" }'))
    assert outcome.failure == "Failed to fetch"
    assert harness.prints("oss", "POST", "200", since=before)
    (key,) = re.findall("POST '(user-dirs/.*?)' 200", "".join(harness.printed[before:]))
    assert read_object(harness, key).body == file.read_bytes()


def test_wechats_success_means_only_that_there_was_a_response(
    upload_changed: UploadChanged, harness: Harness
) -> None:
    unchecked = ("statusCode === 200 ? resolve(key) : reject(new Error(data))", "resolve(key)")
    outcome = upload_changed(WX, WRONG_SIGNATURE, unchecked)
    assert outcome.result  # and yet nothing is stored
    with pytest.raises(HTTPError, match="404") as missing:
        read_object(harness, outcome.result["key"])
    missing.value.close()
    checked = upload_changed(WX, WRONG_SIGNATURE)
    assert "<Code>SignatureDoesNotMatch</Code>" in (checked.failure or "")


def test_postform_of_axios_cannot_send_nodes_own_file(upload_changed: UploadChanged) -> None:
    outcome = upload_changed(
        NODE_AXIOS,
        ("axios.post(url, form", 'axios.postForm(url, { file: new File([1], "upload") }'),
    )
    assert "source.on is not a function" in (outcome.failure or "")


@pytest.mark.parametrize(
    "name",
    [
        "a,b.pdf",
        "a;b.pdf",
        'a "b".pdf',
        r"a\b.pdf",
        r"a\"b.pdf",
        "a=b;type=c.pdf",
        "@a<b>.pdf",
        "a'b $c `d`.pdf",
    ],
)
def test_curl_uploads_hostile_names(
    name: str, harness_with: HarnessWith, file: Path, token: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(file.read_bytes())
    harness = harness_with(CURL.settings)
    outcome = upload_by_program(CURL, path, harness, token=token)
    assert outcome.failure is None
    assert outcome.result is not None
    assert read_object(harness, outcome.result["key"]).body == file.read_bytes()


@pytest.mark.parametrize("name", ["a,b.pdf", "a;b.pdf"])
def test_curl_does_not_find_such_a_path_without_quotes(
    name: str, harness: Harness, token: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(b"%PDF")
    with changed(CURL, [('file=@\\"{quoted}\\"', "file=@{quoted}")]) as trial:
        assert upload_by_program(trial, path, harness, token=token).failure


def test_curls_form_option_cuts_a_field_at_its_semicolon(
    harness_with: HarnessWith, file: Path
) -> None:
    with changed(CURL, [("form-string", "form")]) as trial:
        outcome = upload_by_program(trial, file, harness_with(UPPY_6_COMPANION.settings), token="")
    assert "Content-Disposition" in (outcome.failure or "")
