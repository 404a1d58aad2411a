"""The roles of events: OSS may call one function, which may read uploads and write its log."""

from __future__ import annotations

import json

import pytest

from deploy.setup_cloud.documents import policy_document
from direct_upload.errors import Misconfigured
from emulator.ram import is_allowed
from tests.deploy.test_cloud_documents import (
    ACCOUNT,
    ARN,
    LOG_STORE,
    OBJECT,
    ROLE,
    VALUES,
    calls,
    principals,
    script,
)
from tests.deploy.test_s_yaml import EVENTS
from tests.documents import Document

FUNCTION = f"acs:fc:cn-hangzhou:{ACCOUNT}:functions/direct-upload-events"
WITH_EVENTS = {**EVENTS, "GRANT_SECRET": "s" * 32}
FUNCTION_ROLE, TRIGGER_ROLE = "oss-events-fc", "oss-trigger"


def documents(role: str, **changes: str) -> list[str]:
    """The policies that the script gives to a role."""
    text = script(**WITH_EVENTS, **changes)
    return [document for _, document, of in calls(text, "policy") if of == role]


def test_without_their_values_there_are_no_roles_for_events() -> None:
    assert "oss.aliyuncs.com" not in script()
    assert "fc:InvokeFunction" not in script()


def test_oss_may_call_the_function_and_function_compute_may_run_it() -> None:
    text = script(**WITH_EVENTS)
    assert [name for name, *_ in calls(text, "role")][2:] == [FUNCTION_ROLE, TRIGGER_ROLE]
    trusts = {name: json.loads(trust) for name, trust, _ in calls(text, "role")}
    assert trusts[TRIGGER_ROLE] == json.loads(policy_document("trigger-role-trust", VALUES))
    assert principals("trigger-role-trust") == {"Service": ["oss.aliyuncs.com"]}
    assert trusts[FUNCTION_ROLE] == json.loads(policy_document("function-role-trust", VALUES))
    assert is_allowed(documents(TRIGGER_ROLE), "fc:InvokeFunction", FUNCTION)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        pytest.param("fc:InvokeFunction", FUNCTION + "-2", id="a longer name"),
        pytest.param("fc:InvokeFunction", FUNCTION.replace("-events", ""), id="the signer"),
        pytest.param("fc:UpdateFunction", FUNCTION, id="change the function"),
        pytest.param("oss:GetObject", OBJECT, id="read an object"),
        pytest.param("sts:AssumeRole", ROLE, id="assume a role"),
    ],
)
def test_oss_may_do_nothing_else(action: str, resource: str) -> None:
    assert not is_allowed(documents(TRIGGER_ROLE), action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        pytest.param("oss:GetObject", OBJECT, id="ask for metadata"),
        pytest.param("log:PostLogStoreLogs", LOG_STORE, id="write its log"),
    ],
)
def test_the_function_may_do_what_it_needs(action: str, resource: str) -> None:
    assert is_allowed(documents(FUNCTION_ROLE), action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        pytest.param("oss:GetObject", OBJECT.replace("user-dirs", "other"), id="another prefix"),
        pytest.param("oss:GetObject", OBJECT.replace("my-bucket", "b"), id="another bucket"),
        pytest.param("oss:PutObject", OBJECT, id="put an object"),
        pytest.param("oss:DeleteObject", OBJECT, id="delete"),
        pytest.param("oss:ListObjects", f"acs:oss:*:{ACCOUNT}:my-bucket", id="list"),
        pytest.param("sts:AssumeRole", ROLE, id="assume the upload role"),
    ],
)
def test_the_function_may_do_nothing_else(action: str, resource: str) -> None:
    assert not is_allowed(documents(FUNCTION_ROLE), action, resource)


