"""A strict parser of the policy document that a form carries in base64.

OSS documents, PostObject ("POST policy") and the pages of EC 0006-00000201 to 0006-00000224.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, NoReturn

from ..errors import Refused, refusals

RANGE = "content-length-range"
ONE_VALUE = ("eq", "starts-with")
MANY_VALUES = ("in", "not-in")

_EXPIRATION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", re.ASCII)
# OSS writes a literal dollar as `\$`, which is not valid JSON; real policies contain it like that,
# or escaped as `\\$`. An odd number of backslashes before the dollar is the bare form.
_BARE_DOLLAR = re.compile(r"(?<!\\)((?:\\\\)*)\\\$")


@dataclass(frozen=True)
class Condition:
    """A condition on one field, whose name is in lower case, as fields are compared."""

    mode: str
    field: str
    values: tuple[str, ...]
    source: str  # as OSS renders it in its errors


@dataclass(frozen=True)
class SizeRange:
    minimum: int
    maximum: int


@dataclass(frozen=True)
class Policy:
    expiration: datetime
    conditions: tuple[Condition, ...]
    size_ranges: tuple[SizeRange, ...]


def parse_policy(text: str) -> Policy:
    """Parse the value of the form field `policy`."""
    document = _decode(text)
    if not isinstance(document, dict):
        raise Refused(refusals.POLICY_INVALID, hint="The policy is valid JSON but not an object.")
    _check_members(document)
    expiration = _parse_expiration(document["expiration"])
    conditions: list[Condition] = []
    ranges: list[SizeRange] = []
    for item in _condition_items(document["conditions"]):
        if isinstance(item, list) and item[:1] == [RANGE]:
            ranges.append(_parse_range(item))
        else:
            conditions.append(_parse_condition(item))
    return Policy(expiration, tuple(conditions), tuple(ranges))


def _decode(text: str) -> Any:
    try:
        document = base64.b64decode(text.encode(), validate=True)
    except binascii.Error as error:
        raise Refused(
            refusals.POLICY_NOT_BASE64,
            hint=f"The policy is not valid base64: {error}.",
        ) from error
    try:
        decoded = document.decode()
    except UnicodeDecodeError as error:
        raise Refused(refusals.POLICY_NOT_UTF8, hint="The policy is not valid UTF-8.") from error
    try:
        return json.loads(
            _BARE_DOLLAR.sub(r"\1\\\\$", decoded),
            object_pairs_hook=_object_without_repeats,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        reason = str(error).partition(":")[0]
        raise Refused(
            refusals.POLICY_NOT_JSON, detail=reason, hint=f"The policy is not valid JSON: {reason}."
        ) from error


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON does not say which of two equal names counts, so a policy must not repeat one."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object has the same name twice")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")


def _check_members(document: dict[str, Any]) -> None:
    missing = [name for name in ("expiration", "conditions") if name not in document]
    if missing:
        refusal = refusals.EMPTY_POLICY
        if missing == ["expiration"]:
            refusal = refusals.NO_EXPIRATION
        elif missing == ["conditions"]:
            refusal = refusals.NO_CONDITIONS
        raise Refused(refusal, hint="The policy needs both `expiration` and `conditions`.")


def _parse_expiration(expiration: Any) -> datetime:
    if not isinstance(expiration, str):
        raise Refused(
            refusals.EXPIRATION_NOT_TEXT, hint=f"expiration is {expiration!r}, not a string."
        )
    if not expiration:
        raise Refused(refusals.EMPTY_EXPIRATION, hint="expiration is empty.")
    hint = f"expiration is {expiration!r}; write it in UTC as 2014-12-01T12:00:00.000Z."
    if not _EXPIRATION.fullmatch(expiration):
        raise Refused(refusals.BAD_EXPIRATION, hint=hint)
    seconds, _, fraction = expiration[:-1].partition(".")
    try:
        time = datetime.strptime(seconds, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007  the Z is checked
    except ValueError as error:
        raise Refused(refusals.BAD_EXPIRATION, hint=hint) from error
    return time.replace(microsecond=int(fraction or 0) * 1000, tzinfo=timezone.utc)


def _condition_items(items: Any) -> list[Any]:
    if not isinstance(items, list):
        raise Refused(refusals.CONDITIONS_NOT_LIST, hint="conditions is not an array.")
    if not items:
        raise Refused(
            refusals.EMPTY_CONDITIONS,
            hint="conditions is empty; add at least a condition on the bucket.",
        )
    return items


def _parse_condition(item: Any) -> Condition:
    if isinstance(item, dict):
        if len(item) != 1:
            raise Refused(
                refusals.NOT_ONE_PROPERTY,
                hint=f"A condition object has {len(item)} properties; write one object for each.",
            )
        ((field, value),) = item.items()
        return _condition("eq", field, value)
    if not isinstance(item, list):
        raise Refused(
            refusals.CONDITION_TYPE,
            hint=f"The condition {item!r} is neither an object nor an array.",
        )
    if not item:
        raise Refused(refusals.NO_MODE, hint="A condition is an empty array.")
    mode = item[0]
    if mode not in (*ONE_VALUE, *MANY_VALUES):
        raise Refused(
            refusals.UNKNOWN_MODE,
            hint=f"The mode {mode!r} is not one of {', '.join((*ONE_VALUE, *MANY_VALUES, RANGE))}.",
        )
    if len(item) != 3:
        raise Refused(
            refusals.WRONG_ARITY,
            hint=f"A condition with {mode!r} has {len(item)} elements instead of three.",
        )
    return _condition(*item)


def _condition(mode: str, field: Any, value: Any) -> Condition:
    if not isinstance(field, str):
        raise Refused(
            refusals.POLICY_INVALID,
            hint=f"A condition names the field {field!r}, which is not a string.",
        )
    # The samples always write `$`, some pages omit it, and OSS's errors always print it.
    name = field.removeprefix("$")
    if mode in MANY_VALUES:
        values = value
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise Refused(
                refusals.VALUES_NOT_LIST,
                hint=f"The condition {mode!r} on {name!r} needs a list of strings.",
            )
    else:
        values = [value]
        if not isinstance(value, str):
            raise Refused(
                refusals.POLICY_INVALID,
                hint=f"The condition on {name!r} compares with {value!r}, which is not a string.",
            )
    return Condition(
        mode,
        name.lower(),
        tuple(entry.replace(r"\$", "$") for entry in values),
        json.dumps([mode, "$" + name, value], ensure_ascii=False),
    )


def _parse_range(item: list[Any]) -> SizeRange:
    if len(item) != 3:
        raise Refused(
            refusals.WRONG_ARITY, hint=f"{RANGE} has {len(item)} elements instead of three."
        )
    bounds = item[1:]
    if any(isinstance(bound, list) for bound in bounds):
        raise Refused(
            refusals.RANGE_NESTED, hint=f"A bound of {RANGE} is a list; write two integers."
        )
    # The pages say "positive integers", but all their examples start at 0.
    if any(type(bound) is not int or bound < 0 for bound in bounds):
        raise Refused(
            refusals.RANGE_NOT_INTEGERS,
            hint=f"{RANGE} is {bounds}; write two integers, 0 or greater.",
        )
    minimum, maximum = bounds
    if maximum < minimum:
        raise Refused(
            refusals.RANGE_REVERSED,
            hint=f"{RANGE} goes from {minimum} to {maximum}; put the smaller number first.",
        )
    return SizeRange(minimum, maximum)
