"""What instances cost besides time: memory, and AssumeRole calls."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

from emulator.sts import Sts

from . import environment, tables
from .requests import ASSUME_ROLE, DIRECTORY, FUNCTION_ROLE

GRANTS = 100_000
USERS = 1_000_000
# An instance with this environment's Python serves this many grants and prints its peak.
INSTANCE = f"""
import re, sys
sys.path[0] = {str(environment.ROOT / "function")!r}
import index
index.initialize(None)
for _ in range(int(sys.argv[1])):
    response = index.handler({DIRECTORY!r}, None)
    assert response["statusCode"] == 200, response["body"]
print(re.search("VmHWM:\\\\s*(\\\\d+)", open("/proc/self/status").read())[1])
"""


def measure(sts: Sts, *, sts_url: str, quick: bool) -> str:
    """A table of peaks, calls, and memory after a million users."""
    assume_role = {**ASSUME_ROLE, "STS_ENDPOINT": sts_url}
    grants = GRANTS // 100 if quick else GRANTS
    before = sts.calls
    rows = [
        [f"peak after {grants:,} grants, assume-role", _instance(grants, assume_role)],
        ["AssumeRole calls during these", f"{sts.calls - before}"],
        [f"peak after {grants:,} grants, function-role", _instance(grants, FUNCTION_ROLE)],
    ]
    users = USERS // 100 if quick else USERS
    early, late = json.loads(
        _python("-c", f"from bench.growth import memory_growth as m; print(list(m({users})))")
    )
    rows.append([f"after {users // 100:,} distinct users", _megabytes(early)])
    rows.append([f"after {users:,} distinct users", _megabytes(late)])
    return tables.table(["one instance", "figure"], rows)


def _instance(grants: int, settings: Mapping[str, str]) -> str:
    return _megabytes(int(_python("-c", INSTANCE, str(grants), environ=settings)) * 1024)


def _megabytes(size: int) -> str:
    return f"{size / 1024**2:.1f} MB"


def _python(*arguments: str, environ: Mapping[str, str] | None = None) -> str:
    return subprocess.run(  # noqa: S603 (the project's own)
        [environment.python(), *arguments],
        cwd=environment.ROOT,
        env=environ,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ).stdout
