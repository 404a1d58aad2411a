"""The documents beside this file with a person's values in their placeholders."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from xml.sax.saxutils import escape

FOLDER = Path(__file__).parent
ORIGIN_LINE = "    <AllowedOrigin>${ALLOWED_ORIGIN}</AllowedOrigin>\n"


def policy_document(name: str, values: Mapping[str, str]) -> str:
    """A RAM or trust policy in one line, as the API takes it."""
    document = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return json.dumps(_filled(document, values), ensure_ascii=False)


def _filled(part: object, values: Mapping[str, str]) -> object:
    """Placeholders are filled in after parsing, so that no value can break out of its string."""
    if isinstance(part, dict):
        return {key: _filled(value, values) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, values) for value in part]
    return Template(part).substitute(values) if isinstance(part, str) else part


def cors_document(origins: Sequence[str]) -> str:
    """The bucket's CORS configuration, one AllowedOrigin for each origin."""
    document = (FOLDER / "cors.xml").read_text("utf-8")
    lines = [ORIGIN_LINE.replace("${ALLOWED_ORIGIN}", escape(origin)) for origin in origins]
    return document.replace(ORIGIN_LINE, "".join(lines))
