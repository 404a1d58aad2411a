"""The entries on Function Compute: `index.handler` with `index.initialize`, `index.object_created`.

The last is for a second function of the same code, with an OSS trigger (docs/callbacks.md).
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from direct_upload.app import App, utc_now

if TYPE_CHECKING:
    from direct_upload.events import Receiver

_app = App(os.environ)


def handler(event: bytes, context: Any) -> dict[str, Any]:
    """Respond to one event of the HTTP trigger."""
    return _app.handle(event, context)


def initialize(context: Any) -> None:
    """Get ready before the first request, as the initializer hook."""
    _app.warm(context)


def object_created(event: bytes, context: Any) -> None:
    """Hand the uploads that an event of OSS reports to the hook; raises where it fails."""
    _receiver().handle(event, context)


@functools.cache
def _receiver() -> Receiver:
    from direct_upload.events import Receiver  # the HTTP trigger's cold start needs none of it

    return Receiver(os.environ, utc_now)
