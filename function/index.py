"""The entry of the function on Function Compute: `index.handler` and `index.initialize`."""

from __future__ import annotations

import os
from typing import Any

from direct_upload.app import App

_app = App(os.environ)


def handler(event: bytes, context: Any) -> dict[str, Any]:
    """Respond to one event of the HTTP trigger."""
    return _app.handle(event, context)


def initialize(context: Any) -> None:
    """Get ready before the first request, as the initializer hook."""
    _app.warm(context)
