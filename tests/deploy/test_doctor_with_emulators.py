"""The doctor examines the real function, run by the emulators of Function Compute, STS and OSS."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import doctor
from deploy.setup_cloud.documents import cors_document
from tests.deploy.planted import ORIGIN
from tests.harness import running_harness


@contextlib.contextmanager
def harness(
    data: Path, *options: str, host: str = "127.0.0.1", **settings: str
) -> Iterator[tuple[str, str]]:
    """The addresses of the function and of a page that may upload."""
    with running_harness(data, settings, "--host", host, *options) as running:
        function, page = (
            address.replace("127.0.0.1", host) for address in (running.function, running.page)
        )
        yield function, page


@pytest.mark.parametrize("version", ["v4", "v1"])
def test_finds_no_problem(version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with harness(tmp_path, SIGNATURE_VERSION=version) as (url, page):
        assert doctor.main([url, "--origin", page, "--upload"]) == 0
    printed = capsys.readouterr().out
    assert "Uploaded 1 byte(s) as user-dirs/" in printed
    assert "ok    File grant: an event can prove its upload\n" in printed
    assert "Look with s events info" in printed
    assert "Directory grant: an event" not in printed


def test_finds_that_a_page_is_not_admitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with harness(tmp_path) as (url, _):
        assert doctor.main([url, "--origin", ORIGIN]) == 1
    printed = capsys.readouterr().out
    assert f"The function does not admit pages of {ORIGIN}." in printed
    assert f"The bucket's CORS rule does not allow POST from {ORIGIN}." in printed
    assert printed.endswith("Problems found: 2.\n")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"OSS_BUCKET": "Mine"}, "misconfigured. The setting OSS_BUCKET", id="bucket"),
        pytest.param(
            {"AUTH": "jwt", "JWT_SECRET": "short"},
            "misconfigured. The setting JWT_SECRET",
            id="a short secret for tokens",
        ),
        pytest.param(
            {"STS_ENDPOINT": "http://127.0.0.1:1"}, "503 credentials_unavailable.", id="no STS"
        ),
    ],
)
def test_finds_wrong_settings(
    settings: dict[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with harness(tmp_path, **settings) as (url, page):
        assert doctor.main([url, "--origin", page]) == 1
    printed = capsys.readouterr().out
    assert message in printed
    assert printed.endswith("Problems found: 1.\n")


def test_the_bucket_allows_the_page_that_its_cors_document_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with harness(tmp_path) as (url, page):
        (tmp_path / "cors.xml").write_text(cors_document([page]), "utf-8")
        assert doctor.main([url, "--origin", page, "--upload"]) == 0
        (tmp_path / "cors.xml").write_text(cors_document([ORIGIN]), "utf-8")
        capsys.readouterr()
        assert doctor.main([url, "--origin", page]) == 1
    assert f"The bucket's CORS rule does not allow POST from {page}." in capsys.readouterr().out


def test_an_app_around_a_web_view_has_an_origin_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = "capacitor://localhost"
    with harness(tmp_path, ALLOWED_ORIGINS=app) as (url, _):
        (tmp_path / "cors.xml").write_text(cors_document([app]), "utf-8")
        assert doctor.main([url, "--origin", app, "--upload"]) == 0, capsys.readouterr().out


def test_an_account_new_to_oss_uploads_at_its_own_domains_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As docs/deploy.md walks it; a name of this machine stands for the custom domains."""
    new = ("--oss", "new-account", "--custom-domain")
    with harness(tmp_path, *new) as (url, page):
        assert doctor.main([url, "--origin", page, "--upload"]) == 1
    printed = capsys.readouterr().out
    assert "PublicEndpointForbidden" in printed
    assert "set UPLOAD_URL" in printed
    assert printed.endswith("Problems found: 1.\n")
    name = socket.gethostname()
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        pytest.skip(f"the name of this machine, {name}, does not lead to an address")
    with harness(tmp_path, *new, host=name) as (url, page):
        doctor.main([url, "--origin", page, "--upload"])
    printed = capsys.readouterr().out
    assert "ok    File grant: an upload succeeds" in printed
    # No certificate here, and no region in the name; nothing else is wrong.
    assert "The form goes to a http:// address" in printed
    assert printed.endswith("Problems found: 1.\n")


PRESETS = """{
  "avatar": {"dir": "avatars/", "types": "image/*"},
  "document": {"dir": "documents/", "types": ".docx, .wps", "directory_grants": false}
}"""


def test_examines_a_grant_of_each_preset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with harness(tmp_path, UPLOAD_PRESETS=PRESETS) as (url, page):
        assert doctor.main([url, "--origin", page, "--upload"]) == 0
    printed = capsys.readouterr().out
    for title in (
        *("Directory grant of avatar", "File grant of avatar", "File grant of document"),
        "Directory grants of document",
    ):
        assert f"ok    {title}" in printed
    for prefix in ("avatars/", "documents/"):
        assert f"Uploaded 1 byte(s) as {prefix}" in printed


def test_finds_what_is_wrong_with_one_preset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    presets = '{"default": {}, "b": {"types": "application/octet-stream=x"}}'
    with harness(tmp_path, UPLOAD_PRESETS=presets) as (url, page):
        assert doctor.main([url, "--origin", page]) == 1
    assert "misconfigured. The setting UPLOAD_PRESETS.b.types" in capsys.readouterr().out


MULTIPART = {"MULTIPART": "true", "GRANT_SECRET": "0123456789abcdef0123456789abcdef"}


def test_sends_a_part_of_a_resumable_upload_and_removes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with harness(tmp_path, **MULTIPART) as (url, page):
        assert doctor.main([url, "--origin", page, "--upload"]) == 0
        assert "Sent a part of 102400 bytes, and deleted it." in capsys.readouterr().out
    assert not [
        path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size > 9999
    ]


def test_finds_that_the_bucket_takes_no_parts_from_pages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with harness(tmp_path, **MULTIPART) as (url, page):
        (tmp_path / "cors.xml").write_text(cors_document([page]))
        assert doctor.main([url, "--origin", page, "--upload"]) == 1
    printed = capsys.readouterr().out
    assert f"The bucket's CORS rule does not allow PUT from {page}." in printed
    assert printed.endswith("Problems found: 1.\n")
