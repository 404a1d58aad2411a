"""A fake `aliyun` command: an account in a JSON file, with what setup-cloud's script needs of it.

Takes and returns what the documents of RAM, SLS and ossutil 2 say, refuses anything else, and
writes each call into the file `calls`. What is in the file `unknown` (one name of an action a line,
each for one call) fails as if it was not known everywhere yet.

The command itself is a few lines of shell, because starting Python for each call would take most of
the tests' time: it hands its arguments to `serving`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

Options = dict[str, str]
ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


class Account:
    """Everything in it, and a method for each action."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "account.json"
        text = self._file.read_text("utf-8") if self._file.exists() else "{}"
        self.state: dict[str, Any] = json.loads(text)
        for kind in ("roles", "policies", "attached", "projects", "stores", "indexes", "buckets"):
            self.state.setdefault(kind, {})

    def save(self) -> None:
        self._file.write_text(json.dumps(self.state, indent=1), "utf-8")

    def _get(self, kind: str, name: str, code: str) -> Any:
        return self.state[kind].get(name) or fail(code)

    def _create(self, kind: str, name: str, content: Any, code: str) -> None:
        if name in self.state[kind]:
            fail(code)
        self.state[kind][name] = content

    # RAM

    def GetRole(self, o: Options) -> object:
        return {"Role": self._get("roles", o.pop("RoleName"), "EntityNotExist.Role")}

    def CreateRole(self, o: Options) -> None:
        name, trust = o.pop("RoleName"), o.pop("AssumeRolePolicyDocument")
        self._principals_exist(trust)
        role = {
            "RoleName": name,
            "AssumeRolePolicyDocument": json.dumps(json.loads(trust), indent=2),  # as RAM keeps it
            "MaxSessionDuration": int(o.pop("MaxSessionDuration", "3600")),
        }
        self._create("roles", name, role, "EntityAlreadyExists.Role")

    def UpdateRole(self, o: Options) -> None:
        role = self._get("roles", o.pop("RoleName"), "EntityNotExist.Role")
        role["AssumeRolePolicyDocument"] = o.pop("NewAssumeRolePolicyDocument")
        role["MaxSessionDuration"] = int(o.pop("NewMaxSessionDuration"))

    def _principals_exist(self, trust: str) -> None:
        for statement in json.loads(trust)["Statement"]:
            for arn in statement["Principal"].get("RAM", []):
                self._get("roles", arn.partition("role/")[2], "EntityNotExist.Role")

    def GetPolicy(self, o: Options) -> object:
        assert o.pop("PolicyType") == "Custom"
        versions = self._get("policies", o.pop("PolicyName"), "EntityNotExist.Policy")
        return {"Policy": {}, "DefaultPolicyVersion": {"PolicyDocument": versions[-1]}}

    def CreatePolicy(self, o: Options) -> None:
        document = json.dumps(json.loads(o.pop("PolicyDocument")), indent=2)
        self._create("policies", o.pop("PolicyName"), [document], "EntityAlreadyExists.Policy")

    def CreatePolicyVersion(self, o: Options) -> None:
        versions = self._get("policies", o.pop("PolicyName"), "EntityNotExist.Policy")
        assert (o.pop("SetAsDefault"), o.pop("RotateStrategy")) == ("true", ROTATE)
        versions.append(o.pop("PolicyDocument"))
        del versions[:-5]

    def ListPoliciesForRole(self, o: Options) -> object:
        name = o.pop("RoleName")
        self._get("roles", name, "EntityNotExist.Role")
        attached = self.state["attached"].get(name, [])
        return {"Policies": {"Policy": [{"PolicyName": policy} for policy in attached]}}

    def AttachPolicyToRole(self, o: Options) -> None:
        assert o.pop("PolicyType") == "Custom"
        policy, role = o.pop("PolicyName"), o.pop("RoleName")
        self._get("policies", policy, "EntityNotExist.Policy")
        self._get("roles", role, "EntityNotExist.Role")
        attached = self.state["attached"].setdefault(role, [])
        if policy in attached:
            fail("EntityAlreadyExists.Role.Policy")
        attached.append(policy)

    def DetachPolicyFromRole(self, o: Options) -> None:
        assert o.pop("PolicyType") == "Custom"
        policy, role = o.pop("PolicyName"), o.pop("RoleName")
        if policy not in self.state["attached"].get(role, []):
            fail("EntityNotExist.Role.Policy")
        self.state["attached"][role].remove(policy)

    def DeletePolicy(self, o: Options) -> None:
        name = o.pop("PolicyName")
        assert o.pop("CascadingDelete") == "true"  # without it, only a policy of one version
        if any(name in policies for policies in self.state["attached"].values()):
            fail("DeleteConflict.Policy.Role")
        self._get("policies", name, "EntityNotExist.Policy")
        del self.state["policies"][name]

    def DeleteRole(self, o: Options) -> None:
        name = o.pop("RoleName")
        if self.state["attached"].get(name):
            fail("DeleteConflict.Role.Policy")
        self._get("roles", name, "EntityNotExist.Role")
        del self.state["roles"][name]

    # Logs

    def DeleteProject(self, o: Options) -> None:
        name, region = o["project"], o["region"]
        assert self.GetProject(o)["region"] == region
        del self.state["projects"][name]

    def GetProject(self, o: Options) -> Any:
        del o["region"]
        return self._get("projects", o.pop("project"), "ProjectNotExist")

    def CreateProject(self, o: Options) -> None:
        body = json.loads(o.pop("body"))
        place = {**body, "region": o.pop("region")}
        self._create("projects", body["projectName"], place, "ProjectAlreadyExist")

    def GetLogStore(self, o: Options) -> object:
        self.GetProject(o)
        return self._get("stores", o.pop("logstore"), "LogStoreNotExist")

    def CreateLogStore(self, o: Options) -> None:
        body = json.loads(o.pop("body"))
        self.GetProject(o)
        self._create("stores", body["logstoreName"], body, "LogStoreAlreadyExist")

    def GetIndex(self, o: Options) -> object:
        name = o["logstore"]
        self.GetLogStore(o)
        index = self._get("indexes", name, "IndexConfigNotExist")
        return {**index, "ttl": 30, "lastModifyTime": 1, "index_mode": "v2"}

    def CreateIndex(self, o: Options) -> None:
        name, index = o["logstore"], json.loads(o.pop("body"))
        self.GetLogStore(o)
        self._create("indexes", name, index, "IndexAlreadyExist")

    def UpdateIndex(self, o: Options) -> None:
        name, index = o["logstore"], json.loads(o.pop("body"))
        self.GetLogStore(o)
        self._get("indexes", name, "IndexConfigNotExist")
        self.state["indexes"][name] = index

    # OSS, by ossutil 2

    def get_bucket_info(self, o: Options) -> object:
        return {"Bucket": self._bucket(o)["region"]}

    def put_bucket(self, o: Options) -> None:
        self._create("buckets", o.pop("bucket"), {"region": o.pop("region")}, "BucketAlreadyExists")

    def _bucket(self, o: Options) -> dict[str, Any]:
        bucket: dict[str, Any] = self._get("buckets", o.pop("bucket"), "NoSuchBucket")
        if bucket["region"] != o.pop("region"):
            fail("AccessDenied")
        return bucket

    def get_bucket_cors(self, o: Options) -> str:
        assert o.pop("output-format") == "xml"
        return str(self._bucket(o).get("cors") or fail("NoSuchCORSConfiguration"))

    def put_bucket_cors(self, o: Options) -> None:
        self._bucket(o)["cors"] = read(o.pop("cors-configuration"))

    def get_bucket_lifecycle(self, o: Options) -> str:
        assert o.pop("output-format") == "xml"
        return str(self._bucket(o).get("lifecycle") or fail("NoSuchLifecycle"))

    def put_bucket_lifecycle(self, o: Options) -> None:
        assert o.pop("allow-same-action-overlap") == "true"
        self._bucket(o)["lifecycle"] = read(o.pop("lifecycle-configuration"))

    def delete_bucket_lifecycle(self, o: Options) -> None:
        self._bucket(o)["lifecycle"] = ""


