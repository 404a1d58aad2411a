"""Running the tools of a build."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from os import PathLike


def run(
    *command: str | PathLike[str], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command whose every part is the project's own; the caller looks at its return code."""
    return subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, check=False
    )
