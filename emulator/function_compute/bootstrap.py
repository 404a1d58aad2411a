"""Runs in the runtime's own Python: loads a function as Function Compute does and calls it.

    python -S -s bootstrap.py CODE HANDLER [INITIALIZER]

Each line of stdin is a call as JSON; each line of stdout is its outcome. It imports nothing of this
project, and the code's folder takes the place of its own on the path.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import sys
import traceback
from types import SimpleNamespace
from typing import Any, TextIO


def load(handler: str) -> Any:
    module, _, name = handler.partition(".")
    return getattr(importlib.import_module(module), name)


def context_of(fields: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(
        **{
            name: SimpleNamespace(**value) if isinstance(value, dict) else value
            for name, value in fields.items()
        }
    )


def serialise(result: object) -> bytes:
    """As the runtime does: strings and bytes unchanged, anything else as JSON with sorted keys.

    Raises TypeError for values that JSON cannot represent, which is an error of the function.
    """
    if isinstance(result, (bytes, str)):
        return result if isinstance(result, bytes) else result.encode()
    return json.dumps(result, indent=4, sort_keys=True).encode()


def call(handlers: dict[str, str], line: str) -> dict[str, str]:
    request = json.loads(line)
    context = context_of(request["context"])
    try:
        handler = load(handlers[request["kind"]])
        if request["kind"] == "initialize":
            handler(context)
            return {}
        result = handler(base64.b64decode(request["event"]), context)
        return {"result": base64.b64encode(serialise(result)).decode()}
    except Exception as error:
        traceback.print_exc()
        return {"errorType": type(error).__name__, "errorMessage": str(error)}


def main(  # pragma: no cover (in a process of its own)
    code: str, handler: str, initializer: str = ""
) -> None:
    sys.path[0] = code
    os.chdir(code)
    outcomes: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the function prints goes to the log
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8")  # and at once
    handlers = {"invoke": handler, "initialize": initializer}
    for line in sys.stdin:
        print(json.dumps(call(handlers, line)), file=outcomes, flush=True)


if __name__ == "__main__":  # pragma: no cover
    main(*sys.argv[1:])
