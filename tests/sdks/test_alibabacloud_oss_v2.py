"""PyPI alibabacloud-oss-v2, the official SDK for Python, against the emulated bucket."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import alibabacloud_oss_v2 as oss
import pytest
import requests

from emulator.keyring import AccessKey
from emulator.server import utc_now
from tests.emulator.oss.bucket import Bucket
from tests.sdks.conftest import PART_BYTES, parts_sent, stored

KEY = "user/视频 1.mp4"
NAMED = {"bucket": "post-test", "key": KEY}


@pytest.fixture
def client(bucket: Bucket, key: AccessKey) -> oss.Client:
    provider = oss.credentials.StaticCredentialsProvider(
        key.access_key_id, key.access_key_secret, key.security_token
    )
    return oss.Client(
        oss.config.Config(
            region="cn-hangzhou",
            # With an address, it would put the bucket into the path.
            endpoint=bucket.url.replace("127.0.0.1", "localhost"),
            credentials_provider=provider,
            use_cname=True,
            retry_max_attempts=1,
        )
    )


def initiate(client: oss.Client) -> str:
    request = oss.InitiateMultipartUploadRequest(**NAMED)
    return str(client.initiate_multipart_upload(request).upload_id)


def upload_part(client: oss.Client, upload_id: str, number: int, body: bytes) -> str:
    request = oss.UploadPartRequest(**NAMED, upload_id=upload_id, part_number=number, body=body)
    return str(client.upload_part(request).etag)


def complete(client: oss.Client, upload_id: str, *parts: tuple[int, str]) -> str:
    listed = oss.CompleteMultipartUpload(
        parts=[oss.UploadPart(part_number=number, etag=etag) for number, etag in parts]
    )
    request = oss.CompleteMultipartUploadRequest(
        **NAMED, upload_id=upload_id, complete_multipart_upload=listed
    )
    return str(client.complete_multipart_upload(request).etag)


def test_uploads_a_file_in_parts(client: oss.Client, bucket: Bucket, file: Path) -> None:
    request = oss.PutObjectRequest(**NAMED, forbid_overwrite=True, metadata={"owner": "u1"})
    uploader = client.uploader(part_size=PART_BYTES, parallel_num=3)
    done = uploader.upload_file(request, str(file))
    assert done.etag.endswith('-5"')
    found = client.get_object(oss.GetObjectRequest(**NAMED))
    assert found.body.content == stored(bucket, KEY) == file.read_bytes()
    assert (found.object_type, found.metadata) == ("Multipart", {"owner": "u1"})
    assert (found.hash_crc64, found.etag) == (done.hash_crc64, done.etag)
    assert parts_sent(bucket) == 5
    with pytest.raises(Exception, match="FileAlreadyExists"):
        uploader.upload_file(request, str(file))


def test_resumes_with_the_parts_that_are_missing(
    client: oss.Client, bucket: Bucket, file: Path, tmp_path: Path
) -> None:
    checkpoints = tmp_path / "checkpoints"
    checkpoints.mkdir()
    uploader = client.uploader(
        part_size=PART_BYTES,
        parallel_num=1,
        enable_checkpoint=True,
        checkpoint_dir=str(checkpoints),
    )
    broken = threading.Event()

    def break_off(increment: int, transferred: int, total: int) -> None:
        if transferred >= 3 * PART_BYTES and not broken.is_set():
            broken.set()
            raise OSError("the line is down")

    with pytest.raises(Exception, match="the line is down"):
        uploader.upload_file(oss.PutObjectRequest(**NAMED, progress_fn=break_off), str(file))
    assert 2 <= parts_sent(bucket) < 5
    done = uploader.upload_file(oss.PutObjectRequest(**NAMED), str(file))
    assert done.etag.endswith('-5"')
    assert stored(bucket, KEY) == file.read_bytes()
    assert parts_sent(bucket) == 5
    assert list(checkpoints.iterdir()) == []


def test_lists_and_aborts_what_is_open(client: oss.Client, bucket: Bucket) -> None:
    upload_id = initiate(client)
    etags = [upload_part(client, upload_id, number, b"x" * number) for number in (1, 2, 3)]
    pages = client.list_parts_paginator().iter_page(
        oss.ListPartsRequest(**NAMED, upload_id=upload_id, max_parts=2)
    )
    parts = [part for page in pages for part in page.parts]
    assert [(part.part_number, part.size, part.etag) for part in parts] == [
        (number, number, etag) for number, etag in enumerate(etags, 1)
    ]
    everything = oss.ListMultipartUploadsRequest(bucket="post-test", prefix="user/")
    (upload,) = client.list_multipart_uploads(everything).uploads
    assert (upload.key, upload.upload_id) == (KEY, upload_id)
    abort = oss.AbortMultipartUploadRequest(**NAMED, upload_id=upload_id)
    assert client.abort_multipart_upload(abort).status_code == 204
    assert not client.list_multipart_uploads(everything).uploads
    assert bucket.files() == []
    with pytest.raises(oss.exceptions.OperationError) as gone:
        client.abort_multipart_upload(abort)
    assert service_error(gone.value) == (404, "NoSuchUpload", "0042-00000002")


def service_error(error: oss.exceptions.OperationError) -> tuple[int, str, str]:
    cause = error.unwrap()
    assert isinstance(cause, oss.exceptions.ServiceError)
    return cause.status_code, cause.code, cause.ec


def test_tells_what_is_wrong_with_a_completion(client: oss.Client, bucket: Bucket) -> None:
    upload_id = initiate(client)
    first, second = (upload_part(client, upload_id, number, b"short") for number in (1, 2))
    for parts, expected in (
        ([(3, first)], (400, "InvalidPart", "")),
        ([(1, "A" * 32)], (400, "InvalidPart", "")),
        ([(2, second), (1, first)], (400, "InvalidPartOrder", "0042-00000209")),
        ([(1, first), (2, second)], (400, "EntityTooSmall", "0042-00000213")),
    ):
        with pytest.raises(oss.exceptions.OperationError) as refused:
            complete(client, upload_id, *parts)
        assert service_error(refused.value) == expected
    assert complete(client, upload_id, (2, second)).endswith('-1"')
    assert stored(bucket, KEY) == b"short"


def test_a_whole_upload_by_presigned_urls(client: oss.Client, bucket: Bucket) -> None:
    """As the SDK's own test against the real service does it."""
    life = timedelta(minutes=5)
    made = client.presign(oss.InitiateMultipartUploadRequest(**NAMED), expires=life)
    begun = requests.post(made.url, headers=made.signed_headers, timeout=30)
    upload_id = begun.text.partition("<UploadId>")[2].partition("<")[0]
    part = oss.UploadPartRequest(**NAMED, upload_id=upload_id, part_number=1)
    made = client.presign(part, expires=life)
    assert requests.put(made.url, b"x", headers=made.signed_headers, timeout=30).status_code == 200
    last = oss.CompleteMultipartUploadRequest(
        **NAMED, upload_id=upload_id, complete_all="yes", forbid_overwrite=True
    )
    made = client.presign(last, expires=life)
    done = requests.post(made.url, headers=made.signed_headers, timeout=30)
    assert done.status_code == 200, done.text
    assert stored(bucket, KEY) == b"x"
    assert requests.post(made.url, headers=made.signed_headers, timeout=30).status_code == 404


