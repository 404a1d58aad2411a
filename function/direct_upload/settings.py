"""The function's settings, read from its environment and checked once.

An empty value means unset. A wrong one is `Misconfigured`, which names the setting and never its
value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from . import content_types
from .errors import Misconfigured
from .origins import normal_origin

DEFAULTS: Mapping[str, str] = {
    "OSS_BUCKET": "",
    "OSS_REGION": "",
    "UPLOAD_URL": "",
    "UPLOAD_DIR": "user-dirs/",
    "UNIQUE_DIR": "true",
    "DIRECTORY_GRANTS": "true",
    "UPLOAD_ROLE_ARN": "",
    "CREDENTIALS_SOURCE": "assume-role",
    "STS_ENDPOINT": "",
    "CREDENTIALS_SECONDS": "3600",
    "POLICY_SECONDS": "300",
    "MAX_UPLOAD_BYTES": "104857600",
    "MIN_UPLOAD_BYTES": "1",
    "ALLOWED_CONTENT_TYPES": "",
    "OBJECT_ACL": "default",
    "FORBID_OVERWRITE": "true",
    "SIGNATURE_VERSION": "v4",
    "ALLOWED_ORIGINS": "",
    "AUTH": "",
    "JWT_JWKS": "",
    "JWT_ISSUER": "",
    "JWT_AUDIENCE": "",
    "JWT_USER_CLAIM": "sub",
    "CALLBACK_URL": "",
    "CALLBACK_KEY_PREFIX": "https://gosspublic.alicdn.com/",
    "GRANT_SECRET": "",
    "LOG_LEVEL": "INFO",
}
"""Every setting, in the order in which the README explains them."""

SAFE_CONTENT_TYPES = "image/*,audio/*,video/*,application/pdf,text/plain,application/zip"

# PostObject takes at most 5 GB (OSS documents, EC 0006-00000003).
MAX_OBJECT_BYTES = 5 * 1024**3


@dataclass(frozen=True)
class Settings:
    """Checked settings; the names are those of the environment, in lower case."""

    oss_bucket: str
    oss_region: str
    upload_url: str  # an origin, without a slash at its end
    upload_dir: str
    unique_dir: bool
    directory_grants: bool
    upload_role_arn: str  # empty with function-role
    credentials_source: str
    sts_endpoint: str | None
    sts_region: str
    credentials_seconds: int
    policy_seconds: int
    max_upload_bytes: int
    min_upload_bytes: int
    allowed_content_types: tuple[str, ...]
    content_types_set: bool  # whether the list is the operator's own choice
    object_acl: str | None  # None: neither sent nor pinned
    forbid_overwrite: bool
    signature_version: str
    log_level: str


def parse_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check everything but `ALLOWED_ORIGINS`, which is asked for before all else."""
    env = _Environment(environ)
    bucket = env.matching("OSS_BUCKET", r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "such as my-bucket")
    region = env.matching(
        "OSS_REGION", r"[a-z]+(-[a-z0-9]+)+", "such as cn-hangzhou", environ.get("FC_REGION", "")
    ).removeprefix("oss-")
    upload_url = env.text("UPLOAD_URL") or f"https://{bucket}.oss-{region}.aliyuncs.com"
    minimum = env.whole("MIN_UPLOAD_BYTES", 0, MAX_OBJECT_BYTES)
    source = env.choice("CREDENTIALS_SOURCE", "assume-role", "function-role")
    _check_later_settings(env)
    return Settings(
        oss_bucket=bucket,
        oss_region=region,
        upload_url=normal_origin("UPLOAD_URL", upload_url),
        upload_dir=_upload_dir(env),
        unique_dir=env.boolean("UNIQUE_DIR"),
        directory_grants=env.boolean("DIRECTORY_GRANTS"),
        upload_role_arn=(
            env.matching(
                "UPLOAD_ROLE_ARN",
                r"acs:ram::\d+:role/[\w.@-]+",
                "such as acs:ram::1234567890123456:role/oss-uploader",
            )
            if source == "assume-role"
            else ""
        ),
        credentials_source=source,
        sts_endpoint=env.optional(
            "STS_ENDPOINT",
            r"(http://)?[A-Za-z0-9.-]+(:\d+)?",
            "such as sts.cn-hangzhou.aliyuncs.com",
        ),
        sts_region=environ.get("FC_REGION") or region,
        credentials_seconds=env.whole("CREDENTIALS_SECONDS", 900, 43200),
        policy_seconds=env.whole("POLICY_SECONDS", 1, 86400),
        max_upload_bytes=env.whole("MAX_UPLOAD_BYTES", max(minimum, 1), MAX_OBJECT_BYTES),
        min_upload_bytes=minimum,
        allowed_content_types=_allowed_content_types(env),
        content_types_set=bool(env.text("ALLOWED_CONTENT_TYPES")),
        object_acl=_object_acl(env),
        forbid_overwrite=env.boolean("FORBID_OVERWRITE"),
        signature_version=env.choice("SIGNATURE_VERSION", "v4", "v1"),
        log_level=env.choice("LOG_LEVEL", "DEBUG", "INFO", "WARNING", "ERROR"),
    )


