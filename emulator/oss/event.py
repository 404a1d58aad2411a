"""The event about a stored object, as OSS sends it to the function of an OSS trigger.

Function Compute documents, "Trigger event format" of OSS triggers (2026-04). That keys are not
encoded is inferred from official samples, and so is what stands for a role's ID.
"""

from __future__ import annotations

import json

from werkzeug import Request

from ..keyring import ACCOUNT_ID
from .bucket import BucketConfig
from .store import Record

RULE_ID = "direct-upload-local"


def event_bytes(
    operation: str, record: Record, request: Request, request_id: str, config: BucketConfig
) -> bytes:
    """The event of one operation, such as `PostObject`, that made the object."""
    stored: dict[str, object] = {
        "deltaSize": record.size,  # what it replaced is no longer known
        "eTag": record.etag,
        "key": record.key,
        "size": record.size,
    }
    if not config.switches.events_without_metadata:
        headers = record.headers.items()
        own = {name: value for name, value in headers if name.startswith("x-oss-meta-")}
        stored["objectMeta"] = {"mimeType": record.content_type, "userMeta": own}
    document = {
        "eventName": f"ObjectCreated:{operation}",
        "eventSource": "acs:oss",
        "eventTime": record.last_modified,
        "eventVersion": "1.0",
        "oss": {
            "bucket": {
                "arn": f"acs:oss:{config.region}:{ACCOUNT_ID}:{config.name}",
                "name": config.name,
                "ownerIdentity": ACCOUNT_ID,
            },
            "object": stored,
            "ossSchemaVersion": "1.0",
            "ruleId": RULE_ID,
        },
        "region": config.region,
        "requestParameters": {"sourceIPAddress": request.remote_addr or ""},
        "responseElements": {"requestId": request_id},
        "userIdentity": {"principalId": ACCOUNT_ID},
    }
    return json.dumps({"events": [document]}, ensure_ascii=False).encode(errors="replace")
