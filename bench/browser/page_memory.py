"""Whether a page's memory stays flat while a file of 5 GB goes in parts.

`python -m bench.browser.page_memory` takes minutes, and 15 GB in the folder for temporary files.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import NamedTuple

from .. import tables
from ..harness import harness
from .large import SETTINGS, UPLOAD, chosen, chromium, pages, sparse_file

SIZE = 5_000_000_000
LOOK_SECONDS = 0.2
START = f"""(to) => {{
    window.over = false;
    window.done = ({UPLOAD})(to).finally(() => {{ window.over = true; }});
}}"""


class Look(NamedTuple):
    sent: int
    heap: float  # bytes of JavaScript
    processes: float  # bytes of all of Chromium's processes


def main() -> int:
    with (
        pages() as origin,
        harness(**SETTINGS, ALLOWED_ORIGINS=origin) as servers,
        chromium() as browser,
        sparse_file(SIZE) as path,
        chosen(browser, origin, path) as page,
    ):
        devtools = page.context.new_cdp_session(page)
        page.evaluate(START, [servers.function, "default"])
        looks = []
        over = False
        while not over:
            sent, over = page.evaluate("[window.sent ?? 0, window.over]")
            heap = devtools.send("Runtime.getHeapUsage")["usedSize"]
            looks.append(Look(sent, heap, _of_processes()))
            time.sleep(LOOK_SECONDS)
        seconds, _ = page.evaluate("done")
    quarters = [(SIZE * quarter / 4, SIZE * (quarter + 1) / 4) for quarter in range(4)]
    heads = [
        f"peaks while {SIZE / 1e9:.0f} GB go in {seconds:.0f} s, MB",
        *(f"quarter {number}" for number in range(1, 5)),
    ]
    rows = [
        [title, *(_peak(looks, member, *quarter) for quarter in quarters)]
        for title, member in (("JavaScript", "heap"), ("all processes of Chromium", "processes"))
    ]
    print(tables.table(heads, rows))
    return 0


def _peak(looks: list[Look], member: str, begin: float, end: float) -> str:
    return f"{max(getattr(look, member) for look in looks if begin <= look.sent <= end) / 1e6:.0f}"


def _of_processes() -> int:
    """Bytes of the Chromium below this process, no mapped files; what two share counts twice."""
    return sum(_resident(status) for status in _family(os.getpid()))


def _family(process: int) -> list[str]:
    """What /proc says of all of Chromium's processes below this one."""
    found: list[str] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in task.read_text("utf-8").split():
            try:
                status = Path(f"/proc/{child}/status").read_text("utf-8")
                found += [status] * status.startswith("Name:\tchrom") + _family(int(child))
            except FileNotFoundError:  # it has just ended
                continue
    return found


def _resident(status: str) -> int:
    sizes = re.findall(r"Rss(?:Anon|Shmem):\s+(\d+) kB", status)
    return sum(1024 * int(size) for size in sizes)


if __name__ == "__main__":
    sys.exit(main())
