"""Multipart requests of any shape: each is served or refused, and none without a signature."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from emulator.keyring import KeyRing
from emulator.oss import Oss
from emulator.oss.signatures import SignedRequest
from tests.emulator.oss.bucket import KEY, NOW
from tests.emulator.oss.multipart import query_text

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
methods = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"])
keys = st.sampled_from(["", "a.bin", "用户/a b+", "\\a", "x" * 1024]) | texts
UPLOAD = "0123456789ABCDEF0123456789ABCDEF"
queries = st.dictionaries(
    st.sampled_from(
        [
            *("uploads", "uploadId", "partNumber", "max-parts", "part-number-marker", "prefix"),
            *("max-uploads", "key-marker", "upload-id-marker", "encoding-type", "delimiter"),
            *("x-oss-expires", "x-oss-date", "x-oss-credential", "x-oss-signature"),
            *("x-oss-additional-headers", "x-oss-security-token", "OSSAccessKeyId"),
        ]
    ),
    st.sampled_from(["", "1", "0", "10001", "url", UPLOAD, "9" * 5000, "a;b", "/"]) | texts,
    min_size=1,
)
# What HTTP lets through, as WSGI hands it over.
values = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=12)
headers = st.dictionaries(
    st.sampled_from(
        [
            *("x-oss-forbid-overwrite", "x-oss-storage-class", "x-oss-tagging", "x-oss-meta-a"),
            *("x-oss-server-side-encryption", "x-oss-server-side-encryption-key-id"),
            *("x-oss-complete-all", "x-oss-callback", "x-oss-callback-var", "x-oss-object-acl"),
            *("content-md5", "content-disposition", "x-oss-content-sha256", "authorization"),
        ]
    ),
    st.sampled_from(["true", "yes", "KMS", "OSS4-HMAC-SHA256 Credential=a,Signature=", "a=b&c=d"])
    | values,
    max_size=3,
)


@pytest.fixture(scope="module")
def oss(tmp_path_factory: pytest.TempPathFactory) -> Oss:
    return Oss(
        "post-test",
        "cn-hangzhou",
        tmp_path_factory.mktemp("oss"),
        KeyRing([KEY]),
        [],
        clock=lambda: NOW,
        log=lambda line: None,
    )


def respond(
    oss: Oss, method: str, key: str, query: str, headers: dict[str, str], body: bytes
) -> tuple[int, str]:
    builder = EnvironBuilder("/", method=method, data=body, headers=[("Host", "localhost")])
    environ = builder.get_environ()
    environ["PATH_INFO"] = "/" + key.encode().decode("latin-1")
    environ["QUERY_STRING"] = query
    for name, value in headers.items():
        environ["HTTP_" + name.replace("-", "_").upper()] = value
    chunks, status, _ = run_wsgi_app(oss, environ)
    return int(status[:3]), b"".join(chunks).decode()


@given(method=methods, key=keys, query=queries, headers=headers, body=st.binary(max_size=20))
def test_nothing_is_done_without_a_signature(
    oss: Oss, method: str, key: str, query: dict[str, str], headers: dict[str, str], body: bytes
) -> None:
    read = method in ("GET", "HEAD") and not {"uploads", "uploadId", "partNumber"} & query.keys()
    status, text = respond(oss, method, key, query_text(query), headers, body)
    assert 400 <= status < 500 or status == 501 or (read and status == 200), text


@given(method=methods, key=keys, query=queries, headers=headers, body=st.binary(max_size=20))
def test_whatever_a_signer_sends_is_served_or_refused(
    oss: Oss, method: str, key: str, query: dict[str, str], headers: dict[str, str], body: bytes
) -> None:
    headers.pop("authorization", None)
    query = {name: value for name, value in query.items() if not name.startswith("x-oss-")} | {
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": f"{KEY.access_key_id}/20261124/cn-hangzhou/oss/aliyun_v4_request",
        "x-oss-date": "20261124T120000Z",
        "x-oss-expires": "60",
    }
    sent = {
        name: value.encode("latin-1").decode(errors="replace") for name, value in headers.items()
    }
    signed = SignedRequest(method, "post-test", key.removeprefix("/"), query, sent)
    query["x-oss-signature"] = signed.signature(
        KEY.access_key_secret, date="20261124T120000Z", region="cn-hangzhou"
    )
    status, text = respond(oss, method, key, query_text(query), headers, body)
    assert status < 500 or status == 501, text
    unreadable = "\ufffd" in "".join(sent.values())
    assert "SignatureDoesNotMatch" not in text or unreadable
