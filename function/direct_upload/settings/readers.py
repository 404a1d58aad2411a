"""How each setting is read from its text, and checked. A wrong one raises `Misconfigured`."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from ..errors import misconfigured
from ..files import MAX_SEGMENT_BYTES, AllowedTypes, parse_allowed_types
from ..files.keys import IN_NAMES, IN_PREFIXES, MAX_STEM_CHARACTERS, Template, has_other_braces
from ..http.origins import Origins, normal_origin, parse_origins
from ..http.outgoing import (
    is_clear_text,
    is_fetchable,
    is_loopback,
    is_private,
    is_url,
    parse_address,
)
from .environment import Environment, Reader

OSS_KEY_PREFIX = "https://gosspublic.alicdn.com/"
MAX_PREFIX_BYTES = 512
DEFAULT_KEY = "{id}{ext}"
MAX_NAME_BYTES = 511  # what a key of 1,023 bytes (OSS documents, "Object") leaves below the prefix
MIN_SECRET_BYTES = 32
# PostObject accepts at most 5 GB (OSS documents, EC 0006-00000003), multipart uploads 48.8 TB
# (OSS documents, "Multipart upload").
MAX_FORM_BYTES = 5 * 1024**3
MAX_MULTIPART_BYTES = 488 * 1024**4 // 10
# What the 512 bytes of a callback leave for its URL; https needs one more member (callbacks.field).
MAX_CALLBACK_URL_CHARACTERS = {"http": 120, "https": 101}


def matching(pattern: str, example: str) -> Reader:
    def read(env: Environment, name: str) -> str:
        return _match(name, env.text(name), pattern, example)

    return read


def _match(name: str, value: str, pattern: str, example: str) -> str:
    if not re.fullmatch(pattern, value):
        problem = "is malformed" if value else "is missing"
        raise misconfigured(name, problem, f"Set it, such as {example}.")
    return value


def choice(*choices: str) -> Reader:
    def read(env: Environment, name: str) -> str:
        value = env.text(name)
        if value not in choices:
            problem = "is not one of its values" if value else "is missing"
            raise misconfigured(name, problem, f"Set it to {' or '.join(choices)}.")
        return value

    return read


def boolean(env: Environment, name: str) -> bool:
    return bool(choice("true", "false")(env, name) == "true")


def whole(minimum: int, maximum: int) -> Reader:
    def read(env: Environment, name: str) -> int:
        value = env.text(name)
        if not re.fullmatch(r"[0-9]{1,15}", value) or not minimum <= int(value) <= maximum:
            hint = f"Set a whole number from {minimum} to {maximum}."
            raise misconfigured(name, "is out of range", hint)
        return int(value)

    return read


def required_with_jwt(env: Environment, name: str) -> str:
    value = env.text(name)
    if not value and env.read("AUTH") == "jwt":
        raise misconfigured(name, "is missing", "Set it.")
    return value


def jwt_jwks(env: Environment, name: str) -> str:
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


def jwt_secret(env: Environment, name: str) -> bytes:
    secret = env.text(name).encode()
    if secret and env.text("JWT_JWKS"):
        hint = "Set JWT_SECRET for tokens signed with HS256, JWT_JWKS for all others."
        raise misconfigured(name, "is set as well as JWT_JWKS", hint)
    if secret and len(secret) < MIN_SECRET_BYTES:
        hint = "Let the issuer sign with a random secret, as long as its hash (RFC 7518, 3.2)."
        raise misconfigured(name, f"has fewer than {MIN_SECRET_BYTES} bytes", hint)
    return secret


def region(env: Environment, name: str) -> str:
    value = env.text(name) or env.text("FC_REGION")
    return _match(name, value, r"[a-z]+(-[a-z0-9]+)+", "cn-hangzhou").removeprefix("oss-")


def upload_url(env: Environment, name: str) -> str:
    standard = f"https://{env.read('OSS_BUCKET')}.oss-{env.read('OSS_REGION')}.aliyuncs.com"
    return normal_origin(name, env.text(name) or standard)


def upload_dir(env: Environment, name: str) -> str:
    value = env.text(name)
    _check_braces(env, name, value, IN_PREFIXES)
    segments = value.split("/")
    variable = [segment for segment in segments if "{" in segment]
    if any(segment[1:-1] not in IN_PREFIXES for segment in variable) or "{" in segments[0]:
        # Whole segments keep users apart; the session policy allows what is before the first one.
        hint = "Write a placeholder as a segment after another: a/{user}/{yyyy}/"
        raise misconfigured(name, "has misplaced braces", hint)
    if (
        not value.endswith("/")
        or not _is_safe(value[:-1])
        or Template(value).longest() > MAX_PREFIX_BYTES
    ):
        raise misconfigured(
            name,
            "is not a valid key prefix",
            f"Write it as a/b/ with {_SAFE} and at most {MAX_PREFIX_BYTES} bytes, of which "
            f"{{user}} takes {MAX_SEGMENT_BYTES}.",
        )
    return value


def upload_key(env: Environment, name: str) -> str:
    value = env.text(name) or DEFAULT_KEY
    _check_braces(env, name, value, IN_NAMES)
    if "{id}" not in value:
        hint = "Write it with {id}, such as {id}{ext}: it makes each key new."
        raise misconfigured(name, "has no {id}", hint)
    # Without an extension, nothing is left of {ext}.
    if not _is_safe(value.replace("{ext}", "")) or Template(value).longest() > MAX_NAME_BYTES:
        raise misconfigured(
            name,
            "is not a valid name below a prefix",
            f"Write it as a/{{id}}/{{name}}{{ext}} with {_SAFE} and at most "
            f"{MAX_NAME_BYTES} bytes, of which {{name}} has {4 * MAX_STEM_CHARACTERS} and {{user}} "
            f"{MAX_SEGMENT_BYTES}.",
        )
    return value


_SAFE = "no segment empty, . or .., none of * ? $ \\"


def _is_safe(path: str) -> bool:
    # `$` would have to be escaped in a policy; `*` and `?` are wildcards in a session policy.
    characters = not any(char in "*?$\\" or unicodedata.category(char) == "Cc" for char in path)
    return characters and not any(segment in ("", ".", "..") for segment in path.split("/"))


def _check_braces(env: Environment, name: str, value: str, known: tuple[str, ...]) -> None:
    if has_other_braces(value, known):
        placeholders = ", ".join(f"{{{placeholder}}}" for placeholder in known)
        raise misconfigured(name, "has unknown braces", f"Braces are for {placeholders} only.")
    if "{user}" in value and env.read("AUTH") == "anonymous":
        problem = "contains {user}, but callers have no names"
        raise misconfigured(name, problem, "{user} needs AUTH=jwt.")


def upload_role_arn(env: Environment, name: str) -> str:
    if env.read("CREDENTIALS_SOURCE") != "assume-role":
        return ""
    example = "acs:ram::1234567890123456:role/oss-uploader"
    return _match(name, env.text(name), r"acs:ram::[0-9]+:role/[A-Za-z0-9._@-]+", example)


def sts_endpoint(env: Environment, name: str) -> str | None:
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


def max_upload_bytes(env: Environment, name: str) -> int:
    minimum: int = env.read("MIN_UPLOAD_BYTES")
    maximum = MAX_MULTIPART_BYTES if env.read("MULTIPART") else MAX_FORM_BYTES
    value: int = whole(max(minimum, 1), maximum)(env, name)
    return value


def content_types(env: Environment, name: str) -> AllowedTypes:
    return parse_allowed_types(name, env.text(name))


def object_acl(env: Environment, name: str) -> str | None:
    acl = choice("default", "private", "public-read", "public-read-write", "none")(env, name)
    return None if acl == "none" else str(acl)


def content_disposition(env: Environment, name: str) -> str:
    value: str = choice("attachment", "inline")(env, name)
    if value == "inline" and env.read("ALLOWED_CONTENT_TYPES").active_types:
        problem = "is inline, but types that browsers may run as a script are allowed"
        raise misconfigured(name, problem, "Take these types out of the list, or use attachment.")
    return value


def storage_class(env: Environment, name: str) -> str | None:
    classes = ("Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive")
    return choice(*classes)(env, name) if env.text(name) else None


def origins(env: Environment, name: str) -> Origins:
    return parse_origins(env.text(name))


def callback_url(env: Environment, name: str) -> str:
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
    excess = -callback_url_room(url)
    if excess > 0:
        hint = "Shorten it: a callback, with all that it reports, has 512 bytes."
        raise misconfigured(name, f"is {excess} characters too long", hint)
    return url


def callback_url_room(url: str) -> int:
    """How many more characters a callback to the URL could have."""
    return MAX_CALLBACK_URL_CHARACTERS[url.partition(":")[0].lower()] - len(url)


def callback_key_prefix(env: Environment, name: str) -> str:
    prefix = env.text(name)
    if parse_address(prefix) is None or not prefix.endswith("/"):
        hint = f"Leave it out on Alibaba Cloud, where it is {OSS_KEY_PREFIX}."
        raise misconfigured(name, "is not the beginning of a URL", hint)
    _refuse_clear_text(name, prefix)
    return prefix


def grant_secret(env: Environment, name: str) -> bytes:
    if env.text(name) or env.read("CALLBACK_URL"):
        _require_grant_secret(env, "Callbacks and events need it")
    return env.text(name).encode()


def multipart(env: Environment, name: str) -> bool:
    wanted = boolean(env, name)
    if wanted:
        _require_grant_secret(env, "Resumable uploads need it")
    return wanted


def _require_grant_secret(env: Environment, need: str) -> None:
    secret = env.text("GRANT_SECRET").encode()
    if len(secret) < MIN_SECRET_BYTES:
        problem = f"has fewer than {MIN_SECRET_BYTES} bytes" if secret else "is missing"
        hint = f"{need}; make one with: openssl rand -hex 32"
        raise misconfigured("GRANT_SECRET", problem, hint)


def oss_endpoint(env: Environment, name: str) -> str:
    region = env.read("OSS_REGION")
    # In the bucket's own region, requests stay inside the network of the cloud, free of charge.
    inside = "-internal" if env.text("FC_REGION").removeprefix("oss-") == region else ""
    standard = f"https://{env.read('OSS_BUCKET')}.oss-{region}{inside}.aliyuncs.com"
    origin = normal_origin(name, env.text(name) or standard)
    _refuse_clear_text(name, origin)
    return origin
