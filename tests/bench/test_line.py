"""The line of the bench: nothing passes it sooner than it says, and everything passes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug import Request, Response

from bench.line import SLACK_SECONDS, Line
from bench.soak.wire import send
from emulator.server import Server

RATE = 1_000_000
SIZE = 300_000


@Request.application
def echo(request: Request) -> Response:
    return Response(request.get_data())


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with Server(echo) as running:
        yield running.url


def seconds(url: str, body: bytes) -> float:
    begin = time.monotonic()
    assert send(url, "POST", "/", body).body == body
    return time.monotonic() - begin


def test_a_request_takes_two_round_trips_on_a_new_connection(server: str) -> None:
    with Line(round_trip=0.2, target=server) as line:
        assert seconds(line.url, b"x" * SIZE) >= 0.4


def test_each_connection_has_the_rate_for_itself(server: str) -> None:
    with Line(round_trip=0, rate=RATE, target=server) as line, ThreadPoolExecutor(4) as pool:
        begin = time.monotonic()
        each = list(pool.map(lambda _: seconds(line.url, bytes(SIZE)), range(4)))
        together = time.monotonic() - begin
    assert min(each) >= SIZE / RATE - SLACK_SECONDS
    assert together < sum(each)


def test_a_server_that_is_not_there_breaks_the_connection() -> None:
    with Line(round_trip=0, target="http://127.0.0.1:9") as line, pytest.raises(OSError):
        send(line.url, "GET", "/")
