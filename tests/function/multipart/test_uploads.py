"""The six routes, with an emulated bucket behind them: what each returns, and what it refuses."""

from __future__ import annotations

import json
import random
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import pytest
from werkzeug import Response

from direct_upload.callbacks.field import WrongGrant, check_grant_id
from direct_upload.callbacks.metadata import from_metadata
from direct_upload.credentials import Credentials
from direct_upload.credentials.function_role import FunctionRole
from tests.function.callers.issuer import SETTINGS as JWT_SETTINGS
from tests.function.callers.issuer import Token, claims
from tests.function.invocations import NOW, invoke
from tests.function.multipart.site import (
    MIB,
    MULTIPART,
    RENEWED,
    SECRET,
    SIZE,
    Site,
    put,
    running_site,
)
from tests.function.multipart.stub import Stub
from tests.recorder import recording

CONTENT = random.Random(1).randbytes(SIZE)
TB = 1024**4


def test_a_file_arrives_in_parts(site: Site) -> None:
    created = site.create(filename="电影.mp4").document
    assert list(created) == ["key", "uploadId", "partSize", "parts", "contentType", "expires"]
    assert (created["partSize"], created["parts"], created["expires"]) == (5 * MIB, 3, 86400)
    upload = site.begin(filename="电影.mp4")
    site.put_all(upload, CONTENT)
    done = site.complete(upload).document
    assert done == {
        "location": f"{site.oss}/{upload.key}",
        "key": upload.key,
        "size": SIZE,
        "etag": done["etag"],
        "preset": "default",
        "callback": None,
    }
    assert done["etag"].endswith("-3")
    stored = site.object(upload.key)
    assert stored.body == CONTENT
    assert stored.headers["content-type"] == "video/mp4"
    expected = f"attachment; filename*=UTF-8''{quote('电影.mp4')}"
    assert stored.headers["content-disposition"] == expected


def test_the_object_carries_a_grant_id_that_lasts_as_long_as_the_upload(tmp_path: Path) -> None:
    with running_site(tmp_path, MULTIPART_SECONDS="604800") as site:
        upload = site.begin()
        site.put_all(upload, CONTENT)
        assert site.complete(upload).status == 200
        value = site.object(upload.key).headers["x-oss-meta-grant"]
    secret = SECRET.encode()
    grant_id = from_metadata(secret, value)

    def check(days: float) -> tuple[str, str]:
        return check_grant_id(
            grant_id,
            secret,
            bucket="post-test",
            key=upload.key,
            size=SIZE,
            content_type="video/mp4",
            now=NOW + timedelta(days=days),
        )

    assert check(7.9) == ("", "default")  # with the day that a form has as well
    with pytest.raises(WrongGrant, match="too long ago"):
        check(9)


def test_a_part_has_its_url_with_its_exact_length(site: Site) -> None:
    upload = site.begin()
    signed = site.sign(upload, 3).document
    assert signed == {"url": signed["url"], "expires": 300, "method": "PUT", "size": 2 * MIB}
    query = parse_qs(urlsplit(signed["url"]).query)
    assert query["partNumber"] == ["3"]
    assert query["x-oss-additional-headers"] == ["content-length"]
    assert signed["url"].startswith(f"{site.oss}/{upload.key}?")


def test_a_batch_has_the_urls_of_single_parts(site: Site) -> None:
    upload = site.begin()
    batch = site.step(upload, below="/batch", partNumbers="3,1").document
    singly = {str(number): site.sign(upload, number).document["url"] for number in (3, 1)}
    assert batch == {"presignedUrls": singly, "expires": 300}


def test_the_parts_that_are_there_are_listed_as_uppy_reads_them(site: Site) -> None:
    upload = site.begin()
    assert site.step(upload).document == []
    stored = site.put_part(upload, 2, CONTENT[: 5 * MIB])
    listed = site.step(upload).document
    assert listed == [{"PartNumber": 2, "Size": 5 * MIB, "ETag": stored.headers["etag"]}]
    assert site.step(upload, "HEAD").status == 200


def test_an_upload_that_lacks_a_part_names_the_first_and_can_be_completed_later(site: Site) -> None:
    upload = site.begin()
    site.put_part(upload, 1, CONTENT[: 5 * MIB])
    refused = site.complete(upload)
    assert (refused.status, refused.code) == (409, "upload_incomplete")
    assert refused.document["message"] == "Part 2 of 3 has not arrived."
    site.put_all(upload, CONTENT)
    assert site.complete(upload).status == 200


