"""The setting `UPLOAD_PRESETS`: what its members say, most of them in place of a setting.

A member that stands for a setting is read by the setting's row; those of `_OWN_MEMBERS` have none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..callers.claims import RequiredClaims, parse_required_claims
from ..errors import misconfigured
from ..settings import ROWS, Environment, Settings, callback_url_room, read_settings
from ..settings.value_files import read_value
from . import DEFAULT, Preset, Presets

SETTING = "UPLOAD_PRESETS"
MAX_METADATA_BYTES = 1024
METADATA = "x-oss-meta-"
# File grants prove with it that they were granted here.
RESERVED_METADATA = "grant"

_EXAMPLE = 'Write it as {"avatar": {"dir": "avatars/", "types": "image/*"}}, or as file:NAME.'
# `$` would have to be escaped in a policy; HTTP drops spaces at the ends.
_METADATA_VALUE = re.compile(r"(?! )[ -#%-~]+(?<! )")
_OWN_MEMBERS = ("metadata", "allow")
_MEMBERS = (*(row.member for row in ROWS.values() if row.member), *_OWN_MEMBERS)


def parse_presets(settings: Settings, environ: Mapping[str, str], directory: Path) -> Presets:
    """All presets by name; `file:NAME` in `UPLOAD_PRESETS` is looked up in the directory."""
    document = _document(settings.upload_presets, directory)
    values = {name: getattr(settings, name.lower()) for name in ROWS}
    env = Environment(environ, ROWS, values=values)
    return {name: _preset(env, name, members) for name, members in document.items()}


def _document(setting: str, directory: Path) -> dict[str, Any]:
    text = read_value(SETTING, setting, directory)
    try:
        document = json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        raise misconfigured(SETTING, "is not JSON", _EXAMPLE) from None
    if not isinstance(document, dict) or not document:
        raise misconfigured(SETTING, "names no presets", _EXAMPLE)
    for number, (name, members) in enumerate(document.items(), start=1):
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,15}", name):
            hint = "Use at most 16 lower-case letters, digits and hyphens, a letter first."
            raise misconfigured(SETTING, f"contains an invalid name (preset {number})", hint)
        if not isinstance(members, dict):
            raise misconfigured(f"{SETTING}.{name}", "is not a JSON object", _EXAMPLE)
    return document


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):  # json would silently keep the last
        raise misconfigured(SETTING, "has a name twice in one object", "Give each its own name.")
    return found


def _preset(env: Environment, name: str, members: Mapping[str, Any]) -> Preset:
    path = f"{SETTING}.{name}"
    for number, member in enumerate(members, start=1):
        if member not in _MEMBERS:
            which = member if re.fullmatch(r"[A-Za-z_-]{1,32}", member) else f"number {number}"
            hint = f"Members are {', '.join(_MEMBERS)}."
            raise misconfigured(path, f"has an unknown member, {which}", hint)
    texts = {
        member: _text(f"{path}.{member}", value)
        for member, value in members.items()
        if member not in _OWN_MEMBERS
    }
    settings = read_settings(env.of_preset(path, texts))
    allow: RequiredClaims = {}
    if "allow" in members:
        allow = parse_required_claims(f"{path}.allow", members["allow"])
        if settings.auth == "anonymous":
            problem = "is set, but callers have no claims"
            raise misconfigured(f"{path}.allow", problem, "It needs AUTH=jwt.")
    url = settings.callback_url
    if url and name != DEFAULT and (excess := len(name) + 1 - callback_url_room(url)) > 0:
        hint = "Shorten it or CALLBACK_URL: a callback, with all that it reports, has 512 bytes."
        raise misconfigured(path, f"has a name that is {excess} characters too long", hint)
    metadata = _metadata(f"{path}.metadata", members.get("metadata", {}))
    return Preset(name, settings, metadata, allow, path)


def _text(path: str, value: object) -> str:
    """The value as the setting's text would be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1e6, to JSON, is a whole number
    if not isinstance(value, (str, int, float)):
        hint = "Write a string, a number, true or false, as the setting's text would be."
        raise misconfigured(path, "is a list, an object or null", hint)
    return str(value)


def _metadata(path: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise misconfigured(path, "is not a JSON object", 'Write {"source": "portal"}.')
    fields = {METADATA + name: text for name, text in value.items()}
    for number, (name, text) in enumerate(value.items(), start=1):
        if not re.fullmatch(r"[a-z0-9-]{1,32}", name) or name == RESERVED_METADATA:
            hint = (
                "Use at most 32 lower-case letters, digits and hyphens; "
                f"{RESERVED_METADATA} is reserved."
            )
            raise misconfigured(path, f"has an invalid name (item {number})", hint)
        if not isinstance(text, str) or not _METADATA_VALUE.fullmatch(text):
            hint = "Write printable ASCII without $, and without spaces at the ends."
            raise misconfigured(f"{path}.{name}", "is not a valid value", hint)
    size = sum(len(name) + len(text) for name, text in fields.items())
    if size > MAX_METADATA_BYTES:
        hint = f"Names (with {METADATA}) and values have at most {MAX_METADATA_BYTES} bytes."
        raise misconfigured(path, f"is {size - MAX_METADATA_BYTES} bytes too long", hint)
    return fields
