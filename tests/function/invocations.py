"""Invokes the function as Function Compute does: the bytes of an event in, a struct out."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from direct_upload.app import App

NOW = datetime(2026, 11, 24, 6, 30, 45, 250000, tzinfo=timezone.utc)
TOKEN = "CAIS" + "t" * 748

ENVIRON = {
    "OSS_BUCKET": "post-test",
    "OSS_REGION": "cn-hangzhou",
    "AUTH": "anonymous",
    "ALLOWED_ORIGINS": "https://app.example.com",
    # The function's own credentials, so that tests need no STS.
    "CREDENTIALS_SOURCE": "function-role",
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.EXAMPLE",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "StsSecretExample",
    "ALIBABA_CLOUD_SECURITY_TOKEN": TOKEN,
}

# The assumed role's, from an STS that cannot be reached: nothing listens on this port.
NO_STS = {
    "CREDENTIALS_SOURCE": "assume-role",
    "STS_ENDPOINT": "http://127.0.0.1:9",
    "UPLOAD_ROLE_ARN": "acs:ram::1234567890123456:role/oss-uploader",
}


@dataclass(frozen=True)
class Response:
    """A response, its JSON body parsed."""

    status: int
    headers: Mapping[str, str]
    document: Any

    @property
    def code(self) -> str:
        """The error code of a refusal."""
        return str(self.document["error"]["code"])


class Context:
    """The part of Function Compute's context that the function reads."""

    request_id = "1-69240000-0123456789abcdef"


def event(
    method: str = "GET",
    path: str = "/",
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: str | bytes = "",
) -> bytes:
    """An HTTP event, version v1; a body in bytes travels in Base64."""
    binary = isinstance(body, bytes)
    return json.dumps(
        {
            "version": "v1",
            "rawPath": path,
            "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
            "isBase64Encoded": binary,
            "headers": headers or {},
            "queryParameters": query or {},
            "requestContext": {"requestId": "", "http": {"method": method, "path": path}},
        }
    ).encode()


def invoke(
    environ: Mapping[str, str], method: str = "GET", path: str = "/", **parts: Any
) -> Response:
    """Send one request to a new instance of the function at `NOW`."""
    return read(App(environ, lambda: NOW).handle(event(method, path, **parts), Context()))


def read(struct: dict[str, Any]) -> Response:
    """Check that the struct is complete and parse it."""
    assert set(struct) == {"statusCode", "headers", "isBase64Encoded", "body"}
    assert struct["isBase64Encoded"] is False
    assert struct["headers"]["Cache-Control"] == "no-store"
    assert struct["headers"]["X-Content-Type-Options"] == "nosniff"
    for name, value in struct["headers"].items():
        assert not {"\r", "\n"} & set(name + value)
    body = struct["body"]
    return Response(struct["statusCode"], struct["headers"], json.loads(body) if body else None)


def conditions(grant: Mapping[str, Any]) -> list[Any]:
    """The conditions of a grant's policy."""
    document = json.loads(base64.b64decode(grant["fields"]["policy"]))
    assert set(document) == {"expiration", "conditions"}
    found: list[Any] = document["conditions"]
    return found


def pinned(grant: Mapping[str, Any]) -> dict[str, str]:
    """The fields that the policy restricts to one value."""
    exact: dict[str, str] = {}
    for condition in conditions(grant):
        if isinstance(condition, dict):
            exact |= condition
    return exact
