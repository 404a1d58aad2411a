"""Set-up installs what the locks list, whatever has been released since.

The tests run the Makefile of a copy of the project against an index of their own, in which every
package has a newer release that leaves a trace.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.deploy import package_index
from tests.harness import ROOT

pytestmark = pytest.mark.timeout(600)  # making environments takes minutes on a busy machine

LOCKS = [
    "requirements.txt",
    "requirements-run.txt",
    "requirements-test.txt",
    "deploy/requirements.txt",
    "bench/requirements.txt",
]
CONSTRAINTS = "deploy/build-constraints.txt"
UV = "deploy/requirements.txt"
NOTHING = {"PIP_FIND_LINKS": "/dev", "PIP_RETRIES": "1"}
LIST = """
import importlib.metadata, json
print(json.dumps({i.metadata["Name"]: i.version for i in importlib.metadata.distributions()}))
"""


@dataclass(frozen=True)
class Clone:
    """A copy of the files that set-up needs, the index that it installs from, and a Python."""

    root: Path
    index: Path
    trap: Path
    desk: Path  # the Python of `make PYTHON=...`

    @property
    def python(self) -> Path:
        return self.root / ".venv" / "bin" / "python"

    def run(self, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def environment(self, **changes: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root.parent),
            "TRAP": str(self.trap),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.index),
            **changes,
        }

    def make(self, target: str, *words: str, **environment: str) -> tuple[int, str]:
        """The exit code, and what was printed."""
        done = self.run("make", f"PYTHON={self.desk}", target, *words, **environment)
        return done.returncode, done.stdout

    def set_up(self, group: str, **environment: str) -> str:
        """Set a group up; what was printed."""
        done = self.run(self.desk, "-m", "deploy.virtualenv", group, **environment)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def installed(self) -> dict[str, str]:
        done = self.run(self.python, "-c", LIST)
        found = json.loads(done.stdout).items()
        return {canonicalize_name(name): version for name, version in found if name != "pip"}

    def sprung(self) -> str:
        return self.trap.read_text("utf-8") if self.trap.exists() else ""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, str]]:
    folder = tmp_path_factory.mktemp("index")
    hashes = package_index.fill(folder, *(ROOT / lock for lock in [*LOCKS, CONSTRAINTS]))
    return folder, hashes


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with a pip."""
    folder = tmp_path_factory.mktemp("desk")
    venv.create(folder, symlinks=True, with_pip=True)
    return folder / "bin" / "python"


@pytest.fixture
def clone(tmp_path: Path, index: tuple[Path, Mapping[str, str]], desk: Path) -> Clone:
    """A clone whose path contains a space."""
    folder, hashes = index
    root = tmp_path / "a clone"
    shutil.copytree(ROOT / "deploy", root / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Makefile", root)
    for lock in [*LOCKS, CONSTRAINTS]:
        package_index.rewrite(ROOT / lock, hashes, root / lock)
    (root / "local_server.py").write_text("print('Ready')\n", "utf-8")
    return Clone(root, folder, tmp_path / "trap", desk)


def locked(*locks: str) -> dict[str, str]:
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for lock in (*locks, UV)
        for requirement in package_index.requirements(ROOT / lock)
        if requirement.marker is None or requirement.marker.evaluate()
    }


def test_installs_the_locked_releases_and_runs_nothing_newer(clone: Clone) -> None:
    clone.set_up("run")
    assert clone.installed() == locked("requirements-run.txt")
    clone.set_up("test")
    assert clone.installed() == locked("requirements-test.txt")
    assert clone.sprung() == ""


def test_bundling_installs_only_its_own_tool(clone: Clone) -> None:
    clone.set_up("bundle")
    assert clone.installed() == locked("deploy/requirements.txt")


