"""Callbacks as OSS sends them, to be forged one part at a time."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import MD5
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECRET = b"0123456789abcdef0123456789abcdef"
KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505 (OSS's own is shorter still)
FORGED_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505


class HasPublicKey(Protocol):
    def public_key(self) -> Any: ...


def pem(key: HasPublicKey) -> bytes:
    encoded: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return encoded


@dataclass(frozen=True)
class Report:
    """A callback as OSS would send it; a forgery changes one part of it."""

    key_url: str | bytes = "{oss}/keys/v1.pem"
    signer: RSAPrivateKey = KEY
    target: str = "/callback"
    signed_target: str | None = None  # what the signature covers, if not what is sent
    body: str = "bucket=post-test&object=a.png&size=7&mimeType=image%2Fpng"
    signed_body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    without: str = ""

    def request(self, oss: str, foreign: str) -> tuple[str, dict[str, str], bytes]:
        covered = f"{self.signed_target or self.target}\n{self.signed_body or self.body}"
        signature = self.signer.sign(covered.encode(), PKCS1v15(), MD5())  # noqa: S303
        key_url = self.key_url
        if isinstance(key_url, str):
            key_url = key_url.format(oss=oss, foreign=foreign, **parts(oss, foreign)).encode()
        headers = {
            "Authorization": base64.b64encode(signature).decode(),
            "X-Oss-Pub-Key-Url": base64.b64encode(key_url).decode(),
            **self.headers,
        }
        headers.pop(self.without, None)
        return self.target, headers, self.body.encode()


def parts(oss: str, foreign: str) -> dict[str, str]:
    """Parts of the two URLs, to forge key URLs from."""
    host = oss.removeprefix("http://")
    return {"host": host, "port": host.partition(":")[2], "evil": foreign.removeprefix("http://")}


REPORT = Report()
