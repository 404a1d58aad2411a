"""Callbacks: those of OSS about our own grants are accepted, forgeries are not.

Each forgery changes one thing of a true report. The host of forged keys listens, and would give a
key that verifies; it must never be asked.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import MD5, SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from werkzeug import Response

from direct_upload import callback, public_key, receipt
from direct_upload.app import App
from direct_upload.callback_field import Callbacks, check_callback_url
from direct_upload.errors import CallbackRefused, Misconfigured
from direct_upload.hook import Upload
from direct_upload.public_key import check_key_prefix
from direct_upload.scope import Scope
from tests.function.asking import ENVIRON, Reply, ask, event, read
from tests.recorder import Asked, Recorder, recording, trickling

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/callback.json").read_text())
NOW = datetime(2026, 11, 24, 6, 30, 45, 250000, tzinfo=timezone.utc)
SECRET = b"0123456789abcdef0123456789abcdef"
KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505 (OSS's own is shorter still)
FORGED_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505


class HasPublicKey(Protocol):
    def public_key(self) -> Any: ...


def pem(key: HasPublicKey) -> bytes:
    encoded: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return encoded


@pytest.fixture(autouse=True)
def keys_may_come_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they do on a busy machine; and none is known from another test."""
    monkeypatch.setattr(public_key, "FETCH_SECONDS", 60.0)
    public_key.fetch_public_key.cache_clear()


@pytest.fixture(scope="module")
def foreign() -> Iterator[Recorder]:
    """A host of a forger's own, whose key would verify."""
    with recording(lambda asked: Response(pem(FORGED_KEY))) as recorder:
        yield recorder


@pytest.fixture(scope="module")
def oss(foreign: Recorder) -> Iterator[Recorder]:
    """The host of keys; those below /keys/ are OSS's, but nothing guards what else is there."""
    documents = {
        "/keys/v1.pem": pem(KEY),
        "/elsewhere/forged.pem": pem(FORGED_KEY),
        "/keys/elliptic.pem": pem(ec.generate_private_key(ec.SECP256R1())),
        "/keys/long.pem": pem(FORGED_KEY) + b"\n" * 16 * 1024,
        "/keys/page.html": b"<html>",
    }

    def reply(asked: Asked) -> Response:
        if asked.target == "/keys/redirect.pem":
            return Response(status=302, headers={"Location": f"{foreign.url}/v1.pem"})
        if asked.target == "/keys/slow.pem":
            return slow(asked)
        if asked.target == "/keys/error.pem":
            return Response(pem(FORGED_KEY), 500)
        if asked.target in documents:
            return Response(documents[asked.target])
        return Response(status=404)

    with trickling() as slow, recording(reply) as recorder:
        yield recorder


@pytest.fixture(autouse=True)
def nothing_was_asked_before(foreign: Recorder, oss: Recorder) -> None:
    foreign.asked.clear()
    oss.asked.clear()


@dataclass(frozen=True)
class Report:
    """A callback as OSS would send it; a forgery changes one thing of it."""

    key_url: str | bytes = "{oss}/keys/v1.pem"
    signer: RSAPrivateKey = KEY
    target: str = "/callback"
    signed_target: str | None = None  # what the signature covers, if not what is sent
    body: str = "bucket=post-test&object=a.png&size=7&mimeType=image%2Fpng"
    signed_body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    without: str = ""

    def request(self, oss: str, foreign: str) -> tuple[str, dict[str, str], bytes]:
        path, mark, query = (self.signed_target or self.target).partition("?")
        covered = f"{path}{mark}{query}\n{self.signed_body or self.body}"
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
    host = oss.removeprefix("http://")
    return {"host": host, "port": host.partition(":")[2], "evil": foreign.removeprefix("http://")}


REPORT = Report()
FORGED = Report(signer=FORGED_KEY)


def at(url: str | bytes) -> Report:
    return replace(FORGED, key_url=url)


def other_signature(*arguments: Any) -> Report:
    covered = f"/callback\n{REPORT.body}".encode()
    signature = KEY.sign(covered, *arguments)
    return replace(REPORT, headers={"Authorization": base64.b64encode(signature).decode()})


