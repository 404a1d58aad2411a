"""What a form, or the headers of a request, say about the object: its key, ACL, storage class,
headers and user metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import Headers

from ..errors import Refusal, Refused, refusals
from .fields import Form

MAX_KEY_BYTES = 1023
MAX_METADATA_BYTES = 8 * 1024
DEFAULT_TYPE = "application/octet-stream"
ACLS = ("default", "private", "public-read", "public-read-write")
STORAGE_CLASSES = ("Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive")
ENCRYPTIONS = ("AES256", "KMS", "SM4")
ENCRYPTION = "x-oss-server-side-encryption"
KMS_KEY = "x-oss-server-side-encryption-key-id"
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
    return checked_key(form.fields["key"].replace("${filename}", form.filename))


def checked_key(key: str) -> str:
    """The key, if OSS accepts it as an object's name."""
    if len(key.encode()) > MAX_KEY_BYTES:
        raise Refused(
            refusals.KEY_LENGTH,
            hint=f"The key has {len(key.encode())} bytes in UTF-8; the limit is {MAX_KEY_BYTES}."
            " Shorten it.",
        )
    if not key:
        raise Refused(
            refusals.EMPTY_KEY,
            hint="The key is empty (in a form, also if it is ${filename} and the file has no name);"
            " send the key that the grant gives.",
        )
    if key[0] in "/\\":
        raise Refused(
            refusals.INVALID_KEY,
            hint=f"The key {key!r} starts with a slash or backslash; keys have none in front.",
        )
    return key


def read_attributes(form: Form, request_headers: Headers) -> Attributes:
    fields = dict(form.fields)
    # OSS documents, PostObject: the form's ACL takes precedence over the header's.
    fields["x-oss-object-acl"] = fields.get("x-oss-object-acl") or request_headers.get(
        "x-oss-object-acl", ""
    )
    fields["content-type"] = form.content_type or ""
    return collect_attributes(fields)


def collect_attributes(
    fields: Mapping[str, str], *, forbid_overwrite: Refusal = refusals.FORBID_OVERWRITE
) -> Attributes:
    """Read fields or headers, by their names in lower case.

    `forbid_overwrite` is the refusal of a wrong x-oss-forbid-overwrite.
    """
    acl = fields.get("x-oss-object-acl") or "default"
    if acl not in ACLS:
        raise _invalid("x-oss-object-acl", f"is {acl!r}; it must be one of {', '.join(ACLS)}")
    headers = {name: fields[name] for name in KEPT_HEADERS if fields.get(name)}
    headers.update(_storage_class(fields))
    headers.update(_encryption(fields))
    metadata = {name: value for name, value in fields.items() if name.startswith(METADATA)}
    size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
    if size > MAX_METADATA_BYTES:
        raise _invalid(
            METADATA + "*", f"has {size} bytes in total; the limit is {MAX_METADATA_BYTES}"
        )
    headers.update(metadata)
    content_type = fields.get("content-type") or DEFAULT_TYPE
    for name, value in {**headers, "content-type": content_type}.items():
        if not _HEADER_NAME.fullmatch(name) or _CONTROL.search(value):
            raise _invalid(name, "cannot become a header: its name or value has invalid characters")
    return Attributes(
        acl=acl,
        content_type=content_type,
        headers=headers,
        overwrite=_overwrite(fields, forbid_overwrite),
    )


def _overwrite(fields: Mapping[str, str], refusal: Refusal) -> bool:
    forbidden = fields.get("x-oss-forbid-overwrite", "false")
    if forbidden not in ("true", "false"):
        raise Refused(
            refusal,
            hint=f"The field 'x-oss-forbid-overwrite' is {forbidden!r}; it must be true or false,"
            " in lower case. Leave it out to allow overwriting.",
            elements={"ArgumentName": "x-oss-forbid-overwrite", "ArgumentValue": forbidden},
        )
    return forbidden == "false"


def _storage_class(fields: Mapping[str, str]) -> dict[str, str]:
    name = "x-oss-storage-class"
    value = fields.get(name)
    if value is None:
        return {}
    if value not in STORAGE_CLASSES:
        raise Refused(
            refusals.STORAGE_CLASS if value else refusals.EMPTY_STORAGE_CLASS,
            hint=f"The field {name!r} is {value!r}; it must be one of {', '.join(STORAGE_CLASSES)}."
            " Leave it out for the bucket's own class.",
            elements={"ArgumentName": name, "ArgumentValue": value},
        )
    return {name: value}


def _encryption(fields: Mapping[str, str]) -> dict[str, str]:
    """What this response repeats, and every later one about the object."""
    method = fields.get(ENCRYPTION, "")
    if method and method not in ENCRYPTIONS:
        raise Refused(
            refusals.INVALID_ENCRYPTION,
            hint=f"{ENCRYPTION} is {method!r}; it must be one of {', '.join(ENCRYPTIONS)}.",
        )
    if fields.get(KMS_KEY) and method != "KMS":
        raise _invalid(KMS_KEY, f"needs {ENCRYPTION}: KMS beside it")
    return {name: fields[name] for name in (ENCRYPTION, KMS_KEY) if fields.get(name)}


def _invalid(name: str, problem: str) -> Refused:
    return Refused(
        refusals.INVALID_FIELD,
        hint=f"The field {name!r} {problem}.",
        elements={"ArgumentName": name},
    )
