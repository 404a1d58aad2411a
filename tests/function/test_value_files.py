"""Secrets may be in files beside index.py, so that no tool prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from direct_upload.errors import Misconfigured
from direct_upload.settings.value_files import SECRETS, with_secrets

SECRET = "0123456789abcdef" * 2


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_content_of_the_file_is_the_secret(name: str, end: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_bytes(f"{SECRET}{end}".encode())
    environ = {name: " file:secret.txt ", "OSS_BUCKET": "file:secret.txt"}
    expected = {**environ, name: SECRET}
    assert with_secrets(environ, tmp_path) == expected


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    ("file", "problem"),
    [
        pytest.param("../secret", "does not name a plain file", id="another folder"),
        pytest.param("/etc/passwd", "does not name a plain file", id="an absolute path"),
        pytest.param(".env", "does not name a plain file", id="hidden"),
        pytest.param("", "does not name a plain file", id="no name"),
        pytest.param("missing", "names a file that cannot be read", id="missing"),
        pytest.param("binary", "names a file that cannot be read", id="not UTF-8"),
        pytest.param("blank", "names an empty file", id="empty"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_by_its_setting(
    name: str, file: str, problem: str, tmp_path: Path
) -> None:
    (tmp_path / "binary").write_bytes(SECRET.encode() + b"\xff")
    (tmp_path / "blank").write_text(" \n")
    with pytest.raises(Misconfigured, match=f"The setting {name} {problem}") as refused:
        with_secrets({name: f"file:{file}"}, tmp_path)
    assert SECRET not in f"{refused.value}{refused.value.hint}"


def test_a_secret_in_the_environment_stays_as_it_is(tmp_path: Path) -> None:
    environ = {"GRANT_SECRET": SECRET}
    assert with_secrets(environ, tmp_path) == environ