FORGERIES = {
    "key on another host": at("{foreign}/keys/v1.pem"),
    "key on another scheme": at("https://{evil}/keys/v1.pem"),
    "key by FTP": at("ftp://{host}/keys/v1.pem"),
    "key in a file": at("file:///etc/passwd"),
    "key in the URL itself": at("data:text/plain,key"),
    "no scheme": at("//{evil}/keys/v1.pem"),
    "no host": at("http:///keys/v1.pem"),
    "port that is none": at("http://127.0.0.1:99999/keys/v1.pem"),
    "our host as the user": at("http://{host}@{evil}/keys/v1.pem"),
    "our host as user and password": at("http://u:p@{host}/keys/v1.pem"),
    "backslash before the host": at("http://{host}\\@{evil}/keys/v1.pem"),
    "backslashes for slashes": at("http:\\\\{evil}\\keys\\v1.pem"),
    "our URL in the fragment": at("{foreign}/keys/v1.pem#{oss}/keys/v1.pem"),
    "fragment of our URL": at("{oss}/keys/v1.pem#x"),
    "our URL in the query": at("{foreign}/keys/v1.pem?{oss}/keys/v1.pem"),
    "query on our URL": at("{oss}/keys/v1.pem?to={foreign}"),
    "our port with a digit more": at("{oss}1/keys/v1.pem"),
    "other name of our host": at("http://localhost:{port}/keys/v1.pem"),
    "our host below another": at("http://{host}.example.com/keys/v1.pem"),
    "trailing dot": at("http://127.0.0.1.:{port}/keys/v1.pem"),
    "upper case path": at("{oss}/KEYS/v1.pem"),
    "key outside the path": at("{oss}/elsewhere/forged.pem"),
    "path that only looks alike": at("{oss}/keys-v1.pem"),
    "dots out of the path": at("{oss}/keys/../elsewhere/forged.pem"),
    "escaped dots": at("{oss}/keys/%2e%2e/elsewhere/forged.pem"),
    "empty segment": at("{oss}/keys//v1.pem"),
    "the prefix itself": at("{oss}/keys/"),
    "redirect to another host": at("{oss}/keys/redirect.pem"),
    "line break before the URL": at("\n{foreign}/keys/v1.pem"),
    "tab inside the URL": at("{foreign}/keys/\tv1.pem"),
    "blank before the URL": at(" {oss}/keys/v1.pem"),
    "letters that look alike": at("http://1২7.0.0.1:{port}/keys/v1.pem"),
    "URL that is not UTF-8": at(b"http://127.0.0.1/\xff"),
    "empty URL": at(""),
    "URL without Base64": replace(FORGED, headers={"X-Oss-Pub-Key-Url": "http://x/v1.pem"}),
    "two URLs": replace(FORGED, headers={"X-Oss-Pub-Key-Url": "aHR0cA==, aHR0cA=="}),
    "no URL": replace(FORGED, without="X-Oss-Pub-Key-Url"),
    "key that is not there": at("{oss}/keys/v2.pem"),
    "key in an error": at("{oss}/keys/error.pem"),
    "key over 16 KB": at("{oss}/keys/long.pem"),
    "key that comes too late": at("{oss}/keys/slow.pem"),
    "key of another kind": at("{oss}/keys/elliptic.pem"),
    "page for a key": at("{oss}/keys/page.html"),
    "signed with another key": FORGED,
    "signed with SHA-256": other_signature(PKCS1v15(), SHA256()),
    "signed with PSS": other_signature(PSS(MGF1(MD5()), 16), MD5()),  # noqa: S303
    "no signature": replace(REPORT, without="Authorization"),
    "empty signature": replace(REPORT, headers={"Authorization": ""}),
    "signature that is not Base64": replace(REPORT, headers={"Authorization": "Bearer x"}),
    "signature cut short": replace(REPORT, headers={"Authorization": "AAAA"}),
    "altered body": replace(REPORT, signed_body=REPORT.body, body=REPORT.body + "&x=1"),
    "altered path": replace(REPORT, signed_target="/callback", target="/sign"),
    "added query": replace(REPORT, signed_target="/callback", target="/callback?x=1"),
    "altered query": replace(REPORT, signed_target="/callback?x=1", target="/callback?x=2"),
    "dropped query": replace(REPORT, signed_target="/callback?x=1", target="/callback"),
    "path with half a character": replace(REPORT, signed_target="/callback", target="/\ud800"),
    "body that is no form": replace(REPORT, body="[]"),
    "body in JSON": replace(REPORT, body='{"size": "a=b&c"}'),
    "value told twice": replace(REPORT, body="size=7&size=8"),
}


