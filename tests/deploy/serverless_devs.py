"""The real Serverless Devs CLI, from npm, in a folder and with a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.programs import npm_packages, program

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class ServerlessDevs:
    """Runs `s` without a terminal; it sees nothing of this machine but PATH."""

    script: Path
    home: Path

    def __call__(
        self, folder: Path, *arguments: str, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program("node", "nodejs"), self.script, *arguments],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def preview(self, folder: Path, *options: str, **environ: str) -> dict[str, Any]:
        """What `s preview` makes of s.yaml in the folder."""
        done = self(folder, "preview", "-o", "json", *options, environ=environ)
        assert done.returncode == 0, done.stdout + done.stderr
        document: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
        return document


def install(home: Path) -> ServerlessDevs:
    """The CLI as the lock beside this file pins it."""
    packages = npm_packages(FOLDER)
    return ServerlessDevs(packages / "@serverless-devs" / "s" / "bin" / "s", home)
