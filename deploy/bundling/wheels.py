"""The locked packages, as the runtime and not the desk needs them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from .commands import run
from .errors import BundleError
from .runtimes import Runtime

BUILD_CONSTRAINTS = Path(__file__).parent.parent / "build-constraints.txt"

# Published as source only; it is pure Python, so any desk builds the same wheel of it.
SOURCE_ONLY = "alibabacloud-tea"

# PEP 513, 571 and 599: the names that manylinux had before PEP 600 put the glibc into them.
LEGACY_GLIBC = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}


def install(requirements: Path, target: Path, *, runtime: Runtime) -> None:
    """Put the packages into target with hashes checked and markers evaluated for the runtime.

    pip would evaluate markers for the desk: async-timeout, which aiohttp needs below Python
    3.11, would be missing from a python3.10 bundle made on 3.11. uv is told the target's version.
    """
    major, minor = runtime.glibc
    finished = run(
        sys.executable, "-m", "uv", "pip", "install", "--quiet",
        "--python", sys.executable,
        "--target", target,
        "--python-platform", f"x86_64-manylinux_{major}_{minor}",
        "--python-version", runtime.python_version,
        "--require-hashes",
        "--no-deps",  # the lock names every package
        "--only-binary", ":all:",
        "--no-binary", SOURCE_ONLY,
        "--build-constraints", BUILD_CONSTRAINTS,
        "--link-mode", "copy",  # the build changes times and modes: not those of uv's cache
        "--requirements", requirements,
    )  # fmt: skip
    if finished.returncode != 0:
        if "No module named uv" in finished.stderr:
            raise BundleError("uv is missing: run this as `make bundle`, which installs it")
        raise BundleError(f"the packages cannot be installed:\n{finished.stderr.strip()}")


def refuse_foreign_wheels(target: Path, *, runtime: Runtime) -> None:
    """Refuse what the runtime could not load: another platform, or a newer glibc than its own."""
    for wheel_file in sorted(target.glob("*.dist-info/WHEEL")):
        platforms = _platforms(wheel_file.read_text("utf-8"))
        if not any(_loads(platform, runtime) for platform in platforms):
            distribution = wheel_file.parent.name.removesuffix(".dist-info")
            raise BundleError(
                f"{distribution} is built for {', '.join(sorted(platforms))}, which {runtime.name}"
                f" (x86_64, glibc {runtime.glibc[0]}.{runtime.glibc[1]}) cannot load"
            )


def _platforms(wheel_file: str) -> set[str]:
    tags: Iterable[str] = re.findall(r"^Tag: (\S+)$", wheel_file, re.MULTILINE)
    return {platform for tag in tags for platform in tag.split("-")[2].split(".")}


def _loads(platform: str, runtime: Runtime) -> bool:
    if platform == "any":
        return True
    name = platform.removesuffix("_x86_64")
    if name == platform:
        return False
    if modern := re.fullmatch(r"manylinux_(\d+)_(\d+)", name):
        return (int(modern[1]), int(modern[2])) <= runtime.glibc
    return name in LEGACY_GLIBC
