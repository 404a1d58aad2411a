"""A server that responds as a test wants and records the requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from werkzeug import Request, Response

from emulator.server import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@dataclass(frozen=True)
class Recorded:
    """One request; the target is exactly what was sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    version: str


@dataclass
class Recorder:
    """`reply` makes the responses; `requests` collects them as they were sent."""

    reply: Callable[[Recorded], Response]
    url: str = ""
    requests: list[Recorded] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        recorded = Recorded(
            request.method,
            environ["REQUEST_URI"],
            {name.lower(): value for name, value in request.headers},
            request.get_data(),
            environ["SERVER_PROTOCOL"],
        )
        self.requests.append(recorded)
        return self.reply(recorded)(environ, start_response)


@contextmanager
def trickling() -> Iterator[Callable[[Recorded], Response]]:
    """A reply that is never long silent and never complete, as long as the block lasts."""
    over = threading.Event()

    def spaces() -> Iterator[bytes]:
        while not over.wait(0.05):
            yield b" "

    try:
        yield lambda recorded: Response(spaces(), headers={"Content-Length": "9999"})
    finally:
        over.set()


@contextmanager
def recording(
    reply: Callable[[Recorded], Response], names: tuple[str, ...] = ()
) -> Iterator[Recorder]:
    """A recorder on a free port; it responds to `names`, too."""
    recorder = Recorder(reply)
    with Server(recorder, names=names) as server:
        recorder.url = server.url
        yield recorder
