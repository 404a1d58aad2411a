"""Examine a live deployment as a browser would: make doctor URL=https://... ORIGIN=https://...

Prints one message and one hint for each problem, and never a token, policy or signature. The exit
code is 1 if there is a problem.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from urllib.parse import urlsplit

from .diagnosis import Finding
from .diagnosis.browser import Response, Unreachable
from .diagnosis.bucket import check_bucket_cors, check_place, check_upload
from .diagnosis.function import Function, check_grant, check_health, check_origins
from .diagnosis.grant import check_clocks, check_policy, check_shape

Clock = Callable[[], datetime]
Examined = tuple[str, list[Finding]]


def utc_now() -> datetime:
    """The current time, as an aware UTC datetime."""
    return datetime.now(timezone.utc)


def examine(function: Function, *, upload: bool, clock: Clock) -> Iterator[Examined]:
    """Each check's title and findings, in the order in which a browser would meet them."""
    try:
        health = list(check_health(function))
        yield "The function runs", health
        if any(finding.hint for finding in health):
            return
        origins = list(check_origins(function))
        yield "Only its own pages may send requests", origins
        origin = function.origin
        if any(finding.hint for finding in origins):
            function = replace(function, origin=None)  # to find what else is wrong
        directory = function.request("GET", "/")
        if directory.status == 404 and directory.error_code() == "not_found":
            yield "Directory grants", [Finding("Not available: DIRECTORY_GRANTS is false.")]
        else:
            yield from _examine_grant(directory, "Directory grant", origin=origin)
        file = function.file_grant()
        yield from _examine_grant(file, "File grant", origin=origin, now=clock(), upload=upload)
    except Unreachable as error:
        yield (
            "Every server responds",
            [
                Finding(
                    f"{error}.",
                    "Check the address (the bucket's comes from OSS_BUCKET, OSS_REGION and"
                    " UPLOAD_URL), the network and the certificate.",
                )
            ],
        )


def _examine_grant(
    response: Response,
    title: str,
    *,
    origin: str | None,
    now: datetime | None = None,
    upload: bool = False,
) -> Iterator[Examined]:
    findings = list(check_grant(response))
    if response.status == 200 and "fields" in response.document():
        findings += check_shape(response.document())
    yield f"{title}: it is complete", findings
    if any(finding.hint for finding in findings):
        return
    grant = response.document()
    gateway = response.date() if now else None  # one grant is enough to compare the clocks
    if now:
        yield f"{title}: the clocks agree", list(check_clocks(grant, gateway=gateway, now=now))
    yield f"{title}: its policy pins every field", list(check_policy(grant))
    yield f"{title}: bucket and region match", list(check_place(grant))
    if origin:
        cors = list(check_bucket_cors(grant, origin, gateway=gateway))
        yield f"{title}: the bucket allows the page", cors
    if upload:
        yield f"{title}: an upload succeeds", list(check_upload(grant, origin))


def report(examined: Iterator[Examined]) -> bool:
    """Print everything, and nothing twice; True if there is no problem."""
    printed: set[Finding] = set()
    for title, findings in examined:
        failed = any(finding.hint for finding in findings)
        print(f"{'FAIL' if failed else 'ok  '}  {title}")
        for finding in findings:
            if finding in printed:
                print("      As above.")
                continue
            printed.add(finding)
            print(f"      {finding.message}")
            if finding.hint:
                print(f"      -> {finding.hint}")
    problems = sum(bool(finding.hint) for finding in printed)
    print(f"\nProblems found: {problems}." if problems else "\nNo problems found.")
    return not problems


def main(arguments: list[str] | None = None, clock: Clock = utc_now) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="of the HTTP trigger or custom domain")
    parser.add_argument("--origin", help="of a page that may upload, such as https://example.com")
    parser.add_argument("--token", help="for the requests, if AUTH is jwt")
    parser.add_argument("--upload", action="store_true", help="upload one byte as well")
    options = parser.parse_args(arguments)
    for address in filter(None, (options.url, options.origin)):
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
            parser.error(f"{address} is not an http(s) address")
    function = Function(options.url.rstrip("/"), options.origin, options.token)
    if not function.origin:
        print("note  Add --origin to check CORS as well, of the function and of the bucket.")
    return 0 if report(examine(function, upload=options.upload, clock=clock)) else 1


if __name__ == "__main__":
    sys.exit(main())
