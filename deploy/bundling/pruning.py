"""What of an installed package is needed at run time."""

from __future__ import annotations

import shutil
from pathlib import Path

USELESS_FOLDERS = {"__pycache__", "test", "tests"}
USELESS_SUFFIXES = {".c", ".cfg", ".h", ".js", ".lock", ".pxd", ".pxi", ".pyc", ".pyi", ".pyx"}
USELESS_NAMES = {".lock", "py.typed"}
TEST_EXTENSION = "_testcapi."

# APScheduler, which the credentials package starts, looks up its version and its plug-ins.
METADATA_READERS = {"apscheduler"}
METADATA_READ = {"METADATA", "entry_points.txt"}
LICENCE_NAMES = ("AUTHORS", "COPYING", "LICENCE", "LICENSE", "NOTICE")


def prune(target: Path) -> None:
    """Remove tests, caches, console scripts, sources of compiled code and unread metadata."""
    shutil.rmtree(target / "bin", ignore_errors=True)
    for folder in [path for path in target.rglob("*") if path.name in USELESS_FOLDERS]:
        shutil.rmtree(folder, ignore_errors=True)
    for file in [path for path in target.rglob("*") if path.is_file()]:
        if _is_useless(file):
            file.unlink()
    for metadata in sorted(target.glob("*.dist-info")):
        _prune_metadata(metadata)
    for folder in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _is_useless(file: Path) -> bool:
    return (
        file.name in USELESS_NAMES
        or file.name.startswith(TEST_EXTENSION)
        or file.suffix in USELESS_SUFFIXES
    )


def _prune_metadata(metadata: Path) -> None:
    """Keep the licences, or METADATA where it alone names the licence, and what code reads."""
    files = [path for path in metadata.rglob("*") if path.is_file()]
    kept = {file for file in files if file.name.upper().startswith(LICENCE_NAMES)}
    if not kept:
        kept = {metadata / "METADATA"}
    if metadata.name.split("-")[0].lower() in METADATA_READERS:
        kept |= {metadata / name for name in METADATA_READ}
    for file in files:
        if file not in kept:
            file.unlink()
