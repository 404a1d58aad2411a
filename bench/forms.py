"""The two upload forms that every signer signs: a directory grant's and a file grant's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .requests import COMMON

KEY_ID, SECRET = COMMON["ALIBABA_CLOUD_ACCESS_KEY_ID"], COMMON["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
TOKEN = COMMON["ALIBABA_CLOUD_SECURITY_TOKEN"]
BUCKET, REGION = COMMON["OSS_BUCKET"], COMMON["OSS_REGION"]
MAX_BYTES = 104857600
LIFE_SECONDS = 300
PREFIX = "user-dirs/0123456789abcdef0123456789abcdef/"


@dataclass(frozen=True)
class Form:
    """The key, or the start of it, and what else is pinned and sent."""

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
"""Makes the fields of a form."""
