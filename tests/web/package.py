"""The client package as an application has it: packed, installed, compiled and bundled."""

from __future__ import annotations

import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.documents import Document
from tests.harness import ROOT
from tests.programs import program

CLIENT = ROOT / "web" / "client"
GUIDE = Document("docs/client.md")
NAME = "oss-direct-upload"
# Chrome 90 has one wrong corner of `?.`, for which esbuild would rewrite them all.
BASELINE = "chrome91,firefox90,safari15"
# Strict, and everything that is declared is looked at.
COMPILER_OPTIONS = {
    "strict": True,
    "noEmit": True,
    "skipLibCheck": False,
    "target": "es2022",
    "module": "esnext",
    "moduleResolution": "bundler",
    "lib": ["es2022", "dom", "dom.iterable"],
    "jsx": "react-jsx",
    "types": [],
    "exactOptionalPropertyTypes": True,
    "noUncheckedIndexedAccess": True,
}


@dataclass(frozen=True)
class Project:
    """An application's folder, in which the packed client and other packages are installed."""

    folder: Path
    packages: Path

    def run(self, *command: str | Path) -> str:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def compile(self) -> None:
        """Compile every TypeScript file of the folder."""
        config = {"compilerOptions": COMPILER_OPTIONS, "include": ["*.ts", "*.tsx"]}
        (self.folder / "tsconfig.json").write_text(json.dumps(config))
        self.run(self.packages / ".bin" / "tsc", "--project", ".")

    def bundle(self, source: str, *options: str, name: str = "entry.ts") -> str:
        """What esbuild makes of an entry."""
        (self.folder / name).write_text(source, encoding="utf-8")
        esbuild = self.packages / ".bin" / "esbuild"
        define = '--define:process.env.NODE_ENV="production"'
        return self.run(esbuild, name, "--bundle", "--format=esm", define, *options)


def installed(folder: Path, packages: Path) -> Project:
    """A new application with the client as npm packs it."""
    npm = program("npm", "npm")
    command = [npm, "pack", str(CLIENT), "--pack-destination", str(folder), "--silent"]
    packed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    modules = folder / "node_modules"
    modules.mkdir()
    for package in packages.iterdir():
        (modules / package.name).symlink_to(package)
    with tarfile.open(folder / packed) as archive:
        archive.extractall(folder, filter="data")
    (folder / "package").rename(modules / NAME)
    return Project(folder, packages)
