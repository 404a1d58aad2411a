"""A package index in a folder: each locked package as it was locked, and a newer release of it.

The packages contain only what installers read: names, versions, hashes and the real requirements;
but the locked uv works, for set-up runs it. A newer release writes its name into the file that TRAP
names as soon as a Python starts in an environment that contains it; so does a newer build back end.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SOURCE_ONLY = "alibabacloud-tea"
NEWER = "9999"
TRAP = 'import os; open(os.environ["TRAP"], "a").write("{name}\\n")\n'
BACK_ENDS = ("setuptools", "wheel", "packaging", "pip")

# The minimum that pip needs from a build back end (PEP 517), for a project with a setup.py only.
BUILD_META = """
import base64, hashlib, sys, zipfile

__legacy__ = sys.modules[__name__]


def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "{wheel}"
    metadata = "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
    wheel = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    folder = "{stem}.dist-info"
    with zipfile.ZipFile(directory + "/" + name, "w") as archive:
        archive.writestr(folder + "/METADATA", metadata)
        archive.writestr(folder + "/WHEEL", wheel)
        archive.writestr(folder + "/RECORD", "")
    return name
"""


def requirements(lock: Path) -> Iterator[Requirement]:
    """What a lock lists."""
    for line in lock.read_text("utf-8").splitlines():
        if re.match(r"\w", line):
            yield Requirement(line.rstrip(" \\"))


def fill(folder: Path, *locks: Path) -> dict[str, str]:
    """Create the index in the folder; return the hash of each locked file by name and version."""
    hashes: dict[str, str] = {}
    names = {name: {NEWER} for name in BACK_ENDS}
    for lock in locks:
        for requirement in requirements(lock):
            version = str(requirement.specifier).removeprefix("==")
            names.setdefault(canonicalize_name(requirement.name), {NEWER}).add(version)
    for name, versions in names.items():
        for version in sorted(versions):
            file, content = _release(name, version)
            (folder / file).write_bytes(content)
            hashes[f"{name}=={version}"] = hashlib.sha256(content).hexdigest()
    return hashes


def rewrite(lock: Path, hashes: Mapping[str, str], target: Path) -> None:
    """Rewrite the lock with the hashes of the index.

    The names of extras are left out: a pip that resolved pytest-cov's requirement of coverage[toml]
    would then consider newer releases of coverage as well.
    """
    lines = []
    for requirement in requirements(lock):
        name = canonicalize_name(requirement.name)
        pinned = f"{name}{requirement.specifier}"
        marker = f" ; {requirement.marker}" if requirement.marker else ""
        lines.append(f"{pinned}{marker} --hash=sha256:{hashes[pinned]}\n")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(lines), "utf-8")


def _release(name: str, version: str) -> tuple[str, bytes]:
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    if name == SOURCE_ONLY and version != NEWER:
        return f"{name}-{version}.tar.gz", _sdist(f"{name}-{version}", metadata)
    files: dict[str, str | bytes] = {}
    if version == NEWER:
        files[f"{name}_newer.pth"] = TRAP.format(name=name)
    else:
        metadata += "".join(f"Requires-Dist: {line}\n" for line in _requires(name))
    if name == "setuptools":
        stem = f"{SOURCE_ONLY.replace('-', '_')}-{importlib.metadata.version(SOURCE_ONLY)}"
        files["setuptools/__init__.py"] = ""
        files["setuptools/build_meta.py"] = BUILD_META.format(
            wheel=f"{stem}-py3-none-any.whl",
            stem=stem,
            name=SOURCE_ONLY,
            version=importlib.metadata.version(SOURCE_ONLY),
        )
    stem = f"{name.replace('-', '_')}-{version}"
    if name == "uv" and version != NEWER:
        files |= _installed_uv(f"{stem}.data/scripts")
    return f"{stem}-py3-none-any.whl", _wheel(stem, metadata, files)


def _requires(name: str) -> list[str]:
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # of the bench, or for another Python
        return []


def _installed_uv(scripts: str) -> dict[str, str | bytes]:
    """The files of the uv that these tests run with, as its wheel has them."""
    return {
        f"{scripts}/{file.name}" if "bin" in file.parts else str(file): Path(
            str(file.locate())
        ).read_bytes()
        for file in importlib.metadata.files("uv") or []
        if file.suffix in ("", ".py") and "dist-info" not in str(file)
    }


def _wheel(stem: str, metadata: str, files: Mapping[str, str | bytes]) -> bytes:
    folder = f"{stem}.dist-info"
    members = {
        **files,
        f"{folder}/METADATA": metadata,
        f"{folder}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in members.items():
            member = zipfile.ZipInfo(path)
            member.external_attr = 0o100755 << 16  # for uv itself
            archive.writestr(member, content)
        lines = "".join(f"{path},,\n" for path in [*members, f"{folder}/RECORD"])
        archive.writestr(f"{folder}/RECORD", lines)
    return buffer.getvalue()


def _sdist(stem: str, metadata: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, content in {"PKG-INFO": metadata, "setup.py": "# built by the index\n"}.items():
            member = tarfile.TarInfo(f"{stem}/{path}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    return buffer.getvalue()
