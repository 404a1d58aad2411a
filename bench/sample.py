"""A plain rewrite of the official samples' signing, and the handler that peers are put into."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from .requests import COMMON, TOKEN

KEY_ID, SECRET = COMMON["ALIBABA_CLOUD_ACCESS_KEY_ID"], COMMON["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
BUCKET, REGION = COMMON["OSS_BUCKET"], COMMON["OSS_REGION"]
PREFIX = "user-dirs/0123456789abcdef0123456789abcdef/"

Sign = Callable[[], Mapping[str, Any]]
"""Makes the fields of one upload form."""


def official_sample() -> dict[str, Any]:
    """What the samples of the topic do for each request, once they have credentials (V4)."""
    now = datetime.datetime.now(datetime.timezone.utc)
    expiration = (now + datetime.timedelta(seconds=300)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    date, moment = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
    credential = f"{KEY_ID}/{date}/{REGION}/oss/aliyun_v4_request"
    policy = {
        "expiration": expiration,
        "conditions": [
            {"bucket": BUCKET},
            ["content-length-range", 1, 104857600],
            ["starts-with", "$key", PREFIX],
            {"success_action_status": "200"},
            {"x-oss-signature-version": "OSS4-HMAC-SHA256"},
            {"x-oss-credential": credential},
            {"x-oss-date": moment},
            {"x-oss-security-token": TOKEN},
        ],
    }
    text = base64.b64encode(json.dumps(policy).encode())
    key = f"aliyun_v4{SECRET}".encode()
    for part in (date, REGION, "oss", "aliyun_v4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return {
        "key": PREFIX + "${filename}",
        "success_action_status": "200",
        "policy": text.decode(),
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": credential,
        "x-oss-date": moment,
        "x-oss-signature": hmac.new(key, text, hashlib.sha256).hexdigest(),
        "x-oss-security-token": TOKEN,
    }


def bare_handler(sign: Sign, grant: dict[str, Any]) -> Callable[[bytes], dict[str, Any]]:
    """The least that makes a function of a signer: it reads the event, signs and writes an answer.

    It answers the members of our directory grant, so that no row writes less than another, and
    looks at nothing: no origin, no caller, no route.
    """

    def handler(event: bytes) -> dict[str, Any]:
        json.loads(event)
        return {
            "statusCode": 200,
            "headers": {"Content-Type": "application/json"},
            "isBase64Encoded": False,
            "body": json.dumps(grant | {"fields": sign()}),
        }

    return handler