def verify(report: Report, oss: Recorder, foreign: Recorder) -> dict[str, str]:
    target, headers, body = report.request(oss.url, foreign.url)
    return callback.verify(target, headers, body, key_prefix=f"{oss.url}/keys/")


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_and_no_foreign_host_asked(
    name: str,
    oss: Recorder,
    foreign: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if name == "key that comes too late":
        monkeypatch.setattr(public_key, "FETCH_SECONDS", 0.3)
    with pytest.raises(CallbackRefused) as refused:
        verify(FORGERIES[name], oss, foreign)
    assert foreign.asked == []
    assert all(asked.target.startswith("/keys/") for asked in oss.asked)
    assert str(refused.value) == "This callback was not accepted."
    assert caplog.messages[0].startswith("callback refused: ")


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(REPORT, id="as OSS sends it"),
        pytest.param(replace(REPORT, target="/c?a=%20+&b"), id="query"),
        pytest.param(replace(REPORT, target="/c?"), id="empty query"),
        pytest.param(
            replace(REPORT, target="/%E5%9B%BE/a+b", signed_target="/图/a+b"), id="quoted path"
        ),
    ],
)
def test_a_true_report_is_told(report: Report, oss: Recorder, foreign: Recorder) -> None:
    assert verify(report, oss, foreign) == {
        "bucket": "post-test",
        "object": "a.png",
        "size": "7",
        "mimeType": "image/png",
    }


def test_the_target_may_come_as_bytes(oss: Recorder, foreign: Recorder) -> None:
    target, headers, body = REPORT.request(oss.url, foreign.url)
    assert callback.verify(target.encode(), headers, body, key_prefix=f"{oss.url}/keys/")


def test_a_key_is_fetched_once(oss: Recorder, foreign: Recorder) -> None:
    for _ in range(3):
        verify(REPORT, oss, foreign)
    assert [(asked.method, asked.target) for asked in oss.asked] == [("GET", "/keys/v1.pem")]


def test_a_key_that_failed_is_fetched_again(oss: Recorder, foreign: Recorder) -> None:
    for _ in range(2):
        with pytest.raises(CallbackRefused):
            verify(at("{oss}/keys/page.html"), oss, foreign)
    assert len(oss.asked) == 2


def test_a_server_of_keys_that_is_down_is_a_refusal(foreign: Recorder) -> None:
    with recording(lambda asked: Response()) as gone:
        pass
    with pytest.raises(CallbackRefused):
        verify(REPORT, gone, foreign)


@pytest.mark.parametrize("vector", VECTORS["callbacks"], ids=lambda vector: vector["id"])
def test_published_callbacks_verify_with_the_real_key(vector: dict[str, Any]) -> None:
    key = load_pem_public_key(VECTORS["public_key"]["pem"].encode())
    assert isinstance(key, RSAPublicKey)
    assert key.key_size == VECTORS["public_key"]["bits"]
    fetched: list[str] = []

    def fetch(url: str) -> RSAPublicKey:
        fetched.append(url)
        assert isinstance(key, RSAPublicKey)
        return key

    headers = {
        "authorization": vector["authorization"],
        "x-oss-pub-key-url": VECTORS["public_key"]["url_header"],
    }
    target, body = vector["target"], vector["body"].encode()
    assert callback.verify(target, headers, body, fetch_key=fetch) == vector["values"]
    # The header says http; the key is fetched by https all the same.
    assert fetched == [VECTORS["public_key"]["fetched_from"]]
    with pytest.raises(CallbackRefused):
        callback.verify(target, headers, body + b"&x=1", fetch_key=fetch)


@pytest.mark.parametrize(
    ("url", "fetched"),
    [
        ("http://gosspublic.alicdn.com/a/v1.pem", "https://gosspublic.alicdn.com/a/v1.pem"),
        ("http://gosspublic.alicdn.com:80/v1.pem", "https://gosspublic.alicdn.com/v1.pem"),
        ("https://gosspublic.alicdn.com:443/v1.pem", "https://gosspublic.alicdn.com/v1.pem"),
        ("HTTPS://GossPublic.AliCDN.com/v1.pem", "https://gosspublic.alicdn.com/v1.pem"),
        ("http://gosspublic.alicdn.com:443/v1.pem", None),
        ("https://gosspublic.alicdn.com:80/v1.pem", None),
        ("https://gosspublic.alicdn.com.example.com/v1.pem", None),
        ("https://gosspublic-alicdn.com/v1.pem", None),
        ("https://gosspublic.alicdn.com/", None),
        ("https://gosspublic.alicdn.com", None),
    ],
)
def test_where_the_key_of_oss_may_come_from(url: str, fetched: str | None) -> None:
    header = base64.b64encode(url.encode()).decode()
    if fetched is None:
        with pytest.raises(public_key.NoKey):
            public_key.key_url(header, public_key.OSS_KEY_PREFIX)
    else:
        assert public_key.key_url(header, public_key.OSS_KEY_PREFIX) == fetched


