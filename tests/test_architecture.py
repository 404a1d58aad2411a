"""Rules of the structure: what may import what, and what an import may cost."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.function.invocations import ENVIRON
from tests.harness import ROOT

PACKAGE = ROOT / "function/direct_upload"

# The arrows between the function's rooms: what each may import besides itself. A module beside the
# rooms counts as one.
ROOMS = {
    "__init__": set(),
    "errors": set(),
    "hook": set(),
    "mac": set(),
    "http": {"errors"},
    "files": {"errors"},
    "settings": {"files", "http", "errors"},
    "callers": {"settings", "http", "errors"},
    "credentials": {"settings", "http", "errors"},
    "callbacks": {"settings", "files", "http", "errors", "hook", "mac"},
    "presets": {"callers", "settings", "errors"},
    "grants": {"presets", "callbacks", "credentials", "settings", "files", "errors", "mac"},
    "multipart": {
        *("grants", "presets", "callbacks", "callers", "credentials", "files", "http", "errors"),
        "mac",
    },
    "services": {*("multipart", "grants", "presets", "callers", "credentials", "settings", "http")},
    "grant_routes": {"services", "grants", "presets", "credentials", "files", "errors"},
    "routes": {
        *("grant_routes", "multipart", "services", "presets", "callbacks", "http", "errors"),
        "__init__",
    },
}
ROOMS["events"] = {
    *("services", "multipart", "presets", "callbacks", "credentials", "settings", "http"),
    *("errors", "hook"),
}
ROOMS["app"] = {"routes", "services", "presets", "callers", "settings", "http", "errors"}

# Time, keys and names come in as arguments.
PURE = [
    "files",
    "callbacks/field.py",
    "callbacks/metadata.py",
    "callers/claims.py",
    "grants/post_policy.py",
    "events/records.py",
    "multipart/responses.py",
    "multipart/tickets.py",
    "multipart/url_signature.py",
    "hook.py",
    "mac.py",
    "errors.py",
]
IMPURE = {"os", "time", "random", "secrets", "socket", "threading", "http.client"}

# Each heavy or foreign package is named in the modules that are made for it.
FOREIGN = {
    "alibabacloud_sts20150401": {"credentials/sts.py"},
    "alibabacloud_tea_openapi": {"credentials/sts.py"},
    "darabonba": {"credentials/sts.py"},
    "jwt": {"callers/tokens.py", "callers/keys.py", "callers/fetched.py"},
    "cryptography": {"callbacks/signature.py"},
}

MODULES = sorted(PACKAGE.rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imports(path: Path) -> Iterator[str]:
    """The full name of each module or name that a file imports, wherever in the file."""
    source_root = ROOT if path.is_relative_to(ROOT / "emulator") else ROOT / "function"
    package = path.relative_to(source_root).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*start, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def rooms(path: Path) -> set[str]:
    """The rooms that a file imports, its own left out."""
    own = name(path).partition("/")[0].removesuffix(".py")
    parts = (found.split(".") for found in imports(path))
    found = {names[1] for names in parts if names[0] == "direct_upload"}
    return {"__init__" if room.startswith("__") else room for room in found} - {own}


def test_every_module_is_in_a_room() -> None:
    assert {name(path).partition("/")[0].removesuffix(".py") for path in MODULES} == {*ROOMS}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_between_rooms_go_one_way(path: Path) -> None:
    assert rooms(path) <= ROOMS[name(path).partition("/")[0].removesuffix(".py")]


def test_the_arrows_make_no_circle() -> None:
    reachable = {room: set(targets) for room, targets in ROOMS.items()}
    for _ in ROOMS:
        for room in reachable:
            reachable[room] |= {far for near in reachable[room] for far in reachable[near]}
    assert not [room for room in reachable if room in reachable[room]]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [p for p in MODULES if name(p).startswith(tuple(PURE))], ids=name)
def test_pure_modules_know_no_world(path: Path) -> None:
    found = set(imports(path))
    assert not [module for module in found if module in IMPURE or module.split(".")[0] in IMPURE]
    assert ".now(" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_foreign_packages_stay_in_their_modules(path: Path) -> None:
    for found in imports(path):
        root = found.partition(".")[0]
        if root != "direct_upload" and root not in sys.stdlib_module_names:
            assert name(path) in FOREIGN[root], f"{path.name} imports {found}"


def test_function_and_emulator_know_nothing_of_each_other() -> None:
    for path in (ROOT / "function").rglob("*.py"):
        assert "emulator" not in {found.partition(".")[0] for found in imports(path)}
    for path in (ROOT / "emulator").rglob("*.py"):
        roots = {found.partition(".")[0] for found in imports(path)}
        assert not roots & {"direct_upload", "index", "function"}


IMPORT = """
import sys
sys.path.insert(0, sys.argv[1])
import index
heavy = ("alibabacloud_", "aiohttp", "cryptography", "jwt", "werkzeug", "requests", "urllib3")
print([name for name in sys.modules if name.startswith(heavy)])
"""
SERVE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from direct_upload.app import App
http = {"method": "POST", "path": "/sign"}
event = {"rawPath": "/sign", "body": '{"filename": "a.png"}', "requestContext": {"http": http}}
app = App(json.loads(sys.argv[2]))
status = app.handle(json.dumps(event).encode(), None)["statusCode"]
rooms = {name.split(".")[1] for name in sys.modules if name.startswith("direct_upload.")}
print(
    *(status, "multipart" in rooms, "events" in rooms),
    *("http.client" in sys.modules, "xml" in sys.modules),
)
"""


def test_importing_the_entry_loads_nothing_heavy() -> None:
    command = [sys.executable, "-c", IMPORT, str(ROOT / "function")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("multipart", [False, True], ids=["off", "on"])
def test_resumable_uploads_are_loaded_only_where_they_are_switched_on(multipart: bool) -> None:
    settings = ENVIRON | ({"MULTIPART": "true", "GRANT_SECRET": "x" * 32} if multipart else {})
    command = [sys.executable, "-c", SERVE, str(ROOT / "function"), json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["200", str(multipart), "False", "False", "False"]