def test_completing_again_gives_the_same_again(site: Site) -> None:
    upload = site.begin()
    site.put_all(upload, CONTENT)
    first = site.complete(upload).document
    site.restart()
    again = site.complete(upload).document
    assert again == first | {"etag": None}
    assert site.step(upload, "DELETE").document == {}
    assert site.object(upload.key).body == CONTENT
    assert site.complete(upload).status == 200


def test_what_was_deleted_is_gone(site: Site) -> None:
    upload = site.begin()
    site.put_all(upload, CONTENT)
    assert site.step(upload, "DELETE").document == {}
    assert site.is_empty()
    assert site.step(upload, "DELETE").document == {}
    for again in (site.complete(upload), site.step(upload)):
        assert (again.status, again.code) == (404, "upload_not_found")
    assert site.is_empty()


def test_any_instance_serves_any_step_and_credentials_may_change(site: Site) -> None:
    upload = site.begin()
    site.restart()
    site.put_part(upload, 1, CONTENT[: 5 * MIB])
    site.now += timedelta(hours=5)
    site.restart(**RENEWED)
    site.put_all(upload, CONTENT)
    assert site.complete(upload).status == 200


@pytest.mark.parametrize("size", [str(SIZE), float(SIZE), SIZE])
def test_the_size_may_be_written_as_uppy_writes_its_metadata(site: Site, size: object) -> None:
    created = site.create(None, metadata={"size": size, "name": "film.mp4"})
    assert created.document["parts"] == 3


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        pytest.param({"size": None}, 400, "invalid_request", id="no size"),
        pytest.param({"size": ""}, 400, "invalid_request", id="empty size"),
        pytest.param({"size": "12 MB"}, 400, "invalid_request", id="size with a unit"),
        pytest.param({"size": "-1"}, 400, "invalid_request", id="negative, as text"),
        pytest.param({"size": -1}, 400, "invalid_request", id="negative"),
        pytest.param({"size": 1.5}, 400, "invalid_request", id="half a byte"),
        pytest.param({"size": True}, 400, "invalid_request", id="a boolean"),
        pytest.param({"size": [1]}, 400, "invalid_request", id="a list"),
        pytest.param({"size": "٣٠٠"}, 400, "invalid_request", id="digits of another script"),
        pytest.param({"size": "9" * 21}, 400, "invalid_request", id="21 digits"),
        pytest.param({"size": 0}, 400, "invalid_request", id="no byte, so no part"),
        pytest.param({"size": "0"}, 400, "invalid_request", id="no byte, as text"),
        pytest.param({"size": None, "metadata": [1]}, 400, "invalid_request", id="odd metadata"),
        pytest.param({"size": 104857601}, 413, "file_too_large", id="a byte too many"),
        pytest.param({"size": 10**19}, 413, "file_too_large", id="absurd"),
        pytest.param({"size": "9" * 20}, 413, "file_too_large", id="absurd, as text"),
        pytest.param({"filename": ""}, 400, "invalid_request", id="no name"),
        pytest.param({"filename": 7}, 400, "invalid_request", id="a number for a name"),
        pytest.param({"filename": "a.html"}, 415, "type_not_allowed", id="active type"),
        pytest.param({"type": "image/png"}, 415, "type_not_allowed", id="another type"),
        pytest.param({"type": 7}, 400, "invalid_request", id="a number for a type"),
        pytest.param({"preset": "x"}, 400, "invalid_request", id="unknown preset"),
        pytest.param({"metadata": {"preset": "x"}}, 400, "invalid_request", id="Uppy's preset"),
    ],
)
def test_a_bad_beginning_is_refused_and_begins_nothing(
    site: Site, members: dict[str, Any], status: int, code: str
) -> None:
    refused = site.create(**members)
    assert (refused.status, refused.code) == (status, code)
    assert site.log == []


def test_without_a_size_the_hint_is_the_line_for_uppy(site: Site) -> None:
    hint = site.create(None).document["error"]["hint"]
    assert "uppy.setFileMeta(file.id, { size: file.size })" in hint


