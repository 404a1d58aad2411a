"""The page works with keyboards, screen readers, in Chinese and on narrow screens."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import expect
from werkzeug.wrappers import Response

from tests.browser.scripted import Scripted, function_error, refusal, responding
from tests.browser.view import UploadPage, text_file

pytestmark = pytest.mark.browser

OpenScripted = Callable[..., UploadPage]


def show_every_state(page: UploadPage, scripted: Scripted) -> None:
    """One file in each state, in the order of the file names."""
    scripted.extra_fields = {"callback": "e30="}
    scripted.posting.append(responding(Response('{"Status": "OK"}', mimetype="application/json")))
    page.choose(text_file("1-done.txt"))
    page.expect_state("1-done.txt", "done")
    scripted.posting.append(responding(refusal(203, "CallbackFailed")))
    page.choose(text_file("2-callback.txt"))
    page.expect_state("2-callback.txt", "done", callback="failed")
    scripted.posting.append(responding(refusal(403, "AccessDenied", ec="0006-00000227")))
    page.choose(text_file("3-a-rather-long-name-" + "x" * 80 + ".txt"))
    page.expect_count("failed", 1)
    scripted.signing.append(responding(function_error(503, "unavailable", Retry_After="60")))
    page.choose(text_file("4-waiting.txt"))
    expect(page.page.locator("li[data-waiting]")).to_have_count(1)
    scripted.gate.clear()
    page.choose(*(text_file(f"{number}.txt", b"x" * 5000) for number in (5, 6, 7, 8)))
    page.expect_count("uploading", 4)
    page.file("8.txt").locator(".cancel").click()
    page.expect_state("8.txt", "cancelled")


@pytest.mark.timeout(600)  # npm takes a busy machine minutes
@pytest.mark.parametrize("forced", ["none", "active"], ids=["own colours", "forced colours"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_has_no_accessibility_violation_in_any_state(
    scripted_page: OpenScripted,
    scripted: Scripted,
    axe: str,
    scheme: Literal["light", "dark"],
    forced: Literal["none", "active"],
) -> None:
    page = scripted_page()
    page.page.emulate_media(color_scheme=scheme, forced_colors=forced)
    page.page.evaluate(axe)
    expect(page.page.get_by_label("Choose a folder")).to_be_attached()  # the element is there
    empty = page.page.evaluate("axe.run()")
    show_every_state(page, scripted)
    for result in (empty, page.page.evaluate("axe.run()")):
        assert [
            (violation["id"], node["html"], node["failureSummary"])
            for violation in result["violations"]
            for node in violation["nodes"]
        ] == []


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_fits_a_narrow_screen(
    scripted_page: OpenScripted, scripted: Scripted, language: str
) -> None:
    page = scripted_page(language=language, width=360)
    show_every_state(page, scripted)
    width = page.page.evaluate("document.documentElement.scrollWidth")
    assert width == 360


@pytest.mark.parametrize(
    ("language", "title", "cancel"),
    [
        ("zh-CN", "上传文件", "取消"),
        ("zh-TW", "上传文件", "取消"),
        ("en-US", "Upload files", "Cancel"),
        ("fr-FR", "Upload files", "Cancel"),
    ],
)
def test_uses_the_browsers_language(
    scripted_page: OpenScripted, scripted: Scripted, language: str, title: str, cancel: str
) -> None:
    scripted.gate.clear()
    page = scripted_page(language=language)
    expect(page.page).to_have_title(title)
    expect(page.page.get_by_role("heading", level=1)).to_have_text(title)
    page.choose(text_file("a.txt"))
    expect(page.button(cancel, "a.txt")).to_be_visible()


def test_a_chinese_page_has_no_english(scripted_page: OpenScripted, scripted: Scripted) -> None:
    scripted.posting.append(responding(refusal(403, "AccessDenied", "No.", "0006-00000227")))
    page = scripted_page(language="zh-CN")
    page.choose(text_file("一.txt"))
    page.expect_state("一.txt", "failed")
    page.expect_message("一.txt", "存储不接受此上传授权。请重试")
    page.button("重试", "一.txt").click()
    page.expect_message("一.txt", "已存储")
    words = page.page.inner_text("main") + page.page.locator(".all").inner_text()
    assert not re.search("[A-Za-z]", re.sub(r"一\.txt|TXT|\d M?B", "", words))


def test_a_keyboard_is_sufficient(scripted_page: OpenScripted, scripted: Scripted) -> None:
    scripted.posting.append(responding(refusal(403, "AccessDenied")))
    page = scripted_page()
    keyboard = page.page.keyboard
    # First, because it takes effect a little later.
    with page.page.expect_file_chooser() as choosing:
        keyboard.press("Tab")
        expect(page.page.get_by_label("Choose files")).to_be_focused()
        keyboard.press("Enter")
    choosing.value.set_files([text_file("a.txt")])
    page.expect_state("a.txt", "failed")
    keyboard.press("Tab")
    expect(page.page.get_by_label("Choose a folder")).to_be_focused()
    keyboard.press("Tab")
    expect(page.button("Retry", "a.txt")).to_be_focused()
    scripted.gate.clear()
    keyboard.press("Enter")
    expect(page.button("Cancel", "a.txt")).to_be_focused()
    keyboard.press("Enter")
    page.expect_state("a.txt", "cancelled")
    expect(page.button("Retry", "a.txt")).to_be_focused()
    scripted.gate.set()
    keyboard.press("Enter")
    page.expect_state("a.txt", "done")
    expect(page.file("a.txt").get_by_role("link")).to_be_focused()


def test_screen_readers_hear_the_result_of_each_file(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.signing.append(responding(function_error(415, "type_not_allowed")))
    page = scripted_page()
    status = page.said()
    page.choose(text_file("a.txt"))
    expect(status).to_contain_text(re.compile(r"a\.txt: Files of this type .* extension\.$"))
    page.choose(text_file("b.md"))
    expect(status).to_contain_text("b.md: Stored")


def test_each_progress_bar_and_button_names_its_file(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.gate.clear()
    page = scripted_page()
    page.choose(text_file("a.txt"), text_file("b.txt"))
    for name in ("a.txt", "b.txt"):
        expect(page.page.get_by_role("progressbar", name=name)).to_be_visible()
        expect(page.button("Cancel", name)).to_be_visible()
    expect(page.page.get_by_role("progressbar", name="All files")).to_be_visible()