def test_the_bench_environment_is_set_up_in_the_same_way(clone: Clone) -> None:
    script = (
        "from pathlib import Path; from deploy.virtualenv import prepare; root = Path.cwd();"
        "prepare(root / '.venv', root / 'requirements.txt', root / 'bench/requirements.txt')"
    )
    done = clone.run(clone.desk, "-c", script)
    assert done.returncode == 0, done.stdout
    assert clone.installed() == locked("requirements.txt", "bench/requirements.txt")
    assert clone.sprung() == ""


def test_the_trap_catches_a_set_up_with_an_unpinned_build(clone: Clone) -> None:
    """Otherwise these tests would prove nothing."""
    module = clone.root / "deploy" / "virtualenv.py"
    source = module.read_text("utf-8")
    argument = '"--build-constraints", BUILD_CONSTRAINTS,'
    assert argument in source
    module.write_text(source.replace(argument, ""), "utf-8")
    clone.run(clone.desk, "-m", "deploy.virtualenv", "run")
    assert "setuptools" in clone.sprung()


@pytest.mark.parametrize("lock", [UV, CONSTRAINTS, "requirements-run.txt"])
def test_a_wrong_hash_is_refused(clone: Clone, lock: str) -> None:
    path = clone.root / lock
    path.write_text(re.sub(r"sha256:\w{8}", "sha256:00000000", path.read_text("utf-8")), "utf-8")
    done = clone.run(clone.desk, "-m", "deploy.virtualenv", "run")
    assert done.returncode == 1
    assert "cannot be installed:" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_python_without_pip_gives_the_environment_one(clone: Clone) -> None:
    bare = clone.root.parent / "bare"
    venv.create(bare, symlinks=True)
    done = clone.run(bare / "bin" / "python", "-m", "deploy.virtualenv", "run")
    assert done.returncode == 0, done.stdout
    assert clone.installed().items() >= locked("requirements-run.txt").items()
    assert (clone.root / ".venv" / "bin" / "pip3").exists()


def test_an_active_environment_without_pip_can_be_completed(clone: Clone) -> None:
    """As after `source .venv/bin/activate`."""
    clone.set_up("run")
    done = clone.run(clone.python, "-m", "deploy.virtualenv", "test")
    assert done.returncode == 0, done.stdout
    assert clone.installed().items() >= locked("requirements-test.txt").items()


def test_files_configure_pip_for_all_of_set_up(clone: Clone) -> None:
    file = clone.root.parent / "pip.conf"
    file.write_text(f"[global]\nno-index = true\nfind-links = {clone.index}\n", "utf-8")
    environment = clone.environment(PIP_CONFIG_FILE=str(file))
    del environment["PIP_NO_INDEX"], environment["PIP_FIND_LINKS"]
    command: list[str | Path] = [clone.desk, "-m", "deploy.virtualenv", "run"]
    subprocess.run(command, cwd=clone.root, env=environment, check=True)
    assert clone.installed() == locked("requirements-run.txt")


def test_the_bundle_and_the_locks_are_made_with_pips_configuration(clone: Clone) -> None:
    """The locked packages are only where pip finds them: their hashes are those of this index."""
    (clone.root / "function").mkdir()
    (clone.root / "function" / "index.py").touch()
    code, printed = clone.make("bundle", "RUNTIME=python3.12")
    assert code == 0, printed
    built = {path.name for path in (clone.root / "build").glob("*.dist-info")}
    assert any(name.startswith("pyjwt-") for name in built)
    for lock in [*LOCKS, CONSTRAINTS]:
        source = lock.replace(".txt", ".in")
        shutil.copy(ROOT / source, clone.root / source)
    code, printed = clone.make("lock")
    assert code == 0, printed
    for lock in [*LOCKS, CONSTRAINTS]:
        for requirement in package_index.requirements(clone.root / lock):
            assert str(requirement.specifier) == f"=={package_index.NEWER}"


def test_a_second_command_installs_nothing(clone: Clone) -> None:
    code, printed = clone.make("run")
    assert (code, "installing requirements-run.txt" in printed) == (0, True)
    assert printed.splitlines()[-1] == "Ready"
    assert clone.make("run", **NOTHING) == (0, "Ready\n")


