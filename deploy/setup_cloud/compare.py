"""Called by the script that setup-cloud prints: whether something has to change.

    python -m deploy.setup_cloud.compare KIND NAME WANTED... < what the cloud has

Exits with 0 if it does, and prints the new configuration if it has one; with 3 if nothing has to
change. Notices for people go to stderr. It changes nothing itself.
"""

from __future__ import annotations

import sys

from .merging import KINDS

UNCHANGED = 3


def main(arguments: list[str], found: str) -> int:
    kind, name, *wanted = arguments
    merged = KINDS[kind](found, *wanted)
    if merged.document is None:
        return UNCHANGED
    for notice in merged.notices:
        print(f"  {name}: {notice}", file=sys.stderr)
    print(merged.document, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdin.read()))
