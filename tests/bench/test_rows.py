"""One tiny round of the bench's rows for which nothing has to be installed."""

from __future__ import annotations

from bench import completion
from bench.rounds import run
from bench.rows import BATCH_ROW, PART_ROW, own_rows


def test_every_row_of_our_own_can_be_measured() -> None:
    found = run(own_rows(), rounds=1, seconds=0.0)
    grants = {"directory grant, V4", "file grant, V1", "directory grant, V4: floor"}
    assert grants | {BATCH_ROW, PART_ROW} <= set(found)
    assert all(len(times) == 1 for times in found.values())


def test_a_completion_can_be_measured() -> None:
    # One list, one completion.
    assert completion.measure(parts=3).count(" | 2 | ") == 2
