"""The locked packages: installed for the runtime, checked against it, and pruned."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from ..virtualenv import BUILD_CONSTRAINTS, SOURCE_ONLY
from . import BundleError, run
from .runtimes import Runtime

# PEP 513, 571 and 599: the names that manylinux had before PEP 600 put the glibc into them.
LEGACY_GLIBC = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}

UNUSED_FOLDERS = {"__pycache__", "test", "tests"}
UNUSED_SUFFIXES = {".c", ".cfg", ".h", ".js", ".lock", ".pxd", ".pxi", ".pyc", ".pyi", ".pyx"}
UNUSED_NAMES = {".lock", "py.typed"}
TEST_EXTENSION = "_testcapi."

# APScheduler, which the credentials package starts, looks up its own version and its plug-ins.
METADATA_READERS = {"apscheduler"}
METADATA_READ = {"METADATA", "entry_points.txt"}
LICENCE_NAMES = ("AUTHORS", "COPYING", "LICENCE", "LICENSE", "NOTICE")


def install(requirements: Path, target: Path, *, runtime: Runtime, index: bool = True) -> None:
    """Install the packages into target, with hashes checked and markers evaluated for the runtime.

    pip would evaluate markers for the Python that runs it: async-timeout, which aiohttp needs below
    Python 3.11, would be missing from a python3.10 bundle built on 3.11. uv takes the target's
    version. Raises `BundleError`.
    """
    major, minor = runtime.glibc
    finished = run(
        sys.executable, "-m", "uv", "pip", "install", "--quiet",
        "--python", sys.executable,
        "--target", target,
        "--python-platform", f"x86_64-manylinux_{major}_{minor}",
        "--python-version", runtime.python_version,
        "--require-hashes",
        "--no-deps",  # the lock names every package
        "--only-binary", ":all:",
        "--no-binary", SOURCE_ONLY,
        "--build-constraints", BUILD_CONSTRAINTS,
        "--link-mode", "copy",  # the build changes times and modes: not those of uv's cache
        "--requirements", requirements,
        *([] if index else ["--no-index"]),
    )  # fmt: skip
    if finished.returncode != 0:
        if "No module named uv" in finished.stderr:
            raise BundleError("uv is missing: run `make bundle`, which installs it")
        raise BundleError(f"the packages cannot be installed:\n{finished.stderr.strip()}")


def refuse_foreign_wheels(target: Path, *, runtime: Runtime) -> None:
    """Raise `BundleError` for a package that the runtime could not load.

    That is one for another platform, or for a newer glibc than the runtime has.
    """
    for wheel_file in sorted(target.glob("*.dist-info/WHEEL")):
        platforms = _platforms(wheel_file.read_text("utf-8"))
        if not any(_loads(platform, runtime) for platform in platforms):
            distribution = wheel_file.parent.name.removesuffix(".dist-info")
            raise BundleError(
                f"{distribution} is built for {', '.join(sorted(platforms))}, which {runtime.name}"
                f" (x86_64, glibc {runtime.glibc[0]}.{runtime.glibc[1]}) cannot load"
            )


def _platforms(wheel_file: str) -> set[str]:
    tags: Iterable[str] = re.findall(r"^Tag: (\S+)$", wheel_file, re.MULTILINE)
    return {platform for tag in tags for platform in tag.split("-")[2].split(".")}


def _loads(platform: str, runtime: Runtime) -> bool:
    if platform == "any":
        return True
    name = platform.removesuffix("_x86_64")
    if name == platform:
        return False
    if modern := re.fullmatch(r"manylinux_(\d+)_(\d+)", name):
        return (int(modern[1]), int(modern[2])) <= runtime.glibc
    return name in LEGACY_GLIBC


def prune(target: Path) -> None:
    """Remove tests, caches, console scripts, sources of compiled code and unread metadata."""
    shutil.rmtree(target / "bin", ignore_errors=True)
    for folder in [path for path in target.rglob("*") if path.name in UNUSED_FOLDERS]:
        shutil.rmtree(folder, ignore_errors=True)
    for file in [path for path in target.rglob("*") if path.is_file()]:
        if _is_unused(file):
            file.unlink()
    for metadata in sorted(target.glob("*.dist-info")):
        _prune_metadata(metadata)
    for folder in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _is_unused(file: Path) -> bool:
    return (
        file.name in UNUSED_NAMES
        or file.name.startswith(TEST_EXTENSION)
        or file.suffix in UNUSED_SUFFIXES
    )


def _prune_metadata(metadata: Path) -> None:
    """Keep what code reads, and the licences, or METADATA where only it names the licence."""
    files = [path for path in metadata.rglob("*") if path.is_file()]
    kept = {file for file in files if file.name.upper().startswith(LICENCE_NAMES)}
    if not kept:
        kept = {metadata / "METADATA"}
    if metadata.name.split("-")[0].lower() in METADATA_READERS:
        kept |= {metadata / name for name in METADATA_READ}
    for file in files:
        if file not in kept:
            file.unlink()
