"""`AUTH=jwt make run` without keys: the page's own token source is enough to upload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.harness import Harness, running_harness

SETTINGS = {
    "AUTH": "jwt",
    "UPLOAD_DIR": "users/{user}/",
    "JWT_CLAIMS": '{"role": ["clerk", "admin"]}',
}


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with running_harness(tmp_path_factory.mktemp("data"), SETTINGS) as harness:
        yield harness


def token(harness: Harness, query: str) -> str:
    config: dict[str, Any] = requests.get(f"{harness.page}/config.json", timeout=30).json()
    found: str = requests.get(harness.page + config["token"] + query, timeout=30).json()["token"]
    return found


def sign(harness: Harness, token: str | None) -> requests.Response:
    headers = {"Origin": harness.page} | ({"Authorization": f"Bearer {token}"} if token else {})
    file = {"filename": "a.txt"}
    return requests.post(f"{harness.function}/sign", json=file, headers=headers, timeout=30)


def test_a_token_of_the_page_uploads_for_its_user(harness: Harness) -> None:
    assert harness.prints("issuer", f"{harness.page}/issuer/token?user=alice")
    grant = sign(harness, token(harness, "?user=alice&role=clerk")).json()
    assert grant["key"].startswith("users/alice/")
    file = {"file": ("a.txt", b"a")}
    posted = requests.post(grant["url"], grant["fields"], files=file, timeout=30)
    assert posted.status_code == 200
    assert requests.get(f"{harness.oss}/{grant['key']}", timeout=30).content == b"a"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        pytest.param("?user=alice&role=guest", "lacks a claim of JWT_CLAIMS", id="another role"),
        pytest.param("?role=clerk&aud=other", "aud is not JWT_AUDIENCE", id="another audience"),
        pytest.param("?role=clerk&iss=other", "iss is not JWT_ISSUER", id="another issuer"),
    ],
)
def test_other_tokens_are_refused_and_the_log_says_why(
    harness: Harness, query: str, reason: str
) -> None:
    assert sign(harness, token(harness, query)).status_code == 401
    assert harness.prints(reason)


def test_without_a_token_nothing_is_signed(harness: Harness) -> None:
    assert sign(harness, None).status_code == 401


def test_keys_of_ones_own_start_no_issuer(tmp_path: Path) -> None:
    settings = {"AUTH": "jwt", "JWT_SECRET": "s" * 32, "JWT_ISSUER": "*", "JWT_AUDIENCE": "*"}
    with running_harness(tmp_path, settings) as harness:
        assert "token" not in requests.get(f"{harness.page}/config.json", timeout=30).json()
        assert requests.get(f"{harness.page}/issuer/token", timeout=30).status_code == 404
