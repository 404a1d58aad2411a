"""The bucket of a grant: where it is, which pages may post to it, whether it accepts a file."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from . import Finding
from .browser import Response, fetch
from .grant import CLOCK_TOLERANCE, SET_CLOCK, read_policy
from .refusals import BY_CODE, CUSTOM_DOMAIN, SEE_RULE, cure

LOOPBACK = re.compile(r"127\.[0-9.]+|localhost|.*\.localhost|::1")
OSS_HOST = re.compile(r"(?P<bucket>[a-z0-9-]+)\.oss-(?P<region>[a-z0-9-]+?)(?P<internal>-internal)?"
                      r"\.aliyuncs\.com")  # fmt: skip

MAX_UPLOAD_BYTES = 10_000_000


def check_place(grant: Mapping[str, Any]) -> Iterator[Finding]:
    """The address, the policy and the signature name the same bucket and region."""
    url = urlsplit(grant["url"])
    host = url.hostname or ""
    policy = read_policy(grant["fields"]["policy"])
    bucket = policy.exactly.get("bucket") if policy else None
    if url.scheme != "https" and not LOOPBACK.fullmatch(host):
        yield Finding(
            f"The form goes to a {url.scheme}:// address, which browsers block on https pages.",
            "Set UPLOAD_URL to an https:// origin.",
        )
    place = OSS_HOST.fullmatch(host)
    if place is None:
        if not LOOPBACK.fullmatch(host):
            yield Finding(
                f"{host} does not name a region, so it cannot be compared with OSS_REGION."
            )
        return
    if place["internal"]:
        yield Finding(
            "The form goes to an internal endpoint, which only machines in the cloud can reach.",
            "Set UPLOAD_URL to the public endpoint, or leave it empty.",
        )
    if bucket and bucket != place["bucket"]:
        yield Finding(
            f"The form goes to the bucket {place['bucket']} but is signed for {bucket}.",
            "Set UPLOAD_URL to the address of OSS_BUCKET, or leave it empty.",
        )
    # The credential scope: <access key id>/<date>/<region>/oss/aliyun_v4_request
    signed = grant["fields"].get("x-oss-credential", "").split("/")[2:3]
    if signed and place["region"] != "accelerate" and signed != [place["region"]]:
        yield Finding(
            f"The form goes to {place['region']} but is signed for {signed[0]}.",
            "Set OSS_REGION to the bucket's region, and leave UPLOAD_URL empty.",
        )


def check_bucket_cors(
    grant: Mapping[str, Any], origin: str, *, gateway: datetime | None
) -> Iterator[Finding]:
    """The preflight that a browser sends before a form whose progress is observed."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    response = fetch("OPTIONS", grant["url"], headers=headers)
    if _code(response) == "NoSuchBucket":
        yield Finding("The bucket does not exist.", BY_CODE["NoSuchBucket"])
    elif _code(response) == "PublicEndpointForbidden":
        yield Finding("The bucket's default endpoint takes no data.", CUSTOM_DOMAIN)
    elif response.status != 200 or not response.is_readable(origin):
        yield Finding(f"The bucket's CORS rule does not allow POST from {origin}.", SEE_RULE)
    elif "etag" not in response.header("Access-Control-Expose-Headers").lower():
        yield Finding("The bucket's CORS rule does not expose the ETag to pages.", SEE_RULE)
    oss_time = response.date()
    if oss_time and gateway and abs(oss_time - gateway) > CLOCK_TOLERANCE:
        difference = int((gateway - oss_time).total_seconds())
        yield Finding(
            f"The function's clock differs from that of OSS by {difference} s.", SET_CLOCK
        )


def check_upload(grant: Mapping[str, Any], origin: str | None) -> Iterator[Finding]:
    """Post a file of the smallest allowed size, 1 byte by default."""
    fields = {**grant["fields"]}
    fields["key"] = fields["key"].replace("${filename}", "doctor.txt")
    size = max(1, grant["limits"]["min_bytes"])
    if size > MAX_UPLOAD_BYTES:
        yield Finding(
            f"Not tried: the smallest allowed file has {size} bytes, and the doctor uploads at most"
            f" {MAX_UPLOAD_BYTES}."
        )
        return
    content = b"x" * size
    boundary = secrets.token_hex(16)
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    if origin:
        headers["Origin"] = origin
    response = fetch("POST", grant["url"], headers=headers, body=_form(fields, content, boundary))
    code, ec = _code(response), element(response, "EC")
    argument = element(response, "ArgumentName")
    if code or response.status != 200:
        yield Finding(
            f"OSS returned {response.status} {code} {ec}"
            f"{f' about {argument}' if argument else ''} (request {request_id(response)}).",
            cure(code, ec),
        )
        return
    if origin and not response.is_readable(origin):
        yield Finding(
            "The file is stored, but the browser would report a failure to the page.", SEE_RULE
        )
    yield Finding(f"Uploaded {len(content)} byte(s) as {fields['key']}; you can delete it.")


def _form(fields: Mapping[str, str], content: bytes, boundary: str) -> bytes:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="doctor.txt"\r\n'
    head = "".join(parts) + file + "Content-Type: text/plain\r\n\r\n"
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode()


def _code(response: Response) -> str:
    return element(response, "Code")


def element(response: Response, name: str) -> str:
    """An element of OSS's error. Only codes: other elements repeat what was sent."""
    found = re.search(
        rf"<{name}>([A-Za-z0-9_.-]{{1,64}})</{name}>", response.body.decode("utf-8", "replace")
    )
    return found[1] if found else ""


def request_id(response: Response) -> str:
    request_id = response.header("x-oss-request-id")
    return request_id if re.fullmatch("[A-Za-z0-9-]{1,40}", request_id) else "without a valid ID"
