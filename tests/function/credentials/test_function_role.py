"""The function's own credentials, from the context and from the environment."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from direct_upload.credentials.function_role import (
    BaseCredentials,
    Credentials,
    FunctionRole,
    base_credentials,
)
from direct_upload.errors import Misconfigured

ENVIRON = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.environment",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "environment secret",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "environment token",
}
FROM_ENVIRONMENT = BaseCredentials(
    "STS.environment", "environment secret", "environment token", "environment"
)
FROM_CONTEXT = BaseCredentials("STS.context", "context secret", "context token", "context")


def context(**changes: object) -> SimpleNamespace:
    values = {
        "access_key_id": "STS.context",
        "access_key_secret": "context secret",
        "security_token": "context token",
    }
    return SimpleNamespace(credentials=SimpleNamespace(**(values | changes)))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(context(), FROM_CONTEXT, id="python3.10"),
        pytest.param(SimpleNamespace(), FROM_ENVIRONMENT, id="python3.12"),
        pytest.param(SimpleNamespace(credentials=None), FROM_ENVIRONMENT, id="None"),
        pytest.param(SimpleNamespace(credentials={}), FROM_ENVIRONMENT, id="no role"),
        pytest.param(context(access_key_id=""), FROM_ENVIRONMENT, id="empty key ID"),
        pytest.param(context(access_key_id=None), FROM_ENVIRONMENT, id="key ID None"),
        pytest.param(None, FROM_ENVIRONMENT, id="no context"),
    ],
)
def test_the_context_comes_before_the_environment(given: object, expected: BaseCredentials) -> None:
    assert base_credentials(given, ENVIRON) == expected


@pytest.mark.parametrize("token", [None, ""])
def test_a_permanent_key_has_no_token(token: str | None) -> None:
    assert base_credentials(context(security_token=token), {}).security_token is None
    environ = ENVIRON | {"ALIBABA_CLOUD_SECURITY_TOKEN": token or ""}
    assert base_credentials(None, environ).security_token is None


@pytest.mark.parametrize(
    ("given", "environ"),
    [
        pytest.param(None, {}, id="nothing"),
        pytest.param(None, ENVIRON | {"ALIBABA_CLOUD_ACCESS_KEY_ID": ""}, id="no key ID"),
        pytest.param(None, ENVIRON | {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": ""}, id="no secret"),
        pytest.param(context(access_key_secret=None), ENVIRON, id="no secret in the context"),
    ],
)
def test_missing_credentials_are_misconfigured(given: object, environ: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match="no credentials of its own") as caught:
        base_credentials(given, environ)
    assert "role" in caught.value.hint


def test_credentials_are_read_again_at_each_use() -> None:
    environ = dict(ENVIRON)
    source = FunctionRole(environ=environ)
    assert source.get(None).access_key_id == "STS.environment"
    environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] = "STS.rotated"
    assert source.get(None).access_key_id == "STS.rotated"
    assert source.get(context()).access_key_id == "STS.context"


def test_the_function_role_signs_with_the_functions_own_credentials() -> None:
    assert FunctionRole(environ=ENVIRON).get(context()) == Credentials(
        "STS.context", "context secret", "context token", expiration=None
    )


def test_the_function_role_refuses_a_permanent_key() -> None:
    source = FunctionRole(environ=ENVIRON)
    with pytest.raises(Misconfigured, match="function-role") as caught:
        source.get(context(security_token=""))
    assert "assume-role" in caught.value.hint


def test_no_repr_shows_a_secret() -> None:
    shown = repr([FROM_CONTEXT, FunctionRole(environ=ENVIRON).get(None)])
    assert "STS.context" in shown
    assert "secret'" not in shown
    assert "token'" not in shown


def test_the_function_role_never_loads_the_sdk() -> None:
    program = f"""
import sys
from direct_upload.credentials.assumed_role import AssumedRole
from direct_upload.credentials.function_role import FunctionRole
source = FunctionRole(environ={ENVIRON})
source.get(None)
heavy = ("alibabacloud", "darabonba", "Tea", "aiohttp", "requests", "cryptography")
print([name for name in sys.modules if name.startswith(heavy)])
"""
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd="function", capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "[]\n"
