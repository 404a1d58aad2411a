"""The function and an emulated bucket at one time, and a client that uploads in parts."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from direct_upload.app import App
from emulator.keyring import AccessKey, KeyRing
from emulator.oss import Oss
from emulator.server import Server
from tests.function.invocations import ENVIRON, NOW, Context, Response, event, read

SECRET = "0123456789abcdef0123456789abcdef"
MULTIPART = ENVIRON | {"MULTIPART": "true", "GRANT_SECRET": SECRET}
MIB = 1024**2
SIZE = 12 * MIB
RENEWED = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.RENEWED",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "RenewedSecret",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "RenewedToken",
}
"""Other credentials of the function, for `Site.restart`."""
KEYS = [
    AccessKey(
        environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
        environ["ALIBABA_CLOUD_SECURITY_TOKEN"],
        NOW + timedelta(days=30),
    )
    for environ in (ENVIRON, RENEWED)
]


@dataclass
class OssResponse:
    """The names of headers are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass
class Upload:
    """An open upload, as a client knows it."""

    key: str
    upload_id: str
    part_size: int
    parts: int


@dataclass
class Site:
    """A function whose bucket is at `oss`; time is `now`, and can be moved."""

    oss: str
    environ: dict[str, str]
    directory: Path = Path()
    now: datetime = NOW
    log: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)  # of the client

    def __post_init__(self) -> None:
        self.restart()

    def restart(self, **changes: str) -> None:
        """A new instance of the function, as after a deploy."""
        self.environ = self.environ | {"UPLOAD_URL": self.oss, "OSS_ENDPOINT": self.oss} | changes
        self.app = App(self.environ, lambda: self.now)

    def request(self, method: str, path: str, **parts: Any) -> Response:
        parts["headers"] = self.headers | parts.get("headers", {})
        return read(self.app.handle(event(method, path, **parts), Context()))

    def create(self, size: object = SIZE, **members: Any) -> Response:
        body = {"filename": "film.mp4", "type": "video/mp4", "size": size} | members
        return self.request("POST", "/s3/multipart", body=json.dumps(body))

    def begin(self, size: object = SIZE, **members: Any) -> Upload:
        created = self.create(size, **members)
        assert created.status == 200, created.document
        document = created.document
        return Upload(
            document["key"], document["uploadId"], document["partSize"], document["parts"]
        )

    def step(self, upload: Upload, method: str = "GET", below: str = "", **query: str) -> Response:
        path = f"/s3/multipart/{upload.upload_id}{below}"
        return self.request(method, path, query={"key": upload.key, **query})

    def sign(self, upload: Upload, number: object) -> Response:
        return self.step(upload, below=f"/{number}")

    def put_part(self, upload: Upload, number: int, content: bytes) -> OssResponse:
        url = self.sign(upload, number).document["url"]
        return put(url, content)

    def put_all(self, upload: Upload, content: bytes) -> None:
        for number in range(1, upload.parts + 1):
            begin = (number - 1) * upload.part_size
            piece = content[begin : begin + upload.part_size]
            assert self.put_part(upload, number, piece).status == 200

    def complete(self, upload: Upload, body: str = "") -> Response:
        path = f"/s3/multipart/{upload.upload_id}/complete"
        return self.request("POST", path, query={"key": upload.key}, body=body)

    def object(self, key: str) -> OssResponse:
        return send("GET", f"{self.oss}/{key}")

    def is_empty(self) -> bool:
        """Whether nothing of any upload is left in the data folder."""
        return not [path for path in self.directory.rglob("*") if path.is_file()]


def put(url: str, content: bytes, **headers: str) -> OssResponse:
    return send("PUT", url, content, headers)


def send(
    method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> OssResponse:
    """One request, with no header but Host and Content-Length that is not given."""
    parts = urlsplit(url)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, target, body or None, dict(headers or {}))
    response = connection.getresponse()
    named = {name.lower(): value for name, value in response.headers.items()}
    whole = OssResponse(response.status, response.read(), named)
    connection.close()
    return whole


@contextmanager
def running_site(directory: Path, **settings: str) -> Iterator[Site]:
    log: list[str] = []
    sites: list[Site] = []
    oss = Oss(
        "post-test",
        "cn-hangzhou",
        directory,
        KeyRing(KEYS),
        [],
        clock=lambda: sites[0].now,
        log=log.append,
    )
    with Server(oss) as server:
        sites.append(Site(server.url, MULTIPART | settings, directory, log=log))
        yield sites[0]
