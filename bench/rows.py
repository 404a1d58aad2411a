"""The rows that need only the function: handler, floor and the official sample."""

from __future__ import annotations

import itertools
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from .baselines import bare_handler, floor, official_sample
from .environment import ROOT
from .requests import BATCH, BATCH_FILES, FORMS, FUNCTION_ROLE, GRANTS, Context, Signer
from .rounds import Measure, measure
from .uploads import RESUMABLE, step

sys.path.insert(0, str(ROOT / "function"))  # as Function Compute does

from direct_upload.app import App

logger = logging.getLogger("direct_upload")
BATCH_ROW = f"{BATCH_FILES} file grants in one request"
PART_ROW = "the URL of one part"
LOG_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s"


def handler(environ: Mapping[str, str]) -> Callable[[bytes], dict[str, Any]]:
    """The function as it is deployed, with this environment."""
    app, context = App(environ), Context()
    return lambda event: app.handle(event, context)


def log_to_nowhere() -> None:
    """Format and write each log line, as the runtime does, but to /dev/null."""
    nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (as long as the process)
    logging.basicConfig(format=LOG_FORMAT, stream=nowhere)


def handler_rows() -> dict[str, Measure]:
    """Each kind of grant with both signature versions: as deployed, with DEBUG, and its floor."""
    rows: dict[str, Measure] = {}
    for version in ("v4", "v1"):
        function = handler({**FUNCTION_ROLE, "SIGNATURE_VERSION": version})
        for kind, event in GRANTS.items():
            response = function(event)
            if response["statusCode"] != 200:
                raise RuntimeError(f"there is no grant to measure: {response['body']}")
            name = row_name(kind, version)
            rows[name] = _on(function, event)
            rows[f"{name}: debugged"] = _debugged(rows[name])
            rows[f"{name}: floor"] = _on(floor(response, version=version), event)
    return rows


def batch_row() -> dict[str, Measure]:
    """Many file grants in one request, V4."""
    function = handler(FUNCTION_ROLE)
    grants = json.loads(function(BATCH)["body"])["grants"]
    if len(grants) != BATCH_FILES or any("error" in grant for grant in grants):
        raise RuntimeError("there is no batch to measure")
    return {BATCH_ROW: _on(function, BATCH)}


def part_row() -> dict[str, Measure]:
    """The URL of one part of a resumable upload, of another part each time."""
    function = handler(RESUMABLE)
    size, part_size = 10**9, 5 * 1024**2
    events = [step("GET", f"/{n}", size=size, part_size=part_size) for n in range(1, 101)]
    signed = function(events[0])
    if signed["statusCode"] != 200 or "partNumber=1&" not in json.loads(signed["body"])["url"]:
        raise RuntimeError(f"there is no part to measure: {signed['body']}")
    turn = itertools.cycle(events)
    return {PART_ROW: measure(lambda: function(next(turn)))}


def row_name(kind: str, version: str) -> str:
    return f"{kind} grant, {version.upper()}"


def grant(kind: str) -> dict[str, Any]:
    """The grant that the handlers of other signers write."""
    made: dict[str, Any] = json.loads(handler(FUNCTION_ROLE)(GRANTS[kind])["body"])
    return made


def signer_rows(signers: Mapping[str, Signer]) -> dict[str, Measure]:
    """Each signer by itself and in the bare handler, for both kinds of grant."""
    rows: dict[str, Measure] = {}
    for kind, form in FORMS.items():
        for name, signer in signers.items():
            rows[f"{name}, {kind}, alone"] = measure(partial(signer, form))
            function = bare_handler(signer, form, grant(kind))
            rows[f"{name}, {kind}, in a bare handler"] = _on(function, GRANTS[kind])
    return rows


def own_rows() -> dict[str, Measure]:
    """All rows that need no further packages."""
    return (
        handler_rows()
        | batch_row()
        | part_row()
        | signer_rows({"official sample, rewritten": official_sample})
    )


def _on(function: Callable[[bytes], object], event: bytes) -> Measure:
    return measure(partial(function, event))


def _debugged(row: Measure) -> Measure:
    """The row with LOG_LEVEL=DEBUG, with which each grant logs a line.

    The level applies only while this row runs, because all handlers here share the logger.
    """

    def seconds(times: int) -> float:
        level = logger.level
        logger.setLevel(logging.DEBUG)
        try:
            return row(times)
        finally:
            logger.setLevel(level)

    return seconds
