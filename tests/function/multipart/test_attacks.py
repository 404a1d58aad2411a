"""What nobody can do: store a byte more than declared, under another key, type, user or preset,
after the ticket's end, or by swapping a part between the check and the completion.

Each row is one attack on tickets, routes or parts, against the function and the emulated bucket.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from direct_upload.multipart.oss import Bucket
from tests.function.callers.issuer import SETTINGS as JWT_SETTINGS
from tests.function.callers.issuer import Token, claims
from tests.function.multipart.site import MIB, OssResponse, Site, Upload, put, running_site, send

SIZE = 5 * MIB + 3
PARTS = [bytes(5 * MIB), b"end"]


def bearer(user: str, **more: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {Token(claims(sub=user, exp=4102444800, **more)).signed()}"}


ALICE, BOB = bearer("alice", role="editor"), bearer("bob", role="editor")
PRESETS = {
    "default": {"dir": "users/{user}/"},
    "film": {"dir": "films/", "allow": {"role": ["editor"]}},
    "small": {"dir": "small/", "max_bytes": 1000},
    "forms": {"dir": "forms/", "multipart": False},
}


@dataclass
class Scene:
    """Alice's open upload, of which the first part is there."""

    site: Site
    upload: Upload

    def step(self, method: str = "GET", below: str = "", **changes: str) -> Any:
        """A step under a changed ticket, key or caller."""
        upload = replace(
            self.upload,
            upload_id=changes.pop("ticket", self.upload.upload_id),
            key=changes.pop("key", self.upload.key),
        )
        return self.site.step(upload, method, below, **changes)

    def url(self, number: int = 2) -> str:
        return str(self.site.sign(self.upload, number).document["url"])

    def changed_url(self, **parameters: str) -> str:
        """A part's URL with other parameters, `_` in their names being `-`."""
        path, _, query = self.url().partition("?")
        named = {name.replace("_", "-"): value for name, value in parameters.items()}
        return f"{path}?{urlencode({**dict(parse_qsl(query)), **named}, quote_via=quote)}"

    def ticket(self, **changes: Any) -> str:
        """Alice's ticket with other claims, by their place, and the old code."""
        text, _, code = self.upload.upload_id.partition(".")
        fields = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("\n")
        for place, value in changes.items():
            fields[int(place[1:])] = str(value)
        made = base64.urlsafe_b64encode("\n".join(fields).encode())
        return f"{made.decode().rstrip('=')}.{code}"

    def as_bob(self) -> Scene:
        self.site.headers = BOB
        return self

    def bobs(self) -> Upload:
        self.site.headers = BOB
        upload = self.site.begin(SIZE)
        self.site.headers = ALICE
        return upload

    def later(self, **delta: int) -> Scene:
        self.site.now += timedelta(**delta)
        return self


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(
        tmp_path_factory.mktemp("oss"), **JWT_SETTINGS, UPLOAD_PRESETS=json.dumps(PRESETS)
    ) as site:
        yield site


@pytest.fixture
def scene(running: Site) -> Iterator[Scene]:
    begun = running.now
    running.headers = ALICE
    upload = running.begin(SIZE)
    assert running.put_part(upload, 1, PARTS[0]).status == 200
    yield Scene(running, upload)
    # Whatever was tried: the upload is as it was, and completes as declared, or not at all.
    running.now, running.headers = begun, ALICE
    assert [part["Size"] for part in running.step(upload).document][:1] in ([5 * MIB], [])
    assert running.put_part(upload, 2, PARTS[1]).status in (200, 404)
    done = running.complete(upload)
    if done.status == 200:
        stored = running.object(upload.key)
        assert stored.body == b"".join(PARTS)
        assert stored.headers["content-type"] == "video/mp4"
    else:
        assert (done.code, running.object(upload.key).status) == ("upload_not_found", 404)


def alter(text: str, position: int) -> str:
    return text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]


Attack = Callable[[Scene], Any]

