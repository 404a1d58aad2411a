"""Resumable uploads: whether the bucket takes a part, and the function removes it again."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from . import Finding
from .browser import fetch
from .bucket import element, request_id
from .errors import refusal
from .function import Function
from .refusals import cure

PART_BYTES = 100 * 1024  # as short as a part may be that is not the last (OSS documents)
SEE_DOCUMENT = "Give the bucket the CORS rule of docs/resumable.md: PUT, with ETag exposed."


def has_multipart(function: Function) -> bool:
    """Whether the preset has resumable uploads."""
    return bool(function.request("GET", "/limits").document().get("multipart"))


def check_parts(function: Function, origin: str | None) -> Iterator[Finding]:
    """Begin an upload of 100 KB, send it as its one part, and delete it."""
    begun = function.for_allowed_file("/s3/multipart", size=PART_BYTES)
    ticket, key = (begun.document().get(name) for name in ("uploadId", "key"))
    if begun.status != 200 or not isinstance(ticket, str) or not isinstance(key, str):
        yield refusal(begun, "POST /s3/multipart")
        return
    path = f"/s3/multipart/{quote(ticket, safe='')}"
    signed = function.request("GET", f"{path}/1", query={"key": key})
    url = signed.document().get("url")
    if signed.status == 200 and isinstance(url, str):
        yield from _put(url, origin)
    else:
        yield refusal(signed, "GET /s3/multipart/{uploadId}/1")
    deleted = function.request("DELETE", path, query={"key": key})
    if deleted.status != 200:
        yield refusal(deleted, "DELETE /s3/multipart/{uploadId}")


def _put(url: str, origin: str | None) -> Iterator[Finding]:
    headers = {"Origin": origin} if origin else {}
    if origin:
        method = {"Access-Control-Request-Method": "PUT"}
        preflight = fetch("OPTIONS", url, headers={**headers, **method})
        if preflight.status != 200 or not preflight.is_readable(origin):
            yield Finding(f"The bucket's CORS rule does not allow PUT from {origin}.", SEE_DOCUMENT)
            return
    response = fetch("PUT", url, headers=headers, body=bytes(PART_BYTES))
    if response.status != 200:
        code, ec = element(response, "Code"), element(response, "EC")
        yield Finding(
            f"OSS returned {response.status} {code} {ec} for a part"
            f" (request {request_id(response)}).",
            cure(code, ec),
        )
    elif origin and "etag" not in response.header("Access-Control-Expose-Headers").lower():
        yield Finding("The bucket's CORS rule does not expose the ETag of a part.", SEE_DOCUMENT)
    else:
        yield Finding(f"Sent a part of {PART_BYTES} bytes, and deleted it.")
