"""The bundle runs on both runtimes: loaded as Function Compute does, it returns a grant."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.keyring import AccessKey, KeyRing
from emulator.server import Server
from emulator.sts import Sts
from tests.deploy.conftest import Bundle
from tests.function.events import uploads

pytestmark = pytest.mark.timeout(600)  # the first test may have to wait for the bundle

LOADER = Path(__file__).with_name("runtime_loader.py")
ROLE = "acs:ram::1234567890123456:role/oss-uploader"
BASE = AccessKey("STS.function", "base-secret", security_token="base-token")
EVENT = {
    "version": "v1",
    "rawPath": "/",
    "body": "",
    "isBase64Encoded": False,
    "headers": {"Accept": "*/*"},
    "queryParameters": {},
    "requestContext": {"http": {"method": "GET", "path": "/"}},
}


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing([BASE])


@pytest.fixture
def sts_url(keys: KeyRing) -> Iterator[str]:
    with Server(Sts(ROLE, keys, log=lambda line: None)) as server:
        yield server.url


def call(
    bundle: Bundle,
    sts_url: str,
    handler: str = "index.handler",
    event: object = EVENT,
    **environment: str,
) -> dict[str, Any]:
    """Invoke the bundle once in a Python with only the bundle and the standard library."""
    in_context = bundle.runtime.name == "python3.10"
    if not in_context:
        environment |= {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": BASE.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": BASE.access_key_secret,
            "ALIBABA_CLOUD_SECURITY_TOKEN": BASE.security_token or "",
        }
    credentials = {
        "access_key_id": BASE.access_key_id,
        "access_key_secret": BASE.access_key_secret,
        "security_token": BASE.security_token,
    }
    finished = subprocess.run(
        [bundle.interpreter, "-S", "-s", LOADER, bundle.folder, handler,
         "index.initialize"],
        input=json.dumps({"event": event, "credentials": credentials if in_context else None}),
        env={
            "FC_REGION": "cn-hangzhou",
            "OSS_BUCKET": "my-bucket",
            "AUTH": "anonymous",
            "UPLOAD_ROLE_ARN": ROLE,
            "STS_ENDPOINT": sts_url,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    result: dict[str, Any] = json.loads(finished.stdout)
    return {**result, "log": finished.stderr}


def test_signs_with_credentials_of_the_upload_role(
    bundle: Bundle, keys: KeyRing, sts_url: str
) -> None:
    response = call(bundle, sts_url)["response"]
    assert response["statusCode"] == 200, response["body"]
    grant = json.loads(response["body"])
    issued = keys.owner_of(grant["security_token"])
    assert issued is not None
    assert grant["fields"]["x-oss-credential"].startswith(f"{issued.access_key_id}/")
    assert grant["host"] == "https://my-bucket.oss-cn-hangzhou.aliyuncs.com"


def test_loads_every_module_from_the_bundle_or_the_standard_library(
    bundle: Bundle, sts_url: str
) -> None:
    files = [Path(file) for file in call(bundle, sts_url)["files"]]
    assert bundle.folder / "index.py" in files
    library = bundle.interpreter.resolve().parents[1] / "lib"
    assert not [
        file
        for file in files
        if not file.is_relative_to(bundle.folder)
        and ("site-packages" in file.parts or not file.is_relative_to(library))
    ]


def test_signs_with_its_own_credentials_without_loading_the_sdk(
    bundle: Bundle, sts_url: str
) -> None:
    called = call(bundle, sts_url, CREDENTIALS_SOURCE="function-role")
    assert json.loads(called["response"]["body"])["security_token"] == BASE.security_token
    assert not [file for file in called["files"] if "alibabacloud" in file or "aiohttp" in file]


def test_takes_an_event_of_oss_without_loading_the_sdk(bundle: Bundle, sts_url: str) -> None:
    def receive(secret: str) -> dict[str, Any]:
        event = {"events": [uploads.record()]}
        settings = {"OSS_BUCKET": "post-test", "CREDENTIALS_SOURCE": "function-role"}
        return call(bundle, sts_url, "index.object_created", event, GRANT_SECRET=secret, **settings)

    called = receive(uploads.SECRET)
    assert (called["response"], called["log"]) == (None, "")
    assert not [file for file in called["files"] if "alibabacloud" in file or "crypto" in file]
    assert "left alone" in receive("x" * 32)["log"]
