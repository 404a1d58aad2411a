"""make rehearse: an emulated account, into which `s deploy` deploys without touching a real one.

Four servers on consecutive ports: the function, once it is deployed, behind an emulated gateway;
the emulated OSS and STS that it works with; and the control plane, which takes the deployment. The
code runs as it was uploaded, in a Python like that of its runtime. Only the settings that lead to
OSS and STS are replaced.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import secrets
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from emulator.control_plane import TEMPORARY_BUCKET_HOST, ControlPlane, Function
from emulator.function_compute import FUNCTION_ROLE_LIFE, FunctionCompute, Instance
from emulator.keyring import ACCOUNT_ID, AccessKey, KeyRing
from emulator.oss import Oss
from emulator.server import Server
from emulator.sts import Sts

from .bundling.runtimes import RUNTIMES, find_interpreter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"
END_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Log = Callable[[str], None]


class Place:
    """A WSGI application that can be replaced while it is served."""

    def __init__(self) -> None:
        self.app: WSGIApplication = Response("Nothing is deployed yet.\n", 503)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start_response)


class Rehearsal:
    """What is deployed, and the services behind it."""

    def __init__(self, directory: Path, keys: KeyRing, port: int, log: Log) -> None:
        self.function, self.oss, self.sts = Place(), Place(), Place()
        self.url, self._oss_url, self._sts_url = (
            f"http://{LOOPBACK}:{port + offset}" for offset in range(3)
        )
        self._directory = directory
        self._keys = keys
        self._log = log
        self._running: dict[str, Instance] = {}
        self._at_url = ""  # the function that was deployed last

    def deployed(self, function: Function) -> None:
        """Run a function that has an HTTP trigger as Function Compute would, and say where."""
        self.removed(function.name)
        triggers = [one for one in function.triggers.values() if one.get("triggerType") == "http"]
        if not triggers:
            return
        if json.loads(triggers[0]["triggerConfig"])["authType"] != "anonymous":
            self._log("warning: the gateway's own check of tokens is not emulated")
        runtime = RUNTIMES[function.settings["runtime"]]
        python = find_interpreter(runtime)
        if python is None:
            self._log(f"no Python {runtime.python_version} was found to run {function.name}:")
            self._log(
                f"install one (.venv/bin/uv python install {runtime.python_version}), deploy again"
            )
            return
        self._serve(function, python)
        self._log(f"{function.name} runs at {self.url}")

    def _serve(self, function: Function, python: Path) -> None:
        settings = function.settings
        given = settings.get("environmentVariables") or {}
        region = (given.get("OSS_REGION") or "cn-hangzhou").removeprefix("oss-")
        in_context = settings["runtime"] == "python3.10"
        key = self._keys.issue(expiration=datetime.now(timezone.utc) + FUNCTION_ROLE_LIFE)
        initializer = (settings.get("instanceLifecycleConfig") or {}).get("initializer") or {}
        instance = Instance(
            python,
            function.code,
            handler=settings["handler"],
            initializer=initializer.get("handler"),
            environment={
                **given,
                "FC_REGION": region,
                "FC_FUNCTION_NAME": function.name,
                "FC_FUNC_CODE_PATH": str(function.code),
                "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
                "ALIBABA_CLOUD_SECURITY_TOKEN": key.security_token or "",
                "STS_ENDPOINT": self._sts_url,
                "UPLOAD_URL": self._oss_url,
                "OSS_ENDPOINT": self._oss_url,
                "CALLBACK_KEY_PREFIX": f"{self._oss_url}/",
            },
            log=self._as(function.name),
        )
        self._running[function.name] = instance
        self.sts.app = Sts(given.get("UPLOAD_ROLE_ARN", ""), self._keys, log=self._as("sts"))
        self.oss.app = Oss(
            given.get("OSS_BUCKET", ""),
            region,
            self._directory,
            self._keys,
            [origin.strip() for origin in given.get("ALLOWED_ORIGINS", "").split(",")],
            log=self._as("oss"),
            public_url=self._oss_url,
        )
        self.function.app = FunctionCompute(
            instance.handler,
            initializer=instance.initializer if initializer else None,
            function_keys=key,
            credentials_in_context=in_context,
            region=region,
            log=self._as("gateway"),
        )
        self._at_url = function.name

    def removed(self, name: str) -> None:
        """Stop a function, if it runs."""
        instance = self._running.pop(name, None)
        if instance:
            if name == self._at_url:
                self.function.app = Place().app
            instance.stop()

    def stop(self) -> None:
        for name in list(self._running):
            self.removed(name)

    def _as(self, name: str) -> Log:
        return lambda line: self._log(f"{name:8}  {line}")


@contextlib.contextmanager
def rehearsing(port: int, directory: Path, *, log: Log) -> Iterator[AccessKey]:
    """Serve between `with` and its end; the key is the one to deploy with."""
    directory = directory.resolve()  # the deployed code runs in a folder of its own
    keys = KeyRing()
    key = AccessKey("LTAI" + secrets.token_hex(10), secrets.token_hex(20))
    keys.add(key)
    rehearsal = Rehearsal(directory / "objects", keys, port, log)
    shutil.rmtree(directory / "deployments", ignore_errors=True)
    control_plane = ControlPlane(
        keys,
        directory / "deployments",
        deployed=rehearsal.deployed,
        removed=rehearsal.removed,
        url_of=lambda name: rehearsal.url,
        log=lambda line: log(f"control   {line}"),
    )
    with contextlib.ExitStack() as stack:
        stack.callback(rehearsal.stop)
        places = (rehearsal.function, rehearsal.oss, rehearsal.sts)
        for offset, place in enumerate(places):
            stack.enter_context(Server(place, LOOPBACK, port + offset))
        stack.enter_context(
            Server(control_plane, LOOPBACK, port + 3, names=(TEMPORARY_BUCKET_HOST,))
        )
        yield key


def instructions(port: int, key: AccessKey) -> Iterator[str]:
    """What to type in a second terminal: the access key is made up, so no real one is used."""
    url = f"http://{LOOPBACK}:{port + 3}"
    for name, value in {
        "AccountID": ACCOUNT_ID,
        "AccessKeyID": key.access_key_id,
        "AccessKeySecret": key.access_key_secret,
        "FC_CLIENT_CUSTOM_ENDPOINT": url,
        "FC_CODE_TEMP_OSS_ENDPOINT": url,
    }.items():
        yield f"export {name}={value}"
    yield "s deploy -y"
    yield f"make doctor URL=http://{LOOPBACK}:{port} ORIGIN=https://www.example.com UPLOAD=1"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=9000, help="first of four (default 9000)")
    parser.add_argument("--data", type=Path, default=Path(".local/rehearsal"))
    options = parser.parse_args(arguments)
    # Blocked before any thread starts, so that they wait for sigwait below and interrupt nothing.
    signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS)

    def log(line: str) -> None:
        print(line, flush=True)

    try:
        with rehearsing(options.port, options.data, log=log) as key:
            log("In a second terminal, in this folder (the access key is made up):\n")
            for line in instructions(options.port, key):
                log(f"    {line}")
            log("\nReady")
            signal.sigwait(END_SIGNALS)
    except OSError as error:
        print(f"rehearse: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
