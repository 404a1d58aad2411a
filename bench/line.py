"""A line to a server on this machine: a TCP proxy with a round trip, and a rate per connection.

Browsers can be slowed down themselves, but only as a whole: then parts that travel side by side
would gain nothing, or everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from types import TracebackType
from urllib.parse import urlsplit

CHUNK_BYTES = 32 * 1024
# A connection that could not send for a moment, because the machine is busy, may make up for it.
SLACK_SECONDS = 0.05


class Line:
    """Leads to `target`, an origin, which may be set later; listens at `url` within `with`.

    A new connection takes a round trip, in seconds, before it carries anything, and all that it
    carries is half of one on its way. `rate` limits what each connection sends, in bytes a second;
    what it receives is not limited. TLS and the slow start of TCP are left out.
    """

    def __init__(self, *, round_trip: float, rate: float = float("inf"), target: str = "") -> None:
        self.round_trip, self.rate, self.target = round_trip, rate, target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Line:
        self._thread.start()
        serving = asyncio.start_server(self._connect, sock=self._listener, limit=CHUNK_BYTES)
        asyncio.run_coroutine_threadsafe(serving, self._loop).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._listener.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(self.target)
        # When one end breaks off, so does the other; and at the end of the line, both.
        ends = (OSError, asyncio.CancelledError)
        with contextlib.closing(writer), contextlib.suppress(*ends):
            await asyncio.sleep(self.round_trip)
            responses, requests = await asyncio.open_connection(parts.hostname, parts.port)
            with contextlib.closing(requests):
                await asyncio.gather(
                    self._carry(reader, requests, self.rate),
                    self._carry(responses, writer, float("inf")),
                )

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rate: float
    ) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.create_task(self._deliver(under_way, writer))
        now = free = self._loop.time()
        data = b"."
        try:
            while data:
                data = await reader.read(CHUNK_BYTES)
                now = self._loop.time()
                free = max(free, now - SLACK_SECONDS) + len(data) / rate
                await asyncio.sleep(free - now)
                under_way.put_nowait((max(free, now) + self.round_trip / 2, data))
            await arriving
        finally:
            arriving.cancel()

    async def _deliver(
        self, under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        while True:
            arrives, data = await under_way.get()
            await asyncio.sleep(arrives - self._loop.time())
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # their connections close
