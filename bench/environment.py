"""What the bench installs and builds in .bench/: other signers, and the function's bundles."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle import build
from deploy.bundling.runtimes import RUNTIMES, Runtime, find_interpreter
from deploy.virtualenv import prepare

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
FOLDER = ROOT / ".bench"
NODE_FOLDER = FOLDER / "node"
OLDEST_GLIBC = (2, 28)  # of the two runtimes
LOCKS = (ROOT / "requirements.txt", HERE / "requirements.txt")


def python() -> Path:
    """A Python like this one, with the function's packages and the peers'."""
    prepare(FOLDER / "venv", *LOCKS)
    return FOLDER / "venv" / "bin" / "python"


def node() -> Path | None:
    """Node, with the peer installed; None if Node or npm is missing."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        return None
    sources = [HERE / name for name in ("package.json", "package-lock.json", ".npmrc")]
    ready = NODE_FOLDER / ".ready"
    made = ready.stat().st_mtime if ready.exists() else 0
    if any(source.stat().st_mtime > made for source in sources):
        NODE_FOLDER.mkdir(parents=True, exist_ok=True)
        for source in sources:
            shutil.copy(source, NODE_FOLDER)
        options = ["--silent", "--no-fund", "--no-audit", "--ignore-scripts"]
        command = [npm, "ci", "--prefix", str(NODE_FOLDER), *options]
        subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 (the project's own)
        ready.touch()
    return Path(found)


@dataclass(frozen=True)
class Code:
    """A bundle, the Python that runs it, and a copy of the bundle without byte-code."""

    runtime: str
    interpreter: Path
    folder: Path
    sources: Path


def codes() -> list[Code]:
    """One for each runtime whose Python is installed, else one for this Python."""
    interpreters = {runtime: find_interpreter(runtime) for runtime in RUNTIMES.values()}
    if not any(interpreters.values()):
        name = f"python{sys.version_info.major}.{sys.version_info.minor}"
        interpreters[Runtime(name, OLDEST_GLIBC)] = Path(sys.executable)
    found = []
    for runtime, interpreter in interpreters.items():
        if interpreter is None:
            print(
                f"bench: {runtime.name} is missing, so its cold start is not measured",
                file=sys.stderr,
            )
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
