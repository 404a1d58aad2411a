"""How `python -m deploy.bundle` makes build/: this package's error, and how it runs tools."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from os import PathLike


class BundleError(Exception):
    """The bundle cannot be built; the message says why and what to do."""


def run(
    *command: str | PathLike[str], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command that this package composed; the caller checks its return code."""
    return subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, check=False
    )
