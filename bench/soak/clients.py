"""The clients: each is a thread that performs one action after another, well behaved or not."""

from __future__ import annotations

import hashlib
import json
import random
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from .faults import Faults
from .observations import Stored, Tally
from .wire import FORM_TYPE, Reply, disconnect, form, head, open_socket, send

SIZES = (1, 1_000, 20_000, 200_000, 2_000_000)  # bytes
SIZE_WEIGHTS = (10, 40, 40, 9, 1)
LONGEST_PAUSE = 0.4  # seconds between two actions
SLOW_PAUSE = 0.1
PARTS_BYTES = 5 * 1024**2 + 1_000  # two parts
MOST_TRIES = 30


@dataclass(frozen=True)
class Target:
    """The addresses of the harness; `page` is the allowed origin."""

    function: str
    oss: str
    page: str
    has_receiver: bool = True  # of callbacks; without one, uploads are stored with status 203


class Client(threading.Thread):
    """One client, until `stop` is set or the tally is full; `seed` makes its actions repeatable."""

    def __init__(
        self, target: Target, tally: Tally, faults: Faults, stop: threading.Event, seed: int
    ) -> None:
        super().__init__(name=f"client-{seed}")
        self._target = target
        self._tally = tally
        self._faults = faults
        self._halt = stop
        self._chance = random.Random(seed)  # noqa: S311  traffic, not secrets
        self._latest = ""
        self._actions: list[tuple[int, Callable[[], None]]] = [
            (30, self.upload_a_file),
            (15, self.upload_below_a_directory),
            (10, self.upload_like_companion),
            (1, self.upload_in_parts),
            (10, self.get_refused),
            (5, self.check_health),
            (5, self.upload_slowly),
            (5, self.read_slowly),
            (5, self.disconnect_before_the_grant),
            (10, self.disconnect_during_an_upload),
            (5, self.replay_a_form),
        ]

    def run(self) -> None:
        weights = [weight for weight, _ in self._actions]
        while not self._halt.wait(self._chance.uniform(0, LONGEST_PAUSE)):
            if self._tally.is_full:
                return
            ((_, action),) = self._chance.choices(self._actions, weights)
            self._tally.count(action.__name__.replace("_", " "))
            try:
                action()
            except Exception as error:  # a response that cannot be read must not end the client
                self._tally.fail(f"{action.__name__}: {type(error).__name__} {error}")

    def upload_a_file(self) -> None:
        content = self._content()
        grant = self._request_file_grant(len(content))
        if grant is not None:
            self._upload(grant, grant["key"], content)

    def upload_below_a_directory(self) -> None:
        grant = self._grant(self._request("GET", "/"))
        if grant is not None:
            self._upload(grant, grant["dir"] + "a.bin", self._content())

    def upload_like_companion(self) -> None:
        query = urlencode({"filename": "a.png", "type": "image/png", "metadata[name]": "a.png"})
        grant = self._grant(self._request("GET", f"/s3/params?{query}"))
        if grant is not None:
            self._upload(grant, grant["key"], self._content())

    def upload_in_parts(self) -> None:
        """Begin, put each part by its URL, complete; each step again while STS is down."""
        content = self._chance.randbytes(PARTS_BYTES)
        file = {"filename": "a.png", "type": "image/png", "size": len(content)}
        begun = self._step("POST", "/s3/multipart", file)
        if begun is None:
            return
        path, query = f"/s3/multipart/{begun['uploadId']}", urlencode({"key": begun["key"]})
        for number in range(1, begun["parts"] + 1):
            signed = self._step("GET", f"{path}/{number}?{query}")
            if signed is None:
                return
            start = (number - 1) * begun["partSize"]
            url = signed["url"].removeprefix(self._target.oss)
            part = content[start : start + signed["size"]]
            self._expect(send(self._target.oss, "PUT", url, part), 200)
        if self._step("POST", f"{path}/complete?{query}", {}) is not None:
            self._keep(begun["key"], content)

    def _step(self, method: str, path: str, document: Any = None) -> dict[str, Any] | None:
        for _ in range(MOST_TRIES):
            reply = self._request(method, path, document)
            found = self._grant(reply)
            if found is not None or reply.status != 503:
                return found
        self._tally.fail(f"{method} {path[:13]}: 503 again and again")
        return None

    def get_refused(self) -> None:
        status, method, path, body, origin = self._chance.choice(
            [
                (415, "POST", "/sign", {"filename": "a.html"}, self._target.page),
                (413, "POST", "/sign", {"filename": "a.jpg", "size": 10**10}, self._target.page),
                (400, "POST", "/sign", {"filename": ""}, self._target.page),
                (403, "POST", "/sign", {"filename": "a.jpg"}, "https://evil.example"),
                (404, "GET", "/nowhere", None, self._target.page),
                (405, "GET", "/sign", None, self._target.page),
                (403, "POST", "/callback", None, self._target.page),
            ]
        )
        self._expect(self._request(method, path, body, origin), status)

    def check_health(self) -> None:
        self._expect(self._request("GET", "/healthz"), 200)

    def upload_slowly(self) -> None:
        content = self._chance.randbytes(50_000)
        grant = self._request_file_grant(len(content))
        if grant is None:
            return
        body = form(grant["fields"], content, "a.png")
        with open_socket(self._target.oss) as connection:
            connection.sendall(head("POST", "/", len(body)))
            for start in range(0, len(body), 4_000):
                connection.sendall(body[start : start + 4_000])
                self._halt.wait(SLOW_PAUSE)
            status = connection.makefile("rb").readline()
        if f" {self._stored_status} ".encode() in status:
            self._keep(grant["key"], content)
        else:
            self._tally.fail(f"upload_slowly: {status!r}")

    def read_slowly(self) -> None:
        """Disconnect after a part of the response, with a small receive buffer."""
        with open_socket(self._target.oss) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.sendall(head("GET", f"/{quote(self._latest)}"))
            for _ in range(10):
                if not connection.recv(1_000):
                    break
                self._halt.wait(SLOW_PAUSE)

    def disconnect_before_the_grant(self) -> None:
        body = json.dumps({"filename": "a.png"}).encode()
        connection = open_socket(self._target.function)
        connection.sendall(head("POST", "/sign", len(body), "application/json") + body[:-5])
        disconnect(connection)

    def disconnect_during_an_upload(self) -> None:
        """Disconnect halfway: nothing may be stored."""
        grant = self._request_file_grant(200_000)
        if grant is None:
            return
        body = form(grant["fields"], self._chance.randbytes(200_000), "a.png")
        connection = open_socket(self._target.oss)
        connection.sendall(head("POST", "/", len(body)) + body[: self._chance.randrange(195_000)])
        disconnect(connection)

    def replay_a_form(self) -> None:
        """Post a form twice: the second must not overwrite the first."""
        content = self._chance.randbytes(1_000)
        grant = self._request_file_grant(len(content))
        if grant is None:
            return
        self._upload(grant, grant["key"], content)
        other = self._chance.randbytes(1_000)
        self._expect(self._post(grant, other), 409)

    def _request(
        self, method: str, path: str, document: Any = None, origin: str | None = None
    ) -> Reply:
        body = b"" if document is None else json.dumps(document).encode()
        headers = {"Content-Type": "application/json", "Origin": origin or self._target.page}
        return send(self._target.function, method, path, body, headers)

    def _request_file_grant(self, size: int) -> dict[str, Any] | None:
        return self._grant(self._request("POST", "/sign", {"filename": "a.png", "size": size}))

    def _grant(self, reply: Reply) -> dict[str, Any] | None:
        """The grant; None, after a pause, if STS is down and the response says so."""
        if reply.status == 200:
            grant: dict[str, Any] = reply.document
            return grant
        if (
            reply.status == 503
            and reply.headers.get("retry-after") == "5"
            and reply.document["error"]["code"] == "credentials_unavailable"
            and self._faults.may_have_effects
        ):
            self._tally.count("(told to try again because STS is down)")
            self._halt.wait(1)
        else:
            self._expect(reply, 200)
        return None

    def _post(self, grant: dict[str, Any], content: bytes) -> Reply:
        body = form(grant["fields"], content, "a.png")
        headers = {"Content-Type": FORM_TYPE, "Origin": self._target.page}
        return send(self._target.oss, "POST", "/", body, headers)

    def _upload(self, grant: dict[str, Any], key: str, content: bytes) -> None:
        grant["fields"]["key"] = key
        reply = self._post(grant, content)
        self._expect(reply, self._stored_status)
        if reply.status == self._stored_status:
            if self._target.has_receiver and reply.document.get("Status") != "OK":
                self._tally.fail("the callback's response did not arrive")
            self._keep(key, content, is_reported="dir" not in grant)

    @property
    def _stored_status(self) -> int:
        return 200 if self._target.has_receiver else 203

    def _keep(self, key: str, content: bytes, *, is_reported: bool = True) -> None:
        self._latest = key
        digest = hashlib.sha256(content).digest()
        self._tally.keep(Stored(key, len(content), digest, is_reported))

    def _expect(self, reply: Reply, status: int) -> None:
        if reply.status != status:
            self._tally.fail(f"{reply.status} instead of {status}: {reply.body[:200]!r}")

    def _content(self) -> bytes:
        (size,) = self._chance.choices(SIZES, SIZE_WEIGHTS)
        return self._chance.randbytes(size)
