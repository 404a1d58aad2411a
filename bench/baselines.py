"""What the handler is compared with: the floor, the official sample, and other signers' handler."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from .requests import BUCKET, KEY_ID, LIFE_SECONDS, MAX_BYTES, REGION, SECRET, TOKEN, Form, Signer

WRITE = json.JSONEncoder(separators=(",", ":")).encode
KEY = bytes(32)
DIGESTS = {"v4": "sha256", "v1": "sha1"}


def floor(response: dict[str, Any], *, version: str) -> Callable[[bytes], dict[str, Any]]:
    """A handler that reads the event and writes this very response, with nothing in between.

    It reads JSON (and a file grant's body), writes the policy, encodes and signs it and writes the
    response. It computes none of what it writes.
    """
    document = json.loads(response["body"])
    policy = json.loads(base64.b64decode(document["fields"]["policy"]))
    status, headers, digest = response["statusCode"], response["headers"], DIGESTS[version]

    def handler(event: bytes) -> dict[str, Any]:
        body = json.loads(event.decode())["body"]
        if body:
            json.loads(body)
        encoded = base64.b64encode(WRITE(policy).encode())
        hmac.digest(KEY, encoded, digest)
        return {
            "statusCode": status,
            "headers": headers,
            "isBase64Encoded": False,
            "body": WRITE(document),
        }

    return handler


def official_sample(form: Form) -> dict[str, Any]:
    """What the samples do for each request once they have credentials (V4)."""
    now = datetime.datetime.now(datetime.timezone.utc)
    expiration = now + datetime.timedelta(seconds=LIFE_SECONDS)
    date, moment = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
    credential = f"{KEY_ID}/{date}/{REGION}/oss/aliyun_v4_request"
    policy = {
        "expiration": expiration.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "conditions": [
            {"bucket": BUCKET},
            ["content-length-range", 1, MAX_BYTES],
            ["starts-with", "$key", form.prefix] if form.prefix else {"key": form.key},
            *({name: value} for name, value in form.pinned.items()),
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
        "key": form.key,
        **form.pinned,
        "policy": text.decode(),
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": credential,
        "x-oss-date": moment,
        "x-oss-signature": hmac.new(key, text, hashlib.sha256).hexdigest(),
        "x-oss-security-token": TOKEN,
    }


def bare_handler(
    signer: Signer, form: Form, grant: dict[str, Any]
) -> Callable[[bytes], dict[str, Any]]:
    """The minimum that makes a signer a function: read the event, sign, write a response.

    The response has all members of our grant, so that no row writes less than another. Nothing is
    checked: no origin, no caller, no route.
    """

    def handler(event: bytes) -> dict[str, Any]:
        body = json.loads(event.decode())["body"]
        if body:
            json.loads(body)
        return {
            "statusCode": 200,
            "headers": {"Content-Type": "application/json"},
            "isBase64Encoded": False,
            "body": json.dumps(grant | {"fields": signer(form)}),
        }

    return handler
