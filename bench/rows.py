"""The rows that need nothing but the function: handler, floor and the official sample."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .floor import floor
from .requests import DIRECTORY, FUNCTION_ROLE, GRANTS, Context
from .rounds import Measure, measure
from .sample import Sign, bare_handler, official_sample

FUNCTION = Path(__file__).resolve().parents[1] / "function"
sys.path.insert(0, str(FUNCTION))  # as Function Compute does

from direct_upload.app import App  # noqa: E402

logger = logging.getLogger("direct_upload")
LOG_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s"


def handler(environ: Mapping[str, str]) -> Callable[[bytes], dict[str, Any]]:
    """The function as it is deployed, with these settings and more in its environment."""
    app, context = App(environ), Context()
    return lambda event: app.handle(event, context)


def log_to_nowhere() -> None:
    """The runtime's log handler formats each line and writes it; ours writes to /dev/null."""
    nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (as long as the process)
    logging.basicConfig(format=LOG_FORMAT, stream=nowhere)


def handler_rows() -> dict[str, Measure]:
    """Each kind of grant under both signature versions, as deployed and silent, and its floor."""
    rows: dict[str, Measure] = {}
    for version in ("v4", "v1"):
        function = handler({**FUNCTION_ROLE, "SIGNATURE_VERSION": version})
        for grant, event in GRANTS.items():
            answer = function(event)
            if answer["statusCode"] != 200:
                raise RuntimeError(f"no grant to measure: {answer['body']}")
            name = row_name(grant, version)
            rows[name] = _on(function, event)
            rows[f"{name}: silent"] = _silent(rows[name])
            rows[f"{name}: floor"] = _on(floor(answer, version=version), event)
    return rows


def _silent(row: Measure) -> Measure:
    """The row without the line that each grant logs, as with LOG_LEVEL=WARNING.

    The level holds for the turns of this row only, for all handlers here share the logger.
    """

    def seconds(times: int) -> float:
        level = logger.level
        logger.setLevel(logging.WARNING)
        try:
            return row(times)
        finally:
            logger.setLevel(level)

    return seconds


def row_name(grant: str, version: str) -> str:
    return f"{grant} grant, {version.upper()}"


def directory_grant() -> dict[str, Any]:
    """What peers' handlers have to write."""
    grant: dict[str, Any] = json.loads(handler(FUNCTION_ROLE)(DIRECTORY)["body"])
    return grant


def signer_rows(signers: Mapping[str, Sign]) -> dict[str, Measure]:
    """Each signer alone and inside the bare handler."""
    rows: dict[str, Measure] = {}
    grant = directory_grant()
    for name, sign in signers.items():
        rows[f"{name}, alone"] = measure(sign)
        rows[f"{name}, in a bare handler"] = _on(bare_handler(sign, grant), DIRECTORY)
    return rows


def own_rows() -> dict[str, Measure]:
    """All rows for which nothing has to be installed."""
    return handler_rows() | signer_rows({"official sample, rewritten": official_sample})


def _on(function: Callable[[bytes], object], event: bytes) -> Measure:
    return measure(lambda: function(event))
