"""build/ contains exactly what the runtime needs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy import bundle as bundle_command
from deploy.bundling import BundleError
from deploy.bundling.packages import METADATA_READERS, install, refuse_foreign_wheels
from deploy.bundling.runtimes import RUNTIMES, Runtime
from tests.deploy.conftest import Bundle, make_bundle
from tests.harness import ROOT

pytestmark = pytest.mark.timeout(600)  # pip takes a busy machine minutes

ELF_X86_64 = b"\x7fELF\x02\x01"
UNCHECKED_HASH = b"\x01\x00\x00\x00"  # PEP 552


def files(folder: Path, pattern: str = "*") -> list[Path]:
    return sorted(path for path in folder.rglob(pattern) if path.is_file())


def locked(runtime: Runtime) -> set[tuple[str, str]]:
    """Name and version of each package that the lock lists for Linux and the runtime's Python."""
    text = (ROOT / "requirements.txt").read_text("utf-8")
    requirements = [
        Requirement(line.rstrip(" \\")) for line in text.splitlines() if re.match(r"\w", line)
    ]
    environment = {
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "python_full_version": f"{runtime.python_version}.0",
        "python_version": runtime.python_version,
        "sys_platform": "linux",
    }
    return {
        (canonicalize_name(requirement.name), str(requirement.specifier).removeprefix("=="))
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate(environment)
    }


def test_has_the_packages_that_the_runtime_and_not_this_machine_needs(bundle: Bundle) -> None:
    names = [path.name.removesuffix(".dist-info") for path in bundle.folder.glob("*.dist-info")]
    found = {(canonicalize_name(name.split("-")[0]), name.split("-")[1]) for name in names}
    assert found == locked(bundle.runtime)
    # aiohttp imports it only below Python 3.11; without it every AssumeRole would fail.
    assert (bundle.folder / "async_timeout").exists() is (bundle.runtime.python_version == "3.10")
    # Published as source only: a bundle with only wheels would silently use an older one.
    assert ("alibabacloud-tea", "0.4.3") in found


def test_has_the_whole_function(bundle: Bundle) -> None:
    function = ROOT / "function"
    for source in files(function, "*.py"):
        copied = bundle.folder / source.relative_to(function)
        assert copied.read_bytes() == source.read_bytes()


def test_every_compiled_file_loads_on_the_runtimes_machine(bundle: Bundle) -> None:
    compiled = files(bundle.folder, "*.so")
    assert len(compiled) > 5
    for file in compiled:
        content = file.read_bytes()
        assert content.startswith(ELF_X86_64), file.name
        assert content[18:20] == b"\x3e\x00", file.name  # the machine in an ELF header: x86-64
        needed = [
            (int(major), int(minor)) for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", content)
        ]
        assert max(needed) <= bundle.runtime.glibc, file.name


def test_every_module_is_compiled_by_the_runtimes_python_and_stays_valid(
    bundle: Bundle,
) -> None:
    script = "import importlib.util, sys; sys.stdout.buffer.write(importlib.util.MAGIC_NUMBER)"
    magic = subprocess.run([bundle.interpreter, "-c", script], capture_output=True, check=True)
    tag = f"cpython-{bundle.runtime.python_version.replace('.', '')}"
    for source in files(bundle.folder, "*.py"):
        compiled = source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
        assert compiled.read_bytes().startswith(magic.stdout + UNCHECKED_HASH), source


def test_has_nothing_that_is_not_needed_at_run_time(bundle: Bundle) -> None:
    outside = [path for path in files(bundle.folder) if ".dist-info" not in str(path)]
    assert {path.suffix for path in outside} == {".py", ".pyc", ".so", ".pem"}
    assert not [path for path in bundle.folder.rglob("*") if path.name in ("test", "tests")]
    assert not [path for path in bundle.folder.rglob("*") if path.name.startswith(".")]
    assert not (bundle.folder / "bin").exists()


def test_keeps_a_licence_of_every_package(bundle: Bundle) -> None:
    for metadata in bundle.folder.glob("*.dist-info"):
        kept = [file.name for file in files(metadata)]
        if kept == ["METADATA"]:
            assert re.search(r"^License", (metadata / "METADATA").read_text("utf-8"), re.MULTILINE)
        else:
            assert [name for name in kept if name.upper().startswith("LICEN")], metadata.name


def test_keeps_the_metadata_that_packages_read(bundle: Bundle) -> None:
    readers = {
        path.relative_to(bundle.folder).as_posix()
        for path in files(bundle.folder, "*.py")
        if "importlib.metadata" in path.read_text("utf-8") or "pkg_resources" in path.read_text()
    }
    assert readers == {
        "apscheduler/__init__.py",
        "apscheduler/schedulers/base.py",
        "attr/__init__.py",  # for attr.__version__, which nothing here uses
        "urllib3/http2/__init__.py",  # looks for the package h2, which is not installed
    }
    assert list(METADATA_READERS) == ["apscheduler"]
    [metadata] = bundle.folder.glob("apscheduler-*.dist-info")
    assert {"METADATA", "entry_points.txt"} <= {file.name for file in files(metadata)}


def test_two_builds_of_the_same_input_give_the_same_files(bundle: Bundle, tmp_path: Path) -> None:
    make_bundle(tmp_path / "build", bundle.runtime)

    def shape(folder: Path) -> dict[str, tuple[bytes, int, float]]:
        return {
            path.relative_to(folder).as_posix(): (
                path.read_bytes() if path.is_file() else b"",
                path.stat().st_mode,
                path.stat().st_mtime,
            )
            for path in folder.rglob("*")
        }

    assert shape(tmp_path / "build") == shape(bundle.folder)