@pytest.mark.parametrize(
    "path",
    ["/v1.pem", "/oss", "/oss/", "/ossv1.pem", "/oss/../v1.pem", "/oss/./v1.pem", "/oss//v1"],
)
def test_the_path_of_the_prefix_counts_too(path: str) -> None:
    prefix = "https://keys.example.com/oss/"
    good, bad = (
        base64.b64encode(f"https://keys.example.com{name}".encode()).decode()
        for name in ("/oss/a/v1.pem", path)
    )
    assert public_key.key_url(good, prefix) == prefix + "a/v1.pem"
    with pytest.raises(public_key.NoKey):
        public_key.key_url(bad, prefix)


def test_keys_come_by_https_where_the_prefix_says_so() -> None:
    with recording(lambda asked: Response(pem(FORGED_KEY))) as without_tls:
        url = without_tls.url.replace("http:", "https:") + "/v1.pem"
        with pytest.raises(public_key.NoKey):
            public_key.fetch_public_key(url)
        assert without_tls.asked == []


@pytest.mark.parametrize(
    "prefix", ["https://keys.example.com/oss/", "http://127.0.0.1:9001/", "http://[::1]:9001/"]
)
def test_a_good_key_prefix(prefix: str) -> None:
    check_key_prefix(prefix)


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "keys",
        "https://keys.example.com",
        "https://keys.example.com/oss",
        "ftp://example.com/",
        "https://u@example.com/",
        "https://example.com/?a/",
        "http://[::1/",
        "https://a:x/",
    ],
)
def test_a_key_prefix_that_is_none_is_misconfigured(prefix: str) -> None:
    with pytest.raises(Misconfigured, match="CALLBACK_KEY_PREFIX"):
        check_key_prefix(prefix)


# What a grant asks OSS to report


def grant_of(**changes: Any) -> dict[str, Any]:
    """The JSON of a callback field."""
    url = changes.pop("url", "https://upload.example.com/callback")
    life = changes.pop("life", timedelta(minutes=5))
    scope: dict[str, Any] = {
        "bucket": "post-test",
        "key_or_dir": "user-dirs/0011.png",
        "is_directory": False,
        "minimum": 1,
        "maximum": 1000,
        "content_types": ("image/png",),
        "user": "",
    }
    text = Callbacks(url, SECRET).field(Scope(**(scope | changes)), issued=NOW, expires=NOW + life)
    document: dict[str, Any] = json.loads(base64.b64decode(text, validate=True))
    return document


def test_the_field_asks_for_all_that_the_receiver_reads() -> None:
    document = grant_of()
    template, grant = document.pop("callbackBody").split("&grant=")
    assert template == (
        "bucket=${bucket}&object=${object}&etag=${etag}&size=${size}&mimeType=${mimeType}"
        "&width=${imageInfo.width}&height=${imageInfo.height}"
    )
    assert grant
    assert document == {
        "callbackUrl": "https://upload.example.com/callback",
        "callbackBodyType": "application/x-www-form-urlencoded",
        "callbackSNI": True,
    }


def test_sni_is_for_https_alone() -> None:
    assert "callbackSNI" not in grant_of(url="http://upload.example.com/callback")
    assert grant_of(url="HTTPS://upload.example.com/callback")["callbackSNI"] is True


def test_the_secret_is_in_no_representation() -> None:
    assert SECRET.decode() not in repr(Callbacks("https://a/", SECRET))


LONGEST_URL = "https://upload.example.com/" + "c" * 74


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/callback",
        "https://a.example.com/c?x=1&y=%20",
        "http://[::1]:80/",
        LONGEST_URL,
    ],
)
def test_a_callback_url_that_fits_never_makes_a_field_too_long(url: str) -> None:
    check_callback_url(url)
    text = grant_of(
        url=url,
        key_or_dir="k" * 999,
        is_directory=True,
        minimum=5 * 1024**3,
        maximum=5 * 1024**3,
        user="u" * 200,
        life=timedelta(days=1),
    )
    assert len(json.dumps(text, separators=(",", ":"))) <= 512


