"""The rooms of the emulators, and which of them may import which."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# From the bottom up: a room imports only rooms above it in this list, and only those named here.
ROOMS: dict[str, set[str]] = {
    "emulator": set(),
    "emulator.keyring": set(),
    "emulator.ram": set(),
    "emulator.hosts": set(),
    "emulator.acs3": set(),
    "emulator.server": {"emulator.hosts"},
    "emulator.issuer": set(),
    "emulator.page": {"emulator.issuer", "emulator.server"},
    "emulator.function_compute": {"emulator.keyring", "emulator.server"},
    "emulator.control_plane": {"emulator.acs3", "emulator.keyring", "emulator.server"},
    "emulator.sts": {"emulator.acs3", "emulator.keyring", "emulator.ram", "emulator.server"},
    "emulator.oss.switches": set(),
    "emulator.oss.errors.refusals": set(),
    "emulator.oss.errors": {"emulator.oss.errors.refusals"},
    "emulator.oss.form": {"emulator.oss.errors", "emulator.oss.switches"},
    "emulator.oss.signatures": {"emulator.keyring", "emulator.oss.errors"},
    "emulator.oss.policy": {"emulator.oss.errors", "emulator.oss.form", "emulator.oss.signatures"},
    "emulator.oss.store": {"emulator.oss.errors"},
    "emulator.oss.callback": {"emulator.oss.errors", "emulator.oss.store"},
    "emulator.oss.bucket": {
        "emulator.keyring",
        "emulator.ram",
        "emulator.oss.switches",
        "emulator.oss.errors",
        "emulator.oss.form",
        "emulator.oss.signatures",
        "emulator.oss.store",
        "emulator.oss.callback",
    },
    "emulator.oss.multipart": {
        "emulator.oss.errors",
        "emulator.oss.form",
        "emulator.oss.signatures",
        "emulator.oss.store",
        "emulator.oss.callback",
        "emulator.oss.bucket",
    },
    "emulator.oss": {
        "emulator.keyring",
        "emulator.server",
        "emulator.oss.switches",
        "emulator.oss.errors",
        "emulator.oss.form",
        "emulator.oss.signatures",
        "emulator.oss.policy",
        "emulator.oss.store",
        "emulator.oss.callback",
        "emulator.oss.bucket",
        "emulator.oss.multipart",
    },
    "emulator.conformance": {"emulator.keyring", "emulator.server", "emulator.oss.signatures"},
}
FILES = sorted((ROOT / "emulator").rglob("*.py"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    """The innermost room that a module belongs to."""
    while module not in ROOMS:
        module = module.rpartition(".")[0]
    return module


def imported(path: Path) -> Iterator[tuple[str, bool]]:
    """The absolute name of each imported module, and whether the import was relative."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            name = ".".join([*base, *filter(None, [node.module])])
            submodules = [f"{name}.{alias.name}" for alias in node.names if not node.module]
            for module in submodules or [name]:
                yield module, node.level > 0


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_emulators_know_nothing_of_the_function_and_import_each_other_relatively(
    path: Path,
) -> None:
    for name, relative in imported(path):
        outside = ("emulator", "function", "index", "direct_upload", "tests")
        assert relative or name.partition(".")[0] not in outside


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_between_rooms_go_one_way_and_through_the_face(path: Path) -> None:
    room = room_of(module_name(path))
    for name, relative in imported(path):
        if relative and room_of(name) != room:
            assert name in ROOMS, f"{name} is not the face of its room"
            assert name in ROOMS[room], f"{room} must not import {name}"


def test_the_arrows_have_no_cycle_and_no_room_is_forgotten() -> None:
    above: set[str] = set()
    for room, arrows in ROOMS.items():
        assert arrows <= above
        above.add(room)
    packages = {module_name(path) for path in FILES if path.name == "__init__.py"}
    assert packages <= ROOMS.keys()


def test_every_room_says_what_it_is_for_in_at_most_three_sentences() -> None:
    for path in FILES:
        if path.name == "__init__.py":
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
            assert text, path
            assert text.count(". ") + text.count(".\n") + 1 <= 3, path
