"""Callbacks that OSS signed are accepted, forgeries are not, and no foreign host is called."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import MD5, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from werkzeug import Response

from direct_upload.callbacks import signature
from direct_upload.callbacks.signature import NotFromOss, check_signature
from direct_upload.settings import OSS_KEY_PREFIX
from tests.function.callbacks.reports import FORGED_KEY, KEY, REPORT, Report, pem
from tests.function.invocations import NOW
from tests.recorder import Recorder, recording

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/callback.json").read_text())
FORGED = Report(signer=FORGED_KEY)


def with_key_at(url: str | bytes) -> Report:
    return replace(FORGED, key_url=url)


def signed_with(*arguments: Any, before: str = "") -> Report:
    covered = f"/callback\n{REPORT.body}".encode()
    signed = base64.b64encode(KEY.sign(covered, *arguments)).decode()
    return replace(REPORT, headers={"Authorization": before + signed})


FORGERIES = {
    "key on another host": with_key_at("{foreign}/keys/v1.pem"),
    "key on another scheme": with_key_at("https://{evil}/keys/v1.pem"),
    "key by FTP": with_key_at("ftp://{host}/keys/v1.pem"),
    "key in a file": with_key_at("file:///etc/passwd"),
    "key in the URL itself": with_key_at("data:text/plain,key"),
    "no scheme": with_key_at("//{evil}/keys/v1.pem"),
    "no host": with_key_at("http:///keys/v1.pem"),
    "port out of range": with_key_at("http://127.0.0.1:99999/keys/v1.pem"),
    "our host as user and password": with_key_at("http://{host}@{evil}/keys/v1.pem"),
    "user and password before our host": with_key_at("http://u:p@{host}/keys/v1.pem"),
    "backslash before the host": with_key_at("http://{host}\\@{evil}/keys/v1.pem"),
    "backslashes for slashes": with_key_at("http:\\\\{evil}\\keys\\v1.pem"),
    "our URL in the fragment": with_key_at("{foreign}/keys/v1.pem#{oss}/keys/v1.pem"),
    "fragment of our URL": with_key_at("{oss}/keys/v1.pem#x"),
    "our URL in the query": with_key_at("{foreign}/keys/v1.pem?{oss}/keys/v1.pem"),
    "query on our URL": with_key_at("{oss}/keys/v1.pem?to={foreign}"),
    "our port with one more digit": with_key_at("{oss}1/keys/v1.pem"),
    "another name of our host": with_key_at("http://localhost:{port}/keys/v1.pem"),
    "our host below another domain": with_key_at("http://127.0.0.1.example.com:{port}/keys/v1.pem"),
    "trailing dot": with_key_at("http://127.0.0.1.:{port}/keys/v1.pem"),
    "upper case path": with_key_at("{oss}/KEYS/v1.pem"),
    "key outside the path": with_key_at("{oss}/elsewhere/forged.pem"),
    "path that only looks similar": with_key_at("{oss}/keys-v1.pem"),
    "dot segments out of the path": with_key_at("{oss}/keys/../elsewhere/forged.pem"),
    "escaped dots": with_key_at("{oss}/keys/%2e%2e/elsewhere/forged.pem"),
    "empty segment": with_key_at("{oss}/keys//v1.pem"),
    "the prefix itself": with_key_at("{oss}/keys/"),
    "redirect to another host": with_key_at("{oss}/keys/redirect.pem"),
    "line break before the URL": with_key_at("\n{foreign}/keys/v1.pem"),
    "tab inside the URL": with_key_at("{foreign}/keys/\tv1.pem"),
    "space before the URL": with_key_at(" {oss}/keys/v1.pem"),
    "digit of another script": with_key_at("http://1২7.0.0.1:{port}/keys/v1.pem"),
    "URL that is not UTF-8": with_key_at(b"http://127.0.0.1/\xff"),
    "empty URL": with_key_at(""),
    "URL without Base64": replace(FORGED, headers={"X-Oss-Pub-Key-Url": "http://x/v1.pem"}),
    "two URLs": replace(FORGED, headers={"X-Oss-Pub-Key-Url": "aHR0cA==, aHR0cA=="}),
    "no URL": replace(FORGED, without="X-Oss-Pub-Key-Url"),
    "missing key": with_key_at("{oss}/keys/v2.pem"),
    "key in an error response": with_key_at("{oss}/keys/error.pem"),
    "key over 16 KB": with_key_at("{oss}/keys/long.pem"),
    "key that arrives too late": with_key_at("{oss}/keys/slow.pem"),
    "key of another kind": with_key_at("{oss}/keys/elliptic.pem"),
    "key of an unknown kind": with_key_at("{oss}/keys/unknown.pem"),
    "page instead of a key": with_key_at("{oss}/keys/page.html"),
    "signed with another key": FORGED,
    "signed with SHA-256": signed_with(PKCS1v15(), SHA256()),
    "signed with PSS": signed_with(PSS(MGF1(MD5()), 16), MD5()),  # noqa: S303
    "no signature": replace(REPORT, without="Authorization"),
    "empty signature": replace(REPORT, headers={"Authorization": ""}),
    "signature that is not Base64": replace(REPORT, headers={"Authorization": "Bearer x"}),
    "signature after another character": signed_with(PKCS1v15(), MD5(), before="!"),  # noqa: S303
    "signature cut short": replace(REPORT, headers={"Authorization": "AAAA"}),
    "altered body": replace(REPORT, signed_body=REPORT.body, body=REPORT.body + "&x=1"),
    "altered path": replace(REPORT, signed_target="/callback", target="/sign"),
    "added query": replace(REPORT, signed_target="/callback", target="/callback?x=1"),
    "altered query": replace(REPORT, signed_target="/callback?x=1", target="/callback?x=2"),
    "dropped query": replace(REPORT, signed_target="/callback?x=1", target="/callback"),
    "path with a lone surrogate": replace(REPORT, signed_target="/callback", target="/\ud800"),
}


def check(
    report: Report, oss: Recorder, foreign: Recorder, *, later: timedelta = timedelta()
) -> None:
    target, headers, body = report.request(oss.url, foreign.url)
    check_signature(target, headers, body, key_prefix=f"{oss.url}/keys/", now=NOW + later)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_and_no_foreign_host_called(
    name: str,
    oss: Recorder,
    foreign: Recorder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if name == "key that arrives too late":
        monkeypatch.setattr(signature, "FETCH_SECONDS", 0.3)
    with pytest.raises(NotFromOss):
        check(FORGERIES[name], oss, foreign)
    assert foreign.requests == []
    assert all(request.target.startswith("/keys/") for request in oss.requests)


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(REPORT, id="as OSS sends it"),
        pytest.param(replace(REPORT, key_url="{oss}/keys/longest.pem"), id="a key of 16 KB"),
        pytest.param(replace(REPORT, target="/c?a=%20+&b"), id="query"),
        pytest.param(replace(REPORT, target="/c?"), id="empty query"),
        pytest.param(
            replace(REPORT, target="/%E5%9B%BE/a+b", signed_target="/图/a+b"), id="quoted path"
        ),
    ],
)
def test_what_oss_signed_is_accepted(report: Report, oss: Recorder, foreign: Recorder) -> None:
    check(report, oss, foreign)


def test_the_target_may_come_as_bytes(oss: Recorder, foreign: Recorder) -> None:
    target, headers, body = REPORT.request(oss.url, foreign.url)
    check_signature(target.encode(), headers, body, key_prefix=f"{oss.url}/keys/", now=NOW)


def test_a_key_is_fetched_once(oss: Recorder, foreign: Recorder) -> None:
    for _ in range(3):
        check(REPORT, oss, foreign)
    assert [(request.method, request.target) for request in oss.requests] == [
        ("GET", "/keys/v1.pem")
    ]


@pytest.mark.parametrize(
    ("seconds", "fetches"),
    [
        pytest.param(0, 1, id="at once"),
        pytest.param(4.9, 1, id="within 5 s"),
        pytest.param(5, 2, id="after 5 s"),
        pytest.param(-1, 2, id="after the clock was put back"),
    ],
)
def test_a_key_that_failed_is_not_fetched_again_within_5_seconds(
    seconds: float, fetches: int, oss: Recorder, foreign: Recorder
) -> None:
    for later in (timedelta(), timedelta(seconds=seconds)):
        with pytest.raises(NotFromOss, match="not a public key"):
            check(with_key_at("{oss}/keys/page.html"), oss, foreign, later=later)
    assert len(oss.requests) == fetches
    check(REPORT, oss, foreign)  # another key is not affected


def test_only_the_last_failures_are_remembered(oss: Recorder, foreign: Recorder) -> None:
    """A caller that always names new keys cannot fill the memory."""
    for number in range(10):
        with pytest.raises(NotFromOss):
            check(with_key_at(f"{{oss}}/keys/{number}.pem"), oss, foreign)
    oss.requests.clear()
    for number in (0, 9):
        with pytest.raises(NotFromOss):
            check(with_key_at(f"{{oss}}/keys/{number}.pem"), oss, foreign)
    assert [request.target for request in oss.requests] == ["/keys/0.pem"]


def test_threads_share_one_fetch_of_a_key(oss: Recorder, foreign: Recorder) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: check(REPORT, oss, foreign), range(32)))
    assert len(oss.requests) == 1


def test_the_oldest_failure_is_forgotten_first(oss: Recorder, foreign: Recorder) -> None:
    def fail(number: int, seconds: int) -> None:
        later = timedelta(seconds=seconds)
        with pytest.raises(NotFromOss):
            check(with_key_at(f"{{oss}}/keys/{number}.pem"), oss, foreign, later=later)

    for number in range(8):
        fail(number, 0)
    for number in (0, 8):  # the first one fails once more, the ninth replaces another
        fail(number, 6)
    oss.requests.clear()
    fail(0, 7)
    assert oss.requests == []


def test_a_key_server_that_is_down_is_a_refusal(foreign: Recorder) -> None:
    with recording(lambda _: Response()) as stopped:
        pass
    with pytest.raises(NotFromOss):
        check(REPORT, stopped, foreign)


@pytest.mark.parametrize("vector", VECTORS["callbacks"], ids=lambda vector: vector["id"])
def test_published_callbacks_verify_with_the_real_key(vector: dict[str, Any]) -> None:
    key = load_pem_public_key(VECTORS["public_key"]["pem"].encode())
    assert isinstance(key, RSAPublicKey)
    assert key.key_size == VECTORS["public_key"]["bits"]
    fetched: list[str] = []

    def fetch(url: str, now: datetime) -> RSAPublicKey:
        fetched.append(url)
        assert isinstance(key, RSAPublicKey)
        return key

    headers = {
        "authorization": vector["authorization"],
        "x-oss-pub-key-url": VECTORS["public_key"]["url_header"],
    }
    target, body = vector["target"], vector["body"].encode()
    check_signature(target, headers, body, key_prefix=OSS_KEY_PREFIX, now=NOW, get_key=fetch)
    # The header says http; the key is fetched over https nevertheless.
    assert fetched == [VECTORS["public_key"]["fetched_from"]]
    with pytest.raises(NotFromOss):
        changed = body + b"&x=1"
        check_signature(target, headers, changed, key_prefix=OSS_KEY_PREFIX, now=NOW, get_key=fetch)


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
def test_where_the_key_may_come_from(url: str, fetched: str | None) -> None:
    header = base64.b64encode(url.encode()).decode()
    if fetched is None:
        with pytest.raises(NotFromOss):
            signature.key_url(header, OSS_KEY_PREFIX)
    else:
        assert signature.key_url(header, OSS_KEY_PREFIX) == fetched


def test_a_key_of_the_emulator_on_the_default_port_is_fetched_by_http() -> None:
    header = base64.b64encode(b"http://127.0.0.1/v1.pem").decode()
    assert signature.key_url(header, "http://127.0.0.1/") == "http://127.0.0.1/v1.pem"


@pytest.mark.parametrize("before", ["!", " ", "\n", "="])
def test_the_header_is_base64_and_nothing_else(before: str) -> None:
    header = base64.b64encode(f"{OSS_KEY_PREFIX}v1.pem".encode()).decode()
    assert signature.key_url(header, OSS_KEY_PREFIX)
    with pytest.raises(NotFromOss):
        signature.key_url(before + header, OSS_KEY_PREFIX)


@pytest.mark.parametrize(
    "path",
    ["/v1.pem", "/oss", "/oss/", "/ossv1.pem", "/oss/../v1.pem", "/oss/./v1.pem", "/oss//v1"],
)
def test_the_path_of_the_prefix_is_checked_too(path: str) -> None:
    prefix = "https://keys.example.com/oss/"
    good, bad = (
        base64.b64encode(f"https://keys.example.com{name}".encode()).decode()
        for name in ("/oss/a/v1.pem", path)
    )
    assert signature.key_url(good, prefix) == prefix + "a/v1.pem"
    with pytest.raises(NotFromOss):
        signature.key_url(bad, prefix)


def test_an_https_key_is_never_fetched_without_tls() -> None:
    with recording(lambda _: Response(pem(FORGED_KEY))) as without_tls:
        url = without_tls.url.replace("http:", "https:") + "/v1.pem"
        with pytest.raises(NotFromOss):
            signature.PublicKeys().get(url, NOW)
        assert without_tls.requests == []