@pytest.mark.parametrize(
    "number", ["0", "4", "-1", "01", "1.0", "x", "10001", "99999999", "1%2F2", "１", " 1"]
)
def test_a_wrong_part_number_says_which_are_right(site: Site, number: str) -> None:
    refused = site.sign(site.begin(), number)
    assert (refused.status, refused.code) == (400, "invalid_request")
    assert "they are 1 to 3" in refused.document["message"]


@pytest.mark.parametrize(
    "numbers",
    [
        *("", "1,", "1,,2", "0", "1,4", "1;2"),
        pytest.param(",".join(["1"] * 101), id="101 numbers"),
        pytest.param("1" * 2000, id="2,000 digits"),
    ],
)
def test_a_wrong_batch_is_refused(site: Site, numbers: str) -> None:
    refused = site.step(site.begin(), below="/batch", partNumbers=numbers)
    assert (refused.status, refused.code) == (400, "invalid_request")


def test_a_hundred_urls_fit_into_a_batch(tmp_path: Path) -> None:
    with running_site(tmp_path, MAX_UPLOAD_BYTES=str(TB)) as site:
        upload = site.begin(200 * 5 * MIB)
        numbers = ",".join(map(str, range(101, 201)))
        batch = site.step(upload, below="/batch", partNumbers=numbers).document
    assert list(batch["presignedUrls"]) == numbers.split(",")


def test_a_long_completion_is_read_where_uploads_can_be_long(site: Site) -> None:
    upload = site.begin()
    site.put_all(upload, CONTENT)
    part = {"PartNumber": 10_000, "ETag": f'"{"A" * 32}"'}
    body = json.dumps({"parts": [part] * 10_000})
    assert len(body) > 600_000
    assert site.complete(upload, body).status == 200
    without = invoke(MULTIPART | {"MULTIPART": "false"}, "POST", "/s3/multipart", body=body)
    assert "larger than 262144 bytes" in without.document["message"]
    assert "larger than 2097152 bytes" in site.complete(upload, body * 4).document["message"]


def test_settings_of_the_object_are_sent_where_oss_reads_them(tmp_path: Path) -> None:
    presets = {
        "film": {
            "dir": "films/",
            "acl": "public-read",
            "storage_class": "IA",
            "disposition": "inline",
            "metadata": {"source": "portal"},
        }
    }
    with running_site(tmp_path, UPLOAD_PRESETS=json.dumps(presets)) as site:
        upload = site.begin(metadata={"preset": "film"})
        site.put_all(upload, CONTENT)
        assert site.complete(upload).document["preset"] == "film"
        stored = site.object(upload.key)
    assert upload.key.startswith("films/")
    assert stored.headers["x-oss-storage-class"] == "IA"
    assert stored.headers["x-oss-meta-source"] == "portal"
    assert stored.headers["content-disposition"].startswith("inline; ")


def test_an_upload_in_parts_gets_what_a_form_gets(tmp_path: Path) -> None:
    """Whatever a preset pins; only its own proof, and what belongs to a form, differ."""
    preset = {
        "types": "video/*",
        "acl": "private",
        "disposition": "inline",
        "storage_class": "IA",
        "forbid_overwrite": True,
        "metadata": {"source": "portal"},
    }
    with Stub() as stub:
        site = Site(
            stub.url, MULTIPART | {"UPLOAD_PRESETS": json.dumps({"film": preset})}, tmp_path
        )
        file = {"filename": "film.mp4", "content_type": "video/mp4", "preset": "film"}
        form = site.request("POST", "/sign", body=json.dumps(file)).document["fields"]
        upload = site.begin(7, preset="film")
        assert site.complete(upload).status == 200
        sent = {**stub.requests[0].headers, **stub.requests[-1].headers}
    of_forms = re.compile("key|success_action_status|x-oss-(content-type|meta-grant)|policy")
    signature = re.compile("x-oss-(signature.*|credential|date|security-token)")
    pinned = {
        name.lower(): value
        for name, value in form.items()
        if not of_forms.fullmatch(name) and not signature.fullmatch(name)
    }
    assert {*pinned} > {"x-oss-meta-source", "x-oss-storage-class", "x-oss-object-acl"}
    sent["content-type"] = stub.requests[0].headers["content-type"]  # not that of the last body
    assert pinned.items() <= sent.items()


