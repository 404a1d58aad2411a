"""The files that a configuration admits, by the setting `ALLOWED_CONTENT_TYPES`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import FileTooLarge, InvalidRequest, TypeNotAllowed, misconfigured
from . import content_types
from .content_types import STORED, UNKNOWN, bare
from .declared import File
from .names import extension

SAFE_CONTENT_TYPES = "image/*,audio/*,video/*,application/pdf,text/plain,application/zip"

# Strings, which are compiled when a setting has something unusual: that takes time at a cold start.
_WORD = r"[a-z0-9][a-z0-9!#&^_.+-]*"
_TYPE = rf"{_WORD}/{_WORD}"
_TYPE_OR_KIND = rf"{_WORD}/(\*|{_WORD})"


class AdmittedFile(NamedTuple):
    """A file that may be uploaded, with the type under which it is stored."""

    name: str
    extension: str
    content_type: str
    minimum: int  # bytes
    maximum: int


@dataclass(frozen=True)
class AllowedTypes:
    """Which files are admitted, and as what they are stored; made once by `parse_allowed_types`."""

    accept: str
    """The same list for HTML's `<input accept>`; empty means any file."""
    content_types: tuple[str, ...]
    """The types under which admitted files are stored, in the order of the list."""
    directory_types: tuple[str, ...]
    """The types that a directory grant admits: the stored ones with the names that browsers use
    for them. Empty means any, where the setting is not set."""
    _setting: str  # where they are listed
    _stored: Mapping[str, str]  # by extension
    _unknown: str | None  # the type of extensions that the table does not know, where admitted

    @property
    def active_types(self) -> tuple[str, ...]:
        """Those of the types that a browser may run as a script."""
        return tuple(filter(content_types.is_active, self.content_types))

    def admit(self, file: File, *, minimum: int, maximum: int) -> AdmittedFile:
        """The file as it may be uploaded; its type comes from its name, and from what the client
        declares only where the name has no extension. `minimum` and `maximum` are bytes.
        """
        name, end = file.name, extension(file.name)
        if not end and (end := self._extension_for(bare(file.content_type))):
            name = f"{name}.{end}"
        content_type = self._stored.get(end)
        if content_type is None:
            content_type = self._other_type(end)
        if file.content_type != content_type and content_types.contradicts(file.content_type, end):
            raise TypeNotAllowed(
                f"The file's name means {content_type}, but its content_type means another type.",
                "Give the file the extension of its type, or leave content_type out.",
            )
        if file.size is None:
            return AdmittedFile(name, end, content_type, minimum, maximum)
        _check_size(file.size, minimum, maximum)
        return AdmittedFile(name, end, content_type, file.size, file.size)

    def _extension_for(self, content_type: str) -> str:
        """The usual extension of a type among those that are admitted; may be empty."""
        if content_type in ("", UNKNOWN):
            return ""
        for end in content_types.extensions_of(content_type):
            if end in self._stored:
                return end
        return next((end for end, own in self._stored.items() if own == content_type), "")

    def _other_type(self, end: str) -> str:
        if self._unknown and end not in STORED:
            return self._unknown
        if not end:
            raise TypeNotAllowed(
                "The file has no extension, and its content_type is missing or not accepted here.",
                "Give the file's name the extension of its type, such as photo.jpg.",
            )
        item = f".{end}" if end in STORED else f".{end} with its type"
        raise TypeNotAllowed(
            f"Files ending in .{end} are not accepted here.",
            f"Choose a file of another type, or add {item} to {self._setting}.",
        )


def _check_size(size: int, minimum: int, maximum: int) -> None:
    if size > maximum:
        raise FileTooLarge(
            # Without the size, which may be a number of any length.
            f"The file is too large; at most {maximum} bytes are accepted here.",
            "Choose a smaller file, or raise MAX_UPLOAD_BYTES.",
        )
    if size < minimum:
        raise InvalidRequest(
            f"The file has {size} bytes; at least {minimum} are needed.",
            "Choose a file with content, or lower MIN_UPLOAD_BYTES.",
        )


