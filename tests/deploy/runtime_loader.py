"""Loads a bundle as Function Compute does and calls it once, in the runtime's own Python.

The code directory comes first on the path, handlers are found by name, the initializer is called
with only the context, and the handler with the bytes of the event.
"""

from __future__ import annotations

import importlib
import json
import sys
from types import SimpleNamespace
from typing import Any


def resolve(handler: str) -> Any:
    module, name = handler.split(".")
    return getattr(importlib.import_module(module), name)


def main(code_directory: str, handler: str, initializer: str) -> None:
    sys.path[0] = code_directory  # instead of this script's own folder
    call = json.load(sys.stdin)
    context = SimpleNamespace(request_id="request-1", region="cn-hangzhou")
    if call["credentials"]:  # python3.12 has no such attribute
        context.credentials = SimpleNamespace(**call["credentials"])
    before = set(sys.modules)
    resolve(initializer)(context)
    response = resolve(handler)(json.dumps(call["event"]).encode(), context)
    files = {getattr(sys.modules[name], "__file__", None) for name in set(sys.modules) - before}
    files -= {None, __file__}
    json.dump({"response": response, "files": sorted(files)}, sys.stdout)


main(*sys.argv[1:])