@pytest.mark.parametrize(
    ("changes", "headers"),
    [
        pytest.param(
            {}, {"x-oss-forbid-overwrite": "true", "x-oss-object-acl": "default"}, id="by default"
        ),
        pytest.param(
            {"OBJECT_ACL": "none", "FORBID_OVERWRITE": "false"},
            {},
            id="neither ACL nor overwrite rule",
        ),
    ],
)
def test_completing_sends_what_counts_at_the_end(
    changes: dict[str, str], headers: dict[str, str], tmp_path: Path
) -> None:
    with Stub() as stub:
        site = Site(stub.url, MULTIPART | changes, tmp_path)
        upload = site.begin(7)
        assert site.complete(upload).status == 200
    _, _, completed = stub.requests
    sent = {name: value for name, value in completed.headers.items() if name.startswith("x-oss-")}
    assert sent == headers
    assert completed.body == (
        b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"
        b'"0123456789ABCDEF0123456789ABCDEF"</ETag></Part></CompleteMultipartUpload>'
    )


def test_presets_may_switch_it_on_or_off_each_for_itself(tmp_path: Path) -> None:
    presets = {"on": {"multipart": True, "dir": "on/"}, "off": {"dir": "off/"}}
    settings = {"MULTIPART": "false", "UPLOAD_PRESETS": json.dumps(presets)}
    with running_site(tmp_path, **settings) as site:
        upload = site.begin(preset="on")
        refused = site.create(preset="off")
        assert (refused.status, refused.code) == (404, "not_found")
        limits = [
            site.request("GET", "/limits", query={"preset": name}).document["multipart"]
            for name in ("on", "off")
        ]
        assert limits == [{"threshold": 104857600, "max_bytes": 104857600}, None]
        site.restart(UPLOAD_PRESETS=json.dumps({"on": {}, "off": {"multipart": True}}))
        assert site.sign(upload, 1).code == "upload_not_found"
        site.restart(UPLOAD_PRESETS=json.dumps({"off": {"multipart": True}}))
        assert site.sign(upload, 1).code == "upload_not_found"


def test_switched_off_there_are_no_such_routes() -> None:
    for method, path in {"POST": "/s3/multipart", "DELETE": "/s3/multipart/x"}.items():
        refused = invoke(MULTIPART | {"MULTIPART": "false"}, method, path)
        assert (refused.status, refused.code) == (404, "not_found")


