"""npm ali-oss, the official SDK for Node and browsers, against the emulated bucket."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug import Response

from emulator.keyring import AccessKey
from emulator.server import utc_now
from tests.emulator.oss.bucket import Bucket
from tests.emulator.oss.multipart import send_part
from tests.programs import npm_packages
from tests.recorder import Recorder, recording
from tests.sdks.conftest import PART_BYTES, parts_sent, stored

FOLDER = Path(__file__).parent
KEY = "user/视频 1.mp4"
SETTINGS = {"partSize": PART_BYTES, "parallel": 3, "headers": {"x-oss-forbid-overwrite": "true"}}
Run = Callable[..., list[Any]]


@pytest.fixture
def run(bucket: Bucket, key: AccessKey) -> Run:
    """Run steps of ali_oss.cjs in one process."""
    npm_packages(FOLDER)
    options = {
        "region": "oss-cn-hangzhou",
        "bucket": "post-test",
        # With an address, it would send the name of the region as Host.
        "endpoint": bucket.url.replace("127.0.0.1", "localhost"),
        "accessKeyId": key.access_key_id,
        "accessKeySecret": key.access_key_secret,
        "stsToken": key.security_token,
    }

    def run_steps(*steps: list[Any]) -> list[Any]:
        finished = subprocess.run(
            ["node", FOLDER / "ali_oss.cjs", json.dumps(options), json.dumps(steps)],
            capture_output=True,
            text=True,
        )
        assert finished.returncode == 0, finished.stderr
        results: list[Any] = json.loads(finished.stdout)
        return results

    return run_steps


def test_uploads_a_file_in_parts(run: Run, bucket: Bucket, file: Path) -> None:
    settings = {**SETTINGS, "mime": "video/mp4", "meta": {"owner": "u1"}}
    uploaded, read = run(["upload", KEY, str(file), settings], ["get", KEY])
    assert uploaded["etag"].endswith('-5"')
    assert read.encode("latin1") == stored(bucket, KEY) == file.read_bytes()
    assert parts_sent(bucket) == 5
    again = run(["upload", KEY, str(file), settings])[0]
    assert (again["error"], again["status"]) == ("FileAlreadyExists", 409)


def test_resumes_with_the_parts_that_are_missing(run: Run, bucket: Bucket, file: Path) -> None:
    checkpoint = run(["uploadPartly", KEY, str(file), SETTINGS, 2])[0]
    assert len(checkpoint["doneParts"]) == 2
    uploaded = run(["upload", KEY, str(file), {**SETTINGS, "checkpoint": checkpoint}])[0]
    assert uploaded["etag"].endswith('-5"')
    assert stored(bucket, KEY) == file.read_bytes()
    assert parts_sent(bucket) == 5


def test_lists_and_aborts_what_is_open(run: Run, bucket: Bucket, file: Path) -> None:
    checkpoint = run(["uploadPartly", KEY, str(file), SETTINGS, 3])[0]
    upload_id = checkpoint["uploadId"]
    page, uploads, aborted, rest, gone = run(
        ["listParts", KEY, upload_id, {"max-parts": 2}],
        ["listUploads", {"prefix": "user/", "max-uploads": 10}],
        ["abort", KEY, upload_id],
        ["listUploads", {"max-uploads": 10}],
        ["uploadPart", KEY, upload_id, 4, str(file), 0, PART_BYTES],
    )
    assert [part["PartNumber"] for part in page["parts"]] == ["1", "2"]
    assert [part["Size"] for part in page["parts"]] == [str(PART_BYTES)] * 2
    assert (page["isTruncated"], page["nextPartNumberMarker"]) == ("true", "2")
    assert uploads == [[KEY, upload_id]]
    assert aborted == 204
    assert rest == []
    assert (gone["error"], gone["ec"]) == ("NoSuchUpload", "0042-00000104")
    assert bucket.files() == []


def test_tells_what_is_wrong_with_a_completion(run: Run, file: Path) -> None:
    (upload_id,) = run(["initiate", KEY, {}])
    first, second, *errors = run(
        ["uploadPart", KEY, upload_id, 1, str(file), 0, 1000],
        ["uploadPart", KEY, upload_id, 2, str(file), 0, 1000],
        ["complete", KEY, upload_id, [{"number": 3, "etag": "A" * 32}]],
        ["complete", KEY, upload_id, [{"number": 1, "etag": "A" * 32}]],
        ["uploadPart", KEY, upload_id, 10_001, str(file), 0, 1000],
        ["initiate", "other/a.bin", {}],
    )
    (small,) = run(
        [
            "complete",
            KEY,
            upload_id,
            [{"number": 1, "etag": first}, {"number": 2, "etag": second}],
        ]
    )
    assert [error["error"] for error in [*errors, small]] == [
        "InvalidPart",
        "InvalidPart",
        "InvalidArgument",
        "AccessDenied",
        "EntityTooSmall",
    ]


def test_a_part_url_takes_just_the_length_that_it_was_signed_with(
    run: Run, bucket: Bucket, file: Path
) -> None:
    (upload_id,) = run(["initiate", KEY, {}])
    url, other = run(["signPart", KEY, upload_id, 1, 1000], ["signPart", KEY, upload_id, 1, 999])
    path = urlsplit(url)._replace(scheme="", netloc="").geturl()
    content = file.read_bytes()[:1000]
    assert send_part(bucket.url, path, content[:999]).status == 403
    assert send_part(bucket.url, path, content + b"x").status == 403
    sent = send_part(bucket.url, path, content)
    assert sent.status == 200
    assert other != url
    parts = [{"number": 1, "etag": sent.headers["etag"]}]
    assert run(["complete", KEY, upload_id, parts])[0].endswith('-1"')
    assert stored(bucket, KEY) == content


@pytest.fixture
def application() -> Iterator[Recorder]:
    def accept(recorded: object) -> Response:
        return Response('{"Status": "OK"}', content_type="application/json")

    with recording(accept) as recorder:
        yield recorder


def test_the_callback_runs_at_the_end(run: Run, file: Path, application: Recorder) -> None:
    callback = {
        "url": application.url,
        "body": "key=${object}&size=${size}&etag=${etag}&who=${x:who}",
        "customValue": {"who": "u1"},
    }
    uploaded = run(["upload", KEY, str(file), {**SETTINGS, "callback": callback}])[0]
    assert uploaded["data"] == {"Status": "OK"}
    (recorded,) = application.requests
    etag = uploaded["etag"].strip('"')
    expected = f"key=user%2F%E8%A7%86%E9%A2%91%201.mp4&size={file.stat().st_size}&etag={etag}"
    assert recorded.body.decode() == f"{expected}&who=u1"


def test_copies_what_is_still_the_same_and_deletes_it(run: Run, bucket: Bucket) -> None:
    source = "user/tmp/视频 +%1.mp4"
    bucket.post(source, b"content", fields={"x-oss-meta-grant": "a1"}, now=utc_now())
    etag = '"9A0364B9E99BB480DD25E1F0284C8555"'
    conditions = {"If-Match": etag, "x-oss-forbid-overwrite": "true"}
    found, changed, copied, again, deleted, repeated, gone, absent, kept = run(
        ["head", source],
        ["copy", KEY, source, {**conditions, "If-Match": '"D41D8CD98F00B204E9800998ECF8427E"'}],
        ["copy", KEY, source, conditions],
        ["copy", KEY, source, conditions],
        ["delete", source],
        ["delete", source],
        ["copy", KEY, source, conditions],
        ["head", source],
        ["head", KEY],
    )
    assert found == kept == {"status": 200, "meta": {"grant": "a1"}, "etag": etag}
    assert copied == etag
    assert (deleted, repeated) == (204, 204)
    assert [(error["status"], error["error"]) for error in (changed, again, gone, absent)] == [
        (412, "PreconditionFailed"),
        (409, "FileAlreadyExists"),
        (404, "NoSuchKey"),
        (404, "NoSuchKey"),
    ]
    assert stored(bucket, KEY) == b"content"
