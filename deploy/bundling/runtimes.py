"""The built-in Python runtimes of Function Compute, and compiling with a Python like theirs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import BundleError, run

CODE_DIRECTORY = "/code"  # where Function Compute puts the code, so that tracebacks name real files


@dataclass(frozen=True)
class Runtime:
    """A built-in runtime: x86-64, CPython, and the glibc of the Debian that it is built on."""

    name: str
    glibc: tuple[int, int]

    @property
    def python_version(self) -> str:
        return self.name.removeprefix("python")


# Function Compute documents, Python runtime environment: python3.10 is built on Debian 10
# (glibc 2.28), python3.12 on Debian 11 (glibc 2.31), both x86_64. (documented)
RUNTIMES = {
    runtime.name: runtime
    for runtime in (Runtime("python3.10", (2, 28)), Runtime("python3.12", (2, 31)))
}


def find_interpreter(runtime: Runtime) -> Path | None:
    """A Python of the runtime's minor version, the only thing that byte-code depends on."""
    return next((path for path in _candidates(runtime) if _matches(path, runtime)), None)


def _candidates(runtime: Runtime) -> Iterator[Path]:
    yield Path(sys.executable)
    if on_path := shutil.which(runtime.name):
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{runtime.python_version}.*/bin/{runtime.name}"))
    found = run(
        sys.executable, "-m", "uv", "python", "find", "--quiet", "--managed-python",
        "--no-python-downloads", runtime.python_version,
    )  # fmt: skip
    if found.returncode == 0:
        yield Path(found.stdout.strip())


def _matches(interpreter: Path, runtime: Runtime) -> bool:
    """Whether it runs at all (a pyenv shim may not) and is CPython of that version."""
    script = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"
    try:
        finished = run(interpreter, "-c", script)
    except OSError:
        return False
    return finished.stdout.split() == ["cpython", runtime.python_version]


def compile_all(target: Path, *, interpreter: Path) -> None:
    """Compile every module, so that a cold start does not have to compile the SDK.

    Unchecked-hash files stay valid whatever timestamps a zip or its extraction gives the sources.
    One process, a fixed hash seed and no site packages: the same sources give the same bytes.
    """
    finished = run(
        interpreter, "-S", "-s", "-m", "compileall", "-q", "-f",
        "--invalidation-mode", "unchecked-hash", "-s", target, "-p", CODE_DIRECTORY, target,
        environment={"PYTHONHASHSEED": "0"},
    )  # fmt: skip
    if finished.returncode != 0:
        output = f"{finished.stdout}{finished.stderr}"
        raise BundleError(f"the code cannot be compiled:\n{output}".strip())
