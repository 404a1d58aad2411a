"""Warm rows: handlers against their floors and against other signers, and what does not grow."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from dataclasses import asdict

from . import environment, requests, tables
from .requests import BATCH_FILES, FORMS, GRANTS
from .rounds import rows_of, run
from .rows import BATCH_ROW, PART_ROW, grant, row_name

SIGNERS = ("official sample, rewritten", "minio-py", "boto3", "ali-oss (Node)")
GROWING = ("origins in ALLOWED_ORIGINS", "keys in JWT_JWKS", "users in turn", "presets")
HANDLERS = [row_name(kind, version) for version in ("v4", "v1") for kind in GRANTS]


def measure(*, rounds: int, seconds: float) -> str:
    """The tables of one run, in which every round measured every row."""
    with ExitStack() as workers:
        rows = workers.enter_context(rows_of(environment.python(), "-m", "bench.worker"))
        node = environment.node()
        if node is None:
            print("bench: Node or npm is missing, so there is no row for ali-oss", file=sys.stderr)
        else:
            script = environment.HERE / "peer.cjs"
            rows |= workers.enter_context(
                rows_of(node, script, _for_node(), cwd=environment.NODE_FOLDER)
            )
        found = run(rows, rounds=rounds, seconds=seconds)
    tables_of = (_handlers, _batch, _part, _peers, _growth)
    return "\n".join(make(found) for make in tables_of)


def _handlers(found: tables.Found) -> str:
    rows = []
    for name in HANDLERS:
        debugged, floor = f"{name}: debugged", f"{name}: floor"
        figures = [_microseconds(found, row) for row in (floor, name, debugged)]
        ratios = [f"{tables.ratio(found, row, floor):.2f}" for row in (name, debugged)]
        rows.append([name, *figures, *ratios])
    return tables.table(
        [
            "the handler",
            "floor, µs",
            "handler, µs",
            "LOG_LEVEL=DEBUG, µs",
            "handler / floor",
            "with DEBUG",
        ],
        rows,
    )


def _batch(found: tables.Found) -> str:
    single = row_name("file", "v4")
    singly = BATCH_FILES * tables.median(found, single) * 1e6
    share = tables.ratio(found, BATCH_ROW, single) / BATCH_FILES
    return tables.table(
        ["a batch", f"{BATCH_FILES} requests, µs", "one request, µs", "ratio"],
        [[BATCH_ROW, f"{singly:.0f}", _microseconds(found, BATCH_ROW), f"{share:.2f}"]],
    )


def _part(found: tables.Found) -> str:
    single = row_name("file", "v4")
    figures = [_microseconds(found, row) for row in (PART_ROW, single)]
    ratio = f"{tables.ratio(found, PART_ROW, single):.2f}"
    return tables.table(
        ["a resumable upload", "µs", "file grant, µs", "/ file grant"],
        [[PART_ROW, *figures, ratio]],
    )


def _peers(found: tables.Found) -> str:
    rows = []
    for name in SIGNERS:
        if not any(row.startswith(f"{name}, ") for row in found):  # ali-oss needs Node
            continue
        cells = [name]
        for kind in FORMS:
            alone, inside = f"{name}, {kind}, alone", f"{name}, {kind}, in a bare handler"
            cells += [_microseconds(found, row) for row in (alone, inside)]
            cells.append(f"{tables.ratio(found, inside, row_name(kind, 'v4')):.2f}")
        rows.append(cells)
    heads = ["other signers, V4"]
    for kind in FORMS:
        heads += [f"{kind}: alone, µs", "in a bare handler, µs", "/ our handler"]
    return tables.table(heads, rows)


def _growth(found: tables.Found) -> str:
    return tables.table(
        ["what grows", "one, µs", "1,000, µs", "ratio"],
        [
            [
                what,
                _microseconds(found, f"one: {what}"),
                _microseconds(found, f"many: {what}"),
                f"{tables.ratio(found, f'many: {what}', f'one: {what}'):.2f}",
            ]
            for what in GROWING
        ],
    )


def _microseconds(found: tables.Found, row: str) -> str:
    return f"{tables.median(found, row) * 1e6:.1f}"


def _for_node() -> str:
    return json.dumps(
        {
            "keyId": requests.KEY_ID,
            "secret": requests.SECRET,
            "token": requests.TOKEN,
            "bucket": requests.BUCKET,
            "region": requests.REGION,
            "kinds": {
                kind: {"event": GRANTS[kind].decode(), "form": asdict(form), "grant": grant(kind)}
                for kind, form in FORMS.items()
            },
        }
    )
