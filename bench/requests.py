"""What is measured: the handlers' settings, the events that they get, and the forms to sign."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ORIGIN = "https://www.example.com"
ROLE_ARN = "acs:ram::1234567890123456:role/oss-uploader"
TOKEN = "CAIS" + "t" * 748  # STS tokens have 600 to 1,000 characters

COMMON = {
    "OSS_BUCKET": "post-test",
    "OSS_REGION": "cn-hangzhou",
    "AUTH": "anonymous",
    "ALLOWED_ORIGINS": ORIGIN,
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.NSsrKZes4cqm5m7XkZ2EXAMPL",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "7qJ1WxUJc5tGmQb4fNnXo2RkE9sVhYp3dLzTaEXAMPLE",
    "ALIBABA_CLOUD_SECURITY_TOKEN": TOKEN,
}
FUNCTION_ROLE = {**COMMON, "CREDENTIALS_SOURCE": "function-role"}
ASSUME_ROLE = {**COMMON, "CREDENTIALS_SOURCE": "assume-role", "UPLOAD_ROLE_ARN": ROLE_ARN}


@dataclass(frozen=True)
class BaseKeys:
    """The function's own credentials, as python3.10's context has them in each request."""

    access_key_id: str = COMMON["ALIBABA_CLOUD_ACCESS_KEY_ID"]
    access_key_secret: str = COMMON["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
    security_token: str = TOKEN


@dataclass(frozen=True)
class Context:
    """The part of Function Compute's context that the function reads."""

    request_id: str = "1-69240000-0123456789abcdef01234567"
    credentials: BaseKeys = BaseKeys()


def event(
    method: str,
    path: str,
    body: str = "",
    *,
    query: Mapping[str, str] | None = None,
    **headers: str,
) -> bytes:
    """The HTTP event of a browser's request."""
    return json.dumps(
        {
            "version": "v1",
            "rawPath": path,
            "body": body,
            "isBase64Encoded": False,
            "headers": {
                "Accept": "*/*",
                "Accept-Encoding": "gzip, deflate, br, zstd",
                "Accept-Language": "en-GB,en;q=0.9",
                "Content-Type": "application/json",
                "Host": "direct-upload-abcdefghij.cn-hangzhou.fcapp.run",
                "Origin": ORIGIN,
                "Referer": f"{ORIGIN}/",
                "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox",
                **headers,
            },
            "queryParameters": query or {},
            "requestContext": {
                "accountId": "1234567890123456",
                "domainName": "direct-upload-abcdefghij.cn-hangzhou.fcapp.run",
                "domainPrefix": "direct-upload-abcdefghij",
                "http": {
                    "method": method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7",
                    "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox",
                },
                "requestId": "1-69240000-0123456789abcdef01234567",
                "time": "2026-11-24T06:30:45Z",
                "timeEpoch": "1795501845000",
            },
        }
    ).encode()


DIRECTORY = event("GET", "/")
UPLOAD = {"filename": "holiday 2026.jpg", "content_type": "image/jpeg", "size": 3145728}
FILE = event("POST", "/sign", json.dumps(UPLOAD))
BATCH_FILES = 100
BATCH = event("POST", "/sign", json.dumps({"files": [UPLOAD] * BATCH_FILES}))
GRANTS: Mapping[str, bytes] = {"directory": DIRECTORY, "file": FILE}

KEY_ID, SECRET = COMMON["ALIBABA_CLOUD_ACCESS_KEY_ID"], COMMON["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
BUCKET, REGION = COMMON["OSS_BUCKET"], COMMON["OSS_REGION"]
MAX_BYTES = 104857600
LIFE_SECONDS = 300
PREFIX = "user-dirs/0123456789abcdef0123456789abcdef/"


@dataclass(frozen=True)
class Form:
    """The key, or its prefix, and the other fields that are pinned and sent."""

    key: str
    prefix: str  # empty: exactly the key
    pinned: Mapping[str, str]


FORMS = {
    "directory": Form(PREFIX + "${filename}", PREFIX, {"success_action_status": "200"}),
    "file": Form(
        "user-dirs/0123456789abcdef0123456789abcdef.jpg",
        "",
        {
            "Content-Type": "image/jpeg",
            "x-oss-content-type": "image/jpeg",
            "Content-Disposition": "attachment; filename*=UTF-8''holiday%202026.jpg",
            "success_action_status": "200",
            "x-oss-forbid-overwrite": "true",
            "x-oss-object-acl": "default",
        },
    ),
}

Signer = Callable[[Form], Mapping[str, Any]]
"""Returns the fields of a form."""
