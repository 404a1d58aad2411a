"""The upload page as users see it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from playwright.sync_api import CDPSession, FilePayload, Locator, Page, expect

WAIT_MILLISECONDS = 60_000  # for whatever must come; a busy machine takes its time


def text_file(
    name: str, content: bytes = b"hello", content_type: str = "text/plain"
) -> FilePayload:
    return {"name": name, "mimeType": content_type, "buffer": content}


def text_files(count: int, content: bytes = b"hello") -> list[FilePayload]:
    return [text_file(f"{number}.txt", content) for number in range(1, count + 1)]


FOR_MACHINES = re.compile(r"undefined|null|NaN|\[object|<\?xml|<Error|Raw words| at .*\.js:")


@dataclass(frozen=True)
class UploadPage:
    page: Page
    devtools: CDPSession

    def choose(self, *files: FilePayload) -> None:
        self.page.set_input_files("input[type=file]", list(files))

    def drop(self, *names: str, content_type: str = "text/plain") -> None:
        self._hand_over("drop", "dataTransfer", names, content_type)

    def paste(self, *names: str, content_type: str = "text/plain") -> None:
        self._hand_over("paste", "clipboardData", names, content_type)

    def _hand_over(self, event: str, member: str, names: Sequence[str], content_type: str) -> None:
        self.page.evaluate(
            """async ([event, member, names, type]) => {
                await customElements.whenDefined("oss-upload");
                await new Promise((resolve) => setTimeout(resolve));
                const transfer = new DataTransfer();
                for (const name of names) transfer.items.add(new File(["hello"], name, { type }));
                const kind = event === "paste" ? ClipboardEvent : DragEvent;
                const init = { bubbles: true, cancelable: true, [member]: transfer };
                document.body.dispatchEvent(new kind(event, init));
            }""",
            [event, member, list(names), content_type],
        )

    def file(self, name: str) -> Locator:
        return self.page.get_by_role("listitem").filter(has=self.page.get_by_text(name, exact=True))

    def state(self, name: str) -> str | None:
        return self.file(name).get_attribute("data-state")

    def in_state(self, state: str) -> Locator:
        return self.page.locator(f"li[data-state={state}]")

    def button(self, name: str, file: str = "") -> Locator:
        """A button for all files, or one of a file's row, which names the file, too."""
        within = self.file(file) if file else self.page
        return within.get_by_role("button", name=f"{name} {file}".strip(), exact=True)

    def expect_state(self, name: str, state: str, **attributes: str) -> None:
        row = self.file(name)
        expect(row).to_have_attribute("data-state", state)
        for attribute, value in attributes.items():
            expect(row).to_have_attribute(f"data-{attribute}", value)

    def expect_count(self, state: str, count: int) -> None:
        expect(self.in_state(state)).to_have_count(count)

    def expect_message(self, name: str, words: str) -> None:
        """The file's row has this message, and nothing meant for machines."""
        row = self.file(name)
        expect(row).to_contain_text(words)
        assert not FOR_MACHINES.search(row.inner_text())

    def record(self) -> None:
        """Keep what the files' rows say from now on: some of it is shown for a second only."""
        self.page.evaluate(
            """async () => {
                await customElements.whenDefined("oss-upload");
                const { shadowRoot } = document.querySelector("oss-upload");
                const root = document.documentElement;
                const keep = () => {
                    for (const { innerText } of shadowRoot.querySelectorAll("li")) {
                        root.dataset.said += innerText.replace(/\\s+/g, " ") + "\\n";
                    }
                };
                root.dataset.said = "";
                const every = { subtree: true, childList: true, characterData: true };
                new MutationObserver(keep).observe(shadowRoot, every);
            }"""
        )

    def expect_said(self, words: str) -> None:
        """Since `record` a line has said what this pattern describes, if only for an instant."""
        root = self.page.locator("html")
        expect(root).to_have_attribute("data-said", re.compile(words))
        assert not FOR_MACHINES.search(root.get_attribute("data-said") or "")

    def key(self, name: str) -> str:
        """The key of a file's object, as its link says."""
        address = self.file(name).get_by_role("link").get_attribute("href")
        return unquote(urlsplit(address or "").path[1:])

    def said(self) -> Locator:
        """What screen readers hear of what happens."""
        return self.page.get_by_role("status")

    def throttle(self, bytes_a_second: int) -> None:
        """Slow down uploads, as a poor network does; -1 ends it."""
        self._set_line(bytes_a_second)

    def cut_the_line(self) -> None:
        """Break what is being sent, as a network does that is gone for a moment."""
        with self.page.expect_event("requestfailed"):
            self._set_line(offline=True)
        self._set_line()

    def _set_line(self, bytes_a_second: int = -1, *, offline: bool = False) -> None:
        self.devtools.send("Network.enable")
        self.devtools.send(
            "Network.emulateNetworkConditions",
            {
                "offline": offline,
                "latency": 0,
                "downloadThroughput": -1,
                "uploadThroughput": bytes_a_second,
            },
        )