@pytest.mark.parametrize(
    "url",
    [
        "upload.example.com/callback",
        "ftp://upload.example.com/",
        "https:///callback",
        "https://upload.example.com:x/",
        "https://upload.example.com:0/",
        "https://[::1/",
        "https://user@upload.example.com/",
        "https://upload.example.com/#x",
        "https://upload.example.com/;https://b.example.com/",
        "https://upload.example.com/${object}",
        "https://upload.example.com/a b",
        "https://upload.example.com/图",
        "https://upload.example.com/" + "c" * 120,
    ],
)
def test_a_callback_url_that_oss_could_not_call_is_misconfigured(url: str) -> None:
    with pytest.raises(Misconfigured, match="CALLBACK_URL"):
        check_callback_url(url)


# The route


def environ(oss: Recorder, **changes: str) -> dict[str, str]:
    settings = {
        "CALLBACK_URL": "https://upload.example.com/callback",
        "CALLBACK_KEY_PREFIX": f"{oss.url}/keys/",
        "GRANT_SECRET": SECRET.decode(),
    }
    return ENVIRON | settings | changes


def granted(environ: dict[str, str], path: str = "/sign") -> tuple[str, str]:
    """The key (or directory) and the grant id of a fresh grant."""
    if path == "/sign":
        document = ask(environ, "POST", "/sign", body='{"filename": "a.png"}').document
    else:
        document = ask(environ, "GET", path).document
    template = json.loads(base64.b64decode(document["fields"]["callback"]))["callbackBody"]
    return document.get("key") or document["dir"], template.split("&grant=")[1]


def report_of(granted: tuple[str, str], **changes: str) -> Report:
    """What OSS reports of a PNG that was uploaded with this grant."""
    key, grant = granted
    values = {
        "bucket": "post-test",
        "object": key,
        "etag": "0F343B0931126A20F133D67C2B018A3B",
        "size": "1024",
        "mimeType": "image/png",
        "width": "640",
        "height": "480",
        "grant": grant,
    }
    return replace(REPORT, body=urlencode(values | changes))


def post(
    environ: dict[str, str],
    report: Report,
    oss: Recorder,
    *,
    later: timedelta = timedelta(),
    query: dict[str, str] | None = None,
    in_base64: bool = False,
) -> Reply:
    target, headers, body = report.request(oss.url, "")
    sent = event(
        "POST",
        target,
        headers=headers,
        query=query,
        body=body if in_base64 else body.decode(),
    )
    return read(App(environ, lambda: NOW + later).handle(sent, None))


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch) -> list[Upload]:
    """What the hook was called with."""
    received: list[Upload] = []
    monkeypatch.setattr(receipt, "on_upload", received.append)
    return received


def test_a_finished_upload_is_answered_logged_and_handed_on(
    oss: Recorder, uploads: list[Upload], caplog: pytest.LogCaptureFixture
) -> None:
    env = environ(oss)
    key, grant = granted(env)
    with caplog.at_level(logging.INFO, "direct_upload"):
        reply = post(env, report_of((key, grant)), oss)
    assert reply.status == 200
    assert reply.document == {
        "Status": "OK",
        "key": key,
        "size": 1024,
        "etag": "0F343B0931126A20F133D67C2B018A3B",
        "mime_type": "image/png",
        "url": f"https://post-test.oss-cn-hangzhou.aliyuncs.com/{key}",
    }
    assert len(json.dumps(reply.document)) < 1024
    upload = Upload(
        "post-test", key, 1024, "0F343B0931126A20F133D67C2B018A3B", "image/png", 640, 480, ""
    )
    assert uploads == [upload]
    lines = [message for message in caplog.messages if message.startswith("{")]
    assert [json.loads(line) for line in lines] == [
        {
            "event": "upload_finished",
            "bucket": "post-test",
            "key": key,
            "size": 1024,
            "etag": "0F343B0931126A20F133D67C2B018A3B",
            "mime_type": "image/png",
            "width": 640,
            "height": 480,
            "user": "",
        }
    ]
    assert not any(grant in message for message in caplog.messages)


def test_the_body_may_arrive_in_base64(oss: Recorder, uploads: list[Upload]) -> None:
    env = environ(oss)
    report = report_of(granted(env))
    assert post(env, report, oss, in_base64=True).status == 200


