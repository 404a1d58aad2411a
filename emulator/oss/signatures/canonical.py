"""The V4 signature of a request, in its URL or its Authorization header.

OSS documents, "V4 signatures in presigned URLs" and "V4 signature in the Authorization header";
what they leave open is as all official SDKs do it. Pure: from the parts of a request to the text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from .authentication import v4_signature
from .claim import V4

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
BLANKS = " \t"
SIGNED_BY_THEMSELVES = ("content-type", "content-md5")


@dataclass(frozen=True)
class SignedRequest:
    """What a signature covers, decoded; nothing that is not UTF-8 has a valid signature.

    `query` has every parameter but the signature itself; one without a value has the value "".
    `headers` are all of the request's, by their names in lower case. The host is not covered, so
    one URL is valid at each of a bucket's endpoints.
    """

    method: str
    bucket: str
    key: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    additional: tuple[str, ...] = ()

    def canonical(self) -> str:
        signed = self.signed_headers()
        return "\n".join(
            (
                self.method,
                _encoded(f"/{self.bucket}/{self.key}", safe="/"),
                self._canonical_query(),
                "".join(f"{name}:{self.headers[name].strip(BLANKS)}\n" for name in signed),
                ";".join(sorted(set(self.additional) - set(self._covered_anyway()))),
                self.headers.get("x-oss-content-sha256", UNSIGNED_PAYLOAD),
            )
        )

    def signed_headers(self) -> list[str]:
        """The names of the headers that the signature covers."""
        return sorted({*self._covered_anyway(), *self.additional} & self.headers.keys())

    def string_to_sign(self, *, date: str, region: str) -> str:
        """`date` is x-oss-date, YYYYMMDDTHHMMSSZ."""
        digest = hashlib.sha256(self.canonical().encode()).hexdigest()
        return "\n".join((V4, date, f"{date[:8]}/{region}/oss/aliyun_v4_request", digest))

    def signature(self, access_key_secret: str, *, date: str, region: str) -> str:
        text = self.string_to_sign(date=date, region=region)
        return v4_signature(access_key_secret, text, date=date[:8], region=region)

    def _covered_anyway(self) -> Iterable[str]:
        return (
            name
            for name in self.headers
            if name in SIGNED_BY_THEMSELVES or name.startswith("x-oss-")
        )

    def _canonical_query(self) -> str:
        encoded = sorted((_encoded(name), _encoded(value)) for name, value in self.query.items())
        return "&".join(f"{name}={value}" if value else name for name, value in encoded)


def _encoded(text: str, *, safe: str = "") -> str:
    """Each byte of UTF-8 but letters, digits and `-_.~` percent-encoded."""
    return quote(text, safe=safe)
