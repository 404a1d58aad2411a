"""The fields of a form: those before `file`, and the limits on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import Refused, refusals
from ..switches import offer
from .headers import Part
from .parts import FormParts

# OSS documents, EC 0006-00000110, "FieldItemTooLong" and EC 0006-00000112.
MAX_NAME_BYTES = 8 * 1024
MAX_VALUE_BYTES = 2 * 1024**2
MAX_FIELDS_BYTES = 8 * 1024**2


@dataclass(frozen=True)
class Form:
    """Everything before the file's bytes; names are in lower case, since their case is ignored."""

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


def read_form(parts: FormParts) -> Form:
    """Read the fields and stop where the file's bytes begin."""
    fields: dict[str, str] = {}
    total = 0
    while (part := parts.next_part()) is not None:
        name = part.name.lower()
        _check_name(part, parts)
        if name == "file":
            return Form(fields, part.filename or "", part.content_type)
        if name in fields:
            # It is not documented which of the two OSS would check and which it would use.
            raise Refused(
                refusals.MALFORMED_FIELD, hint=f"The field {name!r} is sent twice; send it once."
            )
        value = _read_value(parts, name)
        total += len(value)
        if total > MAX_FIELDS_BYTES:
            raise Refused(
                refusals.FIELDS_TOO_LONG,
                hint=f"The fields before `file` exceed {MAX_FIELDS_BYTES} bytes in total;"
                " send fewer or shorter ones.",
            )
        try:
            fields[name] = value.decode()
        except UnicodeDecodeError as error:
            raise Refused(
                refusals.MALFORMED_FIELD,
                hint=f"The value of the field {name!r} is not valid UTF-8.",
            ) from error
    raise Refused(
        refusals.NO_FILE, hint="The form has no part named `file`; add the file as the last part."
    )


def _check_name(part: Part, parts: FormParts) -> None:
    size = len(part.name.encode())
    hint = f"The name of a field has {size} bytes; the limit is {MAX_NAME_BYTES}. Shorten it."
    if part.extended:
        # OSS seems to look for a quote that ends a line, and so reads on into the file (inferred).
        size = sum(len(chunk) for chunk in parts.content())
        hint = (
            f"The Content-Disposition of {part.name!r} has a filename*, and OSS does not find the"
            " end of that line. React Native 0.74.0 to 0.75.4 and 0.76.0 to 0.76.7 send it; 0.75.5,"
            " 0.76.8 and 0.77 do not. .NET: FileNameStar must be null. urllib3: use 1.25 or newer."
            ' Elsewhere, send only filename="...".'
        )
    if part.extended or size > MAX_NAME_BYTES:
        raise Refused(
            refusals.NAME_TOO_LONG,
            hint=hint,
            elements={"MaxSizeAllowed": str(MAX_NAME_BYTES), "ProposedSize": str(size)},
        )


def finish_form(parts: FormParts, *, accept_trailing_fields: bool) -> None:
    """Read what follows the file's bytes: nothing, or further fields if the bucket accepts them."""
    while (part := parts.next_part()) is not None:
        _refuse_after_file(part, accept_trailing_fields=accept_trailing_fields)
        for _ in parts.content():
            pass  # OSS ignores fields after the file


def _refuse_after_file(part: Part, *, accept_trailing_fields: bool) -> None:
    if part.name.lower() == "file":
        raise Refused(
            refusals.TWO_FILES,
            hint="The form has two parts named `file`; send one per request. uni.uploadFile: call"
            " it once for each file, without `files`.",
        )
    if not accept_trailing_fields:
        raise Refused(
            refusals.FILE_NOT_LAST,
            hint=f"The field {part.name!r} follows `file`. Append the file last, after every field"
            " (in an HTML form, give the submit button no name)." + offer("accept-trailing-fields"),
        )


def _read_value(parts: FormParts, name: str) -> bytes:
    value = bytearray()
    for chunk in parts.content():
        value += chunk
        if len(value) > MAX_VALUE_BYTES:
            raise Refused(
                refusals.VALUE_TOO_LONG,
                hint=f"The value of the field {name!r} is longer than {MAX_VALUE_BYTES} bytes;"
                " shorten it.",
            )
    return bytes(value)
