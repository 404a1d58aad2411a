"""What emulators run on: a threaded HTTP server (werkzeug's), the clock, and text for the log."""

from __future__ import annotations

import contextlib
import errno
import re
import socket
import struct
import threading
from datetime import datetime, timezone
from types import TracebackType
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from .hosts import OwnHosts

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LINGER_ZERO = struct.pack("ii", 1, 0)  # SO_LINGER: on, for 0 seconds
POLL_SECONDS = 0.05  # how long stop() may wait for the accepting thread
STOP_SECONDS = 1.0  # how long stop() waits for requests that it cut off


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


def shown(text: str) -> str:
    """Text of a request as a log line may have it: ASCII without blanks, and not long."""
    return re.sub(r"[^!-~]", "?", text)[:128]


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes; Nagle's algorithm would hold the second back for 40 ms.
    disable_nagle_algorithm = True

    def handle_expect_100(self) -> bool:
        """Leave `Expect: 100-continue` to werkzeug, or it would get two responses."""
        return True

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Close the connection: without a response, no `Connection: close` announces the end."""
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The emulators log their requests themselves."""


class _ConnectionTrackingServer(ThreadedWSGIServer):
    """Tracks its open connections, so that a stop need not wait for the clients to close them."""

    def __init__(self, host: str, port: int, app: WSGIApplication, listener: socket.socket) -> None:
        super().__init__(host, port, app, _Handler, fd=listener.fileno())
        self._open: set[Any] = set()
        self._changed = threading.Condition()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        # An application that sets SO_LINGER to zero wants the client to see a reset, so the orderly
        # end of the stream must not be sent first.
        size = len(LINGER_ZERO)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, size) == LINGER_ZERO:
            self.close_request(request)
        else:
            super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def cut_connections(self) -> None:
        with self._changed:
            for connection in self._open:
                with contextlib.suppress(OSError):  # the client has closed it already
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, STOP_SECONDS)


class Server:
    """One WSGI application on one port, in a background thread, for the length of a `with` block.

    The port is bound at once, so `url` is known before the first request can be served. Requests
    reach the application only under the server's own hosts (`OwnHosts`): loopback, `host`, `names`.
    """

    def __init__(
        self,
        app: WSGIApplication,
        host: str = "127.0.0.1",
        port: int = 0,
        names: tuple[str, ...] = (),
    ) -> None:
        app = OwnHosts(app, (host, *names))
        with _listen(host, port) as listener:
            self._server = _ConnectionTrackingServer(host, port, app, listener)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True
        )
        self.host = host
        self.port: int = self._server.port

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Free the port and cut open connections; requests in flight are lost."""
        self._server.shutdown()
        self._thread.join()
        self._server.cut_connections()

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _listen(host: str, port: int) -> socket.socket:
    """Bind here rather than in werkzeug, which prints and exits if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        reason = (
            "another program is using it; stop that program or choose another port"
            if error.errno == errno.EADDRINUSE
            else error.strerror
        )
        raise OSError(error.errno, f"cannot listen on port {port} of {host}: {reason}") from error