ON_TICKETS: dict[str, Attack] = {
    "another size": lambda s: s.step(below="/1", ticket=s.ticket(_1=10**12)),
    "another part size": lambda s: s.step(below="/1", ticket=s.ticket(_2=5 * 1024**3)),
    "another type": lambda s: s.step("POST", "/complete", ticket=s.ticket(_3="text/html")),
    "another preset": lambda s: s.step(below="/1", ticket=s.ticket(_4="film")),
    "a later end": lambda s: s.step(below="/1", ticket=s.ticket(_5=10**10)),
    "another upload of OSS": lambda s: s.step("DELETE", ticket=s.ticket(_0="0" * 32)),
    "first character altered": lambda s: s.step(below="/1", ticket=alter(s.upload.upload_id, 0)),
    "last character altered": lambda s: s.step(
        below="/1", ticket=s.upload.upload_id[:-1] + ("A" if s.upload.upload_id[-1] != "A" else "E")
    ),
    "code cut off": lambda s: s.step(below="/1", ticket=s.upload.upload_id[:-1]),
    "no code": lambda s: s.step(below="/1", ticket=s.upload.upload_id.partition(".")[0]),
    "OSS's own ID": lambda s: s.step(ticket=dict(parse_qsl(s.url()))["uploadId"]),
    "another key": lambda s: s.step(below="/1", key=s.upload.key[:-5] + "x.mp4"),
    "a key above": lambda s: s.step(below="/1", key=f"{s.upload.key}/../x.mp4"),
    "the key of another upload": lambda s: s.step(below="/1", key=s.bobs().key),
    "the ticket of another upload": lambda s: s.step(below="/1", ticket=s.bobs().upload_id),
    "no key": lambda s: s.step(below="/1", key=""),
    "another user signs": lambda s: s.as_bob().step(below="/2"),
    "another user signs many": lambda s: s.as_bob().step(below="/batch", partNumbers="1"),
    "another user lists": lambda s: s.as_bob().step(),
    "another user completes": lambda s: s.as_bob().step("POST", "/complete"),
    "another user deletes": lambda s: s.as_bob().step("DELETE"),
    "signing after the end": lambda s: s.later(days=1).step(below="/2"),
    "completing after the end": lambda s: s.later(days=1).step("POST", "/complete"),
    "deleting after the end": lambda s: s.later(days=1).step("DELETE"),
    "a grant ID": lambda s: s.step(ticket="0.1.9.1795501845.300.YWxpY2U." + "A" * 22),
}


@pytest.mark.parametrize("attack", ON_TICKETS)
def test_no_ticket_is_good_for_more_than_its_upload(scene: Scene, attack: str) -> None:
    refused = ON_TICKETS[attack](scene)
    assert (refused.status, refused.code) == (404, "upload_not_found")
    assert refused.document["error"]["hint"].startswith("Begin a new one")


def without_token(scene: Scene) -> Any:
    scene.site.headers = {}
    return scene.step("POST", "/complete")


def reader(scene: Scene) -> Any:
    film = scene.site.begin(SIZE, preset="film")
    scene.site.headers = bearer("alice", role="reader")
    return scene.site.sign(film, 1)


ON_ROUTES: dict[str, tuple[Attack, str]] = {
    "part 0": (lambda s: s.step(below="/0"), "invalid_request"),
    "a part after the last": (lambda s: s.step(below="/3"), "invalid_request"),
    "one bad part in a batch": (
        lambda s: s.step(below="/batch", partNumbers="1,2,3"),
        "invalid_request",
    ),
    "more than declared": (lambda s: s.site.create(1001, preset="small"), "file_too_large"),
    "a size above all": (lambda s: s.site.create(10**15), "file_too_large"),
    "two sizes": (
        lambda s: s.site.create(10**15, metadata={"size": "1"}),
        "file_too_large",
    ),
    "no size": (lambda s: s.site.create(None), "invalid_request"),
    "a preset without it": (lambda s: s.site.create(1, preset="forms"), "not_found"),
    "without a token": (without_token, "unauthorized"),
    "a preset that is another's by now": (reader, "preset_not_allowed"),
    "an incomplete upload": (lambda s: s.site.complete(s.upload), "upload_incomplete"),
    "parts that are said to be there": (
        lambda s: s.site.complete(s.upload, '{"parts": [{"PartNumber": 2, "ETag": "x"}]}'),
        "upload_incomplete",
    ),
    "a foreign page": (
        lambda s: s.site.request(
            "POST", "/s3/multipart", headers={"Origin": "https://evil.example"}
        ),
        "origin_not_allowed",
    ),
    "an ending of another route": (lambda s: s.step("GET", "/complete"), "method_not_allowed"),
}


