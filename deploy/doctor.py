"""Check a live deployment as a browser would: make doctor URL=https://... ORIGIN=https://...

Prints one message and one hint for each problem, and never a token, policy or signature. The exit
code is 1 if there is a problem. A caller's token comes from the environment, as TOKEN, because
other users of a machine can read command lines. If the function refuses it, the doctor compares it
with the JWT_ settings in the environment and in .env.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from urllib.parse import urlsplit

from .dotenv import ROOT, read_environment  # first: it puts the function's code on the path

# isort: split
from direct_upload.errors import Misconfigured
from direct_upload.settings.value_files import with_secrets

from .diagnosis import Examined, Finding
from .diagnosis.browser import NoResponse, Response, is_web_address
from .diagnosis.bucket import check_bucket_cors, check_place, check_upload
from .diagnosis.function import Function, check_grant, check_health, check_origins
from .diagnosis.grant import check_clocks, check_policy, check_shape
from .diagnosis.parts import check_parts, has_multipart
from .diagnosis.report import report, say, visible
from .diagnosis.tokens import check_token

# The field of file grants that lets an event prove its upload, where GRANT_SECRET is set.
EVENT_PROOF = "x-oss-meta-grant"
UNSEEN_TRIGGER = Finding(
    "Whether an OSS trigger reports uploads cannot be seen from outside. Look with s events info;"
    ' each upload that it reports leaves a line with "source": "event" in the log.'
)
NO_DIRECTORY_GRANTS = Finding("Not available: DIRECTORY_GRANTS is false.")

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time, as an aware UTC datetime."""
    return datetime.now(timezone.utc)


def examine(
    function: Function, *, upload: bool, clock: Clock, settings: Mapping[str, str]
) -> Iterator[Examined]:
    """Each check's title and findings, in the order in which a browser would meet them.

    `settings` are those of the deployment, as far as they are known here.
    """

    token = function.token

    @functools.cache
    def why_refused() -> list[Finding]:
        return [*check_token(token or "", settings, clock(), directory=ROOT / "function")]

    refused_token = why_refused if token else None
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
        for each in function.for_each_preset():
            of = f" of {each.preset}" if each.preset else ""
            directory = each.request("GET", "/")
            if directory.status == 404 and directory.error_code() == "not_found":
                yield f"Directory grants{of}", [NO_DIRECTORY_GRANTS]
            else:
                title = f"Directory grant{of}"
                yield from _examine_grant(directory, title, refused_token, origin=origin)
            file, title = each.file_grant(), f"File grant{of}"
            yield from _examine_grant(
                file, title, refused_token, origin=origin, now=clock(), upload=upload
            )
            if upload and has_multipart(each):
                yield f"Resumable upload{of}: a part arrives", list(check_parts(each, origin))
    except NoResponse as failure:
        yield "Every server responds", [failure.finding]


def _examine_grant(
    response: Response,
    title: str,
    refused_token: Callable[[], list[Finding]] | None,
    *,
    origin: str | None,
    now: datetime | None = None,
    upload: bool = False,
) -> Iterator[Examined]:
    findings = list(check_grant(response))
    if refused_token and response.error_code() == "unauthorized":
        findings = [Finding(findings[0].message), *refused_token()]
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
    if EVENT_PROOF in grant["fields"]:
        yield f"{title}: an event can prove its upload", [UNSEEN_TRIGGER]


def main(
    arguments: list[str] | None = None,
    clock: Clock = utc_now,
    environ: Mapping[str, str] = os.environ,
) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="If AUTH is jwt, set the environment variable TOKEN to a valid token.",
    )
    parser.add_argument("url", nargs="?", help="of the HTTP trigger or custom domain")
    parser.add_argument("--origin", help="of a page that may upload, such as https://example.com")
    parser.add_argument("--upload", action="store_true", help="upload one byte as well")
    options = parser.parse_args(arguments)
    if not options.url:
        parser.error(
            "name the deployment: make doctor URL=https://... ORIGIN=https://www.example.com"
            " UPLOAD=1 (s deploy prints its URL last, as system_url)"
        )
    if not is_web_address(options.url):
        parser.error(f"{visible(options.url)} is not a valid http(s) address in ASCII")
    token = environ.get("TOKEN", "").strip()
    if not re.fullmatch("[!-~]*", token):
        parser.error(
            "the environment variable TOKEN is not a valid token: it has spaces, control"
            " characters or characters outside ASCII"
        )
    _check_origin(parser, options.origin)
    function = Function(options.url.rstrip("/"), options.origin, token or None)
    if not function.origin:
        say("note  Add --origin to check CORS as well, of the function and of the bucket.")
    if token:
        say("note  Requests to the function carry the token in TOKEN.")
    try:
        settings = with_secrets(read_environment(ROOT, environ), ROOT / "function")
    except Misconfigured as error:
        parser.error(f"{error.message} {error.hint}")
    examined = examine(function, upload=options.upload, clock=clock, settings=settings)
    return 0 if report(examined, function.token) else 1


# Of a web view: capacitor://localhost.
_APP_ORIGIN = r"(?!(https?|wss?|ftp|file):)[a-z][a-z0-9+.-]*://[A-Za-z0-9._-]+(:[0-9]{1,5})?"


def _check_origin(parser: argparse.ArgumentParser, origin: str | None) -> None:
    """Browsers send no slash or path in Origin, so a deployment could never admit it."""
    if not origin or re.fullmatch(_APP_ORIGIN, origin):
        return
    if not is_web_address(origin):
        parser.error(f"{visible(origin)} is not the origin of a page or an app, in ASCII")
    if urlsplit(origin)[2:] != ("", "", ""):
        parts = urlsplit(origin)
        parser.error(
            f"{visible(origin)} is an address, not an origin, which ends with its host or port:"
            f" ORIGIN={visible(f'{parts.scheme}://{parts.netloc}')}"
        )


if __name__ == "__main__":
    sys.exit(main())
