"""web/client/miniprogram.js on each platform's stub: the behaviour of the browser's client."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response

from emulator.server import Server
from tests.browser.scripted import (
    Scripted,
    break_off,
    function_error,
    refusal,
    responding,
)
from tests.clients.client import FOLDER
from tests.documents import Document
from tests.harness import ROOT
from tests.programs import program

# npm takes a busy machine minutes.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

MODULE = ROOT / "web/client/miniprogram.js"
PATH = "wxfile://tmp_8f3a.pdf"
CONTENT = bytes(range(256)) * 1000
EXPIRED = refusal(403, "AccessDenied", "Invalid according to Policy: Policy expired.")


@dataclass(frozen=True)
class Report:
    """What the upload led to, and which of the platform's calls it made."""

    result: dict[str, Any] | None
    error: dict[str, Any] | None
    progress: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    pauses: list[float]


Upload = Callable[..., Report]


def bundled(packages: Path, target: Path, *options: str) -> Path:
    """The module as one script with the global `mini`."""
    subprocess.run(
        [
            packages / ".bin" / "esbuild",
            MODULE,
            "--bundle",
            "--format=iife",
            "--global-name=mini",
            f"--outfile={target}",
            "--log-level=error",
            *options,
        ],
        check=True,
    )
    return target


@pytest.fixture(scope="module")
def script(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundled(packages, tmp_path_factory.mktemp("script") / "mini.js")


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    scripted = Scripted()
    with Server(scripted) as server:
        scripted.url = server.url
        yield scripted
        scripted.gate.set()


@pytest.fixture(params=["wx", "my", "uni", "Taro"])
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def upload(scripted: Scripted, script: Path, platform: str, tmp_path: Path) -> Upload:
    """Upload on the platform; `options` and `set_up` are JavaScript."""
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    node = program("node", "nodejs", oldest=20)

    def upload(
        options: str = "({})", *, path: str = PATH, set_up: str = "", missing: bool = False
    ) -> Report:
        if missing:
            file.unlink()
        given = {
            "platform": platform,
            "path": path,
            "file": str(file),
            "endpoint": scripted.url,
            "options": options,
            "setUp": set_up,
        }
        finished = subprocess.run(
            [node, FOLDER / "platforms/run.mjs", script, json.dumps(given)],
            capture_output=True,
            text=True,
        )
        assert finished.returncode == 0, finished.stderr
        return Report(**json.loads(finished.stdout))

    return upload


def test_the_syntax_is_that_of_2018(packages: Path, tmp_path: Path) -> None:
    old, new = (
        bundled(packages, tmp_path / f"{target}.js", f"--target={target}")
        for target in ("es2018", "esnext")
    )
    assert old.read_text() == new.read_text()


def test_it_stores_the_file_and_resolves_to_what_is_known(
    upload: Upload, scripted: Scripted
) -> None:
    report = upload(f"({{ size: {len(CONTENT)} }})")
    assert report.error is None
    assert report.result == {
        "key": "user-dirs/1",
        "url": f"{scripted.url}/user-dirs/1",
        "size": len(CONTENT),
        "contentType": "text/x-pinned",
        "etag": '"1"',
        "callback": None,
        "repeated": False,
    }
    assert scripted.requested == [{"filename": "tmp_8f3a.pdf", "size": len(CONTENT)}]
    (posted,) = scripted.posted
    assert posted.fields == {"key": "user-dirs/1", "Content-Type": "text/x-pinned"}
    assert posted.content == CONTENT


def test_the_ten_lines_of_the_document_upload_a_photo(scripted: Scripted, tmp_path: Path) -> None:
    lines = Document("docs/clients/mini-programs.md").block("ten lines")
    head, call = lines.replace("https://upload.example.com", scripted.url).split("\n", 1)
    platforms = FOLDER / "platforms"
    photo = tmp_path / "photo"
    photo.write_bytes(CONTENT)
    page = tmp_path / "page.mjs"
    page.write_text(
        f"""{head.replace("./miniprogram.js", str(MODULE))}
import {{ files }} from "{platforms}/transport.mjs";
import {{ wx as stub }} from "{platforms}/wx.mjs";
files.set("wxfile://tmp_1.jpg", "{photo}");
const tempFiles = [{{ tempFilePath: "wxfile://tmp_1.jpg", size: {len(CONTENT)} }}];
const wx = {{ ...stub, chooseMedia: async () => ({{ tempFiles }}) }};
const data = {{}};
const page = {{ setData: (changed) => Object.assign(data, changed) }};
await (async function () {{ {call} }}).call(page);
console.log(data.percent);
"""
    )
    node = program("node", "nodejs", oldest=20)
    finished = subprocess.run([node, page], capture_output=True, text=True)
    assert finished.stdout == "100\n", finished.stderr
    assert scripted.objects == {"user-dirs/1": CONTENT}
    assert scripted.requested == [{"filename": "tmp_1.jpg", "size": len(CONTENT)}]


def test_progress_counts_the_files_bytes(upload: Upload) -> None:
    report = upload(f"({{ size: {len(CONTENT)} }})")
    assert [step["state"] for step in report.progress[:2]] == ["signing", "uploading"]
    sent = [step["sent"] for step in report.progress]
    assert sent == sorted(sent)
    assert sent[-1] == len(CONTENT)
    first = next(value for value in sent if value)  # of a chunk of 64 KB, less the form's fields
    assert 0 < 64 * 1024 - first < 2000
    assert {step["total"] for step in report.progress} == {len(CONTENT)}


def test_without_a_size_progress_counts_the_form(upload: Upload) -> None:
    last = upload().progress[-1]
    assert last["sent"] == last["total"] > len(CONTENT)


@pytest.mark.parametrize(
    ("response", "code", "transient"),
    [
        (function_error(415, "type_not_allowed"), "type_not_allowed", False),
        (function_error(413, "file_too_large"), "file_too_large", False),
        (function_error(500, "misconfigured"), "misconfigured", False),
        (function_error(403, "origin_not_allowed"), "origin_not_allowed", False),
        (Response("<h1>nginx</h1>", 404), "bad_answer", False),
        (Response("<h1>proxy</h1>", 200), "bad_answer", False),
        (Response("", 502), "unavailable", True),
        (Response('{"url": "x"}', 200, mimetype="application/json"), "bad_answer", False),
    ],
    ids=["type", "size", "misconfigured", "origin", "404", "no JSON", "502", "no grant"],
)
def test_a_refusal_of_the_function_is_an_error_with_its_code(
    upload: Upload, scripted: Scripted, response: Response, code: str, transient: bool
) -> None:
    scripted.signing.append(responding(response))
    error = upload("({ retries: 0 })").error
    assert error is not None
    assert (error["code"], error["transient"], error["isOurs"]) == (code, transient, True)
    assert error["status"] == response.status_code
    assert scripted.posted == []


def test_the_function_s_message_and_request_id_are_kept(upload: Upload, scripted: Scripted) -> None:
    scripted.signing.append(responding(function_error(415, "type_not_allowed")))
    error = upload().error
    assert error is not None
    assert (error["message"], error["reference"]) == ("Raw words.", "1-abc")


@pytest.mark.parametrize(
    ("status", "oss", "code"),
    [
        (403, "SignatureDoesNotMatch", "grant_refused"),
        (403, "AccessDenied", "grant_refused"),
        (400, "EntityTooLarge", "file_too_large"),
        (400, "EntityTooSmall", "file_too_small"),
        (409, "FileAlreadyExists", "already_exists"),
        (400, "MalformedPOSTRequest", "storage_refused"),
    ],
)
def test_a_refusal_of_oss_is_read_from_its_xml(
    upload: Upload, scripted: Scripted, status: int, oss: str, code: str
) -> None:
    scripted.posting.append(responding(refusal(status, oss, ec="0001-00000001")))
    error = upload().error
    assert error is not None
    assert (error["code"], error["status"], error["transient"]) == (code, status, False)
    assert error["message"] == "Raw words of OSS."
    assert error["reference"] == f"{oss} 0001-00000001 5C3D9175B6FC201293AD4"
    assert len(scripted.posted) == 1


@pytest.mark.parametrize(
    "response",
    [EXPIRED, refusal(403, "InvalidAccessKeyId"), refusal(403, "SecurityTokenExpired")],
    ids=["expired", "keys replaced", "token expired"],
)
def test_a_grant_that_oss_no_longer_accepts_is_renewed_once(
    upload: Upload, scripted: Scripted, response: Response
) -> None:
    scripted.posting.append(responding(response))
    report = upload()
    assert report.result is not None
    assert report.result["key"] == "user-dirs/2"
    assert report.pauses == []


def test_a_second_expired_grant_is_reported(upload: Upload, scripted: Scripted) -> None:
    scripted.posting.extend([responding(EXPIRED), responding(EXPIRED)])
    error = upload().error
    assert error is not None
    assert error["code"] == "grant_expired"
    assert len(scripted.requested) == 2


def test_a_grant_that_expired_while_waiting_is_not_used(upload: Upload, scripted: Scripted) -> None:
    scripted.grant_seconds = 1  # less than the margin: stale at once
    scripted.posting.append(responding(Response(status=503)))
    assert upload().result
    assert len(scripted.requested) == 2


def test_an_outage_is_tried_again_after_growing_pauses(upload: Upload, scripted: Scripted) -> None:
    scripted.posting.extend([responding(Response(status=503))] * 3)
    report = upload()
    assert report.result is not None
    assert report.result["key"] == "user-dirs/1"  # the grant still serves
    first, second, third = report.pauses
    assert 1000 <= first <= 1250
    assert 2000 <= second <= 2500
    assert 4000 <= third <= 5000
    waiting = [step["waiting"]["milliseconds"] for step in report.progress if step["waiting"]]
    assert waiting == report.pauses


def test_retries_end(upload: Upload, scripted: Scripted) -> None:
    scripted.posting.extend([responding(Response(status=503))] * 9)
    error = upload("({ retries: 2 })").error
    assert error is not None
    assert (error["code"], error["transient"]) == ("unavailable", True)
    assert len(scripted.posted) == 3


def test_the_functions_retry_after_is_kept(
    upload: Upload, scripted: Scripted, platform: str
) -> None:
    unavailable = function_error(503, "credentials_unavailable", Retry_After="5")
    scripted.signing.append(responding(unavailable))
    report = upload()
    assert report.result
    # Alipay's failed request has no headers.
    assert report.pauses[0] >= (1000 if platform == "my" else 5000)


def test_a_lost_response_does_not_store_the_file_twice(upload: Upload, scripted: Scripted) -> None:
    scripted.posting.append(scripted.store_and_break_off)
    report = upload()
    assert report.result is not None
    assert (report.result["key"], report.result["repeated"]) == ("user-dirs/1", True)
    assert list(scripted.objects) == ["user-dirs/1"]


def test_a_lost_connection_is_an_error_that_may_pass(upload: Upload, scripted: Scripted) -> None:
    scripted.posting.append(break_off)
    error = upload("({ retries: 0 })").error
    assert error is not None
    assert (error["code"], error["status"], error["transient"]) == ("connection_lost", 0, True)


def test_a_callbacks_answer_is_handed_on(upload: Upload, scripted: Scripted) -> None:
    scripted.extra_fields = {"callback": "e30="}
    scripted.posting.append(responding(Response('{"Status": "OK"}', mimetype="application/json")))
    result = upload().result
    assert result is not None
    assert result["callback"] == {"ok": True, "answer": {"Status": "OK"}}


def test_203_means_stored_but_the_callback_failed(upload: Upload, scripted: Scripted) -> None:
    scripted.extra_fields = {"callback": "e30="}
    scripted.posting.append(responding(refusal(203, "CallbackFailed")))
    result = upload().result
    assert result is not None
    assert result["callback"] == {"ok": False}


def test_an_empty_callback_is_not_sent(upload: Upload, scripted: Scripted) -> None:
    scripted.extra_fields = {"callback": ""}
    assert upload().result
    assert "callback" not in scripted.posted[0].fields


def test_a_function_for_headers_is_called_once_more_after_a_401(
    upload: Upload, scripted: Scripted
) -> None:
    seen = []

    def unauthorized(request: Any) -> Response | None:
        seen.append(request.headers["Authorization"])
        return function_error(401, "unauthorized") if len(seen) == 1 else None

    scripted.signing.extend([unauthorized, unauthorized])
    report = upload(
        "({ headers: async ({ renew }) => ({ Authorization: renew ? 'new' : 'old' }) })"
    )
    assert report.result
    assert seen == ["old", "new"]


def test_headers_go_to_the_function_only(upload: Upload) -> None:
    report = upload("({ headers: { Authorization: 'Bearer secret' } })")
    sign, post = report.calls
    assert sign["header"]["Authorization"] == "Bearer secret"
    assert "Bearer secret" not in json.dumps(post)


@pytest.mark.parametrize(
    "moment",
    [
        "canceller.abort()",
        "(platform.request = () => canceller.abort())",
        # All is sent, and the response is awaited.
        "(report.progress.push = ({ sent, total }) => sent === total && canceller.abort())",
    ],
    ids=["before", "while signing", "while uploading"],
)
def test_a_cancel_ends_the_upload(upload: Upload, scripted: Scripted, moment: str) -> None:
    scripted.gate.clear()
    options = f"({{ signal: canceller.signal, size: {len(CONTENT)} }})"
    report = upload(options, set_up=moment)
    assert scripted.objects == {}
    assert report.result is None
    assert report.error is not None
    assert (report.error["name"], report.error["isOurs"]) == ("AbortError", False)


def test_a_cancel_ends_a_pause(upload: Upload, scripted: Scripted) -> None:
    scripted.posting.extend([responding(Response(status=503))] * 4)
    report = upload(
        "({ signal: canceller.signal, onProgress: ({ waiting }) => waiting && canceller.abort() })"
    )
    assert report.error is not None
    assert report.error["name"] == "AbortError"
    assert len(scripted.posted) == 1


def test_without_a_network_it_goes_on_until_it_is_back(upload: Upload, scripted: Scripted) -> None:
    back_after_six = (
        "({ onProgress: ({ waiting }) => "
        "{ if (waiting && report.pauses.length === 6) network.change('wifi'); } })"
    )
    # The pauses without a network do not count against the retries.
    scripted.signing.extend([responding(Response(status=503))] * 3)
    report = upload(back_after_six, set_up="network.change('none')")
    assert report.result
    assert len(report.pauses) == 7 + 3
    assert len(scripted.requested) == 3 + 1


def test_without_retries_no_network_is_an_error(upload: Upload) -> None:
    error = upload("({ retries: 0 })", set_up="network.change('none')").error
    assert error is not None
    assert (error["code"], error["transient"]) == ("offline", True)


def test_a_missing_file_is_not_tried_again(upload: Upload) -> None:
    report = upload(missing=True)
    assert report.error is not None
    assert (report.error["code"], report.error["transient"]) == ("file_unreadable", False)
    assert report.pauses == []


def test_a_host_that_the_app_does_not_list_is_not_tried_again(upload: Upload) -> None:
    fail = (
        "{ errMsg: 'request:fail url not in domain list', errorMessage: 'url not in domain list' }"
    )
    report = upload(set_up=f"(platform.request = ({{ fail }}) => fail({fail}))")
    assert report.error is not None
    assert (report.error["code"], report.error["transient"]) == ("unreachable", False)
    assert "list of domains" in report.error["message"]


@pytest.mark.parametrize(
    ("path", "options", "asked"),
    [
        ("https://resource/5a1b.image", "({})", "5a1b.jpg"),
        ("https://resource/5a1b.video", "({})", "5a1b.mp4"),
        ("https://resource/5a1b.audio", "({})", "5a1b.mp3"),
        ("C:\\Users\\a\\b.pdf", "({})", "b.pdf"),
        ("blob:http://localhost/8f3a-22", "({ name: '照片.jpg' })", "照片.jpg"),
        ("http://tmp/a.png?x=/y.exe", "({})", "a.png"),
    ],
)
def test_the_name_comes_from_the_path_unless_it_is_given(
    upload: Upload, scripted: Scripted, path: str, options: str, asked: str
) -> None:
    assert upload(options, path=path).result
    assert scripted.requested[0]["filename"] == asked


@pytest.mark.parametrize(
    ("content_type", "file_type"),
    [("image/png", "image"), ("video/mp4", "video"), ("audio/amr", "audio"), ("text/csv", "image")],
)
def test_alipays_file_type_follows_the_grants_type(
    upload: Upload, scripted: Scripted, content_type: str, file_type: str
) -> None:
    scripted.extra_fields = {"Content-Type": content_type}
    assert upload().calls[1]["fileType"] == file_type


def test_type_and_preset_are_sent(upload: Upload, scripted: Scripted) -> None:
    assert upload("({ type: 'image/jpeg', preset: 'avatar', name: 'photo' })").result
    assert scripted.requested == [
        {"filename": "photo", "content_type": "image/jpeg", "preset": "avatar"}
    ]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ("({ platform: {} })", "platform"),
        ("({ endpoint: '/api' })", "endpoint"),
        ("({ endpoint: 'https://me@example.com' })", "endpoint"),
        ("({ retries: -1 })", "retries"),
        ("({ size: 'big' })", "size"),
        ("({ name: 5 })", "name"),
        ("({ headers: 'x' })", "headers"),
        ("({ onProgress: 1 })", "onProgress"),
        ("({ signal: {} })", "signal"),
    ],
)
def test_a_wrong_option_is_a_type_error_that_names_it(
    upload: Upload, options: str, word: str
) -> None:
    report = upload(options)
    assert report.error is not None
    assert report.error["name"] == "TypeError"
    assert word in report.error["message"]
    assert report.calls == []


def test_a_query_of_the_endpoint_is_kept(upload: Upload, scripted: Scripted) -> None:
    report = upload("({ endpoint: endpoint + '//?tenant=a' })")
    assert report.result
    assert report.calls[0]["url"] == f"{scripted.url}/sign?tenant=a"
