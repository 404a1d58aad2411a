"""How much memory an upload needs, measured in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.harness import ROOT

START = """
import itertools, resource, sys
from pathlib import Path
from tests.emulator.client import FORM_END, FORM_TYPE, form_start, send, signed_fields
from tests.emulator.oss.bucket import KEY, NOW, running_bucket
from tests.emulator.oss.multipart import signed_url, started

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

directory, chunk = Path(sys.argv[1]), bytes(1024) * 1024
"""


def growth(script: str, directory: Path) -> int:
    """Bytes by which `peak()` grew, according to what the script prints."""
    done = subprocess.run(
        [sys.executable, "-c", START + script, str(directory)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return int(done.stdout) * unit
