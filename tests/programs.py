"""Programs that some tests need besides Python's packages."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest


def program(name: str, package: str, *, oldest: int = 0) -> str:
    """Where a program, or a file by its whole path, is; a program of at least this major version.

    Continuous integration must have it; elsewhere its tests are skipped.
    """
    path = name if Path(name).is_absolute() and Path(name).exists() else shutil.which(name)
    if not path:
        reason = f"{package} is missing: apt-get install {package.lower()}"
    elif oldest and _major_version(path) < oldest:
        reason = f"{name} is too old: version {oldest} or newer is needed"
    else:
        return path
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _major_version(path: str) -> int:
    printed = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+", printed)
    assert found, printed
    return int(found[0])


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
