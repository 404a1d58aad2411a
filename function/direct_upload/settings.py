"""The function's settings: one row each, read from its environment and checked once.

An empty value means unset. A wrong one raises `Misconfigured`, which names the setting and never
its value. Some checks are made where they belong: of keys, secret and claims in the room `callers`,
of the form's size under these settings in `grants.maker`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from .errors import misconfigured
from .files import MAX_SEGMENT_BYTES, AllowedTypes, parse_allowed_types
from .http.origins import Origins, normal_origin, parse_origins
from .http.outgoing import (
    is_clear_text,
    is_fetchable,
    is_loopback,
    is_private,
    is_url,
    parse_address,
)

USER = "{user}"
"""In `UPLOAD_DIR`, the caller's own segment."""

OSS_KEY_PREFIX = "https://gosspublic.alicdn.com/"
MAX_PREFIX_BYTES = 512
MIN_SECRET_BYTES = 32
# PostObject accepts at most 5 GB (OSS documents, EC 0006-00000003).
MAX_OBJECT_BYTES = 5 * 1024**3
# What the 512 bytes of a callback leave for its URL; https needs one more member (callbacks.field).
MAX_CALLBACK_URL_CHARACTERS = {"http": 120, "https": 101}


class Environment:
    """Reads each setting once, by the row that `Settings` has for it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._values: dict[str, Any] = {}

    def read(self, name: str) -> Any:
        """The checked value of a setting."""
        if name not in self._values:
            self._values[name] = READERS[name](self, name)
        return self._values[name]

    def text(self, name: str) -> str:
        """The text of a setting or its default; settings of the runtime (FC_...) have none."""
        value = self._environ.get(name, "").strip()
        if any("\ud800" <= character <= "\udfff" for character in value):  # bytes that are not text
            raise misconfigured(name, "is not UTF-8", "Write it in UTF-8.")
        return value or DEFAULTS.get(name, "")


Reader: TypeAlias = Callable[[Environment, str], Any]


def _matching(pattern: str, example: str) -> Reader:
    def read(env: Environment, name: str) -> str:
        return _match(name, env.text(name), pattern, example)

    return read


def _match(name: str, value: str, pattern: str, example: str) -> str:
    if not re.fullmatch(pattern, value):
        problem = "is malformed" if value else "is missing"
        raise misconfigured(name, problem, f"Set it, such as {example}.")
    return value


def _choice(*choices: str) -> Reader:
    def read(env: Environment, name: str) -> str:
        value = env.text(name)
        if value not in choices:
            problem = "is not one of its values" if value else "is missing"
            raise misconfigured(name, problem, f"Set it to {' or '.join(choices)}.")
        return value

    return read


def _boolean(env: Environment, name: str) -> bool:
    return bool(_choice("true", "false")(env, name) == "true")


def _whole(minimum: int, maximum: int) -> Reader:
    def read(env: Environment, name: str) -> int:
        value = env.text(name)
        if not re.fullmatch(r"[0-9]{1,12}", value) or not minimum <= int(value) <= maximum:
            hint = f"Set a whole number from {minimum} to {maximum}."
            raise misconfigured(name, "is out of range", hint)
        return int(value)

    return read


def _required_with_jwt(env: Environment, name: str) -> str:
    value = env.text(name)
    if not value and env.read("AUTH") == "jwt":
        raise misconfigured(name, "is missing", "Set it.")
    return value


def _jwt_jwks(env: Environment, name: str) -> str:
    value = env.text(name)
    if not value and env.read("AUTH") == "jwt" and not env.text("JWT_SECRET"):
        hint = "Set it to the URL of the issuer's JWK set, or set JWT_SECRET."
        raise misconfigured(name, "is missing", hint)
    if is_url(value):
        if not is_fetchable(value):
            hint = "Write it as https://login.example.com/.well-known/jwks.json"
            raise misconfigured(name, "is not a valid URL", hint)
        _refuse_clear_text(name, value)
    return value


def _jwt_secret(env: Environment, name: str) -> bytes:
    secret = env.text(name).encode()
    if secret and env.text("JWT_JWKS"):
        hint = "Set JWT_SECRET for tokens signed with HS256, JWT_JWKS for all others."
        raise misconfigured(name, "is set as well as JWT_JWKS", hint)
    if secret and len(secret) < MIN_SECRET_BYTES:
        hint = "Let the issuer sign with a random secret, as long as its hash (RFC 7518, 3.2)."
        raise misconfigured(name, f"has fewer than {MIN_SECRET_BYTES} bytes", hint)
    return secret


def _region(env: Environment, name: str) -> str:
    value = env.text(name) or env.text("FC_REGION")
    return _match(name, value, r"[a-z]+(-[a-z0-9]+)+", "cn-hangzhou").removeprefix("oss-")


def _upload_url(env: Environment, name: str) -> str:
    standard = f"https://{env.read('OSS_BUCKET')}.oss-{env.read('OSS_REGION')}.aliyuncs.com"
    return normal_origin(name, env.text(name) or standard)


def _upload_dir(env: Environment, name: str) -> str:
    # `$` would have to be escaped in a policy; `*` and `?` are wildcards in a session policy.
    value = env.text(name)
    if (
        not value.endswith("/")
        or any(char in "*?$\\" or unicodedata.category(char) == "Cc" for char in value)
        or any(segment in ("", ".", "..") for segment in value.split("/")[:-1])
        or len(value.replace(USER, "x" * MAX_SEGMENT_BYTES).encode()) > MAX_PREFIX_BYTES
    ):
        raise misconfigured(
            name,
            "is not a valid key prefix",
            "Write it as a/b/ with no segment empty, . or .., none of * ? $ \\ and at most "
            f"{MAX_PREFIX_BYTES} bytes, of which {USER} takes {MAX_SEGMENT_BYTES}.",
        )
    segments = value.split("/")
    if len(re.findall("[{}]", value)) != 2 * segments.count(USER) or segments[0] == USER:
        # Whole segments keep users apart; the session policy allows what is before the first one.
        hint = f"Write {USER} as a segment after another: a/{USER}/"
        raise misconfigured(name, "has misplaced braces", hint)
    if USER in segments and env.read("AUTH") == "anonymous":
        problem = f"contains {USER}, but callers have no names"
        raise misconfigured(name, problem, f"{USER} needs AUTH=jwt.")
    return value


def _upload_role_arn(env: Environment, name: str) -> str:
    if env.read("CREDENTIALS_SOURCE") != "assume-role":
        return ""
    example = "acs:ram::1234567890123456:role/oss-uploader"
    return _match(name, env.text(name), r"acs:ram::[0-9]+:role/[A-Za-z0-9._@-]+", example)


def _sts_endpoint(env: Environment, name: str) -> str | None:
    value = env.text(name)
    if not value:
        return None
    _match(name, value, r"(http://)?[A-Za-z0-9.-]+(:[0-9]+)?", "sts.cn-hangzhou.aliyuncs.com")
    _refuse_clear_text(name, value)
    return value


def _refuse_clear_text(name: str, url: str) -> None:
    """What is sent there is secret, or trusted: http is for emulators on the same machine."""
    if is_clear_text(url):
        raise misconfigured(name, "uses http beyond this machine", "Use https.")


def _max_upload_bytes(env: Environment, name: str) -> int:
    minimum: int = env.read("MIN_UPLOAD_BYTES")
    value: int = _whole(max(minimum, 1), MAX_OBJECT_BYTES)(env, name)
    return value


def _content_types(env: Environment, name: str) -> AllowedTypes:
    return parse_allowed_types(name, env.text(name))


def _object_acl(env: Environment, name: str) -> str | None:
    acl = _choice("default", "private", "public-read", "public-read-write", "none")(env, name)
    return None if acl == "none" else str(acl)


def _origins(env: Environment, name: str) -> Origins:
    return parse_origins(env.text(name))


def _callback_url(env: Environment, name: str) -> str:
    url = env.text(name)
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a wrong port or IPv6 address
        usable = False
    # To OSS, `;` begins another URL and `$` a placeholder.
    if not usable or not re.fullmatch(r"[!-~]+", url) or any(char in url for char in '@#;$"<>\\'):
        hint = "Set it, such as https://upload.example.com/callback; encode special characters."
        raise misconfigured(name, "is not an address that OSS can call", hint)
    if is_private(parts.hostname or "") and not is_loopback(
        urlsplit(env.read("UPLOAD_URL")).hostname or ""
    ):
        hint = "OSS calls public addresses only, and refuses uploads that name another."
        raise misconfigured(name, "is a private address", hint)
    excess = len(url) - MAX_CALLBACK_URL_CHARACTERS[parts.scheme]
    if excess > 0:
        hint = "Shorten it: a callback, with all that it reports, has 512 bytes."
        raise misconfigured(name, f"is {excess} characters too long", hint)
    return url


def _callback_key_prefix(env: Environment, name: str) -> str:
    prefix = env.text(name)
    if parse_address(prefix) is None or not prefix.endswith("/"):
        hint = f"Leave it out on Alibaba Cloud, where it is {OSS_KEY_PREFIX}."
        raise misconfigured(name, "is not the beginning of a URL", hint)
    _refuse_clear_text(name, prefix)
    return prefix


def _grant_secret(env: Environment, name: str) -> bytes:
    secret = env.text(name).encode()
    if env.read("CALLBACK_URL") and len(secret) < MIN_SECRET_BYTES:
        problem = f"has fewer than {MIN_SECRET_BYTES} bytes" if secret else "is missing"
        hint = "Callbacks need it; make one with: openssl rand -base64 32"
        raise misconfigured(name, problem, hint)
    return secret


def _row(default: str, read: Reader, *, secret: bool = False) -> Any:
    return field(repr=not secret, metadata={"default": default, "read": read})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Checked settings; their names in the environment are these in upper case."""

    oss_bucket: str = _row("", _matching(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "my-bucket"))
    oss_region: str = _row("", _region)
    upload_url: str = _row("", _upload_url)  # an origin, without a trailing slash
    upload_dir: str = _row("user-dirs/", _upload_dir)
    unique_dir: bool = _row("true", _boolean)
    directory_grants: bool = _row("true", _boolean)
    upload_role_arn: str = _row("", _upload_role_arn)  # empty with function-role
    credentials_source: str = _row("assume-role", _choice("assume-role", "function-role"))
    sts_endpoint: str | None = _row("", _sts_endpoint)
    credentials_seconds: int = _row("3600", _whole(900, 43200))
    policy_seconds: int = _row("300", _whole(1, 86400))
    max_upload_bytes: int = _row("104857600", _max_upload_bytes)
    min_upload_bytes: int = _row("1", _whole(0, MAX_OBJECT_BYTES))
    allowed_content_types: AllowedTypes = _row("", _content_types)  # noqa: RUF009 (it is frozen)
    object_acl: str | None = _row("default", _object_acl)  # None: neither sent nor pinned
    forbid_overwrite: bool = _row("true", _boolean)
    signature_version: str = _row("v4", _choice("v4", "v1"))
    allowed_origins: Origins = _row("", _origins)  # noqa: RUF009 (it is frozen)
    auth: str = _row("", _choice("anonymous", "jwt"))
    jwt_jwks: str = _row("", _jwt_jwks, secret=True)  # may be a private key by mistake
    jwt_secret: bytes = _row("", _jwt_secret, secret=True)
    jwt_issuer: str = _row("", _required_with_jwt)
    jwt_audience: str = _row("", _required_with_jwt)
    jwt_claims: str = _row("", Environment.text)  # JSON
    jwt_user_claim: str = _row("sub", Environment.text)
    callback_url: str = _row("", _callback_url)  # empty: no callbacks
    callback_key_prefix: str = _row(OSS_KEY_PREFIX, _callback_key_prefix)
    grant_secret: bytes = _row("", _grant_secret, secret=True)
    log_level: str = _row("INFO", _choice("DEBUG", "INFO", "WARNING", "ERROR"))

    # Not a setting: what follows from how they were set.
    sts_region: str

    @property
    def fixed_prefix(self) -> str:
        """What all keys begin with, for every caller."""
        return self.upload_dir.partition(USER)[0]


READERS: Mapping[str, Reader] = {
    row.name.upper(): row.metadata["read"] for row in fields(Settings) if row.metadata
}
DEFAULTS: Mapping[str, str] = {
    row.name.upper(): row.metadata["default"] for row in fields(Settings) if row.metadata
}
"""Every setting, in the order in which the docs explain them."""


def parse_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings."""
    env = Environment(environ)
    return Settings(
        **{name.lower(): env.read(name) for name in DEFAULTS},
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
