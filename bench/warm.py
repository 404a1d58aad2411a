"""Warm rows: handlers against their floors and against peers, and what does not grow."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack

from . import environment, sample, tables
from .remote import rows_of
from .requests import DIRECTORY, TOKEN
from .rounds import run
from .rows import directory_grant, row_name

SIGNERS = ("official sample, rewritten", "minio-py", "boto3", "ali-oss (Node)")
GROWING = ("origins in ALLOWED_ORIGINS", "keys in JWT_JWKS", "users who ask in turn")
GRANTS = [row_name(grant, version) for version in ("v4", "v1") for grant in ("directory", "file")]


def measure(*, rounds: int, seconds: float) -> str:
    """The tables of one run, in which every row had its turn in every round."""
    with ExitStack() as workers:
        rows = workers.enter_context(rows_of(environment.python(), "-m", "bench.worker"))
        node = environment.node()
        if node is None:
            print("bench: there is no Node and npm, so no row of ali-oss", file=sys.stderr)
        else:
            script = environment.HERE / "peer.cjs"
            rows |= workers.enter_context(
                rows_of(node, script, _for_node(), cwd=environment.NODE_FOLDER)
            )
        found = run(rows, rounds=rounds, seconds=seconds)
    return f"{_handlers(found)}\n{_peers(found)}\n{_growth(found)}"


def _handlers(found: tables.Found) -> str:
    rows = []
    for grant in GRANTS:
        silent, floor = f"{grant}: silent", f"{grant}: floor"
        figures = [_microseconds(found, row) for row in (grant, silent, floor)]
        ratios = [f"{tables.ratio(found, row, floor):.2f}" for row in (grant, silent)]
        rows.append([grant, *figures, *ratios])
    return tables.table(
        ["the handler", "µs", "µs, silent", "µs, floor", "× floor", "× floor, silent"], rows
    )


def _peers(found: tables.Found) -> str:
    rows = []
    for name in SIGNERS:
        alone, inside = f"{name}, alone", f"{name}, in a bare handler"
        if alone in found:  # ali-oss needs Node
            ours = [row for grant in GRANTS[:2] for row in (grant, f"{grant}: silent")]
            ratios = [f"{tables.ratio(found, inside, row):.2f}" for row in ours]
            rows.append([name, *(_microseconds(found, row) for row in (alone, inside)), *ratios])
    return tables.table(
        [
            "signers, V4",
            "µs, alone",
            "µs, in a bare handler",
            "× our directory grant",
            "× it, silent",
            "× our file grant",
            "× it, silent",
        ],
        rows,
    )


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
            "keyId": sample.KEY_ID,
            "secret": sample.SECRET,
            "token": TOKEN,
            "bucket": sample.BUCKET,
            "region": sample.REGION,
            "prefix": sample.PREFIX,
            "event": DIRECTORY.decode(),
            "grant": directory_grant(),
        }
    )
