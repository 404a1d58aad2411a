"""The emulator's own computation of all signatures, compared with values from other sources."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.test import EnvironBuilder

from emulator.keyring import AccessKey, KeyRing
from emulator.oss.signatures import (
    SignedRequest,
    authenticate_request,
    signed_request,
    v1_signature,
    v4_signature,
)

FOLDER = Path(__file__).parents[2] / "vectors"
VECTORS = json.loads((FOLDER / "post_signatures.json").read_text())
REQUESTS = json.loads((FOLDER / "request_signatures.json").read_text())
REQUEST_VECTORS = REQUESTS["vectors"] + REQUESTS["published_vectors"]
SDK_URLS = [
    pytest.param(vector, source["url"], id=f"{vector['name']} by {source['source']}")
    for vector in REQUEST_VECTORS
    for source in vector["expected"]["from"]
    if "url" in source
]


@pytest.mark.parametrize("vector", VECTORS["v1"], ids=lambda vector: vector["id"])
def test_v1_agrees_with_other_sources(vector: dict[str, Any]) -> None:
    signature = v1_signature(vector["access_key_secret"], vector["policy"])
    assert signature == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["v4"], ids=lambda vector: vector["id"])
def test_v4_agrees_with_other_sources(vector: dict[str, Any]) -> None:
    signature = v4_signature(
        vector["access_key_secret"],
        vector["policy"],
        date=vector["date"][:8],
        region=vector["region"],
    )
    assert signature == vector["signature"]


def request_of(vector: dict[str, Any]) -> SignedRequest:
    """The vector's request, with what its signer adds to the query or the headers."""
    query, headers = dict(vector["query"]), {k.lower(): v for k, v in vector["headers"].items()}
    date, token = vector["date"], vector["security_token"]
    added = {"x-oss-date": date, **({"x-oss-security-token": token} if token else {})}
    if vector["auth"] == "url":
        scope = f"{date[:8]}/{vector['region']}/oss/aliyun_v4_request"
        query |= added | {
            "x-oss-signature-version": "OSS4-HMAC-SHA256",
            "x-oss-credential": f"{vector['access_key_id']}/{scope}",
            "x-oss-expires": str(vector["expires"]),
        }
        if vector["additional_headers"]:
            query["x-oss-additional-headers"] = ";".join(vector["additional_headers"])
    else:
        headers |= added | {"x-oss-content-sha256": "UNSIGNED-PAYLOAD"}
    return SignedRequest(
        method=vector["method"],
        bucket=vector["bucket"],
        key=vector["key"],
        query=query,
        headers=headers,
        additional=tuple(vector["additional_headers"]),
    )


@pytest.mark.parametrize("vector", REQUEST_VECTORS, ids=lambda vector: vector["name"])
def test_v4_of_a_request_agrees_with_the_sdks(vector: dict[str, Any]) -> None:
    request, expected = request_of(vector), vector["expected"]
    parts = {"date": vector["date"], "region": vector["region"]}
    assert request.canonical() == expected["canonical_request"]
    assert request.string_to_sign(**parts) == expected["string_to_sign"]
    assert request.signature(vector["access_key_secret"], **parts) == expected["signature"]


def accepted(vector: dict[str, Any], request: SignedRequest) -> bool:
    key = AccessKey(
        vector["access_key_id"], vector["access_key_secret"], vector["security_token"] or None
    )
    now = datetime.strptime(vector["date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    found = authenticate_request(request, keys=KeyRing([key]), region=vector["region"], now=now)
    return found is key


@pytest.mark.parametrize(("vector", "url"), SDK_URLS)
def test_a_url_is_accepted_as_each_sdk_spells_it(vector: dict[str, Any], url: str) -> None:
    """npm ali-oss writes `uploads=` and signs `uploads`; the order and the escapes differ, too."""
    parts = urlsplit(url)
    environ = EnvironBuilder(
        parts.path, f"{parts.scheme}://{parts.netloc}", parts.query, headers=vector["headers"]
    ).get_environ()
    environ["REQUEST_METHOD"] = vector["method"]
    if "Content-Length" in vector["headers"]:  # the builder counts a body that is not there
        environ["CONTENT_LENGTH"] = vector["headers"]["Content-Length"]
    environ["QUERY_STRING"] = parts.query
    assert accepted(vector, signed_request(environ, vector["bucket"]))


@pytest.mark.parametrize("separator", [",", ", "])
@pytest.mark.parametrize(
    "vector",
    [vector for vector in REQUEST_VECTORS if vector["auth"] == "header"],
    ids=lambda vector: vector["name"],
)
def test_an_authorization_header_is_accepted_with_blanks_or_without(
    vector: dict[str, Any], separator: str
) -> None:
    request = request_of(vector)
    value = vector["expected"]["authorization"].replace(",", separator)
    signed = SignedRequest(
        request.method,
        request.bucket,
        request.key,
        request.query,
        {**request.headers, "authorization": value},
    )
    assert accepted(vector, signed)
