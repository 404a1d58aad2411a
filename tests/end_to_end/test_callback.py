"""From the grant to the application's response, over real sockets, with OSS calling back."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Response

from direct_upload.app import App
from direct_upload.callbacks import report, signature
from direct_upload.hook import Upload
from emulator.function_compute import FunctionCompute
from emulator.keyring import KeyRing
from emulator.oss import Oss
from emulator.oss.callback import sending
from emulator.server import Server
from tests.documents import Document
from tests.emulator.client import FORM_END, Reply, form_start, send
from tests.function.invocations import ENVIRON, Context, event, read
from tests.recorder import Recorded, recording, trickling

FILE = '{"filename": "a.png"}'
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480) + b"\x08\x02"
SECRET = "0123456789abcdef0123456789abcdef"


@dataclass
class Deployment:
    """A function and a bucket that know each other's addresses; the hook got `uploads`."""

    function: str
    oss: str
    environment: dict[str, str]
    uploads: list[Upload]

    def grant(self, method: str = "POST", path: str = "/sign") -> dict[str, Any]:
        body = FILE.encode() if method == "POST" else None
        response = send(self.function, method, path, body, {"Content-Type": "application/json"})
        assert response.status == 200, response.body
        document: dict[str, Any] = json.loads(response.body)
        return document

    def post(self, fields: dict[str, str], name: str = "a.png") -> Reply:
        start = form_start(fields, filename=name, content_type="image/png")
        return send(self.oss, body=start + PNG + FORM_END)


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    uploads: list[Upload] = []
    monkeypatch.setattr(report, "on_upload", uploads.append)
    # On a busy machine both responses may be late.
    monkeypatch.setattr(sending, "LIMIT_SECONDS", 60.0)
    monkeypatch.setattr(signature, "FETCH_SECONDS", 60.0)
    monkeypatch.setattr(signature, "PUBLIC_KEYS", signature.PublicKeys())
    keys = KeyRing()
    key = keys.issue(expiration=datetime.now(timezone.utc) + timedelta(hours=1))
    environment = ENVIRON | {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": key.security_token or "",
    }
    log: list[str] = []
    app = App(environment)
    gateway = FunctionCompute(app.handle, function_keys=key, log=log.append)
    oss = Oss("post-test", "cn-hangzhou", tmp_path, keys, ["*"], log=log.append)
    with contextlib.ExitStack() as servers:
        function = servers.enter_context(Server(gateway))
        bucket = servers.enter_context(Server(oss))
        # The function reads its environment at the first request.
        environment |= {
            "UPLOAD_URL": bucket.url,
            "CALLBACK_URL": f"{function.url}/callback",
            "CALLBACK_KEY_PREFIX": f"{bucket.url}/",
            "GRANT_SECRET": SECRET,
        }
        yield Deployment(function.url, bucket.url, environment, uploads)


