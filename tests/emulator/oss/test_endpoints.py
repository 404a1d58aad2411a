"""Default endpoints and custom domains, for an account that is new to OSS."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

from emulator.keyring import KeyRing
from emulator.oss import Oss
from emulator.oss.switches import NO_SWITCHES, Switches
from tests.emulator.client import FORM_TYPE, form, send, signed_fields
from tests.emulator.oss.bucket import KEY, NOW, ORIGIN, running_bucket

NEW = Switches(new_account=True)


def upload(
    directory: Path, host: str, *, region: str = "cn-hangzhou", switches: Switches = NEW
) -> TestResponse:
    oss = Oss(
        "post-test",
        region,
        directory,
        KeyRing([KEY]),
        [],
        clock=lambda: NOW,
        log=lambda line: None,
        switches=switches,
    )
    body = form(signed_fields(KEY, now=NOW))
    return Client(oss).post("/", data=body, headers={"Host": host, "Content-Type": FORM_TYPE})


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:9001",
        "[::1]:9001",
        "localhost",
        "post-test.localhost:9001",
        "post-test.localhost.",
        "post-test.oss-cn-hangzhou.aliyuncs.com",
        "post-test.oss-accelerate.aliyuncs.com",
    ],
)
def test_a_new_account_cannot_upload_to_a_default_endpoint(tmp_path: Path, host: str) -> None:
    response = upload(tmp_path, host)
    assert response.status_code == 400
    assert "<EC>0048-00000401</EC>" in response.text
    assert "set UPLOAD_URL to it" in response.text
    assert "0048-00000401" not in upload(tmp_path, host, switches=NO_SWITCHES).text


@pytest.mark.parametrize(
    ("host", "region"),
    [
        pytest.param("upload.example.com", "cn-hangzhou", id="a custom domain"),
        pytest.param("127.0.0.1", "cn-hongkong", id="Hong Kong"),
        pytest.param("127.0.0.1", "ap-southeast-1", id="outside China"),
    ],
)
def test_a_new_account_may_upload_elsewhere(tmp_path: Path, host: str, region: str) -> None:
    # The form is signed for cn-hangzhou, so elsewhere the next check refuses it.
    response = upload(tmp_path, host, region=region)
    assert response.status_code in (204, 403)
    assert "0048-00000401" not in response.text


def test_only_data_is_refused_and_the_page_can_read_why(tmp_path: Path) -> None:
    with running_bucket(tmp_path, switches=NEW) as bucket:
        assert bucket.get("/callback_pub_key.pem").status == 200
        preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
        assert send(bucket.url, "OPTIONS", headers=preflight).status == 200
        for reply in (
            bucket.post(headers={"Origin": ORIGIN}),
            bucket.get("/a.txt", {"Origin": ORIGIN}),
            bucket.get("/", {"Origin": ORIGIN}),
            send(bucket.url, "PUT", "/a.txt?partNumber=1", headers={"Origin": ORIGIN}),
        ):
            assert reply.element("Code") == "PublicEndpointForbidden"
            assert reply.headers["access-control-allow-origin"] == ORIGIN
