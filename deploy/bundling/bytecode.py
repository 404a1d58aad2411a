"""Byte-code, so that a cold start does not compile the SDK."""

from __future__ import annotations

from pathlib import Path

from .commands import run
from .errors import BundleError

CODE_DIRECTORY = "/code"  # where Function Compute puts the code; tracebacks then name real files


def compile_all(target: Path, *, interpreter: Path) -> None:
    """Compile every module with the runtime's own version of Python.

    Unchecked-hash files stay valid whatever times a zip or its unpacking gives to the sources.
    One process, a fixed hash seed and no site packages: the same sources give the same bytes.
    """
    finished = run(
        interpreter, "-S", "-s", "-m", "compileall", "-q", "-f",
        "--invalidation-mode", "unchecked-hash", "-s", target, "-p", CODE_DIRECTORY, target,
        environment={"PYTHONHASHSEED": "0"},
    )  # fmt: skip
    if finished.returncode != 0:
        raise BundleError(f"byte-code cannot be made:\n{finished.stdout}{finished.stderr}".strip())
