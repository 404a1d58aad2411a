"""What a form says about the object: its key, ACL, storage class, headers and user metadata."""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.datastructures import Headers

from ..errors import Refused, refusals
from .fields import Form

MAX_KEY_BYTES = 1023
MAX_METADATA_BYTES = 8 * 1024
DEFAULT_TYPE = "application/octet-stream"
ACLS = ("default", "private", "public-read", "public-read-write")
STORAGE_CLASSES = ("Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive")
ENCRYPTIONS = ("AES256", "KMS", "SM4")
KEPT_HEADERS = ("cache-control", "content-disposition", "content-encoding", "expires")
METADATA = "x-oss-meta-"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")  # RFC 9110, token


@dataclass(frozen=True)
class Attributes:
    acl: str
    content_type: str
    headers: dict[str, str]
    overwrite: bool


def object_key(form: Form) -> str:
    """The object's name, with `${filename}` replaced by the name of the file part."""
    if "key" not in form.fields:
        raise Refused(
            refusals.NO_KEY,
            hint="The form has no field 'key' before `file`; make `file` the last field.",
        )
    key = form.fields["key"].replace("${filename}", form.filename)
    if len(key.encode()) > MAX_KEY_BYTES:
        raise Refused(
            refusals.KEY_LENGTH,
            hint=f"The key has {len(key.encode())} bytes in UTF-8; the limit is {MAX_KEY_BYTES}.",
        )
    if not key or key[0] in "/\\":
        raise Refused(
            refusals.INVALID_KEY,
            hint=f"The key {key!r} is empty or starts with a slash or backslash.",
        )
    return key


def read_attributes(form: Form, request_headers: Headers) -> Attributes:
    fields = form.fields
    # OSS documents, PostObject: the form's ACL takes precedence over the header's.
    acl = fields.get("x-oss-object-acl") or request_headers.get("x-oss-object-acl") or "default"
    _check_choice("x-oss-object-acl", acl, ACLS)
    encryption = fields.get("x-oss-server-side-encryption", "")
    if encryption and encryption not in ENCRYPTIONS:
        raise Refused(
            refusals.INVALID_ENCRYPTION,
            hint=f"x-oss-server-side-encryption is {encryption!r}; "
            f"it must be one of {', '.join(ENCRYPTIONS)}.",
        )
    headers = {name: fields[name] for name in KEPT_HEADERS if fields.get(name)}
    if storage_class := fields.get("x-oss-storage-class", ""):
        _check_choice("x-oss-storage-class", storage_class, STORAGE_CLASSES)
        headers["x-oss-storage-class"] = storage_class
    metadata = {name: value for name, value in fields.items() if name.startswith(METADATA)}
    size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
    if size > MAX_METADATA_BYTES:
        raise _invalid(
            METADATA + "*", f"has {size} bytes in total; the limit is {MAX_METADATA_BYTES}"
        )
    headers.update(metadata)
    content_type = form.content_type or DEFAULT_TYPE
    for name, value in {**headers, "content-type": content_type}.items():
        if not _HEADER_NAME.fullmatch(name) or _CONTROL.search(value):
            raise _invalid(name, "cannot become a header: its name or value has invalid characters")
    return Attributes(
        acl=acl,
        content_type=content_type,
        headers=headers,
        overwrite=fields.get("x-oss-forbid-overwrite") != "true",
    )


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise _invalid(name, f"is {value!r}; it must be one of {', '.join(choices)}")


def _invalid(name: str, problem: str) -> Refused:
    return Refused(
        refusals.INVALID_FIELD,
        hint=f"The field {name!r} {problem}.",
        elements={"ArgumentName": name},
    )
