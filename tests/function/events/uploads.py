"""Events as an OSS trigger sends them, to be changed one part at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from direct_upload.callbacks import Scope, make_grant_id, to_metadata
from tests.function.invocations import ENVIRON, NOW

SECRET = "0123456789abcdef0123456789abcdef"
EVENTS = ENVIRON | {"GRANT_SECRET": SECRET}
KEY = "user-dirs/00112233445566778899aabbccddeeff.png"
ETAG = "5D41402ABC4B2A76B9719D911017C592"


def value(
    *,
    secret: str = SECRET,
    bucket: str = "post-test",
    key: str = KEY,
    directory: bool = False,
    content_type: str = "image/png",
    user: str = "alice",
    preset: str = "default",
    issued: datetime = NOW,
) -> str:
    """The metadata of an object that was granted."""
    scope = Scope(bucket, key, directory, preset, user, 1, 1000, (content_type,))
    expires = issued + timedelta(minutes=5)
    grant_id = make_grant_id(secret.encode(), scope, issued=issued, expires=expires)
    return to_metadata(secret.encode(), grant_id)


# The members and their form: Function Compute documents, "OSS triggers" (2026-04).
RECORD: dict[str, Any] = {
    "eventName": "ObjectCreated:PostObject",
    "eventSource": "acs:oss",
    "eventTime": "2026-11-24T06:31:00.000Z",
    "eventVersion": "1.0",
    "oss": {
        "bucket": {
            "arn": "acs:oss:cn-hangzhou:1234567890123456:post-test",
            "name": "post-test",
            "ownerIdentity": "1234567890123456",
        },
        "object": {
            "deltaSize": 7,
            "eTag": ETAG,
            "key": KEY,
            "objectMeta": {"mimeType": "image/png", "userMeta": {"x-oss-meta-grant": value()}},
            "size": 7,
        },
        "ossSchemaVersion": "1.0",
        "ruleId": "9adac8e253828f4f7c0466d941fa3db81161****",
    },
    "region": "cn-hangzhou",
    "requestParameters": {"sourceIPAddress": "140.205.128.1"},
    "responseElements": {"requestId": "58F9FF2D3DF792092E12044C"},
    "userIdentity": {"principalId": "262561392693583141"},
}
GONE = object()


def record(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A record with what is at these paths, such as `oss.object.key`, changed or `GONE`."""
    made = copy.deepcopy(RECORD)
    for path, new in (changes or {}).items():
        *parents, last = path.split(".")
        place = made
        for name in parents:
            place = place[name]
        if new is GONE:
            del place[last]
        else:
            place[last] = new
    return made


def event(*records: object) -> bytes:
    return json.dumps({"events": records}).encode()