def test_the_response_to_an_upload_comes_from_the_function(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    grant = deployment.grant()
    with caplog.at_level(logging.INFO, "direct_upload"):
        response = deployment.post(grant["fields"])
    assert response.status == 200, response.body
    assert json.loads(response.body) == {
        "Status": "OK",
        "key": grant["key"],
        "size": len(PNG),
        "etag": response.headers["etag"].strip('"'),
        "mime_type": "image/png",
        "url": f"{deployment.oss}/{grant['key']}",
        "preset": "default",
    }
    assert send(deployment.oss, "GET", "/" + grant["key"]).body == PNG
    (upload,) = deployment.uploads
    assert (upload.key, upload.width, upload.height) == (grant["key"], 640, 480)
    (line,) = [message for message in caplog.messages if message.startswith("{")]
    assert json.loads(line)["event"] == "upload_finished"


@pytest.mark.parametrize("name", ["a.png", "图 &=+%.png"])
def test_a_directory_grant_is_reported_with_the_name_that_the_client_chose(
    name: str, deployment: Deployment
) -> None:
    grant = deployment.grant("GET", "/")
    response = deployment.post(grant["fields"], name)
    assert response.status == 200, response.body
    assert json.loads(response.body)["key"] == grant["dir"] + name
    assert deployment.uploads[0].key == grant["dir"] + name


def test_the_classic_member_equals_the_field(deployment: Deployment) -> None:
    grant = deployment.grant("GET", "/")
    assert grant["callback"] == grant["fields"]["callback"]


@pytest.mark.parametrize("path", ["/sign", "/"])
def test_an_uploader_can_neither_drop_nor_change_the_callback(
    path: str, deployment: Deployment
) -> None:
    grant = deployment.grant("POST" if path == "/sign" else "GET", path)
    fields = grant["fields"]
    document = json.loads(base64.b64decode(fields["callback"]))
    document["callbackUrl"] += "/elsewhere"
    changed = base64.b64encode(json.dumps(document).encode()).decode()
    for value in ({}, {"callback": ""}, {"callback": changed}):
        kept = {name: text for name, text in fields.items() if name != "callback"}
        assert deployment.post(kept | value).status == 403
    assert deployment.uploads == []


def test_a_callback_of_another_grant_is_refused_and_the_object_stays(
    deployment: Deployment,
) -> None:
    """Only another signer can make such a form, here a function with another secret."""
    deployment.grant()
    deployment.environment["GRANT_SECRET"] = "another secret of thirty-two bytes"
    stranger = App(deployment.environment)
    grant = read(stranger.handle(event("POST", "/sign", body=FILE), Context())).document
    response = deployment.post(grant["fields"])
    assert response.status == 203
    assert error(response) == ("CallbackFailed", "Error status : 403.", "0007-00000203")
    assert deployment.uploads == []
    assert send(deployment.oss, "GET", "/" + grant["key"]).body == PNG


def error(response: Reply) -> tuple[str, ...]:
    document = ElementTree.fromstring(response.body)  # noqa: S314 (our own emulator's)
    return tuple(document.findtext(name) or "" for name in ("Code", "Message", "EC"))


@pytest.mark.parametrize(
    ("receiver", "message", "ec"),
    [
        pytest.param(
            lambda _: Response("<html>"),
            "Response body is not valid json format.",
            "0007-00000205",
            id="html",
        ),
        pytest.param(
            lambda _: Response("{}", 500), "Error status : 500.", "0007-00000203", id="500"
        ),
    ],
)
def test_a_failing_receiver_is_203_and_the_object_stays(
    receiver: Callable[[Recorded], Response],
    message: str,
    ec: str,
    deployment: Deployment,
) -> None:
    with recording(receiver) as application:
        deployment.environment["CALLBACK_URL"] = application.url + "/callback"
        grant = deployment.grant()
        response = deployment.post(grant["fields"])
    assert response.status == 203
    assert error(response) == ("CallbackFailed", message, ec)
    assert send(deployment.oss, "GET", "/" + grant["key"]).body == PNG


def test_a_receiver_that_never_finishes_is_203_and_the_object_stays(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "LIMIT_SECONDS", 0.4)
    with trickling() as receiver, recording(receiver) as application:
        deployment.environment["CALLBACK_URL"] = application.url + "/callback"
        grant = deployment.grant()
        response = deployment.post(grant["fields"])
    assert response.status == 203
    where = application.url.removeprefix("http://")
    message = f"Error status : -1 {where} reply timeout, cost:400ms"
    assert error(response) == ("CallbackFailed", message, "0007-00000202")
    assert send(deployment.oss, "GET", "/" + grant["key"]).body == PNG


def test_a_receiver_that_is_down_is_203_and_the_object_stays(deployment: Deployment) -> None:
    deployment.environment["CALLBACK_URL"] = "http://127.0.0.1:9/callback"  # nothing listens there
    grant = deployment.grant()
    response = deployment.post(grant["fields"])
    assert response.status == 203
    assert error(response)[1] == (
        "Error status : -1.OSS can not connect to your callbackUrl, please check it."
    )
    assert send(deployment.oss, "GET", "/" + grant["key"]).body == PNG


def test_a_failing_hook_is_203_and_the_object_stays(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(upload: Upload) -> None:
        raise OSError("the application's own trouble")

    monkeypatch.setattr(report, "on_upload", fail)
    grant = deployment.grant()
    response = deployment.post(grant["fields"])
    assert error(response) == ("CallbackFailed", "Error status : 500.", "0007-00000203")
    assert send(deployment.oss, "GET", "/" + grant["key"]).body == PNG


def test_the_documented_receiver_works(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    documented: dict[str, Any] = {}
    exec(Document("docs/callbacks.md").block("receiver"), documented)  # noqa: S102 (our own)
    responses: list[tuple[int, dict[str, str]]] = []

    def receive(recorded: Recorded) -> Response:
        status, document = documented["finished_upload"](
            recorded.target,
            recorded.headers,
            recorded.body,
            secret=SECRET.encode(),
            allowed_types={"default": "image/*"},
            key_prefix=f"{deployment.oss}/",
        )
        responses.append((status, document))
        return Response(json.dumps(document), status)

    with recording(receive) as application:
        deployment.environment["CALLBACK_URL"] = f"{application.url}/uploads?x=%20&y"
        grant = deployment.grant()
        assert deployment.post(grant["fields"]).status == 200
        assert send(application.url, "POST", "/uploads", b"size=1").status == 403
    assert responses == [(200, {"Status": "OK", "key": grant["key"]}), (403, {"Status": "refused"})]
    assert grant["key"] in capsys.readouterr().out
