"""The bench's own environment in .bench/: peers are installed there, never beside the function."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from deploy.virtualenv import prepare

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
FOLDER = ROOT / ".bench"
NODE_FOLDER = FOLDER / "node"
LOCKS = (ROOT / "requirements.txt", HERE / "requirements.txt")


def python() -> Path:
    """A Python like this one, with the function's packages and the peers'."""
    prepare(FOLDER / "venv", *LOCKS)
    return FOLDER / "venv" / "bin" / "python"


def node() -> Path | None:
    """Node, with the peer installed; None on a machine without it."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        return None
    sources = [HERE / name for name in ("package.json", "package-lock.json", ".npmrc")]
    if _stale(NODE_FOLDER / ".ready", sources):
        NODE_FOLDER.mkdir(parents=True, exist_ok=True)
        for source in sources:
            shutil.copy(source, NODE_FOLDER)
        _run(npm, "ci", "--prefix", NODE_FOLDER, "--silent", "--no-fund", "--no-audit",
             "--ignore-scripts")  # fmt: skip
        (NODE_FOLDER / ".ready").touch()
    return Path(found)


def _stale(mark: Path, sources: tuple[Path, ...] | list[Path]) -> bool:
    made = mark.stat().st_mtime if mark.exists() else 0
    return any(source.stat().st_mtime > made for source in sources)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 (the project's own)
