"""The two signatures of a POST policy, computed the way OSS checks them.

OSS documents, "POST V1 signature" and "POST V4 signature": the text to sign is the base64 policy
exactly as it was sent, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac


def v1_signature(access_key_secret: str, policy: str) -> str:
    digest = hmac.digest(access_key_secret.encode(), policy.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


def v4_signature(access_key_secret: str, policy: str, *, date: str, region: str) -> str:
    """`date` is the YYYYMMDD of the credential."""
    key = ("aliyun_v4" + access_key_secret).encode()
    for step in (date, region, "oss", "aliyun_v4_request"):
        key = hmac.digest(key, step.encode(), hashlib.sha256)
    return hmac.digest(key, policy.encode(), hashlib.sha256).hex()