def test_a_report_may_come_again(oss: Recorder, uploads: list[Upload]) -> None:
    env = environ(oss)
    report = report_of(granted(env))
    assert [post(env, report, oss).status for _ in range(2)] == [200, 200]
    assert uploads[0] == uploads[1]


def test_a_file_that_is_no_image_has_no_size_in_pixels(
    oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss)
    assert post(env, report_of(granted(env), width="", height=""), oss).status == 200
    assert (uploads[0].width, uploads[0].height) == (None, None)


def test_a_directory_grant_reports_names_of_the_clients_choice(
    oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss)
    prefix, grant = granted(env, "/")
    reply = post(env, report_of((prefix + "图 1.txt", grant), mimeType="text/x-any"), oss)
    assert reply.status == 200
    assert uploads[0].key == prefix + "图 1.txt"
    assert reply.document["url"].endswith("/%E5%9B%BE%201.txt")


def test_a_directory_grant_is_held_to_the_types_that_were_listed(
    oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss, ALLOWED_CONTENT_TYPES="image/png")
    prefix, grant = granted(env, "/")
    assert post(env, report_of((prefix + "a", grant)), oss).status == 200
    assert post(env, report_of((prefix + "a", grant), mimeType="text/html"), oss).status == 403


def test_reports_are_accepted_for_a_day_after_the_grant(
    oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss)
    report = report_of(granted(env))
    life = timedelta(seconds=300, hours=24)
    assert post(env, report, oss, later=life - timedelta(seconds=1)).status == 200
    assert post(env, report, oss, later=life + timedelta(seconds=1)).code == "callback_refused"
    assert len(uploads) == 1


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"bucket": "another"}, id="other bucket"),
        pytest.param({"object": "user-dirs/other.png"}, id="other key"),
        pytest.param({"size": "104857601"}, id="too large"),
        pytest.param({"size": "0"}, id="too small"),
        pytest.param({"size": "1e3"}, id="size that is no number"),
        pytest.param({"size": ""}, id="no size"),
        pytest.param({"mimeType": "text/html"}, id="other type"),
        pytest.param({"grant": ""}, id="no grant id"),
        pytest.param({"grant": "0.1.1000.1795478400.300..AAAAAAAAAAAAAAAAAAAAAA"}, id="made up"),
    ],
)
def test_what_oss_reports_about_no_grant_of_ours_is_refused(
    changes: dict[str, str], oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss)
    reply = post(env, report_of(granted(env), **changes), oss)
    assert (reply.status, reply.code) == (403, "callback_refused")
    assert reply.document["message"] == "This callback was not accepted."
    assert uploads == []


def test_grant_ids_cannot_be_swapped(oss: Recorder, uploads: list[Upload]) -> None:
    env = environ(oss)
    (first_key, first), (second_key, second) = granted(env), granted(env)
    assert post(env, report_of((first_key, second)), oss).code == "callback_refused"
    assert post(env, report_of((second_key, first)), oss).code == "callback_refused"
    other = environ(oss, GRANT_SECRET="another secret of thirty-two bytes")
    assert post(other, report_of((first_key, first)), oss).code == "callback_refused"
    assert uploads == []


def test_a_report_with_a_query_is_refused_though_signed(
    oss: Recorder, uploads: list[Upload]
) -> None:
    env = environ(oss)
    report = report_of(granted(env))
    assert post(env, report, oss, query={"x": "1"}).code == "callback_refused"


def test_without_callback_url_there_is_no_such_route(oss: Recorder) -> None:
    reply = post(environ(oss, CALLBACK_URL=""), REPORT, oss)
    assert (reply.status, reply.code) == (404, "not_found")
    assert oss.asked == []


def test_the_route_answers_post_alone(oss: Recorder) -> None:
    assert ask(environ(oss), "GET", "/callback").code == "method_not_allowed"


def test_a_hook_that_fails_is_an_internal_error(
    oss: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(upload: Upload) -> None:
        raise OSError("the application's own trouble")

    monkeypatch.setattr(receipt, "on_upload", fail)
    env = environ(oss)
    reply = post(env, report_of(granted(env)), oss)
    assert (reply.status, reply.code) == (500, "internal_error")


def test_the_hook_does_nothing_as_it_comes(oss: Recorder) -> None:
    env = environ(oss)
    assert post(env, report_of(granted(env)), oss).status == 200
