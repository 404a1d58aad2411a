"""Cold starts: a new process for each figure, with the processor time and memory that it used."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Mapping
from pathlib import Path

from . import tables
from .environment import Code
from .requests import ASSUME_ROLE, DIRECTORY, FUNCTION_ROLE

# The context is that of python3.12, without credentials.
FIRST_GRANT = f"""
import index
from types import SimpleNamespace
context = SimpleNamespace(request_id="1-69240000-0123456789abcdef01234567")
index.initialize(context)
response = index.handler({DIRECTORY!r}, context)
assert response["statusCode"] == 200, response["body"]
"""
THOUSAND = "for _ in range(999): index.handler(" + repr(DIRECTORY) + ", context)\n"
PEAK = """
import re
print(re.search("VmHWM:\\\\s*(\\\\d+)", open("/proc/self/status").read())[1])
"""
STANDARD_MODULES = """
import sys
before = set(sys.modules)
import index
here = sys.path[0]
print(*sorted(name for name in set(sys.modules) - before
              if not getattr(sys.modules[name], "__file__", None)
              or not sys.modules[name].__file__.startswith(here)))
"""
SDK = "import alibabacloud_sts20150401.client"
# The minimum for any function that assumes a role with this SDK.
SDK_CALL = """
import os
from alibabacloud_sts20150401.client import Client
from alibabacloud_sts20150401.models import AssumeRoleRequest
from alibabacloud_tea_openapi.utils_models import Config
Client(Config(
    access_key_id=os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
    access_key_secret=os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
    security_token=os.environ["ALIBABA_CLOUD_SECURITY_TOKEN"],
    endpoint=os.environ["STS_ENDPOINT"].removeprefix("http://"),
    protocol="HTTP",
)).assume_role(AssumeRoleRequest(
    role_arn=os.environ["UPLOAD_ROLE_ARN"], role_session_name="bench", duration_seconds=3600
))
"""

BARE, MODULES, INDEX = "bare interpreter", "the standard modules that index imports", "import index"
ROLE, IMPORT, CALL, ASSUMED = (
    "first grant, function-role",
    "the SDK's own import",
    "AssumeRole with only the SDK",
    "first grant, assume-role",
)


def measure(codes: list[Code], *, sts_url: str, rounds: int) -> str:
    """A table for each runtime that was found."""
    return "\n".join(_of(code, sts_url, rounds) for code in codes)


def _of(code: Code, sts_url: str, rounds: int) -> str:
    standard = _run(code, code.folder, STANDARD_MODULES, {}).split()
    assume_role = {**ASSUME_ROLE, "STS_ENDPOINT": sts_url}
    scripts: Mapping[str, tuple[str, Mapping[str, str]]] = {
        BARE: ("pass", {}),
        MODULES: (f"import {', '.join(standard)}", {}),
        INDEX: ("import index", {}),
        ROLE: (FIRST_GRANT, FUNCTION_ROLE),
        IMPORT: (SDK, {}),
        CALL: (SDK_CALL, assume_role),
        ASSUMED: (FIRST_GRANT, assume_role),
    }
    rows = {(name, kind): script for name, script in scripts.items() for kind in (True, False)}
    found: dict[tuple[str, bool], list[float]] = {row: [] for row in rows}
    for _ in range(rounds):
        for row in random.sample(list(rows), len(rows)):
            folder = code.folder if row[1] else code.sources
            found[row].append(_seconds(code, folder, *rows[row]))
    with_code, without = ({name: found[name, kind] for name in scripts} for kind in (True, False))
    peaks = {
        name: int(_run(code, code.folder, scripts[name][0] + THOUSAND + PEAK, scripts[name][1]))
        for name in (ROLE, ASSUMED)
    }
    return _table(code, with_code, without, peaks)


def _table(code: Code, found: tables.Found, without: tables.Found, peaks: dict[str, int]) -> str:
    bare = tables.median(found, BARE)
    rows = [
        [
            name,
            f"{tables.median(found, name) * 1e3:.1f}",
            f"{(tables.median(found, name) - bare) * 1e3:.1f}",
            "" if name == BARE else f"{(tables.median(without, name) - bare) * 1e3:.1f}",
            f"{peaks[name] / 1024:.1f}" if name in peaks else "",
        ]
        for name in found
    ]
    heads = [code.runtime, "ms", "over bare", "without byte-code", "MB after 1,000 grants"]
    own, sdk, call = (
        _over(found, row, base, bare)
        for row, base in ((INDEX, MODULES), (ASSUMED, IMPORT), (ASSUMED, CALL))
    )
    return tables.table(heads, rows) + (
        f"\nOver bare: `import index` {own:.2f} × its modules; first assume-role grant {sdk:.2f} × "
        f"the SDK's import, {call:.2f} × AssumeRole with only the SDK.\n"
    )


def _over(found: tables.Found, row: str, base: str, bare: float) -> float:
    return (tables.median(found, row) - bare) / (tables.median(found, base) - bare)


def _start(
    code: Code, folder: Path, script: str, environ: Mapping[str, str]
) -> subprocess.Popen[str]:
    own_path = f"import sys; sys.path[0] = {str(folder)!r}\n"
    return subprocess.Popen(  # noqa: S603 (the project's own)
        [code.interpreter, "-S", "-s", "-B", "-c", own_path + script],
        env=dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _seconds(code: Code, folder: Path, script: str, environ: Mapping[str, str]) -> float:
    process = _start(code, folder, script, environ)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stdout is not None  # noqa: S101
    process.stdout.close()
    if process.returncode != 0:
        raise RuntimeError(f"a cold start of {code.runtime} failed: {script}")
    return usage.ru_utime + usage.ru_stime


def _run(code: Code, folder: Path, script: str, environ: Mapping[str, str]) -> str:
    process = _start(code, folder, script, environ)
    printed, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"a process of {code.runtime} failed: {script}")
    return printed
