"""Presets: several kinds of upload under one configuration, and which of them a caller may use.

`UPLOAD_PRESETS` names them; only then `parsing` is loaded. Without it there is one, `default`, made
of the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ..callers import Caller
from ..callers.claims import RequiredClaims, has_claims
from ..errors import InvalidRequest, PresetNotAllowed
from ..settings import Settings, dangers

DEFAULT = "default"


class Preset(NamedTuple):
    """One kind of upload."""

    name: str
    settings: Settings  # with the preset's members in their place
    metadata: Mapping[str, str] = MappingProxyType({})  # form fields of file grants
    allow: RequiredClaims = MappingProxyType({})  # who may use it; empty: every caller
    path: str = ""  # what refusals call it; empty without UPLOAD_PRESETS


Presets = Mapping[str, Preset]


def presets_for(settings: Settings, environ: Mapping[str, str], directory: Path) -> Presets:
    """All presets by name; `file:NAME` in `UPLOAD_PRESETS` is looked up in the directory."""
    if not settings.upload_presets:
        return {DEFAULT: Preset(DEFAULT, settings)}
    from .parsing import parse_presets  # costs a cold start time

    return parse_presets(settings, environ, directory)


def choose_preset(presets: Presets, name: str, caller: Caller) -> Preset:
    """The preset of this name, `default` for none, if the caller may use it."""
    preset = presets.get(name or DEFAULT)
    if preset is not None and (not preset.allow or has_claims(caller.claims, preset.allow)):
        return preset
    usable = [name for name, other in presets.items() if has_claims(caller.claims, other.allow)]
    offer = f"Use one of these: {', '.join(usable)}." if usable else "There is none for you."
    if preset is not None:
        raise PresetNotAllowed(f"You may not use the preset {preset.name}.", offer)
    problem = "There is no preset of this name." if name else "The request names no preset."
    raise InvalidRequest(f"{problem} {offer}", "Send its name as preset, in the query or in JSON.")


def name_in_query(query: Mapping[str, str]) -> str:
    """The preset that a query names; Uppy sends its file's metadata. Empty for none."""
    return query.get("preset") or query.get("metadata[preset]") or ""


def name_in_json(members: Mapping[str, Any]) -> str:
    """The preset that a JSON object names; Uppy sends its file's metadata. Empty for none."""
    metadata = members.get("metadata")
    inner = metadata.get("preset") if isinstance(metadata, dict) else None
    for name in (members.get("preset"), inner):
        if name is not None and not isinstance(name, str):
            raise InvalidRequest("preset is not a string.", "Send the preset's name.")
        if name:
            return name
    return ""


def fixed_prefixes(presets: Presets) -> list[str]:
    """What the keys of all presets begin with; none of these lies within another."""
    found = sorted({preset.settings.fixed_prefix for preset in presets.values()})
    return [one for one in found if not any(one != o and one.startswith(o) for o in found)]


def directory_types(presets: Presets) -> dict[str, tuple[str, ...]]:
    """The types that directory grants of each preset allow; none means any."""
    return {
        name: preset.settings.allowed_content_types.directory_types
        for name, preset in presets.items()
    }


def all_dangers(presets: Presets) -> list[str]:
    """What valid settings make dangerous, each with the presets that it is true of."""
    found: dict[str, list[str]] = {}
    for preset in presets.values():
        for danger in dangers(preset.settings):
            found.setdefault(danger, []).append(preset.name)
    if set(presets) == {DEFAULT}:
        return list(found)
    return [f"{danger} Presets: {', '.join(names)}." for danger, names in found.items()]
