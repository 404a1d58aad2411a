"""Large files go in parts, with the real function and the emulated OSS."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.view import UploadPage
from tests.harness import Harness, running_harness

pytestmark = pytest.mark.browser

MIB = 1024**2
PARTS = 8
SIZE = PARTS * 5 * MIB - 1
IN_FLIGHT = 4
SETTINGS = {
    "MULTIPART": "true",
    "GRANT_SECRET": "0123456789abcdef0123456789abcdef",
    "MAX_UPLOAD_BYTES": str(10**12),
    "ALLOWED_ORIGINS": "*",
}
PUT = re.compile(r"partNumber=")
STEPS = re.compile(r"/s3/multipart")

# What a page has: the module, a file, and attempts to upload it.
START = """async ([endpoint, size]) => {
    const { upload } = await import("/client/upload.js");
    const bytes = new Uint8Array(size).map((_, place) => place % 251);
    window.file = new File([bytes], "film.mp4", { type: "video/mp4", lastModified: 1700000000000 });
    window.until = async (right) => {
        while (!right()) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    window.begin = (options = {}) => {
        window.stop = { signal: new AbortController(), pause: new AbortController() };
        window.told = [];
        window.outcome = null;
        upload(window.file, {
            endpoint,
            signal: stop.signal.signal,
            pause: stop.pause.signal,
            onProgress: (progress) => told.push(progress),
            ...options,
        }).then(
            (result) => { window.outcome = { result }; },
            (error) => { window.outcome = { name: error.name, code: error.code }; },
        );
    };
}"""


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with running_harness(tmp_path_factory.mktemp("data"), SETTINGS) as harness:
        yield harness


@pytest.fixture
def shown(real_page: Callable[..., UploadPage], harness: Harness) -> UploadPage:
    """The page, which takes files above 32 MiB for large, so that the tests need no larger ones."""
    shown = real_page(path="/config.json")
    shown.page.context.route("**/limits*", lower_threshold)
    shown.page.goto(harness.page)
    shown.page.evaluate(START, [harness.function, SIZE])
    return shown


def lower_threshold(route: Route) -> None:
    response = route.fetch()
    limits = response.json()
    limits["multipart"]["threshold"] = 32 * MIB
    route.fulfill(response=response, json=limits)


class Requests:
    """What the page requested since, by kind."""

    def __init__(self, page: Page) -> None:
        self.parts: list[int] = []
        self.steps: list[str] = []
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if number := re.search(r"partNumber=(\d+)", request.url):
            if request.method == "PUT":
                self.parts.append(int(number[1]))
        elif STEPS.search(request.url) and request.method != "OPTIONS":
            step = re.sub(r"\?.*", "", request.url).rpartition("/s3/multipart")[2]
            self.steps.append(request.method + " " + re.sub(r"/[\w.-]{50,}", "/id", step))


def outcome(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("until(() => outcome).then(() => outcome)")
    return found


EARLIER: set[Path] = set()


@pytest.fixture(autouse=True)
def earlier(harness: Harness) -> None:
    EARLIER.update(files_of_uploads(harness))


def files_of_uploads(harness: Harness) -> set[Path]:
    """By os.walk: folders may vanish meanwhile, which rglob does not survive."""
    walk = [(Path(folder), names) for folder, _, names in os.walk(harness.data)]
    return {folder / name for folder, names in walk for name in names if "uploads" in folder.parts}


def left(harness: Harness) -> set[Path]:
    """The files of uploads that this test has begun."""
    return files_of_uploads(harness) - EARLIER


def wait_until_nothing_is_left(page: Page, harness: Harness) -> None:
    while left(harness):
        page.wait_for_timeout(50)


def wait_for_parts(page: Page, count: int, then: str = "null") -> None:
    """Until so many parts' bytes are sent; what is to happen `then`, the page does at once."""
    bytes_sent = f"told.some(({{ sent }}) => sent >= {count * 5 * MIB})"
    page.evaluate(f"until(() => {bytes_sent}).then(() => {then})")


@contextmanager
def unfinished(page: Page) -> Iterator[None]:
    """The last part never arrives, so that no upload ends before the page is reloaded."""
    last = re.compile(f"partNumber={PARTS}&")
    page.route(last, lambda route: None)
    yield
    page.unroute(last)


CONTENT = bytes(range(251)) * (SIZE // 251 + 1)
DIGEST = hashlib.sha256(CONTENT[:SIZE]).hexdigest()


def stored(url: str) -> str:
    with urlopen(url) as response:  # noqa: S310
        return hashlib.sha256(response.read()).hexdigest()


def test_a_large_file_goes_in_parts(shown: UploadPage, harness: Harness) -> None:
    requests = Requests(shown.page)
    shown.page.evaluate("begin()")
    result = outcome(shown.page)["result"]
    assert stored(result["url"]) == DIGEST
    etag = result.pop("etag")
    assert re.fullmatch(rf'"[0-9A-F]{{32}}-{PARTS}"', etag)
    assert result == {
        "key": result["key"],
        "url": f"{harness.oss}/{result['key']}",
        "size": SIZE,
        "contentType": "video/mp4",
        "callback": None,
        "repeated": False,
    }
    assert sorted(requests.parts) == list(range(1, PARTS + 1))
    assert requests.steps == ["POST ", "GET /id/batch", "POST /id/complete"]
    assert shown.page.evaluate("told.every(({ total }) => total === file.size)")
    sent = shown.page.evaluate("told.map(({ sent }) => sent)")
    assert sent == sorted(sent)
    assert sent[-1] == SIZE
    assert not left(harness)


def test_a_function_without_parts_gets_a_form(shown: UploadPage) -> None:
    limits = {"min_bytes": 1, "max_bytes": 10**9, "multipart": None}
    shown.page.route("**/limits*", lambda route: route.fulfill(json=limits))
    requests = Requests(shown.page)
    shown.page.evaluate("begin()")
    assert stored(outcome(shown.page)["result"]["url"]) == DIGEST
    assert (requests.parts, requests.steps) == ([], [])


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(None, id="a broken connection"),
        pytest.param(500, id="an outage"),
        pytest.param(403, id="a URL that has ended"),
    ],
)
def test_only_the_part_that_failed_is_sent_again(shown: UploadPage, status: int | None) -> None:
    def fail(route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": "*"}
        if status is None:
            route.abort()
        else:
            route.fulfill(status=status, headers=headers, body="<Error><Code>X</Code></Error>")

    requests = Requests(shown.page)
    shown.page.route(re.compile("partNumber=3&"), fail, times=1)
    shown.page.evaluate("begin()")
    assert stored(outcome(shown.page)["result"]["url"]) == DIGEST
    assert sorted(requests.parts) == sorted([*range(1, PARTS + 1), 3])
    # The second time with a fresh URL.
    assert requests.steps.count("GET /id/batch") == 2


def test_a_part_that_cannot_be_sent_ends_the_upload_and_the_rest_goes_on_later(
    shown: UploadPage,
) -> None:
    shown.page.route(re.compile("partNumber=3&"), lambda route: route.abort())
    shown.page.evaluate("begin({ retries: 0 })")
    assert outcome(shown.page) == {"name": "UploadError", "code": "connection_lost"}
    shown.page.unroute(re.compile("partNumber=3&"))
    requests = Requests(shown.page)
    shown.page.evaluate("begin()")
    assert stored(outcome(shown.page)["result"]["url"]) == DIGEST
    assert requests.steps[0] == "GET /id"
    assert 3 in requests.parts


def test_it_pauses_and_goes_on(shown: UploadPage, harness: Harness) -> None:
    shown.throttle(10 * MIB)
    requests = Requests(shown.page)
    shown.page.evaluate("begin()")
    wait_for_parts(shown.page, 3, then="stop.pause.abort()")
    assert outcome(shown.page)["name"] == "AbortError"
    assert left(harness)
    shown.throttle(-1)
    shown.page.evaluate("begin()")
    assert stored(outcome(shown.page)["result"]["url"]) == DIGEST
    assert len(requests.parts) <= PARTS + IN_FLIGHT
    assert requests.steps.count("POST ") == 1
    assert not left(harness)


def test_cancel_removes_what_was_sent(shown: UploadPage, harness: Harness) -> None:
    shown.throttle(10 * MIB)
    requests = Requests(shown.page)
    shown.page.evaluate("begin()")
    wait_for_parts(shown.page, 2, then="stop.signal.abort()")
    assert outcome(shown.page)["name"] == "AbortError"
    wait_until_nothing_is_left(shown.page, harness)
    assert shown.page.evaluate("localStorage.length") == 0
    assert requests.steps[-1] == "DELETE /id"


def test_it_goes_on_after_a_reload(shown: UploadPage, harness: Harness) -> None:
    shown.throttle(10 * MIB)
    requests = Requests(shown.page)
    with unfinished(shown.page):
        shown.page.evaluate("begin()")
        wait_for_parts(shown.page, 3)
        shown.page.reload()
    shown.page.evaluate(START, [harness.function, SIZE])
    shown.throttle(-1)
    shown.page.evaluate("begin()")
    assert stored(outcome(shown.page)["result"]["url"]) == DIGEST
    assert len(requests.parts) <= PARTS + IN_FLIGHT
    assert requests.steps.count("POST ") == 1
    assert shown.page.evaluate("localStorage.length") == 0


def test_another_file_of_the_same_name_begins_anew(shown: UploadPage, harness: Harness) -> None:
    shown.throttle(10 * MIB)
    requests = Requests(shown.page)
    shown.page.evaluate("begin()")
    wait_for_parts(shown.page, 1, then="stop.pause.abort()")
    outcome(shown.page)
    shown.throttle(-1)
    shown.page.evaluate(
        "file = new File([file], file.name, { type: file.type, lastModified: 1700000000001 })"
    )
    shown.page.evaluate("begin()")
    assert stored(outcome(shown.page)["result"]["url"]) == DIGEST
    assert requests.steps.count("POST ") == 2


def test_what_has_ended_is_forgotten_with_the_next_upload(shown: UploadPage) -> None:
    shown.page.evaluate(
        """() => {
            const open = { ends: Date.now() + 1e6 };
            localStorage["oss-direct-upload ended"] = JSON.stringify({ ends: Date.now() });
            localStorage["oss-direct-upload open"] = JSON.stringify(open);
            localStorage["of the application"] = "text";
        }"""
    )
    shown.page.evaluate("begin()")
    outcome(shown.page)
    names = shown.page.evaluate("Object.keys(localStorage).sort()")
    assert names == ["of the application", "oss-direct-upload open"]


@pytest.mark.parametrize("reloads", [False, True], ids=["a repetition", "a reload"])
def test_a_lost_response_to_the_completion_stores_no_second_copy(
    shown: UploadPage, harness: Harness, reloads: bool
) -> None:
    def complete_and_break_off(route: Route) -> None:
        route.fetch()
        route.abort()

    shown.page.route("**/complete*", complete_and_break_off, times=1)
    requests = Requests(shown.page)
    shown.page.evaluate(f"begin({{ retries: {0 if reloads else 3} }})")
    if reloads:
        assert outcome(shown.page)["code"] == "unreachable"
        shown.page.reload()
        shown.page.evaluate(START, [harness.function, SIZE])
        shown.page.evaluate("begin()")
    result = outcome(shown.page)["result"]
    assert (result["repeated"], result["etag"]) == (True, None)
    assert stored(result["url"]) == DIGEST
    assert requests.steps.count("POST ") == 1
    assert sorted(requests.parts) == list(range(1, PARTS + 1))


def test_an_upload_that_is_gone_begins_anew(shown: UploadPage, harness: Harness) -> None:
    shown.page.route(re.compile("partNumber=3&"), lambda route: route.abort())
    shown.page.evaluate("begin({ retries: 0 })")
    outcome(shown.page)
    shown.page.unroute(re.compile("partNumber=3&"))
    # As a lifecycle rule does it.
    shown.page.evaluate(
        """async (endpoint) => {
            const { uploadId, key } = JSON.parse(localStorage[localStorage.key(0)]);
            const url = `${endpoint}/s3/multipart/${uploadId}?key=${encodeURIComponent(key)}`;
            await fetch(url, { method: "DELETE" });
        }""",
        harness.function,
    )
    requests = Requests(shown.page)
    shown.page.evaluate("begin()")
    assert stored(outcome(shown.page)["result"]["url"]) == DIGEST
    assert requests.steps[:3] == ["GET /id", "POST /id/complete", "POST "]


def test_a_part_that_is_missing_at_the_end_is_sent_again(shown: UploadPage) -> None:
    def swallow(route: Route) -> None:
        route.fulfill(status=200, headers={"Access-Control-Allow-Origin": "*"})

    shown.page.route(re.compile("partNumber=5&"), swallow, times=1)
    requests = Requests(shown.page)
    shown.page.evaluate("begin()")
    assert stored(outcome(shown.page)["result"]["url"]) == DIGEST
    assert requests.parts.count(5) == 2
    assert len(requests.parts) == PARTS + 1


@pytest.mark.parametrize(
    "response",
    [
        pytest.param({"parts": 1}, id="no upload"),
        pytest.param(
            {"key": "a", "uploadId": "b", "partSize": 5 * MIB, "parts": 9, "expires": 9},
            id="another number of parts",
        ),
    ],
)
def test_what_is_not_from_the_function_is_refused(
    shown: UploadPage, response: dict[str, Any]
) -> None:
    shown.page.route(re.compile("/s3/multipart$"), lambda route: route.fulfill(json=response))
    shown.page.evaluate("begin()")
    assert outcome(shown.page)["code"] == "bad_answer"


def test_a_worker_sends_parts_too(blank: Page, harness: Harness) -> None:
    worker = """
        onmessage = async ({ data: [client, endpoint, file] }) => {
            const { upload } = await import(client);
            const fetched = fetch;
            globalThis.fetch = (url, init) => String(url).endsWith("/limits")
                ? new Response(JSON.stringify({ max_bytes: 1, multipart: { threshold: 1 } }))
                : fetched(url, init);
            postMessage(await upload(file, { endpoint }));
        };
    """
    requests = Requests(blank)
    blank.evaluate(START, [harness.function, SIZE])
    url = blank.evaluate(
        """([source, endpoint]) => new Promise((resolve, reject) => {
            const worker = new Worker(URL.createObjectURL(new Blob([source])));
            worker.onmessage = ({ data }) => resolve(data.url);
            worker.onerror = reject;
            worker.postMessage([new URL("/client/upload.js", location.href).href, endpoint, file]);
        })""",
        [worker, harness.function],
    )
    assert stored(url) == DIGEST
    assert sorted(requests.parts) == list(range(1, PARTS + 1))


# The queue and the element


def film(path: Path) -> Path:
    path.write_bytes(CONTENT[:SIZE])
    return path


def test_a_queue_pauses_one_file_and_opens_six_connections_at_most(
    shown: UploadPage, harness: Harness
) -> None:
    shown.page.evaluate(
        """async ([endpoint]) => {
            const { UploadQueue } = await import("/client/queue.js");
            window.queue = new UploadQueue({ endpoint });
            await queue.readLimits();
            const small = Array.from({ length: 9 }, (_, n) => new File(["hello"], `${n}.txt`));
            [window.item] = queue.add([file, ...small]);
        }""",
        [harness.function],
    )
    open_now: set[Request] = set()
    most = 0

    def begun(request: Request) -> None:
        nonlocal most
        if request.url.startswith(harness.oss) and request.method != "OPTIONS":
            open_now.add(request)
            most = max(most, len(open_now))

    shown.page.on("request", begun)
    shown.page.on("requestfinished", lambda request: open_now.discard(request))
    shown.page.on("requestfailed", lambda request: open_now.discard(request))
    shown.throttle(10 * MIB)
    begun_in = """until(() => item.sent > 6e6).then(() => {
        const found = [item.inParts, item.state];
        queue.pause(item);
        return found;
    })"""
    assert shown.page.evaluate(begun_in) == [True, "uploading"]
    shown.page.evaluate("until(() => queue.totals.done === 9)")
    assert shown.page.evaluate("[item.state, item.isFinished, queue.totals.open]") == [
        "paused",
        False,
        1,
    ]
    shown.throttle(-1)
    shown.page.evaluate("queue.resume(item)")
    shown.page.evaluate("until(() => item.state === 'done')")
    assert stored(shown.page.evaluate("item.result.url")) == DIGEST
    assert 4 <= most <= 6


def test_a_queue_pauses_as_a_whole(shown: UploadPage, harness: Harness) -> None:
    shown.throttle(10 * MIB)
    states = shown.page.evaluate(
        """async ([endpoint]) => {
            const { UploadQueue } = await import("/client/queue.js");
            window.queue = new UploadQueue({ endpoint });
            await queue.readLimits();
            const [large] = queue.add([file]);
            await until(() => large.sent > 6e6);
            queue.pause();
            queue.add([new File(["hello"], "a.txt")]);
            const found = queue.items.map(({ state }) => state);
            queue.resume();
            await until(() => queue.totals.done === 2);
            return found;
        }""",
        [harness.function],
    )
    assert states == ["paused", "queued"]


@pytest.mark.parametrize("ends", ["cancel", "remove"])
def test_a_paused_file_that_is_given_up_leaves_nothing(
    shown: UploadPage, harness: Harness, ends: str
) -> None:
    shown.throttle(10 * MIB)
    shown.page.evaluate(
        """async ([endpoint, ends]) => {
            const { UploadQueue } = await import("/client/queue.js");
            const queue = new UploadQueue({ endpoint });
            await queue.readLimits();
            const [item] = queue.add([file]);
            await until(() => item.sent > 6e6);
            queue.pause(item);
            queue[ends](item);
        }""",
        [harness.function, ends],
    )
    wait_until_nothing_is_left(shown.page, harness)


def test_the_page_pauses_and_goes_on_after_a_reload(
    shown: UploadPage, harness: Harness, tmp_path: Path
) -> None:
    requests = Requests(shown.page)
    shown.throttle(MIB)  # it must not be stored before it is paused
    path = film(tmp_path / "film.mp4")
    shown.page.set_input_files("input[type=file]", path)
    expect(shown.file("film.mp4")).to_contain_text("MB of 40 MB")
    shown.page.evaluate("until(() => localStorage.length)")
    shown.button("Pause", "film.mp4").click()
    shown.expect_state("film.mp4", "paused")
    expect(shown.file("film.mp4")).to_contain_text("Paused at")
    expect(shown.button("Resume", "film.mp4")).to_be_focused()
    shown.throttle(10 * MIB)
    shown.page.on("dialog", lambda dialog: dialog.accept())
    with unfinished(shown.page):
        with shown.page.expect_response(PUT):
            shown.button("Resume", "film.mp4").click()
        shown.expect_state("film.mp4", "uploading")
        shown.page.reload()
    shown.expect_state("film.mp4", "interrupted")
    shown.expect_message(
        "film.mp4", "Not finished. Choose the same file again: it goes on where it stopped."
    )
    shown.throttle(-1)
    shown.page.set_input_files("input[type=file]", path)
    shown.expect_state("film.mp4", "done")
    assert shown.page.get_by_role("listitem").count() == 1
    link = shown.file("film.mp4").get_by_role("link").get_attribute("href")
    assert link and stored(link) == DIGEST
    assert requests.steps.count("POST ") == 1
    assert len(requests.parts) <= PARTS + 2 * IN_FLIGHT
    assert not left(harness)


def test_an_interrupted_file_can_be_given_up(
    shown: UploadPage, harness: Harness, tmp_path: Path
) -> None:
    shown.throttle(MIB)
    shown.page.set_input_files("input[type=file]", film(tmp_path / "film.mp4"))
    shown.page.evaluate("until(() => localStorage.length)")
    shown.page.on("dialog", lambda dialog: dialog.accept())
    shown.page.reload()
    shown.expect_state("film.mp4", "interrupted")
    assert left(harness)
    shown.button("Remove from the list", "film.mp4").click()
    wait_until_nothing_is_left(shown.page, harness)
    expect(shown.page.get_by_role("listitem")).to_have_count(0)


def test_a_file_that_was_changed_leaves_nothing(
    shown: UploadPage, harness: Harness, tmp_path: Path
) -> None:
    shown.throttle(MIB)  # it must not be stored before it is changed
    path = film(tmp_path / "film.mp4")
    shown.page.set_input_files("input[type=file]", path)
    shown.page.evaluate("until(() => localStorage.length)")
    os.utime(path, (1, 1))
    shown.expect_state("film.mp4", "failed")
    shown.expect_message("film.mp4", "The file can no longer be read")
    wait_until_nothing_is_left(shown.page, harness)


def test_the_largest_file_is_that_of_parts(shown: UploadPage) -> None:
    expect(shown.page.locator("oss-upload")).to_contain_text("up to 931 GB each")
