"""Callbacks of the emulated bucket, as the receiver and as the uploader see them."""

from __future__ import annotations

import base64
import io
import json
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import MD5
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from werkzeug import Response

from emulator.oss import Oss
from emulator.oss.callback import check_addresses, resolve_host, sending
from emulator.oss.callback.body import read_image_size
from emulator.oss.errors import Refused
from emulator.oss.store import Store
from emulator.oss.switches import Switches
from emulator.server import Server
from tests.emulator.client import Reply, encoded, send
from tests.emulator.oss.bucket import NOW, Bucket, running_bucket
from tests.recorder import Recorded, Recorder, recording

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def upload(
    bucket: Bucket,
    url: str,
    content: bytes = b"content",
    *,
    object_key: str = "a.txt",
    fields: Mapping[str, str] | None = None,
    **settings: str,
) -> Reply:
    """Post a form with a callback that sends the key, unless `settings` say otherwise."""
    document = {"callbackUrl": url, "callbackBody": "key=${object}"} | settings
    more = {"callback": encoded(document), **(fields or {})}
    return bucket.post(object_key, content, fields=more)


# What the application receives


def test_the_applications_response_becomes_that_of_the_upload(
    bucket: Bucket, application: Recorder
) -> None:
    reply = upload(bucket, application.url + "/callback")
    assert (reply.status, reply.body) == (200, b'{"Status": "OK"}')
    assert reply.headers["content-type"] == JSON
    assert reply.headers["etag"] == '"9A0364B9E99BB480DD25E1F0284C8555"'
    assert bucket.get("/a.txt").body == b"content"
    assert any("callback for 'a.txt' returned 16 bytes" in line for line in bucket.log)


@pytest.mark.parametrize("status", ["201", "204", "999"])
def test_the_status_that_the_form_requests_is_overridden(
    status: str, bucket: Bucket, application: Recorder
) -> None:
    reply = upload(bucket, application.url, fields={"success_action_status": status})
    assert (reply.status, reply.body) == (200, b'{"Status": "OK"}')


def test_the_request_is_as_documented(bucket: Bucket, application: Recorder) -> None:
    upload(bucket, application.url + "/c%C3%A9?a=%20&b")
    recorded = application.requests[0]
    assert (recorded.method, recorded.target, recorded.body) == (
        "POST",
        "/c%C3%A9?a=%20&b",
        b"key=a.txt",
    )
    assert recorded.version == "HTTP/1.1"
    assert recorded.headers["content-type"] == FORM
    assert recorded.headers["user-agent"] == "http-client/0.0.1"
    assert recorded.headers["host"] == urlsplit(application.url).netloc


@pytest.mark.parametrize("target", ["/callback", "", "/", "/c?id=1&x=%20", "/%E5%9B%BE/a+b?c"])
def test_the_signature_covers_unquoted_path_query_and_body(
    target: str, bucket: Bucket, application: Recorder
) -> None:
    upload(bucket, application.url + target)
    (recorded,) = application.requests
    url = base64.b64decode(recorded.headers["x-oss-pub-key-url"]).decode()
    assert url == bucket.url + "/callback_pub_key.pem"
    key = load_pem_public_key(send(bucket.url, "GET", "/callback_pub_key.pem").body)
    assert isinstance(key, RSAPublicKey)
    path, separator, query = recorded.target.partition("?")
    covered = unquote(path) + separator + query + "\n" + recorded.body.decode()
    signature = base64.b64decode(recorded.headers["authorization"])
    key.verify(signature, covered.encode(), PKCS1v15(), MD5())  # noqa: S303 (OSS's choice)


def test_every_bucket_has_a_key_of_its_own(tmp_path: Path) -> None:
    keys = set()
    for name in ("first", "second"):
        with running_bucket(tmp_path / name) as running:
            keys.add(send(running.url, "GET", "/callback_pub_key.pem").body)
    assert len(keys) == 2


def test_the_key_can_be_announced_under_another_address(
    bucket: Bucket, application: Recorder, tmp_path: Path
) -> None:
    oss = Oss(
        "post-test",
        "cn-hangzhou",
        tmp_path,
        bucket.keys,
        [],
        clock=lambda: NOW,
        public_url="http://oss.example:9001",
    )
    with Server(oss) as server:
        upload(Bucket(server.url, tmp_path, bucket.keys), application.url)
    header = application.requests[0].headers["x-oss-pub-key-url"]
    assert base64.b64decode(header) == b"http://oss.example:9001/callback_pub_key.pem"