def test_two_commands_at_once_run_one_set_up(clone: Clone) -> None:
    commands = [
        subprocess.Popen(
            [clone.desk, "-m", "deploy.virtualenv", "bundle"],
            cwd=clone.root,
            env=clone.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    printed = [command.communicate()[0] for command in commands]
    assert [command.returncode for command in commands] == [0, 0], printed
    assert sorted("installing" in lines for lines in printed) == [False, True]


def test_an_interrupted_set_up_does_not_count(clone: Clone) -> None:
    with subprocess.Popen(
        [clone.desk, "-m", "deploy.virtualenv", "bundle"],
        cwd=clone.root,
        env=clone.environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stderr is not None
        for line in command.stderr:
            if "deploy/requirements.txt" in line:
                command.send_signal(signal.SIGINT)
    assert command.returncode == 130
    assert "its set-up did not finish" in clone.set_up("bundle")
    assert clone.installed() == locked("deploy/requirements.txt")


def test_an_environment_of_another_python_is_replaced(clone: Clone) -> None:
    clone.set_up("bundle")
    record = clone.root / ".venv" / "set-up.json"
    held = json.loads(record.read_text("utf-8"))
    record.write_text(json.dumps({**held, "Python": "Python 3.9.1 in /gone"}), "utf-8")
    (clone.root / ".venv" / "old").touch()
    assert "replacing .venv: Python 3.9.1 in /gone created it" in clone.set_up("bundle")
    assert not (clone.root / ".venv" / "old").exists()


def test_an_environment_whose_python_is_gone_is_replaced(clone: Clone) -> None:
    venv.create(clone.root / ".venv", symlinks=True)
    clone.python.unlink()
    clone.python.symlink_to("/gone/python3")
    clone.set_up("bundle")
    assert clone.installed() == locked("deploy/requirements.txt")


def test_a_changed_lock_replaces_what_an_older_one_installed(clone: Clone) -> None:
    clone.set_up("bundle")
    lock = clone.root / "deploy/requirements.txt"
    lock.write_text("", "utf-8")
    assert "replacing .venv: deploy/requirements.txt has changed" in clone.set_up("bundle")
    assert "uv" not in clone.installed()


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        pytest.param(
            {**NOTHING, "PIP_NO_INDEX": "0", "PIP_INDEX_URL": "http://127.0.0.1:1/"},
            "the package index cannot be reached. Check the network",
            id="no network",
        ),
        pytest.param(
            NOTHING,
            ".txt cannot be installed",
            id="no index",
        ),
    ],
)
@pytest.mark.parametrize("group", [[], ["bundle"]], ids=["at the first package", "after uv"])
def test_a_failure_is_reported_in_one_line(
    clone: Clone, group: list[str], environment: Mapping[str, str], words: str
) -> None:
    for name in group:
        clone.set_up(name)
    code, printed = clone.make("run", **environment)
    assert code == 2
    assert words in printed
    assert "Traceback" not in printed
    code, printed = clone.make("run")
    assert (code, printed.splitlines()[-1]) == (0, "Ready")


def test_a_python_that_is_too_old_gets_a_message() -> None:
    source = (ROOT / "deploy" / "virtualenv.py").read_text("utf-8")
    ast.parse(source, feature_version=(3, 6))
    expected = (
        "set-up: Python 3.10 or newer is needed, but this is 3.9.18: make PYTHON=python3.12 ..."
    )
    script = "import sys; sys.version_info = (3, 9, 18, 'final', 0); import deploy.virtualenv"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (1, expected)


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ("requirements.txt", "requirements-run.txt"),
        ("requirements-run.txt", "requirements-test.txt"),
        ("deploy/requirements.txt", "requirements-test.txt"),
    ],
)
def test_all_groups_have_the_same_releases(smaller: str, larger: str) -> None:
    def lines(lock: str) -> set[str]:
        found = package_index.requirements(ROOT / lock)
        return {f"{requirement.name}{requirement.specifier}" for requirement in found}

    assert lines(smaller) <= lines(larger)
