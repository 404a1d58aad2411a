"""What other projects sign the same policy with; needs the bench's own environment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3  # type: ignore[import-not-found]
from botocore.config import Config  # type: ignore[import-not-found]
from minio import Minio  # type: ignore[import-not-found]
from minio.datatypes import PostPolicy  # type: ignore[import-not-found]

from .requests import TOKEN
from .sample import BUCKET, KEY_ID, PREFIX, REGION, SECRET, Sign

KEY = PREFIX + "${filename}"


def signers() -> Mapping[str, Sign]:
    """By name, each with its client made beforehand and no call over the network."""
    s3 = boto3.client(
        "s3",
        region_name="eu-central-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        aws_session_token=TOKEN,
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )

    def with_boto3() -> Any:
        return s3.generate_presigned_post(
            BUCKET,
            KEY,
            Fields={"success_action_status": "200"},
            Conditions=[["content-length-range", 1, 104857600], {"success_action_status": "200"}],
            ExpiresIn=300,
        )["fields"]

    client = Minio(
        "s3.example.com",
        access_key=KEY_ID,
        secret_key=SECRET,
        session_token=TOKEN,
        region=REGION,
    )

    def with_minio() -> Any:
        policy = PostPolicy(BUCKET, datetime.now(timezone.utc) + timedelta(seconds=300))
        policy.add_starts_with_condition("key", PREFIX)
        policy.add_equals_condition("success_action_status", "200")
        policy.add_content_length_range_condition(1, 104857600)
        return client.presigned_post_policy(policy)

    return {"boto3": with_boto3, "minio-py": with_minio}
