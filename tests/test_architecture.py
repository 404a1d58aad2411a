"""Rules of the structure: what may import what, and what an import may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "function/direct_upload"

# From the bottom up: a module may import what stands above it here, never what stands beside or
# below. A new module goes into the first row that stands below all it imports.
LAYERS = [
    ["__init__", "errors", "content_types", "hook", "policy", "scope", "users"],
    ["environment", "events", "grant_id", "jwks", "origins", "public_key"],
    ["credentials", "session_policy", "signing", "callers", "callback", "callback_field"],
    ["settings", "sts"],
    ["assumed_role", "files", "receipt"],
    ["grants"],
    ["form_budget"],
    ["desk"],
    ["routes"],
    ["app"],
]
# Time, keys and names come in as arguments.
PURE = [
    "policy",
    "signing",
    "content_types",
    "users",
    "scope",
    "grant_id",
    "session_policy",
    "form_budget",
]
IMPURE = {"os", "time", "random", "secrets", "socket", "threading", "urllib.request"}

# Each heavy or foreign package is named in the modules that are made for it.
FOREIGN = {
    "alibabacloud_sts20150401": {"sts"},
    "alibabacloud_tea_openapi": {"sts"},
    "darabonba": {"sts"},
    "Tea": {"sts"},
    "jwt": {"callers", "jwks"},
    "cryptography": {"callback", "public_key"},
}


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Each imported module's name, and whether it is one of the package's own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or "", False
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, True
        elif isinstance(node, ast.ImportFrom):  # from . import name
            for alias in node.names:
                yield "__init__" if alias.name.startswith("__") else alias.name, True


def modules() -> list[Path]:
    return sorted(PACKAGE.glob("*.py"))


def test_every_module_has_a_layer() -> None:
    assert sorted(name for layer in LAYERS for name in layer) == [path.stem for path in modules()]


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_modules_import_lower_layers_alone(path: Path) -> None:
    height = next(number for number, layer in enumerate(LAYERS) if path.stem in layer)
    lower = {name for layer in LAYERS[:height] for name in layer}
    assert {name for name, own in imports(path) if own} <= lower


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_reach_for_nothing(name: str) -> None:
    path = PACKAGE / f"{name}.py"
    assert not {found for found, own in imports(path) if not own} & IMPURE
    assert ".now(" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_foreign_packages_stay_in_their_modules(path: Path) -> None:
    for name, own in imports(path):
        root = name.partition(".")[0]
        if not own and root not in sys.stdlib_module_names:
            assert path.stem in FOREIGN[root], f"{path.name} imports {name}"


def test_function_and_emulator_know_nothing_of_each_other() -> None:
    for path in (ROOT / "function").rglob("*.py"):
        assert not any(name.startswith("emulator") for name, own in imports(path) if not own)
    for path in (ROOT / "emulator").rglob("*.py"):
        for name, own in imports(path):
            assert own or name.partition(".")[0] not in ("direct_upload", "index", "function")


IMPORT = """
import sys
sys.path.insert(0, sys.argv[1])
import index
heavy = ("alibabacloud_", "aiohttp", "cryptography", "jwt", "werkzeug", "requests", "urllib3")
print([name for name in sys.modules if name.startswith(heavy)])
"""


def test_importing_the_entry_loads_nothing_heavy() -> None:
    command = [sys.executable, "-c", IMPORT, str(ROOT / "function")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
