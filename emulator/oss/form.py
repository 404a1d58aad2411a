"""The form of a PostObject request: its fields before `file`, and the limits on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import Refused
from .multipart import Multipart, Part
from .refusals import (
    FIELDS_TOO_LONG,
    MALFORMED,
    MALFORMED_FIELD,
    NAME_TOO_LONG,
    NO_FILE,
    TWO_FILES,
    VALUE_TOO_LONG,
)

# OSS documents, EC 0006-00000110, "FieldItemTooLong" and EC 0006-00000112.
MAX_NAME_BYTES = 8 * 1024
MAX_VALUE_BYTES = 2 * 1024**2
MAX_FIELDS_BYTES = 8 * 1024**2


@dataclass(frozen=True)
class Form:
    """What stood before the file's bytes; names are in lower case, for they may be in any."""

    fields: Mapping[str, str] = field(repr=False)
    filename: str
    file_type: str | None

    @property
    def content_type(self) -> str | None:
        """OSS documents, PostObject: x-oss-content-type, then the file part's, then the field."""
        candidates = (
            self.fields.get("x-oss-content-type"),
            self.file_type,
            self.fields.get("content-type"),
        )
        return next((candidate for candidate in candidates if candidate), None)


def read_form(parts: Multipart) -> Form:
    """Read the fields and stop where the file's bytes begin."""
    fields: dict[str, str] = {}
    total = 0
    while (part := parts.next_part()) is not None:
        name = part.name.lower()
        if len(part.name.encode()) > MAX_NAME_BYTES:
            raise Refused(
                NAME_TOO_LONG, hint=f"A field's name has more than {MAX_NAME_BYTES} bytes."
            )
        if name == "file":
            return Form(fields, part.filename or "", part.content_type)
        if name in fields:
            # Which of the two OSS would check and which it would use is not documented.
            raise Refused(MALFORMED_FIELD, hint=f"The field {name!r} is sent twice; send one.")
        value = _read_value(parts, name)
        total += len(value)
        if total > MAX_FIELDS_BYTES:
            raise Refused(
                FIELDS_TOO_LONG,
                hint=f"The fields before `file` have more than {MAX_FIELDS_BYTES} bytes.",
            )
        try:
            fields[name] = value.decode()
        except UnicodeDecodeError as error:
            raise Refused(
                MALFORMED_FIELD, hint=f"The value of the field {name!r} is not UTF-8."
            ) from error
    raise Refused(NO_FILE, hint="The form has no part named `file`; append it as the last one.")


def finish_form(parts: Multipart, *, accept_trailing_fields: bool) -> None:
    """Read on after the file's bytes: nothing may follow but, by a switch, other fields."""
    while (part := parts.next_part()) is not None:
        _refuse_after_file(part, accept_trailing_fields=accept_trailing_fields)
        for _ in parts.content():
            pass  # OSS reads no field after the file


def _refuse_after_file(part: Part, *, accept_trailing_fields: bool) -> None:
    if part.name.lower() == "file":
        raise Refused(TWO_FILES, hint="The form has two parts named `file`; send one per request.")
    if not accept_trailing_fields:
        raise Refused(
            MALFORMED,
            hint=f"The field {part.name!r} follows `file`; `file` must be the last field.",
        )


def _read_value(parts: Multipart, name: str) -> bytes:
    value = bytearray()
    for chunk in parts.content():
        value += chunk
        if len(value) > MAX_VALUE_BYTES:
            raise Refused(
                VALUE_TOO_LONG,
                hint=f"The value of the field {name!r} has more than {MAX_VALUE_BYTES} bytes.",
            )
    return bytes(value)