@pytest.mark.parametrize("attack", ON_ROUTES)
def test_no_route_does_more_than_it_says(scene: Scene, attack: str) -> None:
    run, code = ON_ROUTES[attack]
    assert run(scene).code == code


def moved(url: str, path: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{path}?{parts.query}"


def chunked(scene: Scene) -> OssResponse:
    return put(scene.url(), b"3\r\nend\r\n0\r\n\r\n", **{"Transfer-Encoding": "chunked"})


ON_PARTS: dict[str, Attack] = {
    "a byte more": lambda s: put(s.url(), b"end!"),
    "a byte less": lambda s: put(s.url(), b"en"),
    "no bytes": lambda s: put(s.url(), b""),
    "gigabytes for a part": lambda s: put(s.url(), bytes(6 * MIB)),
    "chunks without a length": chunked,
    "another part number": lambda s: put(s.changed_url(partNumber="3"), b"end"),
    "part number 0": lambda s: put(s.changed_url(partNumber="0"), b"end"),
    "another upload": lambda s: put(s.changed_url(uploadId="0" * 32), b"end"),
    "another key": lambda s: put(moved(s.url(), "/users/bob/x.mp4"), b"end"),
    "a later end": lambda s: put(s.changed_url(x_oss_expires="86400"), b"end"),
    "length not counted": lambda s: put(s.changed_url(x_oss_additional_headers=""), b"endless"),
    "other headers counted": lambda s: put(
        s.changed_url(x_oss_additional_headers="host"), b"endless"
    ),
    "after its end": lambda s: put(_old_url(s), b"end"),
    "a type": lambda s: put(s.url(), b"end", **{"Content-Type": "text/html"}),
    "an ACL": lambda s: put(s.url(), b"end", **{"x-oss-object-acl": "public-read-write"}),
    "a copy": lambda s: put(s.url(), b"end", **{"x-oss-copy-source": "/post-test/users/bob/x"}),
    "completing with it": lambda s: send("POST", s.url(), b"<CompleteMultipartUpload/>"),
    "completing all with it": lambda s: send("POST", s.url(), b"", {"x-oss-complete-all": "yes"}),
    "deleting with it": lambda s: send("DELETE", s.url()),
    "listing with it": lambda s: send("GET", s.url()),
    "an object instead of a part": lambda s: put(s.url().partition("&uploadId")[0], b"end"),
}


def _old_url(scene: Scene) -> str:
    url = scene.url()
    scene.later(seconds=301)
    return url


@pytest.mark.parametrize("attack", ON_PARTS)
def test_no_url_of_a_part_takes_anything_else(scene: Scene, attack: str) -> None:
    refused = ON_PARTS[attack](scene)
    assert refused.status in (400, 403, 404, 411)
    scene.site.now -= timedelta(seconds=301 if attack == "after its end" else 0)
    listed = scene.site.step(scene.upload).document
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, 5 * MIB)]


def test_a_part_swapped_between_check_and_end_is_noticed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = scene.url(2)
    assert put(url, b"end").status == 200
    complete = Bucket.complete

    def swapping(self: Bucket, *parts: Any) -> Any:
        assert put(url, b"END").status == 200
        return complete(self, *parts)

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "complete", swapping)
        refused = scene.site.complete(scene.upload)
    assert (refused.status, refused.code) == (409, "upload_incomplete")
    assert scene.site.object(scene.upload.key).status == 404


@settings(max_examples=25)
@given(sent=st.lists(st.tuples(st.integers(1, 2), st.integers(0, 40)), max_size=5))
def test_whatever_is_sent_an_object_has_exactly_the_declared_bytes(
    sent: list[tuple[int, int]], running: Site
) -> None:
    """Any parts of any length in any order: the bucket takes only those of the right length."""
    running.headers = ALICE
    size = 30
    upload = running.begin(size)
    fitting = False
    for number, length in sent:
        signed = running.sign(upload, number)
        assert (signed.status == 200) is (number == 1)
        if number == 1:
            took = put(signed.document["url"], b"x" * length).status == 200
            assert took is (length == size)
            fitting = fitting or took
    done = running.complete(upload)
    assert (done.status == 200) is fitting
    if fitting:
        assert len(running.object(upload.key).body) == size
    else:
        assert running.step(upload, "DELETE").document == {}
