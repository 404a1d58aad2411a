"""Claim an upload: move it from tmp/, where a lifecycle rule removes what nobody claims, to files/.

    python examples/claim.py KEY ETAG

with the key and the ETag that the callback or the event reported, and OSS_ACCESS_KEY_ID,
OSS_ACCESS_KEY_SECRET, OSS_SESSION_TOKEN (of a role), OSS_BUCKET and OSS_REGION in the environment.
"""

from __future__ import annotations

import os
import sys

import alibabacloud_oss_v2 as oss

TEMPORARY, CLAIMED = "tmp/", "files/"  # the function's UPLOAD_DIR, and where claimed uploads stay
SETTLED = ("FileAlreadyExists", "NoSuchKey", "PreconditionFailed")


class NotClaimed(Exception):
    """The upload is gone, removed by the lifecycle rule, or another one has taken its place."""


def claim(client: oss.Client, bucket: str, key: str, etag: str) -> str:
    """The key under which the upload stays from now on; claiming it again returns the same key.

    The ETag is part of that key. So what exists there is this upload, no matter who claimed it and
    whatever happened to the temporary object since, and no other upload can be taken for it.
    """
    claimed = f"{CLAIMED}{etag}/{key.removeprefix(TEMPORARY)}"
    copy = oss.CopyObjectRequest(
        bucket=bucket, key=claimed, source_key=key, if_match=etag, forbid_overwrite=True
    )
    try:
        client.copy_object(copy)
    except oss.exceptions.OperationError as error:
        if getattr(error.unwrap(), "code", None) not in SETTLED:
            raise  # OSS is down, or a right is missing: claim again later
        if client.is_object_exist(bucket, claimed):
            return claimed  # what an earlier claim left in tmp/, the lifecycle rule removes
        raise NotClaimed(f"{key} is gone, or no longer has the ETag {etag}") from error
    client.delete_object(oss.DeleteObjectRequest(bucket=bucket, key=key))
    return claimed


if __name__ == "__main__":
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.EnvironmentVariableCredentialsProvider()
    config.region = os.environ["OSS_REGION"]
    if domain := os.environ.get("UPLOAD_URL"):  # a domain of the bucket's own, or the emulator
        config.endpoint, config.use_cname = domain, True
    print(claim(oss.Client(config), os.environ["OSS_BUCKET"], *sys.argv[1:]))
