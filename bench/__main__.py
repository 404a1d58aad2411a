"""Measures the function: `python -m bench [--quick] [--write docs/performance.md]`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

from emulator.keyring import KeyRing
from emulator.server import Server
from emulator.sts import Sts

from . import browser, cold, completion, memory, tables, throughput, warm
from .browser import large
from .environment import codes
from .requests import ROLE_ARN


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few rounds, for a first look")
    parser.add_argument("--write", type=Path, metavar="FILE", help="update the tables in this file")
    options = parser.parse_args()
    rounds = 3 if options.quick else 11
    parts = [_machine(), warm.measure(rounds=2 * rounds, seconds=0.05)]
    sts = Sts(ROLE_ARN, KeyRing([completion.OWN_KEY]), log=lambda line: None)
    with Server(sts) as server:
        parts.append(cold.measure(codes(), sts_url=server.url, rounds=rounds))
        parts.append(memory.measure(sts, sts_url=server.url, quick=options.quick))
    parts.append(throughput.measure(seconds=1 if options.quick else 10))
    parts.append(completion.measure(parts=1000 if options.quick else 10_000))
    parts.append(browser.measure(rounds=1 if options.quick else 3))
    parts.append(large.measure(size=(120 if options.quick else 200) * 10**6))
    text = "\n".join(parts)
    print(text)
    if options.write is not None:
        tables.write(text, options.write)
    return 0


def _machine() -> str:
    return (
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
