"""An instance of a function: its code in a process of its own, run by the runtime's Python."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .context import Context

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
STOP_SECONDS = 5.0


class Instance:
    """Serves one call at a time, as a built-in runtime does.

    `handler` and `initializer` are for `FunctionCompute`. An exception of the function is raised
    here with the name of its class and its message, an end of its process as `SystemExit`. The
    environment is the whole of the function's; its log lines go to `log`.
    """

    def __init__(
        self,
        python: Path,
        code: Path,
        *,
        handler: str,
        initializer: str | None,
        environment: Mapping[str, str],
        log: Callable[[str], None],
    ) -> None:
        self._calling = threading.Lock()
        # -S and -s: nothing but the code and the standard library, as in the cloud.
        self._process = subprocess.Popen(  # noqa: S603 (running the deployed code is the purpose)
            [python, "-S", "-s", BOOTSTRAP, code, handler, *filter(None, [initializer])],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin and stdout and stderr  # noqa: S101 (they are pipes)
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self._logging = threading.Thread(target=self._forward, args=(log,), daemon=True)
        self._logging.start()

    def handler(self, event: bytes, context: Context) -> bytes:
        encoded = base64.b64encode(event).decode()
        outcome = self._call({"kind": "invoke", "event": encoded}, context)
        return base64.b64decode(outcome["result"])

    def initializer(self, context: Context) -> None:
        self._call({"kind": "initialize"}, context)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._logging.join(STOP_SECONDS)
        for stream in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):  # the process ended before it read everything
                stream.close()

    def _call(self, request: dict[str, Any], context: Context) -> dict[str, str]:
        fields = {name: value for name, value in asdict(context).items() if name != "logger"}
        line = json.dumps({**request, "context": fields})
        with self._calling:
            try:
                print(line, file=self._stdin, flush=True)
                reply = self._stdout.readline()
            except (OSError, ValueError):
                reply = ""
        if not reply:
            raise SystemExit("the function's process ended")
        outcome: dict[str, str] = json.loads(reply)
        if "errorType" in outcome:
            raise type(outcome["errorType"], (Exception,), {})(outcome["errorMessage"])
        return outcome

    def _forward(self, log: Callable[[str], None]) -> None:
        for line in self._stderr:
            log(line.rstrip())
