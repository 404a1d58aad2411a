"""A deployment that a test makes hostile, and what the doctor prints about it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

from deploy import doctor
from deploy.diagnosis.report import MAX_CHARACTERS
from tests.deploy.planted import SECRETS, Document


def examined(url: str, *options: str) -> str:
    """What the doctor prints about a server with a problem."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = doctor.main([url, *options], environ={"TOKEN": SECRETS["token"]})
    text = printed.getvalue()
    assert code == 1, text
    assert text.replace("\n", "").isprintable(), text
    assert max(map(len, text.splitlines())) < 12 * MAX_CHARACTERS
    assert not [name for name, secret in SECRETS.items() if secret in text]
    return text


def put(*path: str, value: Any) -> Callable[[Document], None]:
    """An edit that gives a member of a document, or one within a member, another value."""

    def edit(document: Document) -> None:
        for name in path[:-1]:
            document = document[name]
        document[path[-1]] = value

    return edit
