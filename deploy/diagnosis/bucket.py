"""The bucket behind a grant: where it is, which pages may post to it, whether it takes a file."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from .browser import Answer, fetch
from .finding import Finding
from .grant import CLOCK_TOLERANCE, SET_CLOCK, read_policy

LOOPBACK = re.compile(r"127\.\d+\.\d+\.\d+|localhost|.*\.localhost|::1")
OSS_HOST = re.compile(r"(?P<bucket>[a-z0-9-]+)\.oss-(?P<region>[a-z0-9-]+?)(?P<internal>-internal)?"
                      r"\.aliyuncs\.com")  # fmt: skip

SEE_RULE = "Apply the bucket's CORS rule that make setup-cloud prints, with ALLOWED_ORIGINS set."
SEE_ROLES = "Compare the two roles and their policies with what make setup-cloud prints."
# OSS documents, PostObject errors: the codes of a refused form, and what a deployment did wrong.
UPLOAD_CURES = {
    "AccessDenied": SEE_ROLES,
    "CallbackFailed": "The file is stored. Make CALLBACK_URL answer 200 with JSON within 5 s.",
    "FileAlreadyExists": "Leave UNIQUE_DIR=true, or allow overwriting with FORBID_OVERWRITE=false.",
    "InvalidAccessKeyId": "Use a bucket of the same site (China or international) as the role.",
    "NoSuchBucket": "Set OSS_BUCKET to a bucket that exists, and OSS_REGION to its region.",
    "SecurityTokenExpired": "Set POLICY_SECONDS well below CREDENTIALS_SECONDS.",
    "SignatureDoesNotMatch": "Deploy the current code, and set OSS_REGION to the bucket's region.",
}


def check_place(grant: Mapping[str, Any]) -> Iterator[Finding]:
    """The address, the policy and the signature name one bucket and one region."""
    url = urlsplit(grant["url"])
    host = url.hostname or ""
    policy = read_policy(grant["fields"]["policy"])
    bucket = policy.exactly.get("bucket") if policy else None
    if url.scheme != "https" and not LOOPBACK.fullmatch(host):
        yield Finding(
            f"The form is posted to {url.scheme}://, which browsers refuse for https pages.",
            "Set UPLOAD_URL to an https:// origin.",
        )
    place = OSS_HOST.fullmatch(host)
    if place is None:
        if not LOOPBACK.fullmatch(host):
            yield Finding(f"{host} has no region in its name, so whether it fits is not known.")
        return
    if place["internal"]:
        yield Finding(
            "The form is posted to an internal endpoint, which only machines in the cloud reach.",
            "Set UPLOAD_URL to the public endpoint, or leave it empty.",
        )
    if bucket and bucket != place["bucket"]:
        yield Finding(
            f"The form is posted to the bucket {place['bucket']} but signed for {bucket}.",
            "Set UPLOAD_URL to the bucket of OSS_BUCKET, or leave it empty.",
        )
    # The credential scope: <access key id>/<date>/<region>/oss/aliyun_v4_request
    signed = grant["fields"].get("x-oss-credential", "").split("/")[2:3]
    if signed and place["region"] != "accelerate" and signed != [place["region"]]:
        yield Finding(
            f"The form is posted to {place['region']} but signed for {signed[0]}.",
            "Set OSS_REGION to the bucket's region, and leave UPLOAD_URL empty.",
        )


def check_bucket_cors(
    grant: Mapping[str, Any], origin: str, *, gateway: datetime | None
) -> Iterator[Finding]:
    """What a browser asks before it posts a form whose progress is watched."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = fetch("OPTIONS", grant["url"], headers=headers)
    if _code(answer) == "NoSuchBucket":
        yield Finding("There is no such bucket.", UPLOAD_CURES["NoSuchBucket"])
    elif answer.status != 200 or answer.header("Access-Control-Allow-Origin") not in ("*", origin):
        yield Finding(f"The bucket does not let pages of {origin} post to it.", SEE_RULE)
    elif "etag" not in answer.header("Access-Control-Expose-Headers").lower():
        yield Finding(
            "The bucket does not let pages read the ETag of what they uploaded.", SEE_RULE
        )
    oss_time = answer.date()
    if oss_time and gateway and abs(oss_time - gateway) > CLOCK_TOLERANCE:
        difference = int((gateway - oss_time).total_seconds())
        yield Finding(f"The function's clock is {difference} s from that of OSS.", SET_CLOCK)


def check_upload(grant: Mapping[str, Any], origin: str | None) -> Iterator[Finding]:
    """Post a file of the least size that is allowed, 1 byte by default."""
    fields = {**grant["fields"]}
    fields["key"] = fields["key"].replace("${filename}", "doctor.txt")
    content = b"x" * max(1, int(grant["limits"].get("min_bytes", 1)))
    boundary = secrets.token_hex(16)
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    if origin:
        headers["Origin"] = origin
    answer = fetch("POST", grant["url"], headers=headers, body=_form(fields, content, boundary))
    code, ec = _code(answer), _element(answer, "EC")
    if code or answer.status != 200:
        yield Finding(
            f"OSS answers {answer.status} {code} {ec} (request {_request_id(answer)}).",
            UPLOAD_CURES.get(
                code, f"Look the error up: https://api.aliyun.com/troubleshoot?q={ec}"
            ),
        )
        return
    if origin and answer.header("Access-Control-Allow-Origin") not in ("*", origin):
        yield Finding("The file is stored, but its page would be told that it failed.", SEE_RULE)
    yield Finding(f"Uploaded {len(content)} byte(s) as {fields['key']}; delete it when you like.")


def _form(fields: Mapping[str, str], content: bytes, boundary: str) -> bytes:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="doctor.txt"\r\n'
    head = "".join(parts) + file + "Content-Type: text/plain\r\n\r\n"
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode()


def _code(answer: Answer) -> str:
    return _element(answer, "Code")


def _element(answer: Answer, name: str) -> str:
    """An element of OSS's error; only its codes, for its other elements repeat what was sent."""
    found = re.search(rf"<{name}>([\w.-]{{1,64}})</{name}>", answer.body.decode("utf-8", "replace"))
    return found[1] if found else ""


def _request_id(answer: Answer) -> str:
    return answer.header("x-oss-request-id")[:40] or "without an id"
