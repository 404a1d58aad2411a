"""Uploads by clients in Chromium, and what arrived."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import urlopen

from playwright.sync_api import BrowserContext, Page, TimeoutError

from tests.clients.client import Client
from tests.harness import Harness

# Slow enough to observe progress.
SLOW_UPLOADS = {
    "offline": False,
    "latency": 0,
    "downloadThroughput": -1,
    "uploadThroughput": 1_000_000,  # bytes a second
}
WAIT_MILLISECONDS = 60_000


@dataclass(frozen=True)
class Outcome:
    """What a client's own callbacks reported: fractions of progress, its result or its error."""

    progress: tuple[float, ...]
    result: Mapping[str, Any] | None
    failure: str | None
    console_errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoredObject:
    body: bytes
    content_type: str
    content_disposition: str


def read_object(harness: Harness, key: str) -> StoredObject:
    """The object as anyone can read it from the emulated bucket."""
    with urlopen(f"{harness.oss}/{quote(key)}") as response:  # noqa: S310
        return StoredObject(
            response.read(),
            response.headers["Content-Type"],
            response.headers.get("Content-Disposition", ""),
        )


@contextlib.contextmanager
def choose_file(
    context: BrowserContext,
    client: Client,
    file: Path,
    harness: Harness,
    *,
    origin: str,
    token: str,
) -> Iterator[Page]:
    """The client's page, on a slow network, with the file chosen."""
    page = context.new_page()
    page.set_default_timeout(WAIT_MILLISECONDS)
    try:
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.send("Network.emulateNetworkConditions", SLOW_UPLOADS)
        query = urlencode({"function": harness.function, "token": token})
        page.goto(f"{origin}/{client.name}.html?{query}")
        page.set_input_files("input[type=file]", file)
        yield page
    finally:
        page.close()


def upload_in_browser(
    context: BrowserContext,
    client: Client,
    file: Path,
    harness: Harness,
    *,
    origin: str,
    token: str,
) -> Outcome:
    """Choose the file on the client's page and wait for what the client reports."""
    with choose_file(context, client, file, harness, origin=origin, token=token) as page:
        try:
            page.wait_for_function("() => record.result || record.failure")
        except TimeoutError as error:
            raise AssertionError(
                f"{client.title} reports nothing.\n{''.join(harness.printed)}"
            ) from error
        record = page.evaluate("() => record")
        console = [message.text for message in page.console_messages() if message.type == "error"]
    return Outcome(tuple(record["progress"]), record["result"], record["failure"], tuple(console))
