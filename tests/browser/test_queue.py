"""`UploadQueue` as an application uses it, without the element."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.scripted import Scripted, refusal, responding

pytestmark = pytest.mark.browser

# A queue, the events that it told, and what the tests wait for.
START = """async ([endpoint, options]) => {
    const { UploadQueue } = await import("/client/queue.js");
    globalThis.queue = new UploadQueue({ endpoint, ...options });
    globalThis.told = [];
    for (const type of ["change", "progress", "done", "failed"]) {
        queue.addEventListener(type, ({ detail }) => told.push([type, detail.name, detail.state]));
    }
    globalThis.add = (...names) =>
        queue.add(names.map((name) => new File(["hello"], name, { type: "text/plain" })));
    globalThis.until = async (right) => {
        while (!right()) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    globalThis.states = () => queue.items.map(({ state }) => state);
}"""


@pytest.fixture
def queue(blank: Page, scripted: Scripted) -> Page:
    blank.evaluate(START, [scripted.url, {}])
    return blank


def test_tells_how_each_file_goes(queue: Page, scripted: Scripted) -> None:
    queue.evaluate("async () => { add('a.txt'); await until(() => states()[0] === 'done'); }")
    told: list[list[str]] = queue.evaluate("told")
    assert [event for event in told if event[0] != "progress"] == [
        ["change", "a.txt", "queued"],
        ["change", "a.txt", "signing"],
        ["change", "a.txt", "uploading"],
        ["change", "a.txt", "done"],
        ["done", "a.txt", "done"],
    ]
    assert queue.evaluate("queue.items[0].result.key") == "user-dirs/1"
    assert queue.evaluate("queue.limits.max_bytes") == 5_000_000
    none = dict.fromkeys(["open", "failed", "cancelled", "interrupted"], 0)
    totals = {"count": 1, "done": 1, "sent": 5, "size": 5, **none}
    assert queue.evaluate("queue.totals") == totals


def test_a_failed_file_can_be_retried_and_counts_in_nothing(
    queue: Page, scripted: Scripted
) -> None:
    scripted.posting.append(responding(refusal(403, "AccessDenied")))
    queue.evaluate("async () => { add('a.txt'); await until(() => states()[0] === 'failed'); }")
    assert queue.evaluate("told.slice(-1)") == [["failed", "a.txt", "failed"]]
    totals = "[queue.totals.failed, queue.totals.sent, queue.totals.size]"
    assert queue.evaluate(totals) == [1, 0, 0]
    assert queue.evaluate("queue.items[0].error.code") == "grant_refused"
    queue.evaluate(
        "async () => { queue.retry(queue.items[0]); await until(() => states()[0] === 'done'); }"
    )
    assert queue.evaluate(totals) == [0, 5, 5]


def test_paused_it_starts_nothing_and_requests_nothing(queue: Page, scripted: Scripted) -> None:
    queue.evaluate("async () => { queue.pause(); add('a.txt'); await queue.readLimits(); }")
    assert queue.evaluate("states()") == ["queued"]
    assert scripted.requested == []
    queue.evaluate("async () => { queue.resume(); await until(() => states()[0] === 'done'); }")


def test_pausing_lets_what_is_on_its_way_arrive(queue: Page, scripted: Scripted) -> None:
    scripted.gate.clear()
    queue.evaluate(
        """async () => {
            add("1", "2", "3", "4", "5", "6", "7");
            await until(() => states().filter((state) => state === "uploading").length === 6);
            queue.pause();
        }"""
    )
    scripted.gate.set()
    queue.evaluate("() => until(() => queue.totals.done === 6)")
    assert queue.evaluate("states()[6]") == "queued"


def test_a_removed_file_is_neither_sent_nor_counted(queue: Page, scripted: Scripted) -> None:
    scripted.gate.clear()
    removed = queue.evaluate(
        """async () => {
            const [first] = add("a.txt", "b.txt");
            await until(() => first.state === "uploading");
            queue.remove(first);
            queue.remove(first);
            return first.state;
        }"""
    )
    scripted.gate.set()
    queue.evaluate("() => until(() => states()[0] === 'done')")
    assert removed == "removed"
    assert queue.evaluate("queue.items.map(({ name }) => name)") == ["b.txt"]
    assert queue.evaluate("[queue.totals.count, queue.totals.done, queue.totals.sent]") == [1, 1, 5]
    assert ["failed", "a.txt", "removed"] not in queue.evaluate("told")


def test_a_cancelled_file_frees_its_place(queue: Page, scripted: Scripted) -> None:
    scripted.gate.clear()
    queue.evaluate(
        """async () => {
            const items = add("1", "2", "3", "4", "5", "6", "7");
            await until(() => items[5].state === "uploading");
            queue.cancel(items[0]);
            await until(() => items[6].state === "uploading");
            queue.cancel(items[0]);
        }"""
    )
    assert queue.evaluate("states()[0]") == "cancelled"
    assert queue.evaluate("queue.totals.cancelled") == 1


def test_an_outage_of_a_batch_is_survived(queue: Page, scripted: Scripted) -> None:
    scripted.signing.append(responding(refusal(503, "nobody")))
    queue.evaluate(
        "async () => { add('1', '2', '3'); await until(() => queue.totals.done === 3); }"
    )


def test_what_was_stored_before_is_listed_again(queue: Page) -> None:
    queue.evaluate("queue.restore([{ name: 'a.txt', size: 7, result: { key: 'k' } }])")
    assert queue.evaluate("[states(), queue.totals.done, queue.totals.sent]") == [["done"], 1, 7]


@pytest.mark.parametrize(
    "options",
    [{"concurrency": 0}, {"concurrency": 1.5}, {"retries": -1}, {"endpoint": ""}],
    ids=str,
)
def test_a_mistake_is_a_type_error_at_once(
    blank: Page, scripted: Scripted, options: dict[str, Any]
) -> None:
    attempt = f"([...given]) => ({START})(given).then(() => 'made', ({{ name }}) => name)"
    assert blank.evaluate(attempt, [scripted.url, options]) == "TypeError"


def test_what_is_not_a_file_cannot_be_added(queue: Page) -> None:
    attempt = "(() => { try { queue.add(['a']); } catch (e) { return e.name; } })()"
    assert queue.evaluate(attempt) == "TypeError"
    assert queue.evaluate("queue.items.length") == 0


@pytest.mark.parametrize(("concurrency", "at_once"), [(1, 1), (2, 2), (9, 9)])
def test_the_concurrency_can_be_chosen(
    blank: Page, scripted: Scripted, concurrency: int, at_once: int
) -> None:
    blank.evaluate(START, [scripted.url, {"concurrency": concurrency}])
    scripted.gate.clear()
    blank.evaluate(
        """async (count) => {
            add(..."123456789012");
            await until(() => states().filter((state) => state !== "queued").length >= count);
        }""",
        at_once,
    )
    states = blank.evaluate("states()")
    assert len([state for state in states if state != "queued"]) == at_once
