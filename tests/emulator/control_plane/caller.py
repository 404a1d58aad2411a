"""What the component fc3 sends: recorded calls, as they were or signed anew from the documents."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from emulator.keyring import AccessKey

VECTORS = Path(__file__).parents[2] / "vectors" / "fc3_deploy.json"
RECORDED: dict[str, Any] = json.loads(VECTORS.read_text("utf-8"))
TIME = "x-acs-date"


@dataclass(frozen=True)
class Call:
    """One request; the names of the headers are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    status: int = 200

    @property
    def action(self) -> str:
        return self.headers.get("x-acs-action", self.headers["authorization"].partition(" ")[0])

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


def recorded(part: str) -> list[Call]:
    return [
        Call(
            row["method"],
            row["target"],
            row["headers"],
            base64.b64decode(row["body_base64"])
            if "body_base64" in row
            else row.get("body", "").encode(),
            row["status"],
        )
        for row in RECORDED[part]
    ]


def key(*, temporary: bool = False) -> AccessKey:
    """The key that signed the recorded calls; the temporary one signed the upload."""
    found = RECORDED["temporary"] if temporary else RECORDED
    return AccessKey(
        found["access_key_id"], found["access_key_secret"], found.get("security_token")
    )


@dataclass(frozen=True)
class Signer:
    """Signs calls anew, for another key, time, body or host."""

    key: AccessKey
    now: datetime
    host: str

    def api(self, call: Call) -> Call:
        headers = {name: value for name, value in call.headers.items() if name != "authorization"}
        headers |= {
            "host": self.host,
            TIME: f"{self.now:%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-content-sha256": hashlib.sha256(call.body).hexdigest(),
        }
        if self.key.security_token:
            headers["x-acs-security-token"] = self.key.security_token
        names = sorted(name for name in headers if name.startswith("x-acs-") or name == "host")
        path, _, query = call.target.partition("?")
        lines = "".join(f"{name}:{headers[name]}\n" for name in names)
        signed = ";".join(names)
        canonical = "\n".join(
            (call.method, path, query, lines, signed, headers["x-acs-content-sha256"])
        )
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = (
            f"ACS3-HMAC-SHA256 Credential={self.key.access_key_id},"
            f"SignedHeaders={signed},Signature={signature}"
        )
        return replace(call, headers=headers)

    def simple(self, call: Call, resource: str) -> Call:
        """The older signatures: of the API 2016-08-15 (FC) and of OSS."""
        scheme = call.headers["authorization"].partition(" ")[0]
        prefix, dated, algorithm = {
            "FC": ("x-fc-", "date", hashlib.sha256),
            "OSS": ("x-oss-", "x-oss-date", hashlib.sha1),
        }[scheme]
        headers = {**call.headers, dated: format_datetime(self.now, usegmt=True)}
        if self.key.security_token:
            headers[f"{prefix}security-token"] = self.key.security_token
        own = "".join(sorted(f"{n}:{v}\n" for n, v in headers.items() if n.startswith(prefix)))
        kind = headers.get("content-type", "")
        text = f"{call.method}\n\n{kind}\n{headers[dated]}\n{own}{resource}"
        signature = hmac.new(self._secret, text.encode(), algorithm).digest()
        headers["authorization"] = (
            f"{scheme} {self.key.access_key_id}:{base64.b64encode(signature).decode()}"
        )
        return replace(call, headers=headers)

    @property
    def _secret(self) -> bytes:
        return self.key.access_key_secret.encode()
