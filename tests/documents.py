"""Parts of the project's Markdown pages, for the tests that compare them with the code."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.harness import ROOT, Harness


@dataclass(frozen=True)
class Document:
    """A page, by its path in the project."""

    name: str

    @property
    def path(self) -> Path:
        return ROOT / self.name

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def block(self, mark: str) -> str:
        """The fenced block that follows a comment."""
        found = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", self.text, re.DOTALL)
        assert found, mark
        return found[1]

    def rows(self, head: str) -> list[list[str]]:
        """The cells of the table whose first line begins with `head`."""
        lines = self.text[self.text.index(head) :].split("\n\n")[0].splitlines()[2:]
        return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]

    def links(self) -> list[tuple[str, str]]:
        """Path and anchor of each link to another page, to a heading or to a file."""
        links = re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", self.text)
        return [(path, anchor) for path, anchor in links if not path.startswith("http")]

    def anchors(self) -> set[str]:
        """The anchors that GitHub and most other renderers give to the headings."""
        headings = re.findall(r"^#+ (.*)$", self.text, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in headings}


def run(command: str, folder: Path, harness: Harness) -> str:
    """Run a documented command against the harness instead of the documented ports."""
    for documented, actual in (
        ("http://127.0.0.1:9000", harness.function),
        ("http://127.0.0.1:9001", harness.oss),
        ("http://127.0.0.1:9002", harness.sts),
    ):
        command = command.replace(documented, actual)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
