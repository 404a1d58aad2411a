"""The findings of the run, as docs/clients.md shows them below its hand-written head."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from tests.clients.clients import FOLDER, Client
from tests.clients.driving import Outcome, StoredObject

DOCUMENT = FOLDER.parent.parent / "docs" / "clients.md"
MARK = "<!-- Generated from here on: WRITE_DOCS=1 python -m pytest tests/clients -->\n"
LANGUAGES = {".js": "js", ".sh": "sh"}


@dataclass(frozen=True)
class Finding:
    """A client's upload, and how it reported refusals."""

    client: Client
    outcome: Outcome
    stored: StoredObject | None
    bucket_url: str
    bytes_arrived: bool
    refusal: Outcome | None  # of a file whose type is not allowed
    without: Mapping[str, Outcome]  # without one of its needs, by what is set instead


def document(findings: list[Finding]) -> str:
    """The whole document: the existing head, and the findings."""
    head = DOCUMENT.read_text(encoding="utf-8").partition(MARK)[0]
    sections = [_table(findings), _grant_section(), *(_section(finding) for finding in findings)]
    return head + MARK + "\n" + "\n".join(sections)


def _table(findings: list[Finding]) -> str:
    rows = [
        "| client | version | requests | needs | sends a token | progress | stored as | verdict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for finding in findings:
        client = finding.client
        cells = (
            f"[{client.title}](#{_anchor(client.title)})",
            _versions(client),
            f"`{client.route}`",
            "<br>".join(f"`{need}`" for need in client.needs),
            "yes" if client.sends_token else "no",
            "yes" if finding.outcome.progress else "no",
            finding.stored.content_type if finding.stored else "",
            _verdict(finding),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _verdict(finding: Finding) -> str:
    if finding.outcome.failure:
        return f"fails: {_quoted_failure(finding.outcome)}"
    return "works" if finding.bytes_arrived else "fails: other bytes arrived"


def _grant_section() -> str:
    return "\n".join(
        (
            "## Requesting a grant\n",
            "Most clients below share this function.\n",
            shown_code("entries/grant.js"),
        )
    )


def _section(finding: Finding) -> str:
    client = finding.client
    facts = [*client.notes, *_reports(finding)]
    if finding.refusal:
        facts.append(
            f"When the function refuses a file, it reports: {_quoted_failure(finding.refusal)}"
        )
    for setting, outcome in finding.without.items():
        facts.append(f"With `{setting}` it reports: {_quoted_failure(outcome)}")
    return "\n".join(
        (
            f"## {client.title}\n",
            shown_code(client.entry),
            *(_item(fact) for fact in facts),
            "",
        )
    )


def _reports(finding: Finding) -> list[str]:
    """What an application should know about the results that it gets."""
    reports = []
    outcome = finding.outcome
    if outcome.result and "uploadURL" in outcome.result:
        url = outcome.result["uploadURL"]
        shown = url and url.replace(finding.bucket_url, "<bucket's address>").replace(
            outcome.result["key"], "<key>"
        )
        reports.append(f"`uploadURL` is `{shown}`." if shown else "`uploadURL` is not set.")
    if any(share > 1 for share in outcome.progress):
        reports.append("Its progress counts the whole form, so it exceeds 100 % on the way.")
    reports += [f"On success it prints to the console: “{text}”" for text in outcome.console_errors]
    return reports


def _quoted_failure(outcome: Outcome) -> str:
    """A failure in the client's words; of OSS's XML only the codes."""
    text = outcome.failure or ""
    code = re.search("<Code>(.*?)</Code>", text)
    if code:
        ec = re.search("<EC>(.*?)</EC>", text)
        return f"OSS's error `{code[1]}`" + (f" (EC {ec[1]})" if ec else "")
    document = re.search("^{.*}$", text, re.MULTILINE)
    if document:
        text = json.loads(document[0])["message"]
    return f"“{text}”"


def _versions(client: Client) -> str:
    if not client.packages:
        return client.version
    return "<br>".join(_version(package) for package in client.packages)


def _version(package: str) -> str:
    """The tested version, from the package itself."""
    folder = FOLDER / package if "node_modules" in package else FOLDER / "node_modules" / package
    manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return f"{manifest['name']} {manifest['version']}"


def shown_code(entry: str) -> str:
    """The marked lines of an entry file."""
    source = FOLDER / entry
    shown = re.search(
        r"(?://|#) shown: begin\n(.*?)(?://|#) shown: end",
        source.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert shown, f"{entry} does not mark the lines to show"
    return f"```{LANGUAGES[source.suffix]}\n{shown[1]}```\n"


def _item(text: str) -> str:
    return textwrap.fill(
        text,
        width=100,
        initial_indent="- ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _anchor(title: str) -> str:
    """The anchor that GitHub and most other renderers give a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
