"""An emulated bucket that keeps the real time, a key for it, and a file to upload."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from emulator.keyring import AccessKey
from emulator.server import utc_now
from tests.emulator.oss.bucket import Bucket, running_bucket

PART_BYTES = 100 * 1024


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    with running_bucket(tmp_path / "data", private_objects=True, clock=utc_now) as bucket:
        yield bucket


@pytest.fixture
def key(bucket: Bucket) -> AccessKey:
    """Temporary credentials for all that uploads and claims need, below user/."""
    actions = ["PutObject", "GetObject", "DeleteObject", "ListParts", "AbortMultipartUpload"]
    statements = [
        {
            "Effect": "Allow",
            "Action": [f"oss:{action}" for action in actions],
            "Resource": "acs:oss:*:*:post-test/user/*",
        },
        {
            "Effect": "Allow",
            "Action": "oss:ListMultipartUploads",
            "Resource": "acs:oss:*:*:post-test",
        },
    ]
    policy = json.dumps({"Version": "1", "Statement": statements})
    return bucket.keys.issue(expiration=utc_now() + timedelta(hours=1), session_policy=policy)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Five parts, the last of them short."""
    path = tmp_path / "视频 1.mp4"
    path.write_bytes(secrets.token_bytes(4 * PART_BYTES + 1234))
    return path


def parts_sent(bucket: Bucket) -> int:
    """How many requests for a part the bucket has served."""
    return sum(line.startswith("PUT ") and " 200 " in line for line in bucket.log)


def stored(bucket: Bucket, key: str) -> bytes:
    """The bytes of the one object, no matter who may read it."""
    (record,) = bucket.directory.glob("*/index/*.json")
    document: dict[str, str] = json.loads(record.read_text())
    assert document["key"] == key
    return (record.parent.parent / "content" / document["content"]).read_bytes()
