"""Programs that some tests need besides Python's packages."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def program(name: str, package: str) -> str:
    """Where a program, or a file by its whole path, is. Continuous integration must have it;
    elsewhere its tests are skipped."""
    path = name if Path(name).is_absolute() and Path(name).exists() else shutil.which(name)
    if path:
        return path
    reason = f"{package} is missing: apt-get install {package.lower()}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def npm_packages(folder: Path) -> Path:
    """The folder's node_modules as its lock says; a test worker waits for another's."""
    npm, _ = program("npm", "npm"), program("node", "nodejs")
    lock = folder / "package-lock.json"
    installed = folder / "node_modules" / ".package-lock.json"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            finished = subprocess.run(
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            if finished.returncode:
                pytest.fail(f"npm ci fails:\n{finished.stdout}{finished.stderr}")
            installed.touch()
    return folder / "node_modules"
