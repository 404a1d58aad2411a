"""Secrets in files beside index.py: Serverless Devs prints all values of the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import misconfigured

SECRETS = ("JWT_SECRET", "GRANT_SECRET")


def with_secrets(environ: Mapping[str, str], directory: Path) -> Mapping[str, str]:
    """The environment with the content of the file for each secret that is `file:NAME`.

    A line end at the end of a file is not part of the secret.
    """
    found = {}
    for name in SECRETS:
        value = environ.get(name, "").strip()
        if value.startswith("file:"):
            found[name] = _read(name, value.removeprefix("file:"), directory)
    return {**environ, **found} if found else environ


def _read(name: str, file: str, directory: Path) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", file):
        raise misconfigured(name, "does not name a plain file", "Set it to file:NAME without a /.")
    try:
        secret = (directory / file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        problem, hint = "names a file that cannot be read", "Deploy the file beside index.py."
        raise misconfigured(name, problem, hint) from None
    if not secret:
        raise misconfigured(name, "names an empty file", "Make one: openssl rand -hex 32 > NAME")
    return secret