@pytest.mark.parametrize(
    ("tags", "loads"),
    [
        pytest.param(["py3-none-any"], True, id="pure Python"),
        pytest.param(["cp310-cp310-manylinux_2_28_x86_64"], True, id="the runtime's glibc"),
        pytest.param(["cp310-cp310-manylinux2014_x86_64"], True, id="an older glibc"),
        pytest.param(
            ["cp310-cp310-manylinux_2_34_x86_64", "cp310-cp310-manylinux_2_17_x86_64"],
            True,
            id="one of two names",
        ),
        pytest.param(["cp310-cp310-manylinux_2_29_x86_64"], False, id="a newer glibc"),
        pytest.param(["cp310-cp310-manylinux_2_17_aarch64"], False, id="arm"),
        pytest.param(["cp310-cp310-musllinux_1_2_x86_64"], False, id="musl"),
        pytest.param(["cp310-cp310-macosx_11_0_arm64"], False, id="macOS"),
        pytest.param(["cp310-cp310-macosx_10_9_x86_64"], False, id="macOS on x86-64"),
        pytest.param(["cp310-cp310-linux_x86_64"], False, id="built on this machine"),
    ],
)
def test_refuses_wheels_that_the_runtime_cannot_load(
    tmp_path: Path, tags: list[str], loads: bool
) -> None:
    (tmp_path / "thing-1.0.dist-info").mkdir()
    wheel = "Wheel-Version: 1.0\n" + "".join(f"Tag: {tag}\n" for tag in tags)
    (tmp_path / "thing-1.0.dist-info" / "WHEEL").write_text(wheel, "utf-8")
    runtime = RUNTIMES["python3.10"]
    if loads:
        refuse_foreign_wheels(tmp_path, runtime=runtime)
    else:
        with pytest.raises(BundleError, match=r"thing-1\.0 .* cannot load"):
            refuse_foreign_wheels(tmp_path, runtime=runtime)


@pytest.mark.parametrize(
    "line", [f"idna==3.20 --hash=sha256:{'0' * 64}", "idna==3.20"], ids=["wrong hash", "no hash"]
)
def test_installs_nothing_without_the_locked_hash(tmp_path: Path, line: str) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(line, "utf-8")
    with pytest.raises(BundleError, match=r"(?i)hash"):
        install(requirements, tmp_path / "target", runtime=RUNTIMES["python3.10"])


@pytest.fixture
def tiny_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A function without packages, which builds quickly."""

    def nothing(requirements: Path, target: Path, *, runtime: Runtime, index: bool) -> None:
        target.mkdir()

    monkeypatch.setattr(bundle_command, "install", nothing)
    (tmp_path / "function").mkdir()
    (tmp_path / "function" / "index.py").write_text("handler = None\n", "utf-8")
    return tmp_path / "function"


def build_tiny(function: Path) -> list[str]:
    return bundle_command.build(
        function.parent / "build",
        runtime=RUNTIMES["python3.10"],
        function=function,
        requirements=ROOT / "requirements.txt",
    )


def test_warns_that_there_is_no_byte_code(
    tiny_function: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_command, "find_interpreter", lambda runtime: None)
    report = "\n".join(build_tiny(tiny_function))
    assert "WARNING: no byte-code, because no Python 3.10 was found" in report
    assert files(tiny_function.parent / "build") == [tiny_function.parent / "build" / "index.py"]


def test_a_build_that_is_too_big_fails_and_leaves_the_previous_one(
    tiny_function: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bundle_command.ZIPPED_LIMIT == 13_000_000
    build_tiny(tiny_function)
    last = files(tiny_function.parent / "build")
    monkeypatch.setattr(bundle_command, "ZIPPED_LIMIT", 10)
    (tiny_function / "more.py").write_text("more = True\n", "utf-8")
    with pytest.raises(BundleError, match="the limit is 10"):
        build_tiny(tiny_function)
    assert files(tiny_function.parent / "build") == last
    assert sorted(path.name for path in tiny_function.parent.iterdir()) == ["build", "function"]


def test_leaves_nothing_of_the_previous_build(tiny_function: Path) -> None:
    (tiny_function / "old.py").touch()
    build_tiny(tiny_function)
    (tiny_function / "old.py").unlink()
    build_tiny(tiny_function)
    assert files(tiny_function.parent / "build", "old*") == []


def test_includes_a_key_set_beside_the_entry_but_no_caches_or_hidden_files(
    tiny_function: Path,
) -> None:
    (tiny_function / "jwks.json").write_text("{}", "utf-8")
    (tiny_function / ".env").write_text("GRANT_SECRET=x", "utf-8")
    (tiny_function / "__pycache__").mkdir()
    (tiny_function / "__pycache__" / "index.cpython-39.pyc").touch()
    build_tiny(tiny_function)
    names = {file.name for file in files(tiny_function.parent / "build")}
    assert names - {"index.cpython-310.pyc"} == {"index.py", "jwks.json"}


def test_refuses_code_that_does_not_compile(tiny_function: Path) -> None:
    (tiny_function / "broken.py").write_text("def\n", "utf-8")
    with pytest.raises(BundleError, match="the code cannot be compiled"):
        build_tiny(tiny_function)


def test_refuses_a_function_without_an_entry(tiny_function: Path) -> None:
    (tiny_function / "index.py").unlink()
    with pytest.raises(BundleError, match=r"index\.py is missing"):
        build_tiny(tiny_function)
