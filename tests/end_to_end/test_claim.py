"""examples/claim.py: OSS's SDK claims an upload below tmp/, with just the documented rights."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import alibabacloud_oss_v2 as oss
import pytest
import requests

from emulator.oss.switches import Switches
from emulator.server import utc_now
from examples.claim import NotClaimed, claim
from tests.documents import Document
from tests.emulator.oss.bucket import Bucket, running_bucket
from tests.harness import ROOT, running_harness

KEY = "tmp/0123456789abcdef.png"
POLICY = Document("docs/claims.md").block("claim policy").replace("my-bucket", "post-test")


@pytest.fixture(params=[False, True], ids=["MD5", "UUID"])
def bucket(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bucket]:
    """Whether the ETag of a form upload is its MD5 is an open question."""
    switches = Switches(uuid_etag=request.param)
    with running_bucket(tmp_path, private_objects=True, clock=utc_now, switches=switches) as bucket:
        yield bucket


Connect = Callable[..., oss.Client]


@pytest.fixture
def connect(bucket: Bucket) -> Connect:
    """A client for credentials with the documented policy, or with another."""
    address = bucket.url.replace("127.0.0.1", "localhost")

    def make(policy: str = POLICY, endpoint: str = address) -> oss.Client:
        key = bucket.keys.issue(expiration=utc_now() + timedelta(hours=1), session_policy=policy)
        config = oss.config.Config(
            region="cn-hangzhou",
            endpoint=endpoint,
            use_cname=True,
            retry_max_attempts=1,
            credentials_provider=oss.credentials.StaticCredentialsProvider(
                key.access_key_id, key.access_key_secret, key.security_token
            ),
        )
        return oss.Client(config)

    return make


def upload(
    bucket: Bucket, content: bytes = b"content", fields: Mapping[str, str] | None = None
) -> str:
    """The ETag, without quotes, as callbacks and events report it."""
    return bucket.post(KEY, content, fields=fields, now=utc_now()).headers["etag"].strip('"')


def contents(bucket: Bucket) -> dict[str, bytes]:
    """Every object by its key."""
    found = {}
    for path in bucket.directory.glob("*/index/*.json"):
        record = json.loads(path.read_text())
        found[record["key"]] = (path.parent.parent / "content" / record["content"]).read_bytes()
    return found


def without(action: str, prefix: str) -> str:
    """The documented policy without one action on one prefix."""
    policy = json.loads(POLICY)
    (statement,) = (s for s in policy["Statement"] if s["Resource"].endswith(f"/{prefix}*"))
    statement["Action"].remove(action)
    return json.dumps(policy)


def removed_by_the_lifecycle_rule(bucket: Bucket) -> None:
    (path,) = (p for p in bucket.directory.glob("*/index/*.json") if KEY in p.read_text())
    path.unlink()


def test_a_claimed_upload_has_moved_with_its_metadata(bucket: Bucket, connect: Connect) -> None:
    etag = upload(bucket, fields={"x-oss-meta-grant": "a1", "Content-Disposition": "attachment"})
    client = connect()
    claimed = claim(client, "post-test", KEY, etag)
    assert claimed == f"files/{etag}/0123456789abcdef.png"
    assert contents(bucket) == {claimed: b"content"}
    found = client.head_object(oss.HeadObjectRequest(bucket="post-test", key=claimed))
    assert (found.content_type, found.content_disposition) == ("text/plain", "attachment")
    assert found.metadata == {"grant": "a1"}


def test_claimed_twice_is_claimed_once(bucket: Bucket, connect: Connect) -> None:
    etag, client = upload(bucket), connect()
    with ThreadPoolExecutor(8) as threads:  # callback and event, repeated, at the same time
        keys = set(threads.map(lambda _: claim(client, "post-test", KEY, etag), range(16)))
    (claimed,) = keys
    assert contents(bucket) == {claimed: b"content"}
    copies = [line for line in bucket.log if line.startswith("PUT") and " 200 " in line]
    assert len(copies) == 1


def test_what_was_overwritten_in_between_is_not_claimed(bucket: Bucket, connect: Connect) -> None:
    checked = upload(bucket)
    other = upload(bucket, b"another file")
    with pytest.raises(NotClaimed, match=checked):
        claim(connect(), "post-test", KEY, checked)
    assert contents(bucket) == {KEY: b"another file"}
    claimed = claim(connect(), "post-test", KEY, other)
    assert contents(bucket) == {claimed: b"another file"}


def test_what_the_lifecycle_rule_removed_is_not_claimed(bucket: Bucket, connect: Connect) -> None:
    etag = upload(bucket)
    removed_by_the_lifecycle_rule(bucket)
    with pytest.raises(NotClaimed, match="is gone"):
        claim(connect(), "post-test", KEY, etag)
    assert contents(bucket) == {}


def interrupted(bucket: Bucket, connect: Connect) -> tuple[str, str]:
    """A claim that ended between copy and delete: its ETag, and the key of the copy."""
    etag = upload(bucket)
    with pytest.raises(oss.exceptions.OperationError, match="AccessDenied"):
        claim(connect(without("oss:DeleteObject", "tmp/")), "post-test", KEY, etag)
    (claimed,) = contents(bucket).keys() - {KEY}
    return etag, claimed


def test_an_interrupted_claim_can_be_repeated(bucket: Bucket, connect: Connect) -> None:
    etag, claimed = interrupted(bucket, connect)
    for _ in range(2):
        assert claim(connect(), "post-test", KEY, etag) == claimed
        assert contents(bucket)[claimed] == b"content"
    removed_by_the_lifecycle_rule(bucket)
    assert claim(connect(), "post-test", KEY, etag) == claimed
    assert contents(bucket) == {claimed: b"content"}


def test_a_repetition_leaves_a_newer_upload_alone(bucket: Bucket, connect: Connect) -> None:
    etag, claimed = interrupted(bucket, connect)
    other = upload(bucket, b"another file")
    assert claim(connect(), "post-test", KEY, etag) == claimed
    assert contents(bucket) == {KEY: b"another file", claimed: b"content"}
    also = claim(connect(), "post-test", KEY, other)
    assert contents(bucket) == {also: b"another file", claimed: b"content"}


@pytest.mark.parametrize(
    ("action", "prefix"),
    [
        ("oss:GetObject", "tmp/"),
        ("oss:DeleteObject", "tmp/"),
        ("oss:PutObject", "files/"),
        ("oss:GetObject", "files/"),
    ],
)
def test_each_of_the_documented_rights_is_needed(
    bucket: Bucket, connect: Connect, action: str, prefix: str
) -> None:
    client = connect(without(action, prefix))
    etag = upload(bucket)
    with pytest.raises(oss.exceptions.OperationError, match="AccessDenied"):
        for _ in range(2):  # a repetition looks at what is there
            claim(client, "post-test", KEY, etag)
    assert b"content" in contents(bucket).values()


def test_while_oss_cannot_be_reached_nothing_is_decided(connect: Connect) -> None:
    with pytest.raises(oss.exceptions.OperationError):
        claim(connect(endpoint="http://localhost:9"), "post-test", KEY, "0" * 32)


def test_the_program_claims_what_a_form_uploaded(tmp_path: Path) -> None:
    keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIclaim", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}
    with running_harness(tmp_path, {"UPLOAD_DIR": "tmp/", **keys}) as harness:
        signed = requests.post(f"{harness.function}/sign", json={"filename": "a.png"}, timeout=30)
        grant = signed.json()
        file = {"file": ("a.png", b"content")}
        posted = requests.post(grant["url"], grant["fields"], files=file, timeout=30)
        assert grant["key"].startswith("tmp/")
        done = subprocess.run(
            [sys.executable, "examples/claim.py", grant["key"], posted.headers["etag"].strip('"')],
            cwd=ROOT,
            env={
                "OSS_ACCESS_KEY_ID": "LTAIclaim",
                "OSS_ACCESS_KEY_SECRET": "secret",
                "OSS_BUCKET": "post-test",
                "OSS_REGION": "cn-hangzhou",
                "UPLOAD_URL": harness.oss.replace("127.0.0.1", "localhost"),
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        claimed = done.stdout.strip()
        assert claimed.endswith(f"/{grant['key'].removeprefix('tmp/')}")
        assert requests.get(f"{harness.oss}/{claimed}", timeout=30).content == b"content"
        assert requests.get(f"{harness.oss}/{grant['key']}", timeout=30).status_code == 404
