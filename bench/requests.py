"""What the measured handlers are configured with and asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

ORIGIN = "https://www.example.com"
ROLE_ARN = "acs:ram::1234567890123456:role/oss-uploader"
TOKEN = "CAIS" + "t" * 748  # tokens of STS have 600 to 1,000 characters

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
    """The function's own credentials, as python3.10's context hands them with each request."""

    access_key_id: str = COMMON["ALIBABA_CLOUD_ACCESS_KEY_ID"]
    access_key_secret: str = COMMON["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
    security_token: str = TOKEN


@dataclass(frozen=True)
class Context:
    """The part of Function Compute's context that the function reads."""

    request_id: str = "1-69240000-0123456789abcdef01234567"
    credentials: BaseKeys = BaseKeys()


def event(method: str, path: str, body: str = "", **headers: str) -> bytes:
    """An HTTP event as a browser's request makes it."""
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
            "queryParameters": {},
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
FILE = event(
    "POST",
    "/sign",
    json.dumps({"filename": "holiday 2026.jpg", "content_type": "image/jpeg", "size": 3145728}),
)
GRANTS: Mapping[str, bytes] = {"directory": DIRECTORY, "file": FILE}
