"""The file .env next to s.yaml, read as Serverless Devs reads it.

`s` 3.1.10 reads it with dotenv 16.3.1, lets dotenv-expand 10 replace `$NAME` and `${NAME}` in every
value, quoted or not, and does so twice, so that no way of writing a `$` survives
(tests/deploy/test_dotenv.py runs the CLI). A value that this or an unquoted `#` would change is
refused here: the deployed function would get another one than the file shows.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "function"))  # as Function Compute does with the code directory

from direct_upload.errors import Misconfigured  # noqa: E402

# What `\s` means in JavaScript; Python's differs in both directions.
_SPACES = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_LINE_ENDS = "\n\u2028\u2029"
_ASSIGNMENT = re.compile(
    rf"(?:^|(?<=[{_LINE_ENDS}]))[{_SPACES}]*(?:export[{_SPACES}]+)?"
    rf"(?P<name>[A-Za-z0-9_.-]+)(?:[{_SPACES}]*?=|:[{_SPACES}]+?)"
    rf"(?P<value>[{_SPACES}]*'(?:\\'|[^'])*'|[{_SPACES}]*\"(?:\\\"|[^\"])*\""
    rf"|[{_SPACES}]*`(?:\\`|[^`])*`|[^#\r\n]+)?"
    rf"[{_SPACES}]*(?P<comment>#[^\r{_LINE_ENDS}]*)?(?=\Z|[{_LINE_ENDS}])"
)
_QUOTED = re.compile(r"(?P<quote>['\"`])(?P<inner>.*)(?P=quote)", re.DOTALL)
_SPACE_CHARACTERS = [chr(code) for code in range(0x10000) if re.match(f"[{_SPACES}]", chr(code))]


@dataclass(frozen=True)
class Assignment:
    """One line, or several if a quoted value has line ends."""

    name: str
    value: str
    is_cut: bool  # an unquoted `#` with no space before it ended the value


def assignments(text: str) -> Iterator[Assignment]:
    """What dotenv finds; it ignores every other line."""
    text = re.sub(r"\r\n?", "\n", text)
    for match in _ASSIGNMENT.finditer(text):
        value = (match["value"] or "").strip("".join(_SPACE_CHARACTERS))
        quoted = _QUOTED.fullmatch(value)
        before_comment = text[match.start("comment") - 1]
        is_cut = bool(match["comment"]) and not quoted and before_comment not in _SPACE_CHARACTERS
        inner = quoted["inner"] if quoted else value
        if value.startswith('"'):
            inner = inner.replace("\\n", "\n").replace("\\r", "\r")
        yield Assignment(match["name"], inner, is_cut)


def read_environment(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The values in .env, overridden by the environment, as they reach the function.

    Raises `Misconfigured` if the file is not text, and for a value that `s` would change.
    """
    file = folder / ".env"
    try:
        text = file.read_text("utf-8") if file.exists() else ""
    except UnicodeDecodeError:
        raise Misconfigured("The file .env is not UTF-8.", "Save it in UTF-8.") from None
    found = {assignment.name: assignment for assignment in assignments(text)}
    values = {name: assignment.value for name, assignment in found.items()} | dict(environ)
    for name, assignment in found.items():
        if name not in environ and assignment.is_cut:
            raise Misconfigured(
                f"Serverless Devs would cut {name} in .env at its first '#'.",
                "Put single quotes around the value, or a space before '#' if it begins a comment.",
            )
        if "$" in values[name]:
            raise Misconfigured(
                f"Serverless Devs would replace '$' and what follows it in {name}, quoted or not.",
                "Write a value without '$'. Make secrets with: openssl rand -hex 32",
            )
    return values