def test_head_tells_about_an_object_and_its_metadata(client: oss.Client, bucket: Bucket) -> None:
    bucket.post(KEY, b"content", fields={"x-oss-meta-grant": "a1"}, now=utc_now())
    found = client.head_object(oss.HeadObjectRequest(**NAMED))
    assert (found.content_length, found.metadata) == (7, {"grant": "a1"})
    assert found.etag == '"9A0364B9E99BB480DD25E1F0284C8555"'
    for key, expected in (
        ("user/absent", (404, "NoSuchKey", "0026-00000001")),
        ("other/a", (403, "AccessDenied", "0003-00000301")),
    ):
        with pytest.raises(oss.exceptions.OperationError) as refused:
            client.head_object(oss.HeadObjectRequest(bucket="post-test", key=key))
        assert service_error(refused.value) == expected


def test_copies_what_is_still_the_same_and_deletes_it(client: oss.Client, bucket: Bucket) -> None:
    source = "user/tmp/视频 +%1.mp4"
    bucket.post(source, b"content", fields={"x-oss-meta-grant": "a1"}, now=utc_now())
    found = client.head_object(oss.HeadObjectRequest(bucket="post-test", key=source))

    def copy(**changes: object) -> oss.CopyObjectResult:
        fields = {"source_key": source, "if_match": found.etag, **changes}
        return client.copy_object(oss.CopyObjectRequest(**NAMED, forbid_overwrite=True, **fields))

    def refused(**changes: object) -> tuple[int, str, str]:
        with pytest.raises(oss.exceptions.OperationError) as raised:
            copy(**changes)
        return service_error(raised.value)

    other = '"D41D8CD98F00B204E9800998ECF8427E"'
    assert refused(if_match=other) == (412, "PreconditionFailed", "0017-00001001")
    copied = copy()
    assert (copied.etag, copied.hash_crc64) == (found.etag, found.hash_crc64)
    assert copied.last_modified is not None
    assert refused() == (409, "FileAlreadyExists", "0026-00000002")
    assert refused(source_key="other/a") == (403, "AccessDenied", "0003-00000301")
    removal = oss.DeleteObjectRequest(bucket="post-test", key=source)
    assert client.delete_object(removal).status_code == 204
    assert client.delete_object(removal).status_code == 204
    assert refused() == (404, "NoSuchKey", "0026-00000001")
    assert not client.is_object_exist("post-test", source)
    kept = client.head_object(oss.HeadObjectRequest(**NAMED))
    assert (kept.content_type, kept.metadata) == ("text/plain", {"grant": "a1"})
    assert stored(bucket, KEY) == b"content"
