"""Make build/: the function and its packages, ready for one runtime of Function Compute.

Runs on macOS, Linux and WSL, on x86-64 and arm, without docker.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from .bundling.archive import normalise, zipped
from .bundling.bytecode import compile_all
from .bundling.errors import BundleError
from .bundling.pruning import prune
from .bundling.runtimes import RUNTIMES, Runtime, find_interpreter
from .bundling.wheels import install, refuse_foreign_wheels

ROOT = Path(__file__).resolve().parent.parent
ZIPPED_LIMIT = 13_000_000  # bytes; a cold start downloads and unpacks all of it


def build(target: Path, *, runtime: Runtime, function: Path, requirements: Path) -> list[str]:
    """Make target afresh and say what it holds; a failed build leaves the last one as it was."""
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        report = _fill(partial, runtime=runtime, function=function, requirements=requirements)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return [f"{target} is ready for {runtime.name}: {report[0]}", *report[1:]]


def _fill(partial: Path, *, runtime: Runtime, function: Path, requirements: Path) -> list[str]:
    if not (function / "index.py").is_file():
        raise BundleError(f"{function / 'index.py'} is missing: nothing to deploy")
    install(requirements, partial, runtime=runtime)
    refuse_foreign_wheels(partial, runtime=runtime)
    prune(partial)
    shutil.copytree(
        function, partial, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*")
    )
    interpreter = find_interpreter(runtime)
    if interpreter:
        compile_all(partial, interpreter=interpreter)
    normalise(partial)
    size = len(zipped(partial))
    if size > ZIPPED_LIMIT:
        raise BundleError(f"{size:,} bytes zipped are more than the limit of {ZIPPED_LIMIT:,}")
    files = [path for path in partial.rglob("*") if path.is_file()]
    raw = sum(path.stat().st_size for path in files)
    return [
        f"{len(files)} files, {raw / 1e6:.1f} MB, {size / 1e6:.1f} MB zipped",
        _describe_bytecode(runtime, interpreter),
    ]


def _describe_bytecode(runtime: Runtime, interpreter: Path | None) -> str:
    if interpreter:
        return f"byte-code by {interpreter}"
    return (
        f"WARNING: no byte-code, since no Python {runtime.python_version} was found: each cold"
        " start compiles the SDK first and takes about twice as long.\n"
        f"         Get one (uv python install {runtime.python_version}) and run this again."
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", choices=sorted(RUNTIMES), default="python3.10")
    options = parser.parse_args(arguments)
    try:
        report = build(
            ROOT / "build",
            runtime=RUNTIMES[options.runtime],
            function=ROOT / "function",
            requirements=ROOT / "requirements.txt",
        )
    except BundleError as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 1
    print("\n".join(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