def test_the_request_may_be_as_in_the_documents_example(
    application: Recorder, tmp_path: Path
) -> None:
    with running_bucket(tmp_path, switches=Switches(http10_callbacks=True)) as bucket:
        assert upload(bucket, application.url).status == 200
    (recorded,) = application.requests
    assert (recorded.version, recorded.headers["host"]) == ("HTTP/1.0", "127.0.0.1")


def test_additional_headers_are_sent_but_replace_none_of_the_service(
    bucket: Bucket, application: Recorder
) -> None:
    more = {"X-Tenant": "a, b", "HOST": "evil.example", "Authorization": "none"}
    value = {"callbackUrl": application.url, "callbackBody": "a=1", "additionalHeaders": more}
    assert bucket.post(fields={"callback": encoded(value)}).status == 200
    (recorded,) = application.requests
    assert recorded.headers["x-tenant"] == "a, b"
    assert recorded.headers["host"] == urlsplit(application.url).netloc
    assert recorded.headers["authorization"] != "none"


def test_callback_host_is_the_host_header(bucket: Bucket) -> None:
    host = "upload.example.com"
    with recording(
        lambda recorded: Response("{}", content_type=JSON), names=(host,)
    ) as application:
        upload(bucket, application.url, callbackHost=host)
    assert application.requests[0].headers["host"] == host


TEMPLATE = "b=${bucket}&o=${object}&e=${etag}&s=${size}&m=${mimeType}&v=${x:var}&n=${x:no}&u=${odd}"


def test_placeholders_in_a_form_are_url_encoded(bucket: Bucket, application: Recorder) -> None:
    upload(
        bucket,
        application.url,
        object_key="图/a&b=c d.txt",
        fields={"x:var": "1&2", "x-oss-content-type": "text/plain; charset=utf-8"},
        callbackBody=TEMPLATE,
    )
    body = application.requests[0].body.decode()
    assert "o=%E5%9B%BE%2Fa%26b%3Dc%20d.txt&" in body
    assert parse_qs(body, keep_blank_values=True) == {
        "b": ["post-test"],
        "o": ["图/a&b=c d.txt"],
        "e": ["9A0364B9E99BB480DD25E1F0284C8555"],
        "s": ["7"],
        "m": ["text/plain; charset=utf-8"],
        "v": ["1&2"],
        "n": [""],
        "u": [""],
    }


def test_placeholders_in_json_are_json(bucket: Bucket, application: Recorder) -> None:
    upload(
        bucket,
        application.url,
        object_key='a "图".txt',
        fields={"x:var": "\\"},
        callbackBody='{"o":${object},"s":${size},"v":${x:var},"w":${imageInfo.width}}',
        callbackBodyType=JSON,
    )
    (recorded,) = application.requests
    assert recorded.headers["content-type"] == JSON
    assert json.loads(recorded.body) == {"o": 'a "图".txt', "s": 7, "v": "\\", "w": ""}


PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480) + b"\x08\x02"
GIF = b"GIF89a" + struct.pack("<HH", 320, 200) + b"\0" * 20
JPEG = (
    b"\xff\xd8"
    + (b"\xff\xe1" + struct.pack(">H", 60000) + b"\xff\xc0" * 29999)  # a preview, skipped
    + (b"\xff\xc4" + struct.pack(">H", 4) + b"\0\0")
    + (b"\xff\xc2" + struct.pack(">HBHH", 17, 8, 1080, 1920) + b"\0" * 10)
)


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        pytest.param(PNG, "f=png&w=640&h=480", id="png"),
        pytest.param(GIF, "f=gif&w=320&h=200", id="gif"),
        pytest.param(JPEG, "f=jpg&w=1920&h=1080", id="jpeg"),
        pytest.param(b"not an image", "f=&w=&h=", id="text"),
        pytest.param(b"", "f=&w=&h=", id="empty"),
    ],
)
def test_images_are_reported_with_their_size(
    content: bytes, sent: str, bucket: Bucket, application: Recorder
) -> None:
    template = "f=${imageInfo.format}&w=${imageInfo.width}&h=${imageInfo.height}"
    upload(bucket, application.url, content, callbackBody=template)
    assert application.requests[0].body.decode() == sent


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PNG[:20], id="png cut short"),
        pytest.param(GIF[:8], id="gif cut short"),
        pytest.param(JPEG[:3], id="jpeg cut short"),
        pytest.param(JPEG[:-13], id="jpeg without its frame"),
        pytest.param(b"\xff\xd8\x00\xe1\x00\x10" + b"\0" * 20, id="jpeg without a marker"),
        pytest.param(b"\xff\xd8\xff\xe1\x00\x01" + b"\0" * 20, id="jpeg with an impossible length"),
    ],
)
def test_a_broken_image_has_no_size(content: bytes) -> None:
    assert read_image_size(io.BytesIO(content)) is None


