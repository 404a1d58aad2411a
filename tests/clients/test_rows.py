"""No client is written and then forgotten: each has its entry, its package and its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.clients import apps, browsers, mini_programs, servers
from tests.clients.client import Client
from tests.clients.clients import CLIENTS
from tests.clients.running import COPY_PREFIX
from tests.clients.test_resumable import CLIENTS as RESUMABLE

HERE = Path(__file__).parent


@pytest.mark.parametrize("module", [browsers, mini_programs, apps, servers])
def test_every_client_of_a_module_is_in_the_list(module: ModuleType) -> None:
    written = {client for client in vars(module).values() if isinstance(client, Client)}
    assert written <= set(CLIENTS)


def test_every_entry_is_that_of_a_client_or_is_imported() -> None:
    # Without the copies that the tests of traps make there meanwhile.
    entries = {
        path
        for path in (HERE / "entries").iterdir()
        if path.is_file() and not path.name.startswith(COPY_PREFIX)
    }
    used = {HERE / client.entry for client in (*CLIENTS, *RESUMABLE)}
    imported = {
        (path.parent / name).resolve()
        for path in (*entries, *(HERE / "uppy-5").glob("*.js"))
        for name in re.findall(r'"(\.[^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert {path.name for path in entries - used - imported} == set()


def test_every_package_of_a_client_is_in_the_lock() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for client in CLIENTS:
        if client.entry.endswith((".js", ".mjs")):
            for package in client.packages:
                assert {f"node_modules/{package}", package} & set(lock), (client.title, package)