def read(reference: str) -> str:
    assert reference.startswith("file://")
    return Path(reference.removeprefix("file://")).read_text("utf-8")


class Refused(Exception):
    """What the cloud refuses, with its code."""


def fail(code: str) -> NoReturn:
    raise Refused(f"ERROR: SDK.ServerError\nErrorCode: {code}")


def answer(folder: Path, arguments: list[str]) -> str:
    """What the command prints. Raises `Refused`."""
    words = 3 if arguments[:2] == ["ossutil", "api"] else 2
    action, rest = arguments[words - 1], arguments[words:]
    with (folder / "calls").open("a") as calls:
        print(" ".join(arguments[:words]), file=calls)
    unknown = folder / "unknown"
    lines = unknown.read_text().splitlines() if unknown.exists() else []
    if action in lines:
        lines.remove(action)
        unknown.write_text("\n".join(lines))
        fail("EntityNotExist.Role")
    account = Account(folder)
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    assert all(name.startswith("--") for name in options), options
    options = {name.removeprefix("--"): value for name, value in options.items()}
    method: Callable[[Options], object] = getattr(account, action.replace("-", "_"))
    result = method(options)
    assert not options, f"unknown options of {action}: {options}"
    account.save()
    text = result if isinstance(result, str) else json.dumps(result)
    return f"{text}\n0.05(s) elapsed\n" if words == 3 else f"{text}\n"


COMMAND = """#!/bin/sh
cd {folder}
printf '%s\\0' "$@" > request
read -r code < response
cat printed
cat errors >&2
exit "$code"
"""


def install(folder: Path) -> None:
    """Put the command into a folder for PATH."""
    for pipe in ("request", "response"):
        os.mkfifo(folder / pipe)
    (folder / "aliyun").write_text(COMMAND.format(folder=shlex.quote(str(folder))))
    (folder / "aliyun").chmod(0o755)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[None]:
    """Answer the command, one call at a time, until the end of `with`."""
    thread = threading.Thread(target=_serve, args=[folder], daemon=True)
    thread.start()
    yield
    (folder / "request").write_bytes(b"")  # nobody calls: the end
    thread.join()


def _serve(folder: Path) -> None:
    while request := (folder / "request").read_text("utf-8"):
        code, printed, errors = 0, "", ""
        try:
            printed = answer(folder, request.removesuffix("\0").split("\0"))
        except Refused as refused:
            code, errors = 1, f"{refused}\n"
        except Exception:
            code, errors = 1, traceback.format_exc()
        (folder / "printed").write_text(printed, "utf-8")
        (folder / "errors").write_text(errors, "utf-8")
        (folder / "response").write_text(f"{code}\n")
