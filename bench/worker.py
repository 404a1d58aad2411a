"""All Python rows in one process of the bench's own environment: `python -m bench.worker`.

Reads lines {"row", "times"}, writes processor seconds.
"""

from __future__ import annotations

import json
import sys

from .growth import growth_rows
from .peers import signers
from .rows import log_to_nowhere, own_rows, signer_rows


def main() -> None:
    log_to_nowhere()
    rows = own_rows() | signer_rows(signers())
    for what, (one, many) in growth_rows().items():
        rows |= {f"one: {what}": one, f"many: {what}": many}
    print(json.dumps(list(rows)), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(rows[request["row"]](request["times"]), flush=True)


if __name__ == "__main__":
    main()
