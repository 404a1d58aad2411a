"""Other projects that can sign the same forms; they need the bench's own environment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3  # type: ignore[import-not-found]
from botocore.config import Config  # type: ignore[import-not-found]
from minio import Minio  # type: ignore[import-not-found]
from minio.datatypes import PostPolicy  # type: ignore[import-not-found]

from .requests import BUCKET, KEY_ID, LIFE_SECONDS, MAX_BYTES, REGION, SECRET, TOKEN, Form, Signer


def signers() -> Mapping[str, Signer]:
    """The signers by name. Their clients exist already, and none uses the network."""
    s3 = boto3.client(
        "s3",
        region_name="eu-central-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        aws_session_token=TOKEN,
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )

    def with_boto3(form: Form) -> Any:
        pinned = [{name: value} for name, value in form.pinned.items()]
        return s3.generate_presigned_post(
            BUCKET,
            form.key,
            Fields=dict(form.pinned),
            Conditions=[["content-length-range", 1, MAX_BYTES], *pinned],
            ExpiresIn=LIFE_SECONDS,
        )["fields"]

    client = Minio(
        "s3.example.com",
        access_key=KEY_ID,
        secret_key=SECRET,
        session_token=TOKEN,
        region=REGION,
    )

    def with_minio(form: Form) -> Any:
        policy = PostPolicy(BUCKET, datetime.now(timezone.utc) + timedelta(seconds=LIFE_SECONDS))
        if form.prefix:
            policy.add_starts_with_condition("key", form.prefix)
        else:
            policy.add_equals_condition("key", form.key)
        for name, value in form.pinned.items():
            policy.add_equals_condition(name, value)
        policy.add_content_length_range_condition(1, MAX_BYTES)
        return {"key": form.key, **form.pinned, **client.presigned_post_policy(policy)}

    return {"boto3": with_boto3, "minio-py": with_minio}
