"""An instance runs the code in a process of its own, as a built-in runtime would."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator.function_compute import Instance, bootstrap
from emulator.function_compute.context import (
    Context,
    ContextWithCredentials,
    ContextWithoutCredentials,
    Credentials,
)

CODE = """
import os, sys
def initialize(context):
    print("hello", context.function.name)
def handler(event, context):
    if event == b"raise": raise KeyError("missing")
    if event == b"exit": os._exit(3)
    if event == b"text": return "plain"
    return {"event": event.decode(), "key": getattr(context, "credentials", None) and
            context.credentials.access_key_id, "environ": dict(os.environ), "path": sys.path[0],
            "others": [p for p in sys.path if "site-packages" in p], "cwd": os.getcwd()}
"""
OLD = ContextWithCredentials(request_id="1", region="r", credentials=Credentials("id", "s", "t"))
NEW = ContextWithoutCredentials(request_id="1", region="r")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    (tmp_path / "index.py").write_text(CODE)
    return tmp_path


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def instance(code: Path, log: list[str]) -> Iterator[Instance]:
    instance = Instance(
        Path(sys.executable),
        code,
        handler="index.handler",
        initializer="index.initialize",
        environment={"A": "b"},
        log=log.append,
    )
    yield instance
    instance.stop()


@pytest.mark.parametrize(
    ("context", "key"), [(OLD, "id"), (NEW, None)], ids=["python3.10", "python3.12"]
)
def test_runs_the_code_with_its_own_environment_only(
    context: Context, key: str | None, instance: Instance, code: Path
) -> None:
    found = json.loads(instance.handler("é".encode(), context))
    environ = found.pop("environ")
    environ.pop("LC_CTYPE", None)  # Python's own
    assert environ == {"A": "b"}
    here = str(code)
    assert found == {"event": "é", "key": key, "path": here, "others": [], "cwd": here}


def test_what_the_function_prints_goes_to_the_log(instance: Instance, log: list[str]) -> None:
    instance.initializer(OLD)
    assert instance.handler(b"text", OLD) == b"plain"
    instance.stop()
    assert log == ["hello direct-upload"]


def test_an_exception_keeps_its_name_and_message(instance: Instance) -> None:
    with pytest.raises(Exception, match="'missing'") as raised:
        instance.handler(b"raise", OLD)
    assert type(raised.value).__name__ == "KeyError"
    assert instance.handler(b"text", OLD) == b"plain"  # and the instance goes on


def test_the_end_of_the_process_ends_the_call_and_later_ones(instance: Instance) -> None:
    for _ in range(2):
        with pytest.raises(SystemExit):
            instance.handler(b"exit", OLD)
        instance._process.wait()


def test_a_missing_handler_is_an_error_of_the_function(code: Path, log: list[str]) -> None:
    instance = Instance(
        Path(sys.executable),
        code,
        handler="nowhere.handler",
        initializer=None,
        environment={},
        log=log.append,
    )
    try:
        with pytest.raises(Exception, match="nowhere") as raised:
            instance.handler(b"", OLD)
        assert type(raised.value).__name__ == "ModuleNotFoundError"
    finally:
        instance.stop()
    assert log[-1] == "ModuleNotFoundError: No module named 'nowhere'"


def test_a_process_that_does_not_end_is_killed(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.function_compute.instance.STOP_SECONDS", 0.1)
    monkeypatch.setattr(instance._process, "terminate", lambda: None)
    began = time.monotonic()
    instance.stop()
    assert instance._process.returncode is not None
    assert time.monotonic() - began >= 0.1


HANDLERS = {"invoke": "index.handler", "initialize": "index.initialize"}


@pytest.fixture
def call(code: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], dict[str, str]]:
    """A call within this process; the real one is the child's."""
    monkeypatch.setattr(sys, "path", [str(code), *sys.path])
    monkeypatch.delitem(sys.modules, "index", raising=False)

    def made(kind: str, event: bytes) -> dict[str, str]:
        context = {"request_id": "1", "function": {"name": "n"}}
        encoded = base64.b64encode(event).decode()
        line = json.dumps({"kind": kind, "event": encoded, "context": context})
        outcome = bootstrap.call(HANDLERS, line)
        sys.modules.pop("index", None)
        return outcome

    return made


def test_calls_the_handlers_by_name(call: Callable[[str, bytes], dict[str, str]]) -> None:
    assert call("initialize", b"") == {}
    assert base64.b64decode(call("invoke", b"text")["result"]) == b"plain"
    assert call("invoke", b"raise") == {"errorType": "KeyError", "errorMessage": "'missing'"}


@pytest.mark.parametrize(
    ("value", "written"),
    [(b"\xff", b"\xff"), ("é", "é".encode()), ({"b": 1, "a": 2}, b'{\n    "a": 2,\n    "b": 1\n}')],
    ids=["bytes", "text", "object"],
)
def test_writes_results_as_the_runtime_does(value: object, written: bytes) -> None:
    assert bootstrap.serialise(value) == written
