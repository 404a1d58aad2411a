"""What users do with the page, with the real harness."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.view import UploadPage, text_file, text_files
from tests.harness import Harness, running_harness

pytestmark = pytest.mark.browser

OpenReal = Callable[..., UploadPage]


def read(harness: Harness, key: str) -> requests.Response:
    return requests.get(f"{harness.oss}/{key}", timeout=60)


def objects_of_size(harness: Harness, size: int) -> list[Path]:
    """Drafts may vanish meanwhile, which is why only finished contents are looked at."""
    return [path for path in harness.data.glob("*/content/*") if path.stat().st_size == size]


def png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0\xff\0\0")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", pixel), chunk(b"IEND", b"")]
    )


def test_stores_the_exact_bytes_with_the_pinned_type_and_shows_the_link(
    real_page: OpenReal, harness: Harness
) -> None:
    page = real_page()
    # Without a type from the browser, as on systems that do not know the extension.
    page.choose(text_file("照片 一.txt", b"the same bytes", ""))
    page.expect_state("照片 一.txt", "done")
    stored = read(harness, page.key("照片 一.txt"))
    assert stored.content == b"the same bytes"
    assert stored.headers["Content-Type"].startswith("text/plain")
    link = page.file("照片 一.txt").get_by_role("link")
    expect(link).to_have_attribute("href", f"{harness.oss}/{page.key('照片 一.txt')}")
    expect(page.file("照片 一.txt")).to_contain_text("14 B")


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_accepts_dropped_and_pasted_files(real_page: OpenReal, way: str) -> None:
    page = real_page()
    getattr(page, way)("one.txt", "two.txt")
    page.expect_count("done", 2)


def test_shows_a_preview_of_a_picture(real_page: OpenReal) -> None:
    page = real_page()
    page.choose(
        text_file("red.png", png(), "image/png"),
        text_file("torn.png", b"not a picture", "image/png"),
    )
    expect(page.file("red.png").locator("canvas")).to_be_visible()
    page.expect_count("done", 2)
    expect(page.file("torn.png").locator("canvas")).to_have_count(0)


def test_stores_twenty_files_at_once(real_page: OpenReal) -> None:
    page = real_page()
    page.choose(*text_files(20, b"x" * 10_000))
    page.expect_count("done", 20)
    assert len({page.key(f"{number}.txt") for number in range(1, 21)}) == 20
    expect(page.page.get_by_role("region", name="All files")).to_contain_text("20 of 20 stored")


def test_progress_only_grows_on_a_slow_network_and_shows_speed_and_time(
    real_page: OpenReal,
) -> None:
    page = real_page()
    page.throttle(400_000)
    page.record()
    page.page.evaluate(
        """() => {
            const { shadowRoot } = document.querySelector("oss-upload");
            window.seen = [];
            const look = () => {
                const bar = shadowRoot.querySelector("li [role=progressbar]");
                if (bar) seen.push(Number(bar.getAttribute("aria-valuenow")));
            };
            const attributeFilter = ["aria-valuenow"];
            const every = { subtree: true, attributes: true, attributeFilter };
            new MutationObserver(look).observe(shadowRoot, every);
        }"""
    )
    page.choose(text_file("slow.txt", b"x" * 900_000))
    page.expect_said(r"\d KB/s, \d s left")
    page.expect_state("slow.txt", "done")
    seen = page.page.evaluate("seen")
    assert seen == sorted(seen)
    assert seen[-1] == 100
    assert len(set(seen)) > 5


def test_a_cancelled_file_is_not_stored_and_can_be_retried(
    real_page: OpenReal, harness: Harness
) -> None:
    page = real_page()
    page.throttle(20_000)  # a minute, so that it is not stored before it is cancelled
    size = 1_234_567
    page.choose(text_file("big.txt", b"x" * size))
    page.expect_state("big.txt", "uploading")
    with page.page.expect_event("requestfailed"):  # or the rest would be sent unthrottled
        page.button("Cancel", "big.txt").click()
    page.expect_state("big.txt", "cancelled")
    page.throttle(-1)
    assert objects_of_size(harness, size) == []
    page.button("Retry", "big.txt").click()
    page.expect_state("big.txt", "done")
    assert len(objects_of_size(harness, size)) == 1


def test_all_files_can_be_cancelled_and_retried_at_once(real_page: OpenReal) -> None:
    page = real_page()
    page.throttle(5_000)  # minutes, so that none is stored before it is cancelled
    page.choose(*text_files(6, b"x" * 200_000))
    page.button("Cancel all").click()
    page.expect_count("cancelled", 6)
    page.throttle(-1)
    page.button("Retry all").click()
    page.expect_count("done", 6)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("page.html", b"<b>", "Files of this type are not allowed", id="active type"),
        pytest.param("tool.exe", b"MZ", "Files of this type are not allowed", id="unlisted type"),
        pytest.param("nothing.txt", b"", "The file is empty", id="empty"),
        pytest.param(
            "big.txt", b"x" * 2_200_000, "2.1 MB. At most 2 MB is allowed", id="too large"
        ),
    ],
)
def test_refusals_have_a_plain_message(
    real_page: OpenReal, name: str, content: bytes, message: str
) -> None:
    page = real_page()
    page.choose(text_file(name, content, ""))
    page.expect_state(name, "failed")
    page.expect_message(name, message)


def test_refuses_without_a_request_what_it_has_learned(real_page: OpenReal) -> None:
    page = real_page()
    requested: list[str] = []
    page.choose(text_file("big.txt", b"x" * 2_200_000), text_file("tool.exe", b"MZ", ""))
    page.expect_count("failed", 2)
    page.page.on("request", lambda request: requested.append(request.url))
    page.choose(text_file("bigger.txt", b"x" * 2_300_000), text_file("other.exe", b"MZ", ""))
    page.expect_count("failed", 4)
    page.expect_message("bigger.txt", "At most 2 MB is allowed")
    assert requested == []


PRESETS = """{"picture": {"dir": "pictures/{user}/", "types": "image/*", "max_bytes": 2000},
              "note": {"dir": "notes/", "types": "text/plain", "allow": {"role": ["clerk"]}}}"""


def test_signs_in_and_keeps_to_a_preset(
    open_page: Callable[..., UploadPage], tmp_path: Path
) -> None:
    with running_harness(tmp_path, {"AUTH": "jwt", "UPLOAD_PRESETS": PRESETS}) as harness:
        page = open_page(harness.page, harness.function, harness.oss)
        config = {"endpoint": harness.function, "token": "/issuer/token?user=alice"}
        page.page.route("**/config.json", lambda route: route.fulfill(json=config))

        config["preset"] = "picture"
        page.page.reload()
        expect(page.page.get_by_text("Accepted: pictures · up to 2 KB each")).to_be_visible()
        page.choose(text_file("red.png", png(), "image/png"), text_file("a.txt"))
        page.expect_state("red.png", "done")
        page.expect_message("a.txt", "Files of this type are not allowed.")
        assert page.key("red.png").startswith("pictures/alice/")

        config["preset"] = "note"
        page.page.reload()
        expect(page.page.get_by_role("alert")).to_contain_text(
            "not allowed to upload files of this"
        )
