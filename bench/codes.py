"""The function as it deploys, once for each runtime, with and without byte-code."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle import build
from deploy.bundling.runtimes import RUNTIMES, Runtime, find_interpreter

from .environment import FOLDER, ROOT

OLDEST_GLIBC = (2, 28)  # of the runtimes'


@dataclass(frozen=True)
class Code:
    """A bundle, the Python that runs it, and a copy of the bundle without byte-code."""

    runtime: str
    interpreter: Path
    folder: Path
    sources: Path


def codes() -> list[Code]:
    """One for each runtime whose Python is found here, else one for this Python."""
    interpreters = {runtime: find_interpreter(runtime) for runtime in RUNTIMES.values()}
    if not any(interpreters.values()):
        name = f"python{sys.version_info.major}.{sys.version_info.minor}"
        interpreters[Runtime(name, OLDEST_GLIBC)] = Path(sys.executable)
    found = []
    for runtime, interpreter in interpreters.items():
        if interpreter is None:
            print(f"bench: no {runtime.name} here, so no cold start of it", file=sys.stderr)
            continue
        folder = FOLDER / "bundles" / runtime.name
        folder.parent.mkdir(parents=True, exist_ok=True)
        build(
            folder,
            runtime=runtime,
            function=ROOT / "function",
            requirements=ROOT / "requirements.txt",
        )
        sources = folder.with_name(f"{runtime.name}-sources")
        shutil.rmtree(sources, ignore_errors=True)
        shutil.copytree(folder, sources, ignore=shutil.ignore_patterns("__pycache__"))
        found.append(Code(runtime.name, interpreter, folder, sources))
    return found
