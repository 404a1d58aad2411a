"""`<oss-upload>` in plain HTML, React 19 and Vue 3, with the code of docs/client.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.exceptions import NotFound
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.wrappers import Request, Response

from emulator.server import Server
from tests.browser.scripted import Scripted, responding
from tests.browser.view import WAIT_MILLISECONDS, text_file
from tests.harness import ROOT
from tests.web.package import GUIDE, Project

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

Host = Callable[[str], Page]

REACT = """
import { createRoot } from "react-dom/client";
%s
const stored = (key: string) => { document.title = key; };
const root = createRoot(document.querySelector("#app")!);
const endpoint = new URLSearchParams(location.search).get("to")!;
root.render(<Attachments endpoint={endpoint} onStored={stored} />);
Object.assign(globalThis, { leave: () => root.unmount() });
"""
VUE = """
import { createApp, h } from "vue";
%s
const stored = (key: string) => { document.title = key; };
const endpoint = new URLSearchParams(location.search).get("to")!;
const app = createApp({ render: () => h(Attachments, { endpoint, onStored: stored }) });
app.config.compilerOptions.isCustomElement = isCustomElement;
app.mount("#app");
Object.assign(globalThis, { leave: () => app.unmount() });
"""
VUE_WITH_COMPILER = "--alias:vue=vue/dist/vue.esm-bundler.js"


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    service = Scripted()
    with Server(service) as server:
        service.url = server.url
        yield service
        service.gate.set()


@pytest.fixture
def host(chromium: Browser, scripted: Scripted, tmp_path: Path) -> Iterator[Host]:
    """Opens a page with this body, beside the client and what is written into `tmp_path`."""
    expect.set_options(timeout=WAIT_MILLISECONDS)
    folder = tmp_path / "site"
    folder.mkdir()
    folders = {"/client": str(ROOT / "web/client"), "/": str(folder)}
    errors: list[str] = []
    with Server(SharedDataMiddleware(NotFound(), folders)) as server:
        context = chromium.new_context(locale="en-GB")
        context.set_default_timeout(WAIT_MILLISECONDS)

        def opened(body: str) -> Page:
            page = context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: errors.append(message.text))
            html = f'<!doctype html><link rel="icon" href="data:,"><title>-</title>{body}'
            (folder / "index.html").write_text(html, encoding="utf-8")
            page.goto(f"{server.url}/index.html?to={scripted.url}")
            return page

        yield opened
        context.close()
    # Chromium itself logs every response above 399.
    assert [error for error in errors if not error.startswith("Failed to load resource")] == []


@pytest.fixture(params=["react", "vue"])
def framework(request: pytest.FixtureRequest, project: Project, host: Host) -> Page:
    source, name, options = {
        "react": (REACT, "entry.tsx", ["--jsx=automatic"]),
        "vue": (
            VUE,
            "entry.ts",
            [
                VUE_WITH_COMPILER,
                "--define:__VUE_OPTIONS_API__=true",
                "--define:__VUE_PROD_DEVTOOLS__=false",
                "--define:__VUE_PROD_HYDRATION_MISMATCH_DETAILS__=false",
            ],
        ),
    }[request.param]
    script = project.bundle(source % GUIDE.block(request.param), *options, name=name)
    (project.folder / "site/app.js").write_text(script, encoding="utf-8")
    return host('<div id="app"></div><script type="module" src="app.js"></script>')


def authorization(scripted: Scripted) -> list[str | None]:
    """What the next request for grants says in this header, once it has come."""
    seen: list[str | None] = []

    def look(request: Request) -> None:
        seen.append(request.headers.get("Authorization"))

    scripted.signing.append(look)
    return seen


def choose(page: Page, *names: str) -> None:
    page.locator("input[type=file]").first.set_input_files([text_file(name) for name in names])


def test_a_framework_hands_over_the_token_and_hears_of_the_key(
    framework: Page, scripted: Scripted
) -> None:
    seen = authorization(scripted)
    choose(framework, "a.txt")
    expect(framework).to_have_title("user-dirs/1")
    assert seen == ["Bearer the caller's token"]


def test_what_is_left_is_cancelled_when_the_framework_removes_the_element(
    framework: Page, scripted: Scripted
) -> None:
    scripted.gate.clear()
    choose(framework, "a.txt")
    expect(framework.locator("li[data-state=uploading]")).to_have_count(1)
    with framework.expect_event("requestfailed"):
        framework.evaluate("leave()")


FORM = """
<script type="module" src="client/element.js"></script>
<form method="get" action="/index.html">
  <oss-upload name="attachments" %s></oss-upload>
  <button>Send</button> <button type="reset">Reset</button>
</form>
<script>
  document.querySelector("oss-upload").setAttribute(
    "endpoint", new URLSearchParams(location.search).get("to") ?? "/");