def test_an_image_that_vanishes_meanwhile_is_reported_without_a_size(
    bucket: Bucket, application: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "open", lambda store, key: None)
    assert upload(bucket, application.url, PNG, callbackBody="w=${imageInfo.width}").status == 200
    assert application.requests[0].body == b"w="


# Failures; the object is stored all the same


def responding(body: bytes, status: int = 200, **headers: str) -> Callable[[Recorded], Response]:
    return lambda recorded: Response(body, status, headers=headers)


def in_pieces(recorded: Recorded) -> Response:
    """A response without a length."""
    return Response(iter([b"{", b"}"]), content_type=JSON)


NOT_JSON = ("Response body is not valid json format.", "0007-00000205")
FAILURES = {
    "created": (responding(b"{}", 201), "Error status : 201.", "0007-00000203"),
    "redirect": (responding(b"{}", 301, Location="/"), "Error status : 301.", "0007-00000203"),
    "refused": (responding(b"{}", 403), "Error status : 403.", "0007-00000203"),
    "error": (responding(b"{}", 500), "Error status : 500.", "0007-00000203"),
    "page": (responding(b"<html>"), *NOT_JSON),
    "empty": (responding(b""), *NOT_JSON),
    "byte order mark": (responding(b"\xef\xbb\xbf{}"), *NOT_JSON),
    "not UTF-8": (responding('{"a":"é"}'.encode("latin-1")), *NOT_JSON),
    "not a number": (responding(b"NaN"), *NOT_JSON),
    "nested too deep": (responding(b"[" * 100_000), *NOT_JSON),
    "no length": (
        in_pieces,
        "Error Status : 400.User server missing content-length.",
        "0007-00000203",
    ),
    "over 1 MB": (
        responding(b" " * 1024**2 + b"{}"),
        "Error Status : 400.User server return too long content-length value.",
        "0007-00000203",
    ),
}


@pytest.mark.parametrize(("respond", "message", "ec"), FAILURES.values(), ids=FAILURES)
def test_a_response_that_does_not_count_is_203_and_the_object_stays(
    respond: Callable[[Recorded], Response], message: str, ec: str, bucket: Bucket
) -> None:
    with recording(respond) as application:
        reply = upload(bucket, application.url)
    assert reply.status == 203
    assert reply.headers["content-type"].startswith("application/xml")
    assert len(application.requests) == 1
    assert reply.element("Code") == "CallbackFailed"
    assert (reply.element("Message"), reply.element("EC")) == (message, ec)
    assert bucket.get("/a.txt").body == b"content"
    assert any(f"203 7 bytes: CallbackFailed {ec}: " in line for line in bucket.log)


def test_a_full_megabyte_is_passed_on(bucket: Bucket) -> None:
    with recording(responding(b" " * (1024**2 - 2) + b"{}")) as application:
        assert len(upload(bucket, application.url).body) == 1024**2


UNREACHABLE = "Error status : -1.OSS can not connect to your callbackUrl, please check it."


def test_an_application_that_is_down_is_203(bucket: Bucket) -> None:
    with recording(responding(b"{}")) as gone:
        pass
    reply = upload(bucket, gone.url)
    assert (reply.element("Message"), reply.element("EC")) == (UNREACHABLE, "0007-00000203")


def test_a_receiver_without_tls_cannot_be_called_by_https(
    bucket: Bucket, application: Recorder
) -> None:
    reply = upload(bucket, application.url.replace("http:", "https:"))
    assert reply.element("Message") == UNREACHABLE
    assert application.requests == []


def trickle(recorded: Recorded) -> Response:
    """A valid response that takes a second."""

    def pieces() -> Iterator[bytes]:
        for _ in range(10):
            time.sleep(0.1)
            yield b" "
        yield b"{}"

    return Response(pieces(), headers={"Content-Length": "12"})


def test_an_application_that_takes_too_long_is_203(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "LIMIT_SECONDS", 0.3)

    with recording(trickle) as application:
        reply = upload(bucket, application.url)
    assert (reply.status, reply.element("EC")) == (203, "0007-00000202")
    where = urlsplit(application.url).netloc
    message = f"Error status : -1 {where} reply timeout, cost:300ms"
    assert reply.element("Message") == message


