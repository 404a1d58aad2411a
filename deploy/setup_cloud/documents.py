"""The documents that the commands send: policies, the bucket's rules, the index of the logs.

The policies and the CORS rule are the files in deploy/, with their placeholders filled in.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent
ORIGIN_LINE = "    <AllowedOrigin>${ALLOWED_ORIGIN}</AllowedOrigin>\n"
POST_LINE = "    <AllowedMethod>POST</AllowedMethod>\n"
SECONDS_OF_DAY = 86_400
RULE_PREFIX = "direct-upload-"  # of the IDs of this project's lifecycle rules
WORD_ENDS = list(' ,;=()[]{}"?@&<>/:\n\t')  # what separates words in a log search
# What Function Compute writes into its logs (SLS documents, "Function Compute 3.0 log fields").
# Without an index of its own, a field can be searched but neither filtered nor counted.
LOG_FIELDS = {
    "text": [
        *("functionName", "qualifier", "versionId", "requestId", "instanceID", "invocationType"),
        *("isColdStart", "hasFunctionError", "errorType"),
    ],
    "long": ["memoryMB", "statusCode"],
    "double": ["durationMs", "invokeFunctionLatencyMs", "scheduleLatencyMs", "memoryUsageMB"],
}


def policy_document(name: str, values: Mapping[str, str], prefixes: Sequence[str] = ()) -> str:
    """A RAM or trust policy on one line, as the API takes it.

    A resource below `${UPLOAD_PREFIX}` is there for each of the prefixes.
    """
    document = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return json.dumps(_filled(document, values, prefixes), ensure_ascii=False)


def _filled(part: object, values: Mapping[str, str], prefixes: Sequence[str]) -> object:
    """Fill placeholders in the parsed document, so that no value can break out of its string."""
    if isinstance(part, dict):
        return {key: _filled(value, values, prefixes) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, values, prefixes) for value in part]
    if not isinstance(part, str):
        return part
    if "${UPLOAD_PREFIX}" not in part:
        return Template(part).substitute(values)
    filled = [Template(part).substitute(values, UPLOAD_PREFIX=prefix) for prefix in prefixes]
    return filled if len(filled) > 1 else filled[0]


def cors_document(origins: Sequence[str], *, multipart: bool = False) -> str:
    """The bucket's CORS configuration, with one AllowedOrigin for each origin.

    Forms are posted; the parts of resumable uploads are put.
    """
    document = (FOLDER / "cors.xml").read_text("utf-8")
    lines = [
        ORIGIN_LINE.replace("${ALLOWED_ORIGIN}", html.escape(origin, quote=False))
        for origin in origins
    ]
    methods = POST_LINE + POST_LINE.replace("POST", "PUT") if multipart else POST_LINE
    return document.replace(ORIGIN_LINE, "".join(lines)).replace(POST_LINE, methods)


def lifecycle_document(
    prefixes: Sequence[str], *, unclaimed_days: int, multipart_seconds: int | None = None
) -> str:
    """This project's lifecycle rules: what nobody claimed (unless the days are 0), and the parts of
    uploads that were not finished (unless there are no resumable uploads).

    OSS counts days from the last change and runs rules once a day, so that an object lives for up
    to two days more. Parts must outlive the upload, of which the days may count from the beginning.
    """
    actions = {}
    if unclaimed_days:
        actions["unclaimed"] = f"<Expiration><Days>{unclaimed_days}</Days></Expiration>"
    if multipart_seconds:
        days = -(-multipart_seconds // SECONDS_OF_DAY) + 1
        actions["unfinished"] = f"<AbortMultipartUpload><Days>{days}</Days></AbortMultipartUpload>"
    rules = [
        f"  <Rule>\n    <ID>{RULE_PREFIX}{name}-{number}</ID>\n"
        f"    <Prefix>{html.escape(prefix, quote=False)}</Prefix>\n    <Status>Enabled</Status>\n"
        f"    {action}\n  </Rule>\n"
        for name, action in actions.items()
        for number, prefix in enumerate(prefixes, 1)
    ]
    return f"<LifecycleConfiguration>\n{''.join(rules)}</LifecycleConfiguration>\n"


def index_document() -> dict[str, Any]:
    """The index of the log store: every word of a line, and Function Compute's own fields."""
    words = {"token": WORD_ENDS, "caseSensitive": False, "chn": False}
    fields: dict[str, Any] = {name: {"type": "text", **words} for name in LOG_FIELDS["text"]}
    for kind in ("long", "double"):
        fields |= {name: {"type": kind} for name in LOG_FIELDS[kind]}
    return {"line": words, "keys": {name: {**f, "doc_value": True} for name, f in fields.items()}}
