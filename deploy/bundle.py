"""Build build/: the function and its packages, ready for one runtime of Function Compute.

Runs on macOS, Linux and WSL, on x86-64 and arm, without docker.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import zipfile
from pathlib import Path

from .bundling import BundleError
from .bundling.packages import install, prune, refuse_foreign_wheels
from .bundling.runtimes import RUNTIMES, Runtime, compile_all, find_interpreter

ROOT = Path(__file__).resolve().parent.parent
ZIPPED_LIMIT = 13_000_000  # bytes; every cold start downloads and unpacks all of it
# The day after the first one that a zip can name, so that it is valid in every time zone.
BUILD_TIME = 315_619_200  # 1980-01-02T00:00:00Z


def build(
    target: Path, *, runtime: Runtime, function: Path, requirements: Path, index: bool = True
) -> list[str]:
    """Build target from scratch and describe it in a few lines.

    Without `index`, packages come only from where UV_FIND_LINKS leads.

    A failed build raises `BundleError` and leaves the previous one untouched.
    """
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        report = _fill(
            partial, runtime=runtime, function=function, requirements=requirements, index=index
        )
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return [f"{target} is ready for {runtime.name}: {report[0]}", *report[1:]]


def _fill(
    partial: Path, *, runtime: Runtime, function: Path, requirements: Path, index: bool
) -> list[str]:
    if not (function / "index.py").is_file():
        raise BundleError(f"{function / 'index.py'} is missing: there is nothing to deploy")
    install(requirements, partial, runtime=runtime, index=index)
    refuse_foreign_wheels(partial, runtime=runtime)
    prune(partial)
    shutil.copytree(
        function, partial, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*")
    )
    interpreter = find_interpreter(runtime)
    if interpreter:
        compile_all(partial, interpreter=interpreter)
    _normalise(partial)
    size = len(_zipped(partial))
    if size > ZIPPED_LIMIT:
        raise BundleError(f"the bundle has {size:,} bytes zipped; the limit is {ZIPPED_LIMIT:,}")
    files = [path for path in partial.rglob("*") if path.is_file()]
    raw = sum(path.stat().st_size for path in files)
    return [
        f"{len(files)} files, {raw / 1e6:.1f} MB, {size / 1e6:.1f} MB zipped",
        _describe_bytecode(runtime, interpreter),
    ]


def _normalise(target: Path) -> None:
    """Give all files the same time and mode, so that the same input makes the same zip.

    `s deploy` skips the upload when the zip has not changed.
    """
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (BUILD_TIME, BUILD_TIME))


def _zipped(target: Path) -> bytes:
    """The folder as the zip that Function Compute receives, sorted by file name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(target.rglob("*")):
            archive.write(path, path.relative_to(target))
    return buffer.getvalue()


def _describe_bytecode(runtime: Runtime, interpreter: Path | None) -> str:
    if interpreter:
        return f"byte-code compiled by {interpreter}"
    return (
        f"WARNING: no byte-code, because no Python {runtime.python_version} was found. Every cold"
        " start will compile the SDK first and take about twice as long.\n"
        f"         Install one (.venv/bin/uv python install {runtime.python_version}) and run this"
        " again."
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", choices=sorted(RUNTIMES), default="python3.10")
    parser.add_argument("--no-index", action="store_true", help="as pip's option of this name")
    options = parser.parse_args(arguments)
    try:
        report = build(
            ROOT / "build",
            runtime=RUNTIMES[options.runtime],
            function=ROOT / "function",
            requirements=ROOT / "requirements.txt",
            index=not options.no_index,
        )
    except BundleError as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 1
    print("\n".join(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
