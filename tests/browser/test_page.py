"""What the page spares its users, with a scripted service."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect
from werkzeug.wrappers import Request, Response

from emulator.page import STYLE_HASH
from tests.browser.scripted import Scripted, function_error, refusal, responding
from tests.browser.test_upload import NEWER
from tests.browser.view import UploadPage, text_file, text_files

pytestmark = pytest.mark.browser

OpenScripted = Callable[..., UploadPage]


def configured(page: UploadPage, scripted: Scripted, **members: Any) -> None:
    """Load the page again, with more in its config.json."""
    page.page.route(
        "**/config.json", lambda route: route.fulfill(json={"endpoint": scripted.url, **members})
    )
    page.page.reload()


def asked(scripted: Scripted) -> list[str]:
    """The names of the files for which grants were requested, in their order."""
    files = [file for body in scripted.requested for file in body.get("files", [body])]
    return [file["filename"] for file in files]


def test_grants_are_requested_in_batches_of_what_comes_next(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    page = scripted_page()
    page.choose(*text_files(60))
    page.expect_count("done", 60)
    assert asked(scripted) == [f"{number}.txt" for number in range(1, 61)]
    assert len(scripted.requested) <= 6
    assert max(len(body.get("files", [])) for body in scripted.requested) <= 24


def test_a_grant_for_a_large_file_is_requested_when_it_is_its_turn(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.gate.clear()
    page = scripted_page()
    page.choose(*text_files(5, b"x" * 1_100_000))
    page.expect_count("uploading", 3)
    page.expect_count("queued", 2)
    assert sorted(asked(scripted)) == ["1.txt", "2.txt", "3.txt"]
    scripted.gate.set()
    page.expect_count("done", 5)


def test_grants_that_aged_in_the_queue_are_replaced(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.grant_seconds = 1  # less than any grant that is used must have left
    page = scripted_page()
    scripted.gate.clear()
    page.choose(*text_files(8))
    page.expect_count("uploading", 6)
    assert [asked(scripted).count(name) for name in ("7.txt", "8.txt")] == [1, 1]
    scripted.grant_seconds = 300
    scripted.gate.set()
    page.expect_count("done", 8)
    assert [asked(scripted).count(name) for name in ("7.txt", "8.txt")] == [2, 2]


def test_two_hundred_refused_files_make_few_requests(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.refused = {f"{number}.exe": "type_not_allowed" for number in range(200)}
    page = scripted_page()
    page.choose(*(text_file(f"{number}.exe", b"MZ", "") for number in range(200)))
    page.expect_count("failed", 200)
    assert len(scripted.requested) == 1


def test_what_is_over_the_limits_makes_no_request(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.limits = {**(scripted.limits or {}), "max_bytes": 10, "min_bytes": 2}
    page = scripted_page()
    page.choose(text_file("big.txt", b"x" * 11), text_file("small.txt", b"x"), text_file("0", b""))
    page.expect_count("failed", 3)
    page.expect_message("big.txt", "The file is too large: 11 B. At most 10 B is allowed.")
    page.expect_message("small.txt", "The file is smaller than allowed.")
    page.expect_message("0", "The file is empty.")
    assert scripted.requested == []


def test_without_a_route_for_limits_the_function_refuses(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.limits = None
    scripted.refused = {"big.txt": "file_too_large"}
    page = scripted_page()
    page.choose(text_file("big.txt"), text_file("b.txt"))
    page.expect_message("big.txt", "The file is too large. Choose a smaller one.")
    page.expect_state("b.txt", "done")


def test_limits_are_shown_before_the_first_file(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    accept = "image/*,video/mp4,application/pdf,.pdf,.docx"
    scripted.limits = {**(scripted.limits or {}), "accept": accept}
    page = scripted_page()
    limits = page.page.get_by_text("Accepted: pictures, MP4, PDF, DOCX · up to 4.8 MB each")
    expect(limits).to_be_visible()
    picker = page.page.get_by_label("Choose files")
    expect(picker).to_have_attribute("accept", accept)
    expect(picker).to_have_accessible_description(re.compile("Accepted: pictures.*4.8 MB each"))


def test_a_preset_is_named_in_each_request(scripted_page: OpenScripted, scripted: Scripted) -> None:
    page = scripted_page()
    with page.page.expect_request("**/limits?preset=avatar"):
        configured(page, scripted, preset="avatar")
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "done")
    page.choose(*text_files(2))
    page.expect_count("done", 3)
    assert [body["preset"] for body in scripted.requested] == ["avatar", "avatar"]


def test_a_file_chosen_before_the_script_ran_is_uploaded(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    page = scripted_page()

    def choose_first(route: Route) -> None:
        page.choose(text_file("early.txt"))
        route.continue_()

    page.page.route("**/client/element.js", choose_first, times=1)
    page.page.reload()
    page.expect_state("early.txt", "done")
    assert asked(scripted) == ["early.txt"]


def test_focus_is_never_hidden_by_the_bar(scripted_page: OpenScripted, scripted: Scripted) -> None:
    scripted.posting.extend([responding(refusal(403, "AccessDenied"))] * 25)
    page = scripted_page()
    page.choose(*text_files(25))
    page.expect_count("failed", 25)
    page.page.get_by_label("Choose a folder").focus()
    for _ in range(50):
        page.page.keyboard.press("Tab")
        assert page.page.evaluate(
            """() => {
                const { shadowRoot } = document.querySelector("oss-upload");
                const { x, y, width, height } = shadowRoot.activeElement.getBoundingClientRect();
                const seen = shadowRoot.elementFromPoint(x + width / 2, y + height / 2);
                return seen === shadowRoot.activeElement;
            }"""
        )


def test_screen_readers_hear_which_files_failed_and_why(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.refused = {f"{number}.exe": "type_not_allowed" for number in range(7)}
    page = scripted_page()
    page.choose(*(text_file(f"{number}.exe", b"MZ", "") for number in range(7)), *text_files(8))
    reason = r"(\d\.exe: Files of this type are not allowed\. .* extension\. ){5}2 more failed\."
    expect(page.said()).to_contain_text(re.compile(reason))
    page.expect_count("done", 8)


def test_retry_is_offered_only_where_it_can_help(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.refused = {"a.exe": "type_not_allowed", "b.txt": "misconfigured"}
    page = scripted_page()
    page.choose(text_file("a.exe"), text_file("b.txt"))
    page.expect_count("failed", 2)
    expect(page.button("Retry", "a.exe")).to_have_count(0)
    expect(page.button("Retry", "b.txt")).to_be_visible()
    scripted.refused = {}
    page.button("Retry all").click()
    page.expect_state("b.txt", "done")
    page.expect_state("a.exe", "failed")
    expect(page.button("Retry all")).to_have_count(0)


def test_a_name_cannot_turn_its_extension_around(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    page = scripted_page()
    page.choose(text_file("photo_\u202egnp.exe"))
    page.expect_state("photo_gnp.exe", "done")
    assert asked(scripted) == ["photo_\u202egnp.exe"]  # the function cleans it itself


def test_a_long_name_is_shown_to_its_end(scripted_page: OpenScripted) -> None:
    page = scripted_page(width=360)
    name = "a" * 200 + " 1.txt"
    page.choose(text_file(name))
    page.expect_state(name, "done")
    shown = page.page.get_by_text(name, exact=True)
    assert shown.evaluate(
        "(e) => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight"
    )


DRAG = """(type) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["hello"], "a.txt"));
    const init = { bubbles: true, cancelable: true, dataTransfer };
    document.body.dispatchEvent(new DragEvent(type, init));
}"""


def test_files_over_the_page_are_seen_wherever_it_is_scrolled(scripted_page: OpenScripted) -> None:
    page = scripted_page()
    page.choose(*text_files(30))
    page.expect_count("done", 30)
    page.page.evaluate("scrollTo(0, 1e6)")
    overlay = page.page.get_by_text("Drop to upload")
    page.page.evaluate(DRAG, "dragover")
    expect(overlay).to_be_in_viewport(ratio=1)
    page.page.evaluate(DRAG, "dragleave")
    expect(overlay).to_be_hidden()
    page.page.evaluate(DRAG, "dragover")
    page.page.evaluate(DRAG, "drop")
    expect(overlay).to_be_hidden()
    page.expect_count("done", 31)


def test_a_folder_is_walked(
    scripted_page: OpenScripted, scripted: Scripted, tmp_path: Path
) -> None:
    (tmp_path / "album/2026").mkdir(parents=True)
    for name in ("album/a.txt", "album/2026/b.txt"):
        (tmp_path / name).write_text("hello")
    page = scripted_page()
    page.page.get_by_label("Choose a folder").set_input_files(tmp_path / "album")
    page.expect_count("done", 2)
    page.expect_state("album/a.txt", "done")
    page.expect_state("album/2026/b.txt", "done")
    assert sorted(asked(scripted)) == ["a.txt", "b.txt"]


def test_a_dropped_folder_is_walked(scripted_page: OpenScripted, scripted: Scripted) -> None:
    """Chromium lets no script make a dropped folder, so its entries are made up."""
    page = scripted_page()
    page.page.evaluate(
        """async () => {
            await customElements.whenDefined("oss-upload");
            await new Promise((resolve) => setTimeout(resolve));
            const file = (fullPath) => ({
                name: fullPath.split("/").pop(), fullPath, isDirectory: false,
                file: (resolve) => resolve(new File(["hello"], fullPath.split("/").pop())),
            });
            const folder = (fullPath, ...batches) => ({
                fullPath, isDirectory: true,
                createReader: () => ({ readEntries: (resolve) => resolve(batches.shift() ?? []) }),
            });
            const unreadable = {
                name: "x.txt", fullPath: "/album/x.txt", isDirectory: false,
                file: (resolve, reject) => reject(new Error("gone")),
            };
            const album = folder("/album",
                [file("/album/1.txt"), folder("/album/2026", [file("/album/2026/2.txt")])],
                [file("/album/3.txt"), file("/album/.DS_Store"), unreadable]);
            const items = [
                { kind: "file", webkitGetAsEntry: () => album, getAsFile: () => null },
                { kind: "string", getAsFile: () => null },
            ];
            const event = new Event("drop", { bubbles: true, cancelable: true });
            event.dataTransfer = { types: ["Files"], items };
            document.body.dispatchEvent(event);
        }"""
    )
    page.expect_count("done", 3)
    for name in ("album/1.txt", "album/2026/2.txt", "album/3.txt"):
        page.expect_state(name, "done")


def test_files_can_be_removed_and_the_list_cleared(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    page = scripted_page()
    page.choose(*text_files(3))
    page.expect_count("done", 3)
    page.button("Remove from the list", "2.txt").click()
    expect(page.file("2.txt")).to_have_count(0)
    expect(page.button("Remove from the list", "3.txt")).to_be_focused()
    expect(page.page.get_by_role("region", name="All files")).to_contain_text("2 of 2 stored")
    page.button("Clear the list").click()
    page.expect_count("done", 0)
    expect(page.page.get_by_role("region", name="All files")).to_be_hidden()
    expect(page.page.get_by_label("Choose files")).to_be_focused()
    assert len(scripted.objects) == 3


def test_finished_files_and_their_links_survive_a_reload(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    page = scripted_page()
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "done")
    key = page.key("a.txt")
    page.page.reload()
    page.expect_state("a.txt", "done")
    assert page.key("a.txt") == key
    page.choose(text_file("b.txt"))
    page.expect_state("b.txt", "done")
    page.button("Clear the list").click()
    page.page.reload()
    expect(page.page.get_by_label("Choose files")).to_be_visible()
    page.choose(text_file("c.txt"))
    page.expect_state("c.txt", "done")
    page.expect_count("done", 1)


def test_no_link_is_shown_where_objects_are_private(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    page = scripted_page()
    configured(page, scripted, links=False)
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "done")
    expect(page.page.get_by_role("link")).to_have_count(0)


def test_tokens_are_asked_for_and_asked_for_again_after_a_401(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    seen: list[str | None] = []

    def admit(request: Request) -> Response | None:
        seen.append(request.headers.get("Authorization"))
        return None if seen[-1] == "Bearer 3" else function_error(401, "unauthorized")

    scripted.signing.extend([admit] * 2)
    page = scripted_page()
    tokens = iter("1234")
    page.page.route("**/token", lambda route: route.fulfill(json={"token": next(tokens)}))
    configured(page, scripted, token="/token")
    expect(page.page.get_by_text("up to 4.8 MB each")).to_be_visible()
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "done")
    assert seen == ["Bearer 2", "Bearer 3"]


def test_without_a_token_a_person_can_sign_in(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    page = scripted_page()
    answers: list[dict[str, Any]] = [{"status": 401, "json": {"error": "no session"}}]
    page.page.route("**/token", lambda route: route.fulfill(**answers[-1]))
    configured(page, scripted, token="/token", signIn="/login")
    alert = page.page.get_by_role("alert")
    expect(alert).to_contain_text("You are not signed in")
    link = page.page.get_by_role("link", name="Sign in")
    expect(link).to_have_attribute("href", "/login")
    expect(link).to_have_attribute("target", "_blank")  # what was chosen here is not lost
    page.choose(text_file("a.txt"))
    page.expect_message("a.txt", "You are not signed in")
    assert scripted.requested == []

    answers.append({"json": {"token": "t"}})
    page.page.evaluate("dispatchEvent(new Event('focus'))")  # back from the other tab
    expect(link).to_be_hidden()
    page.button("Retry", "a.txt").click()
    page.expect_state("a.txt", "done")


@pytest.mark.parametrize("has_limits", [True, False], ids=["limits", "no limits"])
def test_works_without_newer_functions_under_its_policy(
    scripted_page: OpenScripted, scripted: Scripted, has_limits: bool
) -> None:
    if not has_limits:
        scripted.limits = None
    page = scripted_page()
    page.page.add_init_script(NEWER)
    page.page.reload()
    page.choose(*text_files(8))
    page.expect_count("done", 8)
    scripted.posting.append(responding(refusal(403, "AccessDenied")))
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "failed")
    page.button("Retry", "a.txt").click()
    page.expect_state("a.txt", "done")
    # Its style comes from a style element, which the policy allows by its hash.
    style = page.page.locator("style").text_content() or ""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" == STYLE_HASH, (
        "put this hash into emulator/page.py and docs/deploy.md"
    )
    assert page.file("a.txt").evaluate("(row) => getComputedStyle(row).display") == "flex"


def test_print_shows_what_became_of_each_file(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    page = scripted_page()
    page.page.emulate_media(color_scheme="dark", media="print")
    page.choose(*text_files(3))
    page.expect_count("done", 3)
    row = page.file("3.txt")
    expect(row.get_by_text("Stored")).to_be_visible()
    expect(page.page.get_by_role("button")).to_have_count(0)
    # Dark on white paper, whatever the screen has.
    assert row.evaluate("(e) => getComputedStyle(e).color") == "rgb(27, 31, 42)"


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_fits_a_phone_with_text_of_twice_the_size(
    scripted_page: OpenScripted, scripted: Scripted, language: str
) -> None:
    scripted.refused = {"a.exe": "type_not_allowed"}
    scripted.limits = {**(scripted.limits or {}), "accept": "image/*,.pdf,.docx,.xlsx"}
    page = scripted_page(language=language, width=320)
    page.page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.choose(text_file("a.exe"), text_file("x" * 60 + ".txt"), *text_files(2))
    page.expect_count("done", 3)
    assert page.page.evaluate("document.documentElement.scrollWidth") == 320
