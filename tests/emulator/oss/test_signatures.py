"""The emulator's own computation of both signatures, compared with values from other sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.oss.signatures import v1_signature, v4_signature

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/post_signatures.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["v1"], ids=lambda vector: vector["id"])
def test_v1_agrees_with_other_sources(vector: dict[str, Any]) -> None:
    signature = v1_signature(vector["access_key_secret"], vector["policy"])
    assert signature == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["v4"], ids=lambda vector: vector["id"])
def test_v4_agrees_with_other_sources(vector: dict[str, Any]) -> None:
    signature = v4_signature(
        vector["access_key_secret"],
        vector["policy"],
        date=vector["date"][:8],
        region=vector["region"],
    )
    assert signature == vector["signature"]
