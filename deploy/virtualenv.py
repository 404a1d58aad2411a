"""Make .venv match a lock exactly: python3 -m deploy.virtualenv [run|test|bundle] [-- COMMAND]

Nothing is resolved: a lock names every package with its version and hashes. pip installs uv, and uv
installs just what the lock names (`--no-deps`), several times faster than pip. Nothing unpinned
runs: the only package published without a wheel is built by the setuptools of
build-constraints.txt. So a new release of any package cannot change or break a clone.

The Python of .venv then runs the arguments after `--`, and its uv finds packages where pip is
configured to find them.

A Python that is too old also runs this file, to print a message: its syntax is Python 3.6's.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

VERSION = ".".join(map(str, sys.version_info[:3]))
if sys.version_info < (3, 10):  # noqa: UP036 (the Makefile runs this with any python3)
    sys.exit(
        f"set-up: Python 3.10 or newer is needed, but this is {VERSION}: make PYTHON=python3.12 ..."
    )

PYTHON = f"Python {VERSION} in {sys.base_prefix}"
ROOT = Path(__file__).resolve().parent.parent
BUILD_CONSTRAINTS = ROOT / "deploy" / "build-constraints.txt"
UV = ROOT / "deploy" / "requirements.txt"
LOCKS = {
    "run": [ROOT / "requirements-run.txt"],
    "test": [ROOT / "requirements-test.txt"],
    "bundle": [],  # uv only
}
# Published without a wheel. It is pure Python: every machine builds the same one from it.
SOURCE_ONLY = "alibabacloud-tea"
RECORD = "set-up.json"  # what the environment contains; absent while it is being changed
NO_NETWORK = re.compile(
    r"connection broken by|Could not fetch URL|NewConnectionError|Failed to fetch"
)
# What uv calls settings of pip.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
}


class SetUpError(Exception):
    """The environment cannot be created; the message says why and what to do."""


def prepare(folder: Path, *locks: Path) -> None:
    """Make the folder a virtual environment of this Python with the packages of the locks.

    An environment is replaced if another Python created it, if one of its locks has changed or if
    its set-up did not finish. Raises `SetUpError`.
    """
    wanted = {"Python": PYTHON}
    for lock in (BUILD_CONSTRAINTS, UV, *locks):
        wanted[str(lock.relative_to(ROOT))] = hashlib.sha256(lock.read_bytes()).hexdigest()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(folder.parent):
        held = _held(folder)
        missing = [name for name in wanted if name not in held]
        changed = [name for name in wanted if name in held and held[name] != wanted[name]]
        if folder.exists() and (changed or not held):
            _say(f"replacing {folder.name}: {_reason(held, changed)}")
        if changed or not held:
            held, missing = {}, list(wanted)
            _create(folder)
        if missing:
            (folder / RECORD).unlink(missing_ok=True)
            pip = _pip(folder)
            for lock in (UV, *locks):
                name = str(lock.relative_to(ROOT))
                if name in missing:
                    _say(f"installing {name} into {folder.name} (Python {VERSION})")
                    _install(lock, folder, pip)
            (folder / RECORD).write_text(json.dumps({**held, **wanted}), "utf-8")


def _reason(held: dict[str, str], changed: list[str]) -> str:
    if not held:
        return "its set-up did not finish"
    return f"{held['Python']} created it" if "Python" in changed else f"{changed[0]} has changed"


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Make `make run` wait while `make test` sets up the same environment."""
    descriptor = os.open(str(folder), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _held(folder: Path) -> dict[str, str]:
    try:
        record: dict[str, str] = json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record


def _create(folder: Path) -> None:
    finished = _run(sys.executable, "-m", "venv", "--clear", "--without-pip", folder)
    if finished.returncode:
        raise SetUpError(f"{folder} cannot be created: {finished.stdout}{finished.stderr}".strip())


def _pip(folder: Path) -> Sequence[object]:
    """A pip that installs into the folder: this Python's, which is there already, or a new one."""
    from importlib import metadata  # not in the oldest Pythons that only print the message above

    python = folder / "bin" / "python"
    with contextlib.suppress(metadata.PackageNotFoundError):
        major, minor = metadata.version("pip").split(".")[:2]
        if (int(major), int(minor)) >= (22, 3):  # the first with --python
            return [sys.executable, "-m", "pip", "--python", python]
    if _run(python, "-m", "ensurepip").returncode:
        raise SetUpError(
            f"Python {VERSION} has neither pip nor ensurepip."
            " On Debian and Ubuntu: apt install python3-venv"
        )
    return [python, "-m", "pip"]


def _install(lock: Path, folder: Path, pip: Sequence[object]) -> None:
    exactly = ["--quiet", "--require-hashes", "--no-deps", "--requirement", lock]
    if lock == UV:
        finished = _run(*pip, "install", *exactly, "--only-binary", ":all:", "--no-compile")
    else:
        python = folder / "bin" / "python"
        options, environment = _for_uv(pip)
        finished = _run(
            python, "-m", "uv", "pip", "install", *exactly,
            "--python", python,
            "--only-binary", ":all:",
            "--no-binary", SOURCE_ONLY,
            "--build-constraints", BUILD_CONSTRAINTS,
            *options,
            environment=environment,
        )  # fmt: skip
    if finished.returncode:
        if NO_NETWORK.search(finished.stderr):
            raise SetUpError(
                "the package index cannot be reached. Check the network, or configure a mirror "
                "(pip config set global.index-url URL), then run the command again."
            )
        raise SetUpError(f"{lock.name} cannot be installed:\n{finished.stderr.strip()}")


def run(folder: Path, arguments: Sequence[str]) -> None:
    """Replace this process by the Python of the folder, with pip's configuration for uv."""
    python = str(folder / "bin" / "python")
    options, environment = _for_uv(_pip(folder))
    os.execve(python, [python, *arguments, *options], {**environment, **os.environ})  # noqa: S606


def _for_uv(pip: Sequence[object]) -> "tuple[list[str], dict[str, str]]":
    """What is configured for pip, as options and environment of uv.

    uv reads pip's configuration no more than pip reads uv's.
    """
    configured = _configuration(pip)
    environment = {uv: configured[name] for name, uv in PIP_TO_UV.items() if name in configured}
    # As pip does: the certificates of a company's proxy are the system's.
    environment["UV_SYSTEM_CERTS"] = "true"
    options = ["--no-index"] if configured.get("no-index") in ("1", "true") else []
    return options, environment


def _configuration(pip: Sequence[object]) -> dict[str, str]:
    """What is configured for pip: values by option; the environment outranks files."""
    lines = _run(*pip, "config", "list").stdout.splitlines()
    found = "\n".join(sorted(lines, key=lambda line: line.startswith(":env:")))
    return dict(re.findall(r"^\S+?\.([a-z-]+)='(.*)'$", found, re.MULTILINE))


def _run(
    *command: object, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (composed by this file only)
        list(map(str, command)),
        capture_output=True,
        text=True,
        env={**(environment or {}), **os.environ},
    )


def _say(line: str) -> None:
    print(f"set-up: {line}", file=sys.stderr)


if __name__ == "__main__":
    groups, command = sys.argv[1:], []
    if "--" in groups:
        end = groups.index("--")
        groups, command = groups[:end], groups[end + 1 :]
    try:
        for group in groups:
            prepare(ROOT / ".venv", *LOCKS[group])
        if command:
            run(ROOT / ".venv", command)
    except SetUpError as error:
        sys.exit(f"set-up: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
