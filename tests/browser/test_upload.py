"""`upload()` as an application imports it, with a scripted service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page
from werkzeug.wrappers import Request, Response

from tests.browser.scripted import (
    Scripted,
    Step,
    break_off,
    function_error,
    refusal,
    responding,
)

pytestmark = pytest.mark.browser

Attempt = Callable[..., dict[str, Any]]

# What an application sees: the result, or what was thrown; and the errors that nobody caught.
ATTEMPT = """async ([endpoint, file, options]) => {
    const module = await import("/client/upload.js");
    const uncaught = [];
    addEventListener("error", (event) => { uncaught.push(event.message); event.preventDefault(); });
    const outcome = await Function("upload", "endpoint", `return upload(${file}, ${options})`)(
        module.upload, endpoint
    ).then(
        (result) => ({ result }),
        (error) => ({
            thrown: error.name, code: error.code, message: error.message,
            transient: error.transient, cause: String(error.cause),
            isUploadError: error instanceof module.UploadError,
        }),
    );
    await new Promise((resolve) => setTimeout(resolve));
    return { ...outcome, uncaught };
}"""
FILE = 'new File(["hello"], "a.txt", { type: "text/plain" })'


@pytest.fixture
def attempt(blank: Page, scripted: Scripted) -> Attempt:
    """Upload a file (a JavaScript expression) with options (one, too)."""

    def run(file: str = FILE, options: str = "{ endpoint }") -> dict[str, Any]:
        found: dict[str, Any] = blank.evaluate(ATTEMPT, [scripted.url, file, options])
        return found

    return run


def test_resolves_to_what_was_stored(attempt: Attempt, scripted: Scripted) -> None:
    assert attempt()["result"] == {
        "key": "user-dirs/1",
        "url": f"{scripted.url}/user-dirs/1",
        "size": 5,
        "contentType": "text/x-pinned",
        "etag": '"1"',
        "callback": None,
        "repeated": False,
    }


# What Chrome 90, Firefox 90 or Safari 15 lack.
NEWER = """
for (const [owner, name] of [
    [AbortSignal, "any"], [AbortSignal, "timeout"], [AbortSignal.prototype, "throwIfAborted"],
    [AbortSignal.prototype, "reason"], [Element.prototype, "checkVisibility"], [Object, "hasOwn"],
    [Object, "groupBy"], [Array.prototype, "at"], [Array.prototype, "findLast"],
    [Array.prototype, "toSorted"], [Array, "fromAsync"], [Promise, "withResolvers"],
    [Map, "groupBy"], [Set.prototype, "union"], [String.prototype, "at"], [URL, "canParse"],
    [globalThis, "structuredClone"], [globalThis, "reportError"], [globalThis, "scheduler"],
    [Crypto.prototype, "randomUUID"], [HTMLElement.prototype, "attachInternals"],
    [globalThis, "ElementInternals"], [Document.prototype, "adoptedStyleSheets"],
    [ShadowRoot.prototype, "adoptedStyleSheets"], [HTMLElement.prototype, "showPopover"],
    [Intl, "Segmenter"], [globalThis, "CSSStyleSheet"], [globalThis, "requestIdleCallback"],
]) {
    if (!(name in owner)) throw new Error(`${name} is not there to be taken away`);
    delete owner[name];
    if (name in owner) throw new Error(`${name} is still there`);
}
"""


@pytest.mark.parametrize(
    "signal", ["undefined", "new AbortController().signal"], ids=["no signal", "a signal"]
)
def test_uploads_without_newer_functions(attempt: Attempt, blank: Page, signal: str) -> None:
    blank.evaluate(f"() => {{ {NEWER} }}")
    assert attempt(options=f"{{ endpoint, signal: {signal}, retries: 0 }}")["result"]


def test_an_abort_is_the_signals_reason(attempt: Attempt, scripted: Scripted) -> None:
    aborted = "(() => { const c = new AbortController(); c.abort(%s); return c.signal; })()"
    signal = aborted % 'new TypeError("Enough.")'
    assert attempt(options=f"{{ endpoint, signal: {signal} }}")["message"] == "Enough."
    assert attempt(options=f"{{ endpoint, signal: {aborted % ''} }}")["thrown"] == "AbortError"
    assert scripted.requested == []


def test_an_abort_without_a_reason_is_an_abort_error(attempt: Attempt, blank: Page) -> None:
    blank.evaluate(f"() => {{ {NEWER} }}")
    signal = "(() => { const c = new AbortController(); c.abort(); return c.signal; })()"
    assert attempt(options=f"{{ endpoint, signal: {signal} }}")["thrown"] == "AbortError"


@pytest.mark.parametrize(
    ("file", "options"),
    [
        pytest.param(FILE, "undefined", id="no options"),
        pytest.param(FILE, "{}", id="no endpoint"),
        pytest.param(FILE, "{ endpoint: '' }", id="an empty endpoint"),
        pytest.param(FILE, "{ endpoint: 'ftp://example.com' }", id="an endpoint of no web server"),
        pytest.param(FILE, "{ endpoint: 'http://[' }", id="an endpoint that is not a URL"),
        pytest.param(FILE, "{ endpoint: 'http://a:b@example.com' }", id="an endpoint with a name"),
        pytest.param('"text"', "{ endpoint }", id="text as the file"),
        pytest.param("undefined", "{ endpoint }", id="no file"),
        pytest.param(FILE, "{ endpoint, headers: { 'X-Name': '张' } }", id="a header not in Latin"),
        pytest.param(FILE, "{ endpoint, headers: { 'X Name': '' } }", id="a header with a space"),
        pytest.param(FILE, "{ endpoint, headers: 'token' }", id="headers as text"),
        pytest.param(FILE, "{ endpoint, headers: () => 7 }", id="a function without headers"),
        pytest.param(FILE, "{ endpoint, onProgress: 7 }", id="progress to a number"),
        pytest.param(FILE, "{ endpoint, signal: {} }", id="a signal that is not one"),
        pytest.param(FILE, "{ endpoint, retries: -1 }", id="negative retries"),
        pytest.param(FILE, "{ endpoint, retries: 1.5 }", id="half a retry"),
        pytest.param(FILE, "{ endpoint, preset: 7 }", id="a preset that is not text"),
        pytest.param(FILE, "{ endpoint, filename: '' }", id="an empty name"),
    ],
)
def test_a_mistake_of_the_programmer_is_a_type_error_at_once(
    attempt: Attempt, scripted: Scripted, file: str, options: str
) -> None:
    found = attempt(file, options)
    assert found["thrown"] == "TypeError"
    assert found["message"]
    assert scripted.requested == []


@pytest.mark.parametrize(
    "endpoint",
    ["new URL(endpoint)", "endpoint + '/'", "endpoint + '//'", "endpoint + '/?a=b'"],
)
def test_takes_an_endpoint_in_every_form(attempt: Attempt, endpoint: str) -> None:
    assert attempt(options=f"{{ endpoint: {endpoint}, retries: 0 }}")["result"]


def seen_headers(scripted: Scripted, steps: int = 1) -> list[str | None]:
    """What the next requests to the function say in `Authorization`."""
    seen: list[str | None] = []

    def look(request: Request) -> None:
        seen.append(request.headers.get("Authorization"))

    scripted.signing.extend([look] * steps)
    return seen


@pytest.mark.parametrize(
    "headers",
    [
        "{ Authorization: 'Bearer x' }",
        "new Headers({ Authorization: 'Bearer x' })",
        "[['Authorization', 'Bearer x']]",
        "() => ({ Authorization: 'Bearer x' })",
        "async () => new Headers({ Authorization: 'Bearer x' })",
    ],
)
def test_headers_in_every_form_reach_the_function(
    attempt: Attempt, scripted: Scripted, headers: str
) -> None:
    seen = seen_headers(scripted)
    assert attempt(options=f"{{ endpoint, headers: {headers} }}")["result"]
    assert seen == ["Bearer x"]


UNAUTHORIZED = responding(function_error(401, "unauthorized"))
COUNTING = "{ Authorization: `${renew} ${(globalThis.calls = (globalThis.calls ?? 0) + 1)}` }"


def test_a_function_for_headers_is_called_once_more_after_a_401(
    attempt: Attempt, scripted: Scripted
) -> None:
    seen: list[str | None] = []

    def refuse_the_first(request: Request) -> Response | None:
        seen.append(request.headers.get("Authorization"))
        return function_error(401, "unauthorized") if len(seen) == 1 else None

    scripted.signing.extend([refuse_the_first] * 2)
    assert attempt(options=f"{{ endpoint, headers: async ({{ renew }}) => ({COUNTING}) }}")[
        "result"
    ]
    assert seen == ["false 1", "true 2"]


@pytest.mark.parametrize(
    ("options", "requests"),
    [
        ("{ endpoint, headers: async () => ({}) }", 2),
        ("{ endpoint, headers: async () => ({}), retries: 0 }", 1),
        ("{ endpoint, headers: {} }", 1),
    ],
)
def test_a_second_401_is_a_failure(
    attempt: Attempt, scripted: Scripted, options: str, requests: int
) -> None:
    scripted.signing.extend([UNAUTHORIZED] * 3)
    assert attempt(options=options)["code"] == "unauthorized"
    assert len(scripted.requested) == requests


def test_a_function_for_headers_that_fails_is_the_cause(
    attempt: Attempt, scripted: Scripted
) -> None:
    failing = "async () => { throw new Error('No session.') }"
    found = attempt(options=f"{{ endpoint, headers: {failing} }}")
    assert (found["code"], found["transient"]) == ("unauthorized", False)
    assert found["cause"] == "Error: No session."
    assert scripted.requested == []


def test_a_failure_has_its_cause(attempt: Attempt, scripted: Scripted) -> None:
    scripted.signing.append(break_off)
    found = attempt(options="{ endpoint, retries: 0 }")
    assert (found["code"], found["transient"]) == ("unreachable", True)
    assert found["cause"].startswith("TypeError: ")


@pytest.mark.parametrize(
    ("signing", "posting", "forms"),
    [
        pytest.param([break_off], [], 0, id="no function"),
        pytest.param([], [break_off], 1, id="no storage"),
        pytest.param([], [responding(refusal(503, "SlowDown"))], 1, id="a busy storage"),
        pytest.param([], [responding(refusal(403, "SecurityTokenExpired"))], 1, id="expired"),
    ],
)
def test_without_retries_each_request_is_made_once(
    attempt: Attempt, scripted: Scripted, signing: list[Step], posting: list[Step], forms: int
) -> None:
    scripted.signing.extend(signing)
    scripted.posting.extend(posting)
    assert attempt(options="{ endpoint, retries: 0 }")["isUploadError"]
    assert (len(scripted.requested), len(scripted.posted)) == (1, forms)


@pytest.mark.parametrize(
    "code",
    ["InvalidAccessKeyId", "InvalidSecurityToken", "AccessKeyIdAndSecurityTokenNotMatch"],
)
def test_a_grant_whose_credentials_oss_does_not_know_is_renewed_once(
    attempt: Attempt, scripted: Scripted, code: str
) -> None:
    refused = responding(refusal(403, code))
    scripted.posting.append(refused)
    assert attempt()["result"]["key"] == "user-dirs/2"
    scripted.posting.extend([refused] * 2)
    assert attempt()["code"] == "grant_refused"
    assert len(scripted.requested) == 4


def test_a_blob_is_uploaded_under_the_name_that_is_given(
    attempt: Attempt, scripted: Scripted
) -> None:
    blob = 'new Blob(["hello"], { type: "image/png" })'
    assert attempt(blob, "{ endpoint, filename: 'photo.png' }")["result"]
    assert attempt(blob)["result"]
    assert [request["filename"] for request in scripted.requested] == ["photo.png", "file"]
    assert [posted.name for posted in scripted.posted] == ["photo.png", "file"]


def test_names_the_preset(attempt: Attempt, scripted: Scripted) -> None:
    assert attempt(options="{ endpoint, preset: 'avatar' }")["result"]
    assert scripted.requested[0]["preset"] == "avatar"


@pytest.mark.parametrize("state", ["signing", "uploading"])
def test_a_progress_callback_that_throws_is_reported_and_changes_nothing(
    attempt: Attempt, state: str
) -> None:
    throwing = f"(p) => {{ if (p.state === '{state}') throw new Error('Mine.') }}"
    found = attempt(options=f"{{ endpoint, onProgress: {throwing} }}")
    assert found["result"]
    assert found["uncaught"]
    assert set(found["uncaught"]) == {"Uncaught Error: Mine."}


def test_after_the_last_byte_it_waits_for_the_response(blank: Page, scripted: Scripted) -> None:
    scripted.gate.clear()
    blank.clock.install()
    blank.evaluate(
        """async (endpoint) => {
            const { upload } = await import("/client/upload.js");
            const sent = new Promise((resolve) => {
                const onProgress = ({ sent }) => sent === 5 && resolve();
                const file = new File(["hello"], "a.txt");
                globalThis.outcome = upload(file, { endpoint, onProgress, retries: 0 });
                globalThis.outcome.catch(() => {});
            });
            await sent;
        }""",
        scripted.url,
    )
    blank.clock.fast_forward(120_000)
    scripted.gate.set()
    assert blank.evaluate("async () => (await outcome).key") == "user-dirs/1"


def test_while_bytes_are_left_a_stalled_connection_is_given_up(
    blank: Page, scripted: Scripted
) -> None:
    devtools = blank.context.new_cdp_session(blank)
    devtools.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 20_000}
    blank.clock.install()
    blank.evaluate(
        """async (endpoint) => {
            const { upload } = await import("/client/upload.js");
            globalThis.file = new File([new Uint8Array(1e6)], "a.txt");
            globalThis.upload = (onProgress) => upload(file, { endpoint, onProgress, retries: 0 });
        }""",
        scripted.url,
    )
    devtools.send("Network.emulateNetworkConditions", slow)
    blank.evaluate(
        """async () => {
            await new Promise((resolve) => {
                globalThis.outcome = upload(({ state }) => state === "uploading" && resolve());
                globalThis.outcome.catch(() => {});
            });
        }"""
    )
    blank.clock.fast_forward(120_000)
    assert blank.evaluate("() => outcome.catch(({ code }) => code)") == "connection_lost"


def test_uploads_in_a_worker(blank: Page, scripted: Scripted) -> None:
    worker = """
        onmessage = async ({ data: [module, endpoint] }) => {
            const { upload } = await import(module);
            postMessage(await upload(new File(["hello"], "a.txt"), { endpoint }));
        };
    """
    result = blank.evaluate(
        """([source, endpoint]) => new Promise((resolve, reject) => {
            const worker = new Worker(URL.createObjectURL(new Blob([source])));
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = reject;
            worker.postMessage([new URL("/client/upload.js", location.href).href, endpoint]);
        })""",
        [worker, scripted.url],
    )
    assert result["key"] == "user-dirs/1"


def test_limits_for_a_preset(blank: Page, scripted: Scripted) -> None:
    limits = blank.evaluate(
        """async (endpoint) => {
            const { limitsFor } = await import("/client/upload.js");
            return limitsFor({ endpoint, preset: "avatar" });
        }""",
        scripted.url,
    )
    assert (limits["preset"], limits["max_bytes"]) == ("avatar", 5_000_000)