def parse_allowed_types(setting: str, text: str) -> AllowedTypes:
    """Read a comma list as in HTML's `accept`: types, wildcards, extensions, and extensions with a
    type of one's own (`.ofd=application/ofd`).

    Without an item it means the common types. A wrong item is `Misconfigured`, under the name
    `setting`.
    """
    listed = _items(text)
    stored: dict[str, str] = {}
    own: dict[str, str] = {}
    accept: list[str] = []
    for number, item in enumerate(listed or _items(SAFE_CONTENT_TYPES), start=1):
        try:
            found = _read_item(item)
        except ValueError as error:
            problem, hint = error.args
            raise misconfigured(setting, f"{problem} (item {number})", hint) from None
        (own if "=" in item else stored).update(found)
        accept += _for_picker(item, found)
    stored |= own  # the operator's own types, in whatever order they are listed
    unknown = stored.pop("", None)
    types = tuple(dict.fromkeys([*stored.values(), *([unknown] if unknown else [])]))
    return AllowedTypes(
        accept="" if unknown else ",".join(dict.fromkeys(accept)),
        content_types=types,
        directory_types=_with_other_names(stored, types) if listed else (),
        _setting=setting,
        _stored=stored,
        _unknown=unknown,
    )


def _items(text: str) -> list[str]:
    return [item for item in (part.strip().lower() for part in text.split(",")) if item]


def _read_item(item: str) -> dict[str, str]:
    """The types of the extensions that an item admits; the empty one means every unknown one.

    `ValueError` has what is wrong with the item, and a hint.
    """
    if item == UNKNOWN:
        return {"": UNKNOWN}
    return _read_extension(item[1:]) if item.startswith(".") else _read_type(item)


def _read_extension(item: str) -> dict[str, str]:
    end, equals, own_type = (part.strip() for part in item.partition("="))
    valid = end and extension(f"a.{end}") == end
    if not valid or (equals and not re.fullmatch(_TYPE, own_type)):
        raise ValueError(
            "contains an invalid extension",
            "Write .psd, or with its type, such as .ofd=application/ofd.",
        )
    if not equals and end not in STORED:
        raise ValueError(
            "contains an extension whose type is not known",
            "Write its type, too, such as .ofd=application/ofd.",
        )
    return {end: own_type or STORED[end]}


def _read_type(item: str) -> dict[str, str]:
    kind, _, rest = item.partition("/")
    ends = (
        content_types.extensions_of_kind(kind) if rest == "*" else content_types.extensions_of(item)
    )
    if ends:
        return {end: STORED[end] for end in ends}
    if re.fullmatch(_TYPE_OR_KIND, item):
        raise ValueError(
            "contains a type that no known extension means",
            "Write the extension, too, such as .ofd=application/ofd.",
        )
    raise ValueError(
        "contains an invalid content type",
        "Write a comma list such as image/*, application/pdf, .psd.",
    )


def _for_picker(item: str, ends: Iterable[str]) -> list[str]:
    """An item for `accept`.

    For pictures and films the type is enough, and phones offer their camera for it; of other types
    browsers know few, but all know extensions.
    """
    if item.startswith("."):
        return [f".{end}" for end in ends]
    if item.startswith(("image/", "video/")):
        return [item]
    return [item, *(f".{end}" for end in ends)]


def _with_other_names(stored: Mapping[str, str], types: Iterable[str]) -> tuple[str, ...]:
    """The types, and then what else browsers call them.

    A name that is active comes in only with a type that is active itself.
    """
    names = dict.fromkeys(types)
    for end, content_type in stored.items():
        for name in content_types.names_of(end):
            if not content_types.is_active(name) or content_types.is_active(content_type):
                names[name] = None
    return tuple(names)
