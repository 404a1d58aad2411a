"""Events as an OSS trigger sends them, to be changed one part at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from direct_upload.callbacks import Scope, make_grant_id, to_metadata
from tests.function.invocations import ENVIRON, NOW

SECRET = "0123456789abcdef0123456789abcdef"
EVENTS = ENVIRON | {"GRANT_SECRET": SECRET}
FILE = Path(__file__).parents[2] / "vectors/oss_event.json"
DOCUMENTED: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
KEY = "user-dirs/00112233445566778899aabbccddeeff.png"
ETAG = "9A0364B9E99BB480DD25E1F0284C8555"


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
    begin = int(issued.timestamp())
    grant_id = make_grant_id(secret.encode(), scope, issued=begin, expires=begin + 300)
    return to_metadata(secret.encode(), grant_id)


(RECORD,) = DOCUMENTED["event"]["events"]
RECORD["oss"]["object"]["objectMeta"]["userMeta"]["x-oss-meta-grant"] = value()
GONE = object()


def record(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A record with what is at these paths, such as `oss.object.key`, changed or `GONE`."""
    made: dict[str, Any] = copy.deepcopy(RECORD)
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