def test_all_addresses_share_the_time_limit(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each address by itself would finish in time; together they do not."""
    monkeypatch.setattr(sending, "LIMIT_SECONDS", 1.6)

    def fail_late(recorded: Recorded) -> Response:
        time.sleep(1.0)
        return Response("{}", 500)

    with recording(fail_late) as failing, recording(trickle) as slow:
        reply = upload(bucket, f"{failing.url};{slow.url}")
    assert "reply timeout" in (reply.element("Message") or "")


def test_addresses_are_tried_in_order_until_one_succeeds(
    bucket: Bucket, application: Recorder
) -> None:
    with recording(responding(b"{}", 500)) as broken:
        urls = f"{broken.url};{application.url.removeprefix('http://')}; ;{broken.url}"
        assert upload(bucket, urls).status == 200
        assert len(broken.requests) == 1
        assert len(application.requests) == 1


def test_the_last_address_says_why_all_failed(bucket: Bucket) -> None:
    with recording(responding(b"{}", 500)) as gone:
        pass
    with recording(responding(b"{}", 500)) as broken:
        reply = upload(bucket, f"{gone.url};{broken.url}")
    assert reply.element("Message") == "Error status : 500."


# Forms that are refused


def test_an_invalid_configuration_is_shown_and_nothing_is_stored(bucket: Bucket) -> None:
    """The conformance rows list the invalid configurations and the response to each."""
    value = encoded({"callbackUrl": "ftp://example.com/", "callbackBody": "a=1"})
    reply = bucket.post(fields={"callback": value})
    assert (reply.status, reply.element("Code")) == (400, "InvalidArgument")
    assert reply.element("ArgumentName") == "callbackUrl"
    assert reply.element("ArgumentValue") == "ftp://example.com/"
    assert bucket.files() == []


def test_a_callback_to_this_machine_is_logged_with_what_oss_would_do(
    bucket: Bucket, application: Recorder
) -> None:
    assert upload(bucket, application.url).status == 200
    assert any(
        "callback to 127.0.0.1: OSS itself would refuse" in line and "0007-00000008" in line
        for line in bucket.log
    )


def test_where_loopback_is_refused_nothing_is_stored_or_called(
    application: Recorder, tmp_path: Path
) -> None:
    with running_bucket(tmp_path, switches=Switches(refuse_loopback_callbacks=True)) as bucket:
        reply = upload(bucket, application.url)
        assert (reply.status, reply.element("EC")) == (400, "0007-00000008")
        assert (bucket.files(), application.requests) == ([], [])


@pytest.mark.parametrize(
    ("addresses", "ec"),
    [
        pytest.param([], "0007-00000007", id="none"),
        pytest.param(["8.8.8.8"], None, id="public"),
        pytest.param(["2001:4860:4860::8888", "8.8.8.8"], None, id="public, both versions"),
        pytest.param(["127.0.0.1", "::1"], None, id="this machine"),
        pytest.param(["8.8.8.8", "10.0.0.1"], "0007-00000008", id="one of two private"),
        pytest.param(["127.0.0.1", "8.8.8.8"], "0007-00000008", id="one of two loopback"),
        pytest.param(["100.100.100.200"], "0007-00000008", id="the cloud's own network"),
        pytest.param(["0.0.0.1"], "0007-00000008", id="this network"),
        pytest.param(["fe80::1"], "0007-00000008", id="link-local"),
    ],
)
def test_what_a_host_resolves_to_decides(addresses: list[str], ec: str | None) -> None:
    def resolve(host: str) -> list[str]:
        assert host == "app.example.com"
        if not addresses:
            raise OSError("Name or service not known")
        return addresses

    def check() -> None:
        check_addresses(["app.example.com:8080/x"], resolve=resolve, refuse_loopback=False)

    if ec is None:
        check()
        return
    with pytest.raises(Refused, match=r"'app\.example\.com'") as caught:
        check()
    assert caught.value.refusal.ec == ec
    assert caught.value.elements["ArgumentValue"] == "app.example.com:8080/x"


def test_the_systems_resolver_knows_this_machine() -> None:
    assert set(resolve_host("localhost")) <= {"127.0.0.1", "::1"}
    assert resolve_host("127.0.0.1") == ["127.0.0.1"]


@pytest.mark.parametrize(
    "value",
    ["", encoded({}), encoded({"callbackUrl": " ; "})],
    ids=["empty", "no URL", "blank URLs"],
)
def test_no_address_means_no_callback(value: str, bucket: Bucket) -> None:
    assert bucket.post(fields={"callback": value, "success_action_status": "200"}).status == 200


def test_callback_variables_are_only_checked(bucket: Bucket, application: Recorder) -> None:
    assert upload(bucket, application.url, fields={"callback-var": encoded({})}).status == 200
    reply = upload(bucket, application.url, fields={"callback-var": "x"})
    assert (reply.status, reply.element("EC")) == (400, "0007-00000102")
    reply = upload(bucket, application.url, fields={"callback-var": "eA=="})
    assert (reply.status, reply.element("EC")) == (400, "0007-00000103")
    assert len(application.requests) == 1
