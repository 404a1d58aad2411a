"""The emulated OSS gives every answer of the conformance rows, over bare sockets."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from emulator.conformance.command import main, read_target, run_rows
from emulator.conformance.recipe import Target
from emulator.conformance.rows import EVIDENCE, Row, load_rows
from emulator.conformance.run import Answer, differences, try_row
from emulator.keyring import AccessKey, KeyRing
from emulator.oss import Oss
from emulator.server import Server

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=timezone.utc)
ROWS = load_rows()
Endpoint = Callable[[dict[str, bool]], tuple[str, Target]]


def make_keys() -> tuple[KeyRing, dict[str, AccessKey]]:
    ring = KeyRing()
    hour = timedelta(hours=1)
    elsewhere = {"Effect": "Allow", "Action": "oss:PutObject", "Resource": "acs:oss:*:*:*/user/*"}
    here = {**elsewhere, "Resource": "acs:oss:*:*:post-test/conformance/*"}

    def session_policy(statement: dict[str, str]) -> str:
        return json.dumps({"Version": "1", "Statement": [statement]})

    keys = {
        "permanent": AccessKey("LTAIpermanent", "secret-1"),
        "disabled": AccessKey("LTAIdisabled", "secret-2", enabled=False),
        "temporary": ring.issue(expiration=NOW + hour, session_policy=session_policy(here)),
        "limited": ring.issue(expiration=NOW + hour, session_policy=session_policy(elsewhere)),
        "expired": ring.issue(expiration=NOW),
    }
    ring.add(keys["permanent"])
    ring.add(keys["disabled"])
    return ring, keys


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """One emulator for each combination of switches, started when a row asks for it."""
    ring, keys = make_keys()
    started: dict[str, str] = {}

    def start(switches: dict[str, bool]) -> tuple[str, Target]:
        name = repr(switches)
        if name not in started:
            oss = Oss(
                "post-test",
                "cn-hangzhou",
                tmp_path_factory.mktemp("oss"),
                ring,
                ["http://localhost:9003"],
                clock=lambda: NOW,
                log=lambda line: None,
                **switches,
            )
            started[name] = stack.enter_context(Server(oss)).url
        url = started[name]
        host = url.removeprefix("http://")
        return url, Target(host=host, bucket="post-test", region="cn-hangzhou", keys=keys)

    with ExitStack() as stack:
        yield start


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_answers_as_oss_does(row: Row, endpoint: Endpoint) -> None:
    url, target = endpoint(row.switches)
    answer = try_row(row, url, target, now=NOW)
    assert differences(row, answer) == [], answer.body.decode()
    if answer.status >= 400:
        assert answer.element("Hint").endswith(".")
        assert answer.element("RequestId") == answer.headers["x-oss-request-id"]


def test_every_row_says_how_sure_it_is_and_why() -> None:
    assert all(row.evidence in EVIDENCE and row.source for row in ROWS)
    assert len({row.name for row in ROWS}) == len(ROWS)
