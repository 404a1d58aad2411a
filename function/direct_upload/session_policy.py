"""The session policy: what the credentials behind a grant may do at most."""

from __future__ import annotations

import json

from .errors import Misconfigured

# "must be smaller than 2048 bytes" (STS documents, AssumeRole, InvalidParameter.PolicySize).
MAX_BYTES = 2047


def session_policy(bucket: str, prefix: str) -> str:
    """RAM policy that allows to put objects below `prefix`, and nothing else.

    PostObject is authorised as oss:PutObject (OSS documents, PostObject). Of a prefix with `{user}`
    it allows all users', so that they share one AssumeRole; each POST policy pins its user's own.
    """
    policy = json.dumps(
        {
            "Version": "1",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "oss:PutObject",
                    "Resource": f"acs:oss:*:*:{bucket}/{prefix.partition('{user}')[0]}*",
                }
            ],
        },
        separators=(",", ":"),
    )
    if len(policy) > MAX_BYTES:
        raise Misconfigured(
            "UPLOAD_DIR is too long for a session policy.", "Set UPLOAD_DIR to a shorter prefix."
        )
    return policy
