"""A client for multipart uploads to the emulated bucket: it signs each request with V4.

Its signer is the tests' own; with `test_signatures.py` two computations meet in every request.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from emulator.keyring import AccessKey
from tests.emulator.client import Reply, send, send_untyped
from tests.emulator.oss.bucket import KEY, NOW, Bucket

PART = bytes(100 * 1024)  # as short as a part before the last may be
Query = Mapping[str, str]


def signature(
    key: AccessKey,
    method: str,
    path: str,
    query: Query,
    headers: Mapping[str, str],
    additional: Sequence[str],
    date: str,
) -> str:
    names = sorted(
        name
        for name in headers
        if name.startswith("x-oss-") or name in ("content-type", "content-md5", *additional)
    )
    canonical = "\n".join(
        (
            method,
            quote(f"/post-test{path}"),
            query_text(query),
            "".join(f"{name}:{headers[name]}\n" for name in names),
            ";".join(additional),
            "UNSIGNED-PAYLOAD",
        )
    )
    scope = (date[:8], "cn-hangzhou", "oss", "aliyun_v4_request")
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(("OSS4-HMAC-SHA256", date, "/".join(scope), digest))
    secret = ("aliyun_v4" + key.access_key_secret).encode()
    for step in (*scope, text):
        secret = hmac.digest(secret, step.encode(), hashlib.sha256)
    return secret.hex()


def query_text(query: Query) -> str:
    pairs = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in query.items())
    return "&".join(f"{name}={value}" if value else name for name, value in pairs)


def signed_url(
    method: str,
    path: str,
    query: Query,
    *,
    key: AccessKey = KEY,
    headers: Mapping[str, str] | None = None,
    additional: Sequence[str] = (),
    now: datetime = NOW,
    expires: int | str = 600,
) -> str:
    """The path and query of a signed URL; `headers` in lower case."""
    date = f"{now:%Y%m%dT%H%M%SZ}"
    everything = {
        **query,
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": f"{key.access_key_id}/{date[:8]}/cn-hangzhou/oss/aliyun_v4_request",
        "x-oss-date": date,
        "x-oss-expires": str(expires),
    }
    if key.security_token:
        everything["x-oss-security-token"] = key.security_token
    if additional:
        everything["x-oss-additional-headers"] = ";".join(additional)
    made = signature(key, method, path, everything, headers or {}, additional, date)
    return f"{quote(path)}?{query_text({**everything, 'x-oss-signature': made})}"


def signed_headers(
    method: str,
    path: str,
    query: Query,
    *,
    key: AccessKey = KEY,
    headers: Mapping[str, str] | None = None,
    now: datetime = NOW,
) -> dict[str, str]:
    """All headers of a request that is signed in its Authorization header."""
    date = f"{now:%Y%m%dT%H%M%SZ}"
    everything = {
        **(headers or {}),
        "x-oss-date": date,
        "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
        **({"x-oss-security-token": key.security_token} if key.security_token else {}),
    }
    made = signature(key, method, path, query, everything, (), date)
    credential = f"{key.access_key_id}/{date[:8]}/cn-hangzhou/oss/aliyun_v4_request"
    value = f"OSS4-HMAC-SHA256 Credential={credential},Signature={made}"
    return {**everything, "Authorization": value}


def send_part(
    url: str, path: str, content: bytes, headers: Mapping[str, str] | None = None
) -> Reply:
    """A PUT as a browser sends a slice of a file: without Content-Type, with its length."""
    return send_untyped(url, "PUT", path, content, headers)


@dataclass
class Uploader:
    """The operations on one key of a bucket, signed in the URL."""

    bucket: Bucket
    object_key: str = "a.bin"
    key: AccessKey = KEY
    etags: dict[int, str] = field(default_factory=dict)
    upload_id: str = ""

    def send(
        self,
        method: str,
        query: Query,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        given = {"content-type": "application/xml"} if body is not None else {}
        sent = {**given, **(headers or {})}
        path = f"/{self.object_key}"
        url = signed_url(method, path, query, key=self.key, headers=sent)
        return send(self.bucket.url, method, url, body, {k.title(): v for k, v in sent.items()})

    def initiate(self, headers: Mapping[str, str] | None = None) -> Reply:
        reply = self.send("POST", {"uploads": ""}, headers=headers)
        self.upload_id = (reply.element("UploadId") or "") if reply.body else ""
        return reply

    def put(self, number: int, content: bytes = PART) -> Reply:
        reply = self.send("PUT", {**self.named, "partNumber": str(number)}, content)
        self.etags[number] = reply.headers.get("etag", "")
        return reply

    def list(self, **query: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in query.items()}
        return self.send("GET", {**self.named, **named})

    def complete(
        self, *numbers: int, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        document = part_list(*((n, self.etags[n]) for n in numbers or sorted(self.etags)))
        return self.send("POST", self.named, document if body is None else body, headers)

    def abort(self) -> Reply:
        return self.send("DELETE", self.named)

    @property
    def named(self) -> dict[str, str]:
        return {"uploadId": self.upload_id}


def part_list(*parts: tuple[object, str]) -> bytes:
    entries = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        for number, etag in parts
    )
    return f"<CompleteMultipartUpload>{entries}</CompleteMultipartUpload>".encode()


def started(
    bucket: Bucket,
    *contents: bytes,
    object_key: str = "a.bin",
    headers: Mapping[str, str] | None = None,
) -> Uploader:
    """An upload with these parts."""
    uploader = Uploader(bucket, object_key)
    assert uploader.initiate(headers).status == 200
    for number, content in enumerate(contents, 1):
        assert uploader.put(number, content).status == 200
    return uploader