def test_it_reads_below_the_prefixes_of_all_presets() -> None:
    presets = '{"a": {"dir": "up/a/"}, "b": {"dir": "up/b/{user}/"}}'
    jwt = {"AUTH": "jwt", "JWT_SECRET": "j" * 32, "JWT_ISSUER": "i", "JWT_AUDIENCE": "a"}
    allowed = documents(FUNCTION_ROLE, UPLOAD_PRESETS=presets, EVENTS_PREFIX="up/", **jwt)
    for key, expected in {"up/a/1": True, "up/b/u/1": True, "up/c/1": False}.items():
        resource = f"acs:oss:oss-cn-hangzhou:{ACCOUNT}:my-bucket/{key}"
        assert is_allowed(allowed, "oss:GetObject", resource) is expected


def test_the_signer_gains_no_right() -> None:
    def of_others(text: str) -> list[list[str]]:
        own = (FUNCTION_ROLE, TRIGGER_ROLE)
        return [call for call in calls(text, "policy") if call[2] not in own]

    assert of_others(script(**WITH_EVENTS)) == of_others(script())


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"EVENTS_ROLE_ARN": ""}, "EVENTS_ROLE_ARN is missing", id="no role"),
        pytest.param({"TRIGGER_ROLE_ARN": ""}, "TRIGGER_ROLE_ARN is missing", id="no trigger role"),
        pytest.param(
            {"EVENTS_ROLE_ARN": ARN + "Events"}, "EVENTS_ROLE_ARN is not a valid", id="capitals"
        ),
        pytest.param(
            {"EVENTS_ROLE_ARN": "acs:ram::1:role/a"}, "another account", id="another account"
        ),
        pytest.param(
            {"EVENTS_ROLE_ARN": VALUES["FUNCTION_ROLE_ARN"]},
            "EVENTS_ROLE_ARN is the role of something else",
            id="the signer's role",
        ),
        pytest.param(
            {"TRIGGER_ROLE_ARN": ROLE.lower()},
            "TRIGGER_ROLE_ARN is the role of something else",
            id="the upload role",
        ),
        pytest.param(
            {"TRIGGER_ROLE_ARN": EVENTS["EVENTS_ROLE_ARN"]},
            "TRIGGER_ROLE_ARN is the role of something else",
            id="one role for both",
        ),
        pytest.param({"GRANT_SECRET": ""}, "GRANT_SECRET is missing", id="no secret"),
        pytest.param(
            {"EVENTS_FUNCTION_NAME": "direct-upload"}, "EVENTS_FUNCTION_NAME is the name", id="name"
        ),
        pytest.param({"OSS_REGION": "cn-beijing"}, "FUNCTION_REGION is not", id="another region"),
        pytest.param({"EVENTS_SOURCE_ARN": ""}, "EVENTS_SOURCE_ARN is not", id="no source"),
        pytest.param(
            {"EVENTS_SOURCE_ARN": EVENTS["EVENTS_SOURCE_ARN"] + "2"},
            "EVENTS_SOURCE_ARN is not the bucket's",
            id="another bucket",
        ),
        pytest.param({"EVENTS_PREFIX": "tmp/"}, "EVENTS_PREFIX is not what", id="another prefix"),
        pytest.param({"UPLOAD_DIR": "tmp/"}, "EVENTS_PREFIX is not what", id="another directory"),
    ],
)
def test_what_would_bring_no_event_is_refused(changes: dict[str, str], problem: str) -> None:
    with pytest.raises(Misconfigured, match=problem):
        script(**(WITH_EVENTS | changes))


def test_the_lines_of_the_page_suffice() -> None:
    block = Document("docs/callbacks.md").block("events env")
    lines = dict(line.split("=", 1) for line in block.splitlines())
    assert "oss.aliyuncs.com" in script(**lines, GRANT_SECRET="s" * 32)


def test_the_source_is_offered_ready_to_paste() -> None:
    with pytest.raises(Misconfigured) as caught:
        script(**(WITH_EVENTS | {"EVENTS_SOURCE_ARN": ""}))
    assert caught.value.hint == f"Write {EVENTS['EVENTS_SOURCE_ARN']}"
