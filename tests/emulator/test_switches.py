"""The switches of the emulated OSS, from the command line to the bucket."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import requests

from emulator.oss.switches import NO_SWITCHES, Switches, meanings, switched_on
from tests.documents import Document
from tests.emulator.client import SOCKET_SECONDS, send
from tests.harness import ROOT, running_harness


def local_server(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "local_server.py", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_a_switch_is_on_only_if_it_is_named() -> None:
    assert switched_on([]) == NO_SWITCHES
    assert switched_on(["accept-preamble", "uuid-etag"]) == Switches(
        accept_preamble=True, uuid_etag=True
    )


def test_the_help_explains_every_switch() -> None:
    shown = " ".join(local_server("--help").stdout.split())
    for name, meaning in meanings().items():
        assert f"{name} {meaning}" in shown


def test_the_page_about_local_use_explains_every_switch() -> None:
    rows = Document("docs/local.md").rows("| `--oss` | what it does")
    assert {name.strip("`"): meaning for name, meaning in rows} == meanings()


def test_an_unknown_switch_is_named() -> None:
    ended = local_server("--oss", "accept-everything")
    assert ended.returncode == 2
    assert "invalid choice: 'accept-everything'" in ended.stderr


def test_private_objects_need_a_signature(tmp_path: Path) -> None:
    with running_harness(tmp_path, {}, "--private-objects") as harness:
        assert send(harness.oss, "GET").status == 403


def test_a_switch_reaches_the_bucket(tmp_path: Path) -> None:
    """`submit` after the file, as in the sample of the PostObject page."""
    with running_harness(tmp_path, {}, "--oss", "accept-trailing-fields") as harness:
        signed = requests.post(
            f"{harness.function}/sign", json={"filename": "a.png"}, timeout=SOCKET_SECONDS
        )
        grant = signed.json()
        parts: dict[str, tuple[str | None, str]] = {
            name: (None, value) for name, value in grant["fields"].items()
        }
        parts |= {"file": ("a.png", "x"), "submit": (None, "Upload to OSS")}
        stored = requests.post(grant["url"], files=parts, timeout=SOCKET_SECONDS)
        assert stored.status_code == 200
