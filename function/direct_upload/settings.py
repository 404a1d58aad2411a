"""The function's settings, read from its environment and checked once.

An empty value means unset. A wrong one is `Misconfigured`, which names the setting and never its
value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import content_types
from .callback_field import check_callback_url
from .environment import Environment, wrong
from .origins import normal_origin
from .public_key import OSS_KEY_PREFIX, check_key_prefix
from .users import MAX_SEGMENT_BYTES

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
    "CALLBACK_KEY_PREFIX": OSS_KEY_PREFIX,
    "GRANT_SECRET": "",
    "LOG_LEVEL": "INFO",
}
"""Every setting, in the order in which the README explains them."""

SAFE_CONTENT_TYPES = "image/*,audio/*,video/*,application/pdf,text/plain,application/zip"

USER = "{user}"
"""Stands in `UPLOAD_DIR` for the caller's own segment."""
MAX_PREFIX_BYTES = 512
MIN_SECRET_BYTES = 32

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
    auth: str
    jwt_jwks: str = field(repr=False)  # somebody may have put a private key there
    jwt_issuer: str
    jwt_audience: str
    jwt_user_claim: str
    callback_url: str  # empty: no callbacks
    callback_key_prefix: str
    grant_secret: bytes = field(repr=False)
    log_level: str


def parse_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check everything but `ALLOWED_ORIGINS`, which is asked for before all else."""
    env = Environment(environ, DEFAULTS)
    bucket = env.matching("OSS_BUCKET", r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "such as my-bucket")
    region = env.matching(
        "OSS_REGION", r"[a-z]+(-[a-z0-9]+)+", "such as cn-hangzhou", environ.get("FC_REGION", "")
    ).removeprefix("oss-")
    upload_url = env.text("UPLOAD_URL") or f"https://{bucket}.oss-{region}.aliyuncs.com"
    minimum = env.whole("MIN_UPLOAD_BYTES", 0, MAX_OBJECT_BYTES)
    source = env.choice("CREDENTIALS_SOURCE", "assume-role", "function-role")
    auth = env.choice("AUTH", "anonymous", "jwt")
    needed_with_jwt = env.required if auth == "jwt" else env.text
    return Settings(
        oss_bucket=bucket,
        oss_region=region,
        upload_url=normal_origin("UPLOAD_URL", upload_url),
        upload_dir=_upload_dir(env, auth),
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
        auth=auth,
        jwt_jwks=needed_with_jwt("JWT_JWKS"),
        jwt_issuer=needed_with_jwt("JWT_ISSUER"),
        jwt_audience=needed_with_jwt("JWT_AUDIENCE"),
        jwt_user_claim=env.text("JWT_USER_CLAIM"),
        callback_url=_callback_url(env),
        callback_key_prefix=_callback_key_prefix(env),
        grant_secret=_grant_secret(env),
        log_level=env.choice("LOG_LEVEL", "DEBUG", "INFO", "WARNING", "ERROR"),
    )


def _upload_dir(env: Environment, auth: str) -> str:
    # `$` would have to be escaped in a policy; `*` and `?` are wildcards in a session policy.
    value = env.text("UPLOAD_DIR")
    if (
        value.startswith("/")
        or not value.endswith("/")
        or any(mark in "*?$\\" or unicodedata.category(mark) == "Cc" for mark in value)
        or len(value.replace(USER, "x" * MAX_SEGMENT_BYTES).encode()) > MAX_PREFIX_BYTES
    ):
        wrong(
            "UPLOAD_DIR",
            "is no key prefix",
            "End it in one slash, begin it with none, use none of * ? $ \\ and at most "
            f"{MAX_PREFIX_BYTES} bytes, of which {USER} takes {MAX_SEGMENT_BYTES}.",
        )
    segments = value.split("/")
    if len(re.findall("[{}]", value)) != 2 * segments.count(USER) or segments[0] == USER:
        # Whole segments keep users apart; the first one is what the session policy allows.
        wrong("UPLOAD_DIR", "has braces that mean nothing", f"Write {USER} as a segment: a/{USER}/")
    if USER in segments and auth == "anonymous":
        wrong("UPLOAD_DIR", f"holds {USER} where nobody is known", f"{USER} needs AUTH=jwt.")
    return value


def _allowed_content_types(env: Environment) -> tuple[str, ...]:
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


def _object_acl(env: Environment) -> str | None:
    acl = env.choice("OBJECT_ACL", "default", "private", "public-read", "public-read-write", "none")
    return None if acl == "none" else acl


def _callback_url(env: Environment) -> str:
    url = env.text("CALLBACK_URL")
    if url:
        check_callback_url(url)
    return url


def _callback_key_prefix(env: Environment) -> str:
    prefix = env.text("CALLBACK_KEY_PREFIX")
    check_key_prefix(prefix)
    return prefix


def _grant_secret(env: Environment) -> bytes:
    secret = env.text("GRANT_SECRET").encode()
    if env.text("CALLBACK_URL") and len(secret) < MIN_SECRET_BYTES:
        wrong(
            "GRANT_SECRET",
            f"has fewer than {MIN_SECRET_BYTES} bytes" if secret else "is missing",
            "Callbacks need it; make one with: openssl rand -base64 32",
        )
    return secret
