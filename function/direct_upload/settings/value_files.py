"""Values in files beside index.py: a setting that is `file:NAME` means what the file contains."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import misconfigured

# Serverless Devs prints all values of the environment.
SECRETS = ("JWT_SECRET", "GRANT_SECRET")


def read_value(setting: str, value: str, directory: Path) -> str:
    """The value of a setting, or the content of the file in the directory that it names.

    `Misconfigured` where that is not the name of a plain file, or cannot be read.
    """
    if not value.startswith("file:"):
        return value
    name = value.removeprefix("file:")
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", name):
        problem = "does not name a plain file"
        raise misconfigured(setting, problem, "Set it to file:NAME without a /.")
    try:
        return (directory / name).read_text("utf-8-sig")  # Windows puts a BOM before UTF-8
    except (OSError, UnicodeDecodeError):
        problem = "names a file that cannot be read"
        raise misconfigured(setting, problem, "Deploy it, in UTF-8, beside index.py.") from None


def with_secrets(environ: Mapping[str, str], directory: Path) -> Mapping[str, str]:
    """The environment with the content of the file for each secret that is `file:NAME`.

    A line end at the end of a file is not part of the secret.
    """
    found = {}
    for name in SECRETS:
        value = environ.get(name, "").strip()
        if value.startswith("file:"):
            found[name] = read_value(name, value, directory).strip()
            if not found[name]:
                hint = "Make one: openssl rand -hex 32 > NAME"
                raise misconfigured(name, "names an empty file", hint)
    return {**environ, **found} if found else environ