class _Environment:
    """Typed access to the settings by name."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str:
        value = self._environ.get(name, "").strip()
        if any("\ud800" <= mark <= "\udfff" for mark in value):  # how Python shows stray bytes
            wrong(name, "is not UTF-8", "Write it in UTF-8.")
        return value or DEFAULTS[name]

    def matching(self, name: str, pattern: str, example: str, default: str = "") -> str:
        value = self.text(name) or default
        if not re.fullmatch(pattern, value):
            wrong(name, "is missing" if not value else "is malformed", f"Set it, {example}.")
        return value

    def optional(self, name: str, pattern: str, example: str) -> str | None:
        return self.matching(name, pattern, example) if self.text(name) else None

    def choice(self, name: str, *choices: str) -> str:
        value = self.text(name)
        if value not in choices:
            problem = "is missing" if not value else "is not one of its values"
            wrong(name, problem, f"Set it to {' or '.join(choices)}.")
        return value

    def boolean(self, name: str) -> bool:
        return self.choice(name, "true", "false") == "true"

    def whole(self, name: str, minimum: int, maximum: int) -> int:
        value = self.text(name)
        if not re.fullmatch(r"[0-9]{1,12}", value) or not minimum <= int(value) <= maximum:
            wrong(name, "is out of range", f"Set a whole number from {minimum} to {maximum}.")
        return int(value)


def wrong(name: str, problem: str, cure: str) -> NoReturn:
    raise Misconfigured(f"The setting {name} {problem}.", cure)


def _upload_dir(env: _Environment) -> str:
    # `$` would have to be escaped in a policy; `*` and `?` are wildcards in a session policy.
    value = env.text("UPLOAD_DIR")
    if (
        value.startswith("/")
        or not value.endswith("/")
        or any(mark in "*?$\\" or unicodedata.category(mark) == "Cc" for mark in value)
        or len(value.encode()) > 512
    ):
        wrong(
            "UPLOAD_DIR",
            "is no key prefix",
            "End it in one slash, begin it with none, use none of * ? $ \\ and 512 bytes at most.",
        )
    if "{" in value or "}" in value:
        wrong("UPLOAD_DIR", "asks for a user", "{user} needs AUTH=jwt.")
    return value


def _allowed_content_types(env: _Environment) -> tuple[str, ...]:
    patterns = (env.text("ALLOWED_CONTENT_TYPES") or SAFE_CONTENT_TYPES).split(",")
    name = r"[A-Za-z0-9][A-Za-z0-9!#&^_.+-]*"
    for pattern in patterns:
        if not re.fullmatch(rf"{name}/(\*|{name})", pattern.strip()) or not content_types.expand(
            [pattern.strip()]
        ):
            wrong(
                "ALLOWED_CONTENT_TYPES",
                "holds something that is no content type",
                "Write a comma list such as image/*, application/pdf.",
            )
    return content_types.expand(patterns)


def _object_acl(env: _Environment) -> str | None:
    acl = env.choice("OBJECT_ACL", "default", "private", "public-read", "public-read-write", "none")
    return None if acl == "none" else acl


def _check_later_settings(env: _Environment) -> None:
    env.choice("AUTH", "anonymous")
    if env.text("CALLBACK_URL"):
        wrong("CALLBACK_URL", "is not supported yet", "Leave it empty.")
