"""What a session policy must allow for each operation, and private objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from emulator.keyring import AccessKey
from tests.emulator.client import Reply, send
from tests.emulator.oss.bucket import NOW, Bucket, running_bucket
from tests.emulator.oss.multipart import Uploader, part_list, signed_headers, signed_url, started

ACTIONS = {
    "initiate": "oss:PutObject",
    "put": "oss:PutObject",
    "list": "oss:ListParts",
    "complete": "oss:PutObject",
    "abort": "oss:AbortMultipartUpload",
    "uploads": "oss:ListMultipartUploads",
}


def key_for(bucket: Bucket, *actions: str, resource: str = "post-test/user/*") -> AccessKey:
    """Temporary credentials that may do just this."""
    statement = {
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": f"acs:oss:*:*:{resource}",
    }
    policy = json.dumps({"Version": "1", "Statement": [statement]})
    return bucket.keys.issue(expiration=NOW + timedelta(hours=1), session_policy=policy)


def perform(bucket: Bucket, operation: str, key: AccessKey, object_key: str = "user/a") -> Reply:
    existing = started(bucket, b"content", object_key=object_key)
    uploader = Uploader(bucket, object_key, key, existing.etags, existing.upload_id)
    if operation == "put":
        return uploader.put(1, b"x")
    if operation == "uploads":
        return Uploader(bucket, "", key).send("GET", {"uploads": ""})
    reply: Reply = getattr(uploader, operation)()
    return reply


@pytest.mark.parametrize(("operation", "action"), ACTIONS.items())
def test_each_operation_needs_its_own_action(bucket: Bucket, operation: str, action: str) -> None:
    resource = "post-test" if operation == "uploads" else "post-test/user/*"
    allowed = key_for(bucket, action, resource=resource)
    assert perform(bucket, operation, allowed).status in (200, 204)
    others = key_for(bucket, *(set(ACTIONS.values()) - {action}), resource=resource)
    refused = perform(bucket, operation, others)
    assert (refused.status, refused.element("EC")) == (403, "0003-00000301")
    assert f"does not allow {action} on post-test" in (refused.element("Hint") or "")


@pytest.mark.parametrize("operation", sorted(ACTIONS.keys() - {"uploads"}))
def test_a_prefix_allows_no_other_key(bucket: Bucket, operation: str) -> None:
    key = key_for(bucket, *ACTIONS.values())
    assert perform(bucket, operation, key, "other/a").element("EC") == "0003-00000301"


def test_tags_need_an_action_besides(bucket: Bucket) -> None:
    tagging = {"x-oss-tagging": "a=1"}
    key = key_for(bucket, "oss:PutObject")
    assert Uploader(bucket, "user/a", key).initiate(tagging).status == 403
    key = key_for(bucket, "oss:PutObject", "oss:PutObjectTagging")
    assert Uploader(bucket, "user/a", key).initiate(tagging).status == 200


def test_without_a_signature_nothing_is_done(bucket: Bucket) -> None:
    uploader = started(bucket, b"content")
    named = f"uploadId={uploader.upload_id}"
    for method, query, body in (
        ("POST", "uploads", None),
        ("PUT", f"partNumber=1&{named}", b"x"),
        ("GET", named, None),
        ("POST", named, part_list(*uploader.etags.items())),
        ("DELETE", named, None),
    ):
        reply = send(bucket.url, method, f"/a.bin?{query}", body)
        assert (reply.status, reply.element("EC")) == (403, "0003-00000001")
    assert uploader.complete().status == 200


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Bucket]:
    with running_bucket(tmp_path, private_objects=True) as bucket:
        yield bucket


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/a.txt", "/absent", "/"])
def test_private_objects_are_not_read_without_a_signature(
    private: Bucket, method: str, path: str
) -> None:
    private.post()
    assert send(private.url, method, path).status == 403


def test_private_objects_are_read_with_one(private: Bucket) -> None:
    private.post(content=b"content")
    assert private.get(signed_url("GET", "/a.txt", {})).body == b"content"
    assert private.get("/a.txt", signed_headers("GET", "/a.txt", {})).body == b"content"
    assert send(private.url, "HEAD", signed_url("HEAD", "/a.txt", {})).status == 200
    assert private.get(signed_url("GET", "/absent", {})).status == 404
    listed = private.get(signed_url("GET", "/", {"prefix": "a"}))
    assert listed.element("Contents/Key") == "a.txt"
    expired = signed_url("GET", "/a.txt", {}, now=NOW - timedelta(hours=1))
    assert private.get(expired).element("EC") == "0002-00000236"


def test_reading_needs_its_own_actions(private: Bucket) -> None:
    private.post("user/a")
    reader = key_for(private, "oss:GetObject")
    lister = key_for(private, "oss:ListObjects", resource="post-test")
    for key, path, status in (
        (reader, "/user/a", 200),
        (lister, "/user/a", 403),
        (lister, "/", 200),
        (reader, "/", 403),
    ):
        assert private.get(signed_url("GET", path, {}, key=key)).status == status


def test_who_signs_a_read_is_checked_where_it_needs_no_signature(bucket: Bucket) -> None:
    bucket.post("user/a")
    reader = key_for(bucket, "oss:GetObject")
    writer = key_for(bucket, "oss:PutObject")
    stranger = replace(reader, access_key_secret="wrong")
    for key, status in ((reader, 200), (writer, 403), (stranger, 403)):
        for method in ("GET", "HEAD"):
            url = signed_url(method, "/user/a", {}, key=key)
            assert send(bucket.url, method, url).status == status
            headers = signed_headers(method, "/user/a", {}, key=key)
            assert send(bucket.url, method, "/user/a", headers=headers).status == status
    assert send(bucket.url, "HEAD", "/user/a").status == 200


def test_an_object_whose_acl_is_public_is_read_by_everyone(private: Bucket) -> None:
    private.post(fields={"x-oss-object-acl": "public-read"})
    assert private.get("/a.txt").status == 200
    started(private, b"content").complete(headers={"x-oss-object-acl": "public-read-write"})
    assert private.get("/a.bin").body == b"content"


def test_the_callback_key_is_always_public(private: Bucket) -> None:
    assert private.get("/callback_pub_key.pem").status == 200