def test_the_preset_of_a_ticket_is_checked_at_each_step(tmp_path: Path) -> None:
    presets = json.dumps({"film": {"allow": {"role": ["editor"]}}})

    def bearer(role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {Token(claims(role=role)).signed()}"}

    with running_site(tmp_path, **JWT_SETTINGS, UPLOAD_PRESETS=presets) as site:
        site.headers = bearer("editor")
        upload = site.begin(preset="film")
        assert site.sign(upload, 1).status == 200
        site.headers = bearer("reader")
        for refused in (site.sign(upload, 1), site.complete(upload), site.step(upload, "DELETE")):
            assert (refused.status, refused.code) == (403, "preset_not_allowed")


def test_a_form_stays_at_5_gb_and_says_what_carries_more(tmp_path: Path) -> None:
    env = MULTIPART | {"MAX_UPLOAD_BYTES": str(48 * TB)}
    limits = invoke(env, path="/limits").document
    assert (limits["max_bytes"], limits["multipart"]["max_bytes"]) == (5 * 1024**3, 48 * TB)
    assert invoke(env).document["limits"]["max_bytes"] == 5 * 1024**3
    body = {"filename": "a.mp4", "size": 5 * 1024**3 + 1}
    refused = invoke(env, "POST", "/sign", body=json.dumps(body))
    assert (refused.status, refused.code) == (413, "file_too_large")
    assert "POST /s3/multipart" in refused.document["error"]["hint"]
    unsized = invoke(env, "POST", "/sign", body='{"filename": "a.mp4"}').document
    assert unsized["limits"]["max_bytes"] == 5 * 1024**3
    with running_site(tmp_path, MAX_UPLOAD_BYTES=str(48 * TB)) as site:
        assert site.create(48 * TB).document["parts"] == 10_000
        assert site.create(48 * TB + 1).code == "file_too_large"


@pytest.mark.parametrize(
    ("policy_seconds", "expires"),
    [
        pytest.param("3600", 3600, id="as long as a form"),
        pytest.param("60", 300, id="five minutes at least"),
    ],
)
def test_a_url_ends_with_the_upload_at_the_latest(
    tmp_path: Path, policy_seconds: str, expires: int
) -> None:
    settings = {"POLICY_SECONDS": policy_seconds, "MULTIPART_SECONDS": "7200"}
    with running_site(tmp_path, **settings) as site:
        upload = site.begin()
        assert site.sign(upload, 1).document["expires"] == expires
        site.now += timedelta(seconds=7000)
        assert site.sign(upload, 1).document["expires"] == 199
        site.now += timedelta(seconds=200)
        assert site.sign(upload, 1).code == "upload_not_found"


@pytest.mark.parametrize(
    ("life", "expires"),
    [
        pytest.param(3600, 300, id="long enough"),
        pytest.param(200, 140, id="shorter"),
        pytest.param(60, None, id="only the margin is left"),
    ],
)
def test_a_url_ends_before_its_credentials(
    site: Site, life: int, expires: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = site.begin()
    ends = NOW + timedelta(seconds=life)
    temporary = Credentials("STS.EXAMPLE", "StsSecretExample", "token", ends)
    monkeypatch.setattr(FunctionRole, "get", lambda self, context: temporary)
    signed = site.sign(upload, 1)
    if expires is None:
        assert (signed.status, signed.code) == (503, "credentials_unavailable")
        assert signed.headers["Retry-After"] == "5"
    else:
        assert signed.document["expires"] == expires


def test_a_url_serves_until_it_ends(site: Site) -> None:
    upload = site.begin()
    url = site.sign(upload, 1).document["url"]
    site.now += timedelta(seconds=299)
    assert put(url, CONTENT[: 5 * MIB]).status == 200
    site.now += timedelta(seconds=2)
    assert put(url, CONTENT[: 5 * MIB]).status == 403


def test_the_report_of_the_callback_is_proven_and_its_response_handed_on(tmp_path: Path) -> None:
    reply = {"Status": "OK", "nested": [1, None]}
    with recording(lambda recorded: Response(json.dumps(reply))) as receiver:
        url = f"{receiver.url}/callback"
        with running_site(tmp_path, CALLBACK_URL=url) as site:
            upload = site.begin()
            site.put_all(upload, CONTENT)
            done = site.complete(upload).document
            assert done["callback"] == reply
            assert re.fullmatch("[0-9A-F]{32}-3", done["etag"])
            assert site.complete(upload).document["callback"] is None
    (recorded,) = receiver.requests
    report = dict(parse_qsl(recorded.body.decode()))
    assert check_grant_id(
        report["grant"],
        SECRET.encode(),
        bucket="post-test",
        key=upload.key,
        size=int(report["size"]),
        content_type=report["mimeType"],
        now=NOW,
    ) == ("", "default")


def test_a_failed_callback_leaves_the_object(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        recording(lambda recorded: Response("no", 500)) as receiver,
        running_site(tmp_path, CALLBACK_URL=f"{receiver.url}/callback") as site,
    ):
        upload = site.begin()
        site.put_all(upload, CONTENT)
        done = site.complete(upload).document
        assert (done["size"], done["callback"]) == (SIZE, None)
        assert site.object(upload.key).body == CONTENT
    assert "callback" in caplog.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/s3/multipart"),
        ("POST", "/s3/multipart/x/complete"),
        ("DELETE", "/s3/multipart/x"),
    ],
)
def test_a_page_may_send_what_these_routes_take(site: Site, method: str, path: str) -> None:
    headers = {"Origin": "https://app.example.com"}
    preflight = site.request("OPTIONS", path, headers=headers)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST, DELETE"
    refused = site.request(method, path, headers={"Origin": "https://evil.example"})
    assert (refused.status, refused.code) == (403, "origin_not_allowed")


@pytest.mark.parametrize("size", [6, 8])
def test_a_part_of_another_length_is_not_a_part(size: int, tmp_path: Path) -> None:
    with Stub() as stub:  # which has a part of seven bytes
        site = Site(stub.url, MULTIPART, tmp_path)
        refused = site.complete(site.begin(size))
        assert (refused.status, refused.code) == (409, "upload_incomplete")
        assert stub.operations == ["initiate", "list"]


def test_a_long_event_is_refused_before_wrong_settings() -> None:
    refused = invoke(MULTIPART | {"OSS_BUCKET": ""}, "POST", "/sign", body="x" * 300_000)
    assert (refused.status, refused.code) == (400, "invalid_request")
