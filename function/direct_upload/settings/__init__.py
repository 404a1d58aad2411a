"""The function's settings: one row each, read from its environment and checked once.

An empty value means unset. A wrong one raises `Misconfigured`, which names the setting and never
its value. What is more than text is checked where it belongs: keys, secret and claims in the room
`callers`, the presets in `presets`, the form's size under all these in `grants.maker`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ..files import AllowedTypes
from ..http.origins import Origins
from ..http.outgoing import is_clear_text
from . import readers as read
from .environment import Environment, Reader, Row
from .readers import OSS_KEY_PREFIX, callback_url_room

__all__ = [
    "DEFAULTS",
    "OSS_KEY_PREFIX",
    "ROWS",
    "Environment",
    "Settings",
    "callback_url_room",
    "dangers",
    "parse_settings",
    "read_settings",
]


def _row(default: str, reader: Reader, *, member: str = "", secret: bool = False) -> Any:
    return field(repr=not secret, metadata={"row": Row(default, reader, member)})


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing so many would cost a cold start time
class Settings:
    """Checked settings; their names in the environment are these in upper case."""

    oss_bucket: str = _row("", read.matching(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "my-bucket"))
    oss_region: str = _row("", read.region)
    upload_url: str = _row("", read.upload_url)  # an origin, without a trailing slash
    upload_dir: str = _row("user-dirs/", read.upload_dir, member="dir")
    upload_key: str = _row("", read.upload_key, member="key")
    upload_presets: str = _row("", Environment.text)  # read by presets/parsing.py
    unique_dir: bool = _row("true", read.boolean, member="unique_dir")
    directory_grants: bool = _row("true", read.boolean, member="directory_grants")
    upload_role_arn: str = _row("", read.upload_role_arn)  # empty with function-role
    credentials_source: str = _row("assume-role", read.choice("assume-role", "function-role"))
    sts_endpoint: str | None = _row("", read.sts_endpoint)
    credentials_seconds: int = _row("3600", read.whole(900, 43200))
    policy_seconds: int = _row("300", read.whole(1, 86400), member="policy_seconds")
    max_upload_bytes: int = _row("104857600", read.max_upload_bytes, member="max_bytes")
    min_upload_bytes: int = _row("1", read.whole(0, read.MAX_FORM_BYTES), member="min_bytes")
    allowed_content_types: AllowedTypes = _row(  # noqa: RUF009 (it is frozen)
        "", read.content_types, member="types"
    )
    # None: neither sent nor pinned
    object_acl: str | None = _row("default", read.object_acl, member="acl")
    content_disposition: str = _row("attachment", read.content_disposition, member="disposition")
    # None: the bucket's own
    storage_class: str | None = _row("", read.storage_class, member="storage_class")
    forbid_overwrite: bool = _row("true", read.boolean, member="forbid_overwrite")
    signature_version: str = _row("v4", read.choice("v4", "v1"))
    allowed_origins: Origins = _row("", read.origins)  # noqa: RUF009 (it is frozen)
    auth: str = _row("", read.choice("anonymous", "jwt"))
    jwt_jwks: str = _row("", read.jwt_jwks, secret=True)  # may be a private key by mistake
    jwt_secret: bytes = _row("", read.jwt_secret, secret=True)
    jwt_issuer: str = _row("", read.required_with_jwt)
    jwt_audience: str = _row("", read.required_with_jwt)
    jwt_claims: str = _row("", Environment.text)  # JSON
    jwt_user_claim: str = _row("sub", Environment.text)
    callback_url: str = _row("", read.callback_url)  # empty: no callbacks
    callback_key_prefix: str = _row(read.OSS_KEY_PREFIX, read.callback_key_prefix)
    grant_secret: bytes = _row("", read.grant_secret, secret=True)
    multipart: bool = _row("false", read.multipart, member="multipart")
    multipart_seconds: int = _row("86400", read.whole(3600, 604800))
    oss_endpoint: str = _row("", read.oss_endpoint)  # an origin, without a trailing slash
    log_level: str = _row("INFO", read.choice("DEBUG", "INFO", "WARNING", "ERROR"))

    # Not a setting: what follows from how they were set.
    sts_region: str

    @property
    def fixed_prefix(self) -> str:
        """What all keys begin with, for every caller and on every day."""
        return self.upload_dir.partition("{")[0]

    @property
    def max_form_bytes(self) -> int:
        """The largest file of a grant: larger ones need a resumable upload."""
        return min(self.max_upload_bytes, read.MAX_FORM_BYTES)


ROWS: Mapping[str, Row] = {
    row.name.upper(): row.metadata["row"] for row in fields(Settings) if row.metadata
}
"""Every setting, in the order in which the docs explain them."""

DEFAULTS: Mapping[str, str] = {name: row.default for name, row in ROWS.items()}


def parse_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings."""
    return read_settings(Environment(environ, ROWS))


def read_settings(env: Environment) -> Settings:
    """The settings of an environment, or those of a preset."""
    return Settings(
        **{name.lower(): env.read(name) for name in ROWS},
        sts_region=env.text("FC_REGION") or env.read("OSS_REGION"),
    )


def dangers(settings: Settings) -> list[str]:
    """What valid settings make dangerous; each is a warning for the log."""
    anonymous = settings.auth == "anonymous"
    shared = settings.directory_grants and not settings.unique_dir
    found = {
        "UPLOAD_URL uses http: forms carry their security token in clear text.": (
            is_clear_text(settings.upload_url)
        ),
        "AUTH=anonymous with ALLOWED_ORIGINS=*: any page can upload here.": (
            anonymous and settings.allowed_origins.everyone
        ),
        "AUTH=anonymous with UNIQUE_DIR=false and FORBID_OVERWRITE=false: anyone can replace any "
        "object below UPLOAD_DIR.": anonymous and shared and not settings.forbid_overwrite,
        "AUTH=anonymous with OBJECT_ACL=public-read-write: anyone can replace what was uploaded.": (
            anonymous and settings.object_acl == "public-read-write"
        ),
        "JWT_ISSUER=* and JWT_AUDIENCE=* without JWT_CLAIMS: whatever the issuer signs is "
        "accepted, such as refresh tokens.": (
            not anonymous
            and (settings.jwt_issuer, settings.jwt_audience) == ("*", "*")
            and not settings.jwt_claims
        ),
    }
    return [danger for danger, is_so in found.items() if is_so]
