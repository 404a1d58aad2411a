"""The emulated STS fails on purpose, as seen by a developer and by the real SDK."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException
from darabonba.exceptions import UnretryableException
from werkzeug.test import Client

from emulator.sts.faults import KINDS
from tests.emulator.client import wait_for
from tests.emulator.sts.harness import ROLE, Harness


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        pytest.param("500", ServerException, "InternalError", id="500"),
        pytest.param("503", ServerException, "ServiceUnavailable", id="503"),
        pytest.param("throttling", ClientException, "Throttling.User", id="throttling"),
        pytest.param("no-permission", ClientException, "NoPermission", id="no permission"),
        pytest.param("html", UnretryableException, None, id="HTML"),
        pytest.param("empty", UnretryableException, None, id="empty"),
        pytest.param("truncated", UnretryableException, None, id="truncated"),
        pytest.param("reset", UnretryableException, None, id="reset"),
    ],
)
def test_a_fault_is_an_exception_of_the_sdk(
    harness: Harness, kind: str, error: type[Exception], code: str | None
) -> None:
    harness.sts.faults.set(kind)

    with pytest.raises(error) as raised:
        harness.assume_role()
    assert raised.value.code == code  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["object", "array", "null"])
def test_a_success_without_credentials_raises_nothing_in_the_sdk(
    harness: Harness, kind: str
) -> None:
    harness.sts.faults.set(kind)
    body = harness.assume_role()

    assert body is None or body.credentials is None


def test_a_missing_field_raises_nothing_in_the_sdk(harness: Harness) -> None:
    harness.sts.faults.set("missing-field")
    credentials = harness.assume_role().credentials

    assert credentials.security_token
    assert credentials.expiration is None


def test_a_field_of_the_wrong_type_raises_nothing_in_the_sdk(harness: Harness) -> None:
    harness.sts.faults.set("odd-field")

    assert harness.assume_role().credentials.access_key_secret == 1


def test_a_truncated_response_still_contains_the_secrets(harness: Harness) -> None:
    harness.sts.faults.set("truncated")

    with pytest.raises(UnretryableException) as raised:
        harness.assume_role()
    assert '"AccessKeySecret": "' in str(raised.value.inner_exception)
    assert '"SecurityToken": "CAIS' in str(raised.value.inner_exception)


def test_a_hanging_request_runs_into_the_timeout_of_the_client(harness: Harness) -> None:
    harness.sts.faults.set("hang")

    with pytest.raises(UnretryableException, match="timed out"):
        harness.assume_role(read_timeout=50)
    harness.sts.faults.clear()


@pytest.mark.parametrize("times", [1, None])
def test_a_hanging_request_gets_its_response_when_the_fault_is_cleared(
    harness: Harness, times: int | None
) -> None:
    harness.sts.faults.set("hang", times)
    with ThreadPoolExecutor(1) as pool:
        response = pool.submit(harness.assume_role)
        wait_for(lambda: bool(harness.log))
        assert not response.done()
        harness.sts.faults.clear()

        assert response.result().credentials


def test_a_fault_lasts_until_it_is_cleared(harness: Harness) -> None:
    harness.sts.faults.set("503")
    for _ in range(3):
        with pytest.raises(ServerException):
            harness.assume_role()
    harness.sts.faults.clear()

    assert harness.assume_role().credentials


def test_a_fault_lasts_as_many_times_as_requested(harness: Harness) -> None:
    harness.sts.faults.set("503", times=2)
    for _ in range(2):
        with pytest.raises(ServerException):
            harness.assume_role()

    assert harness.assume_role().credentials


def test_a_refusal_stays_a_refusal_and_uses_up_no_fault(harness: Harness) -> None:
    harness.sts.faults.set("503", times=1)

    with pytest.raises(ClientException) as refused:
        harness.assume_role(role_arn=ROLE + "2")
    assert refused.value.code == "EntityNotExist.Role"
    with pytest.raises(ServerException):
        harness.assume_role()


def test_failing_calls_are_counted_and_logged(harness: Harness) -> None:
    harness.sts.faults.set("503")
    with pytest.raises(ServerException):
        harness.assume_role()

    assert harness.sts.calls == 1
    assert harness.log == [f"AssumeRole {ROLE} by LTAIbase: fails on purpose: 503"]


NOTHING = {"kind": None, "times": None, "kinds": list(KINDS)}


def test_the_switch_sets_shows_and_clears_a_fault_over_http() -> None:
    switch = Client(Harness().sts)

    assert switch.get("/faults").json == NOTHING
    assert switch.put("/faults?kind=503&times=3").json == {**NOTHING, "kind": "503", "times": 3}
    assert switch.get("/faults").json == {**NOTHING, "kind": "503", "times": 3}
    assert switch.put("/faults?kind=hang").json == {**NOTHING, "kind": "hang"}
    assert switch.delete("/faults").json == NOTHING
    assert switch.get("/faults").json == NOTHING


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        pytest.param("", f"kind must be one of {', '.join(KINDS)}", id="no kind"),
        pytest.param("kind=504", f"kind must be one of {', '.join(KINDS)}", id="unknown kind"),
        pytest.param("kind=503&times=0", "times must be at least 1", id="never"),
        pytest.param("kind=503&times=x", "invalid literal for int()", id="not a number"),
    ],
)
def test_the_switch_explains_what_it_does_not_understand(query: str, reason: str) -> None:
    harness = Harness()
    response = Client(harness.sts).put(f"/faults?{query}")

    assert response.status_code == 400
    assert reason in response.json["error"]  # type: ignore[index]
    assert harness.sts.faults.current is None


def test_the_switch_has_no_other_method() -> None:
    response = Client(Harness().sts).post("/faults?kind=503")

    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, PUT, DELETE"


def test_a_page_of_another_origin_cannot_turn_the_switch() -> None:
    """PUT and DELETE need a preflight, which is refused."""
    response = Client(Harness().sts).options("/faults", headers={"Origin": "https://a"})

    assert response.status_code == 405
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET", "POST"])
def test_the_path_of_the_api_does_not_reach_the_switch(method: str) -> None:
    harness = Harness()
    harness.sts.faults.set("503")
    Client(harness.sts).open("/?kind=500", method=method)

    current = harness.sts.faults.current
    assert current is not None
    assert current.kind == "503"


def test_the_switch_does_not_count_as_a_call() -> None:
    harness = Harness()
    Client(harness.sts).put("/faults?kind=503")

    assert harness.sts.calls == 0
    assert harness.log == []
