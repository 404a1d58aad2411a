"""The findings of the run, as docs/clients.md and its pages show them below hand-written heads."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.clients.client import FOLDER, Client
from tests.clients.driving import Outcome, StoredObject
from tests.clients.traps import TRAPS

DOCS = FOLDER.parent.parent / "docs"
OVERVIEW = DOCS / "clients.md"
FAMILIES = {
    "browsers": "Pages",
    "mini-programs": "Mini programs",
    "apps": "Phone apps",
    "servers": "Servers and programs",
}
UPDATE = "CI=true WRITE_DOCS=1 .venv/bin/python -m pytest tests/clients -k documents_match"
MARK = f"<!-- Generated from here on: {UPDATE} -->\n"
LANGUAGES = {
    ".cs": "csharp",
    ".dart": "dart",
    ".ets": "ts",
    ".go": "go",
    ".java": "java",
    ".js": "js",
    ".mjs": "js",
    ".py": "python",
    ".sh": "sh",
    ".swift": "swift",
}
# What most clients of a family share.
SHARED = {"browsers": "entries/grant.js", "servers": "entries/node-grant.mjs"}


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


def documents(findings: list[Finding]) -> dict[Path, str]:
    """The whole pages: the existing head of each, and the findings."""
    pages = {OVERVIEW: [_traps(), *(_table(family, findings) for family in FAMILIES)]}
    for family in FAMILIES:
        headings: dict[str, list[Finding]] = {}
        for finding in findings:
            if finding.client.family == family:
                headings.setdefault(finding.client.heading, []).append(finding)
        shared = [_grant_section(SHARED[family])] if family in SHARED else []
        pages[DOCS / "clients" / f"{family}.md"] = [*shared, *map(_section, headings.values())]
    return {
        path: path.read_text(encoding="utf-8").partition(MARK)[0] + MARK + "\n" + "\n".join(parts)
        for path, parts in pages.items()
    }


def _traps() -> str:
    rows = ["| OSS says | cause | cure | run |", "|---|---|---|---|"]
    rows += [
        f"| `{trap.symptom.replace(', EC ', '`, EC ')}{'' if ', EC ' in trap.symptom else '`'} "
        f"| {trap.cause} | {trap.cure} | {trap.how} |"
        for trap in TRAPS
    ]
    return "## Refused forms\n\nThe emulated OSS names each of these in its hint.\n\n" + (
        "\n".join(rows) + "\n"
    )


def _table(family: str, findings: list[Finding]) -> str:
    rows = [
        f"## {FAMILIES[family]}\n",
        "| client | version | run | requests | needs | token | progress | stored as | verdict |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for finding in findings:
        client = finding.client
        if client.family != family:
            continue
        cells = (
            f"[{client.title}](clients/{family}.md#{_anchor(client.heading)})",
            _versions(client),
            client.how,
            f"`{client.route}`",
            "<br>".join(f"`{need}`" for need in client.needs),
            "yes" if client.sends_token else "no",
            "" if client.write else "yes" if finding.outcome.progress else "no",
            finding.stored.content_type if finding.stored else "",
            _verdict(finding),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _verdict(finding: Finding) -> str:
    if finding.outcome.failure:
        return f"fails: {_quoted_failure(finding.outcome)}"
    return "works" if finding.bytes_arrived else "fails: other bytes arrived"


def _grant_section(entry: str) -> str:
    return "\n".join(
        (
            "## Requesting a grant\n",
            f"Most clients below import this function; save it as `{Path(entry).name}`.\n",
            shown_code(entry),
        )
    )


def _section(findings: list[Finding]) -> str:
    """One section for all clients with this heading: the code of the first, the facts of all."""
    first = findings[0].client
    facts = list(first.notes)
    for finding in findings:
        facts += _reports(finding)
        if finding.refusal:
            facts.append(
                f"When the function refuses a file, it reports: {_quoted_failure(finding.refusal)}"
            )
        for setting, outcome in finding.without.items():
            facts.append(f"With `{setting}` it reports: {_quoted_failure(outcome)}")
        if finding.client.evidence:
            client = finding.client
            facts.append(f"{client.title} was run {client.how}: {client.evidence}.")
    return "\n".join(
        (
            f"## {first.heading}\n",
            shown_code(first.entry),
            *(_item(fact) for fact in dict.fromkeys(facts)),
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
    if package.startswith("pypi:"):
        name = package.removeprefix("pypi:")
        return f"{name} {version(name)}"
    folder = FOLDER / package if "node_modules" in package else FOLDER / "node_modules" / package
    manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return f"{manifest['name']} {manifest['version']}"


def shown_code(entry: str) -> str:
    """The marked lines of an entry file."""
    source = FOLDER / entry
    shown = re.search(
        r"(?://|#) shown: begin\n(.*?)\n* *(?://|#) shown: end",
        source.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert shown, f"{entry} does not mark the lines to show"
    return f"```{LANGUAGES[source.suffix]}\n{textwrap.dedent(shown[1]).strip()}\n```\n"


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
