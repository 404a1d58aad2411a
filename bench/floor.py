"""The least that any handler of this kind does, for an answer of the same size."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

WRITE = json.JSONEncoder(separators=(",", ":")).encode
KEY = bytes(32)
DIGESTS = {"v4": "sha256", "v1": "sha1"}


def floor(answer: dict[str, Any], *, version: str) -> Callable[[bytes], dict[str, Any]]:
    """A handler that reads the event and makes this very answer, with nothing in between.

    It reads JSON (a file grant's body, too), writes the policy, encodes and signs it and writes
    the answer. What it writes was made before.
    """
    document = json.loads(answer["body"])
    policy = json.loads(base64.b64decode(document["fields"]["policy"]))
    status, headers, digest = answer["statusCode"], answer["headers"], DIGESTS[version]

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