</script>
"""


def sent(page: Page) -> list[str]:
    """What the form sent, or would send."""
    keys: list[str] = page.evaluate(
        "() => new FormData(document.querySelector('form')).getAll('attachments')"
    )
    return keys


def test_a_form_gets_the_keys(host: Host, scripted: Scripted) -> None:
    page = host(FORM % "multiple required")
    assert page.locator("oss-upload").evaluate("(e) => e.matches(':invalid')")
    scripted.gate.clear()
    choose(page, "a.txt", "b.txt")
    expect(page.locator("li[data-state=uploading]")).to_have_count(2)
    page.get_by_role("button", name="Send").click()  # which waits until both are stored
    assert page.locator("oss-upload").evaluate("(e) => e.matches(':invalid')")
    scripted.gate.set()
    expect(page.locator("li[data-state=done]")).to_have_count(2)
    assert sent(page) == ["user-dirs/1", "user-dirs/2"]
    assert page.locator("oss-upload").evaluate("(e) => e.value") == sent(page)
    with page.expect_navigation(url="**/index.html?attachments=*"):
        page.get_by_role("button", name="Send").click()
    assert page.url.endswith("?attachments=user-dirs%2F1&attachments=user-dirs%2F2")
    expect(page.get_by_label("Choose files")).to_be_visible()
    expect(page.locator("li")).to_have_count(0)  # what was sent is not sent again


def test_a_form_can_be_reset_and_its_fields_disabled(host: Host) -> None:
    page = host(FORM % "multiple")
    choose(page, "a.txt")
    expect(page.locator("li[data-state=done]")).to_have_count(1)
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("li")).to_have_count(0)
    assert sent(page) == []
    page.locator("oss-upload").evaluate("(e) => e.toggleAttribute('disabled', true)")
    expect(page.get_by_label("Choose files")).to_be_disabled()
    page.locator("oss-upload").evaluate("(e) => e.toggleAttribute('disabled', false)")
    expect(page.get_by_label("Choose files")).to_be_enabled()


def test_without_multiple_a_new_file_replaces_the_one_before(host: Host) -> None:
    page = host(FORM % "")
    choose(page, "a.txt")
    expect(page.get_by_text("a.txt")).to_be_visible()
    expect(page.locator("li[data-state=done]")).to_have_count(1)
    choose(page, "b.txt")
    expect(page.get_by_text("b.txt")).to_be_visible()
    expect(page.locator("li")).to_have_count(1)
    expect(page.get_by_label("Choose a folder")).to_be_hidden()


def test_another_language_is_a_property(host: Host, scripted: Scripted) -> None:
    page = host(FORM % "multiple lang='en'")
    page.locator("oss-upload").evaluate(
        """(e) => { e.messages = { choose: "Choisir des fichiers", retry: "Réessayer",
                                   errors: { storage_refused: "Refusé." } }; }"""
    )
    scripted.posting.append(responding(Response("no", 400)))
    page.get_by_label("Choisir des fichiers").set_input_files([text_file("a.txt")])
    expect(page.get_by_text("Refusé.")).to_be_visible()
    expect(page.get_by_role("button", name="Réessayer a.txt")).to_be_visible()
    expect(page.get_by_text("Choose a folder")).to_be_visible()  # what lacks stays English


def test_what_was_set_before_the_browser_knew_the_element_counts(
    host: Host, scripted: Scripted
) -> None:
    page = host(
        """
        <oss-upload lang="zh"></oss-upload>
        <script type="module">
          const element = document.querySelector("oss-upload");
          element.tokenProvider = async () => "early";
          element.setAttribute("endpoint", new URLSearchParams(location.search).get("to"));
          await import("./client/element.js");
        </script>
        """
    )
    seen = authorization(scripted)
    page.get_by_label("选择文件", exact=True).set_input_files([text_file("a.txt")])
    expect(page.get_by_text("已存储 · 5 B")).to_be_visible()
    assert seen == ["Bearer early"]


def test_its_colours_follow_the_page_and_its_properties(host: Host) -> None:
    page = host("<style>oss-upload { --oss-upload-accent: rgb(1, 2, 3) }</style>" + FORM % "")
    page.emulate_media(color_scheme="dark")
    text = "(e) => getComputedStyle(e).color"
    drop = page.locator("oss-upload").get_by_text("Choose a file")
    assert drop.evaluate("(e) => getComputedStyle(e).backgroundColor") == "rgb(1, 2, 3)"
    # A page that knows no dark mode gets no dark element.
    assert page.locator("oss-upload").evaluate(text) == "rgb(27, 31, 42)"
    page.evaluate("document.documentElement.style.colorScheme = 'light dark'")
    assert page.locator("oss-upload").evaluate(text) == "rgb(232, 234, 240)"
