"""A server on a real socket that sends whatever bytes a test wants, HTTP or not."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass
class Connection:
    """A request and the socket for its response; `released` ends the wait of those that hang."""

    socket: socket.socket
    head: str
    released: threading.Event


Responder = Callable[[Connection], None]


def sending(content: bytes) -> Responder:
    """Sends this, then ends the connection."""

    def respond(connection: Connection) -> None:
        connection.socket.sendall(content)
        raise ConnectionAbortedError

    return respond


def reset(connection: Connection) -> None:
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionAbortedError


def close(connection: Connection) -> None:
    raise ConnectionAbortedError


@dataclass
class RawServer:
    """Records the requests and leaves the response to `responder`."""

    responder: Responder
    requests: list[str] = field(default_factory=list)

    def __enter__(self) -> RawServer:
        self._released = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        with contextlib.suppress(OSError):  # on Linux, this wakes the accepting thread
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def become(self, responder: Responder) -> None:
        """Release hanging connections, forget the requests, and use this responder from now on."""
        self._released.set()
        self._released = threading.Event()
        self.requests.clear()
        self.responder = responder

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                while head := _head(lines):
                    self.requests.append(head)
                    self.responder(Connection(connection, head, self._released))
            except OSError:
                return


def _head(lines: Iterable[bytes]) -> str:
    return b"".join(itertools.takewhile(lambda line: line != b"\r\n", lines)).decode()
