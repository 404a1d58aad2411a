"""Examine a live deployment as a browser would: make doctor URL=https://... ORIGIN=https://...

Says one cause and one cure for each thing that is wrong, and never shows a token, policy or
signature. The exit code is 1 when something is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from urllib.parse import urlsplit

from .diagnosis.browser import Answer, Unreachable
from .diagnosis.bucket import check_bucket_cors, check_place, check_upload
from .diagnosis.finding import Finding
from .diagnosis.function import Function, check_answer, check_health, check_origins
from .diagnosis.grant import check_clocks, check_policy, check_shape

Clock = Callable[[], datetime]
Examined = tuple[str, list[Finding]]


def utc_now() -> datetime:
    """The time, as an aware UTC datetime."""
    return datetime.now(timezone.utc)


def examine(function: Function, *, upload: bool, clock: Clock) -> Iterator[Examined]:
    """Each check's title and what it found, in the order in which a browser meets them."""
    try:
        health = list(check_health(function))
        yield "The function runs", health
        if any(finding.cure for finding in health):
            return
        origins = list(check_origins(function))
        yield "It lets its own pages ask, and no others", origins
        origin = function.origin
        if any(finding.cure for finding in origins):
            function = replace(function, origin=None)  # see what else there is
        directory = function.ask("GET", "/")
        if directory.status == 404 and directory.error_code() == "not_found":
            yield "Directory grants", [Finding("There are none here: DIRECTORY_GRANTS is false.")]
        else:
            yield from _examine_grant(directory, "Directory grant", origin=origin)
        file = function.file_grant()
        yield from _examine_grant(file, "File grant", origin=origin, now=clock(), upload=upload)
    except Unreachable as error:
        yield (
            "Everything answers",
            [
                Finding(
                    f"{error}.",
                    "Check the address (the bucket's comes from OSS_BUCKET, OSS_REGION and"
                    " UPLOAD_URL), the network and the certificate.",
                )
            ],
        )


def _examine_grant(
    answer: Answer,
    title: str,
    *,
    origin: str | None,
    now: datetime | None = None,
    upload: bool = False,
) -> Iterator[Examined]:
    findings = list(check_answer(answer))
    if answer.status == 200 and "fields" in answer.document():
        findings += check_shape(answer.document())
    yield f"{title}: it is one", findings
    if any(finding.cure for finding in findings):
        return
    grant = answer.document()
    gateway = answer.date() if now else None  # one grant tells about the clocks
    if now:
        yield f"{title}: the clocks agree", list(check_clocks(grant, gateway=gateway, now=now))
    yield f"{title}: its policy pins what is posted", list(check_policy(grant))
    yield f"{title}: bucket and region agree", list(check_place(grant))
    if origin:
        cors = list(check_bucket_cors(grant, origin, gateway=gateway))
        yield f"{title}: the bucket admits the page", cors
    if upload:
        yield f"{title}: a real upload", list(check_upload(grant, origin))


def report(examined: Iterator[Examined]) -> bool:
    """Print everything, nothing twice; whether all is well."""
    said: set[Finding] = set()
    for title, findings in examined:
        is_wrong = any(finding.cure for finding in findings)
        print(f"{'WRONG' if is_wrong else 'ok   '}  {title}")
        for finding in findings:
            if finding in said:
                print("       As above.")
                continue
            said.add(finding)
            print(f"       {finding.cause}")
            if finding.cure:
                print(f"       -> {finding.cure}")
    wrong = sum(bool(finding.cure) for finding in said)
    print(f"\n{wrong} thing(s) wrong." if wrong else "\nNothing is wrong.")
    return not wrong


def main(arguments: list[str] | None = None, clock: Clock = utc_now) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="of the HTTP trigger or custom domain")
    parser.add_argument("--origin", help="of a page that may upload, such as https://example.com")
    parser.add_argument("--token", help="to ask with, when AUTH is jwt")
    parser.add_argument("--upload", action="store_true", help="really upload one byte")
    options = parser.parse_args(arguments)
    for address in filter(None, (options.url, options.origin)):
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
            parser.error(f"{address} is no http(s) address")
    function = Function(options.url.rstrip("/"), options.origin, options.token)
    if not function.origin:
        print("note   Give --origin to check what a page's browser checks, the bucket's CORS too.")
    return 0 if report(examine(function, upload=options.upload, clock=clock)) else 1


if __name__ == "__main__":
    sys.exit(main())
