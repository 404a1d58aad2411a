"""The functions of the account: their settings, code, triggers and concurrency, within limits.

Sources: Function Compute documents, "Limits", "Environment variables", "Instance types"; the
schema of the component fc3. Nothing here survives a restart.
"""

from __future__ import annotations

import json
import re
import shutil
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import anycrc

from ..keyring import ACCOUNT_ID
from .errors import ApiError

Document = dict[str, Any]

TEMPORARY_BUCKET = "function-code-temp"
# ali-oss names a bucket in Host even at an address; without a region it takes this one.
TEMPORARY_BUCKET_HOST = f"{TEMPORARY_BUCKET}.oss-cn-hangzhou.aliyuncs.com"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
MAX_ENVIRONMENT_BYTES = 4096
MAX_CODE_BYTES = 500_000_000
CRC64 = anycrc.Model("CRC64-XZ")  # what OSS and fc3 mean by CRC64-ECMA


@dataclass(frozen=True)
class Function:
    """One version of a function: `code` is the unpacked folder."""

    name: str
    settings: Mapping[str, Any] = field(repr=False)  # may contain secrets
    code: Path
    checksum: str
    created: str
    modified: str
    triggers: Mapping[str, Document] = field(default_factory=dict)
    reserved_concurrency: int | None = None

    @property
    def arn(self) -> str:
        return f"acs:fc:*:{ACCOUNT_ID}:functions/{self.name}"


class Functions:
    """All of them by name; safe to share between threads."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._by_name: dict[str, Function] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Function:
        function = self._by_name.get(name)
        if function is None:
            raise ApiError(404, "FunctionNotFound", f"function '{name}' does not exist")
        return function

    def create(self, settings: Document, now: datetime) -> Function:
        name = str(settings.get("functionName", ""))
        if not NAME.fullmatch(name):
            raise _invalid(f"functionName {name!r} is not valid")
        if not settings.get("code"):
            raise _invalid("code is missing")
        with self._lock:
            if name in self._by_name:
                raise ApiError(409, "FunctionAlreadyExists", f"function '{name}' exists already")
            time = _time(now)
            return self._put(Function(name, {}, Path(), "", time, time), settings, now)

    def update(self, name: str, settings: Document, now: datetime) -> Function:
        """Members that are absent keep their values, the code included."""
        with self._lock:
            old = self.get(name)
            return self._put(old, {**old.settings, **settings}, now)

    def change(self, name: str, **changes: Any) -> Function:
        """Replace the triggers or the concurrency."""
        with self._lock:
            self._by_name[name] = replace(self.get(name), **changes)
            return self._by_name[name]

    def delete(self, name: str) -> Function:
        with self._lock:
            return self._by_name.pop(self.get(name).name)

    def store_zip(self, path: str, content: bytes) -> None:
        """An object of the temporary bucket."""
        file = self._zip(path.lstrip("/"))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def _put(self, old: Function, settings: Document, now: datetime) -> Function:
        code = settings.pop("code", None)
        check_settings(settings)
        function = replace(old, settings=settings, modified=_time(now))
        if code:
            folder, checksum = self._unpack(old.name, code)
            function = replace(function, code=folder, checksum=checksum)
        self._by_name[old.name] = function
        return function

    def _unpack(self, name: str, code: Document) -> tuple[Path, str]:
        if code.get("ossBucketName") != TEMPORARY_BUCKET:
            raise _invalid(f"code must be in the bucket {TEMPORARY_BUCKET}")
        file = self._zip(str(code.get("ossObjectName", "")))
        if not file.is_file():
            raise _invalid("the code is not in the bucket")
        checksum = str(CRC64.calc(file.read_bytes()))
        folder = self._directory / "code" / name / checksum
        shutil.rmtree(folder, ignore_errors=True)
        try:
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder)
        except zipfile.BadZipFile:
            raise _invalid("the code is not a zip file") from None
        return folder, checksum

    def _zip(self, name: str) -> Path:
        return self._directory / "zips" / re.sub(r"[^A-Za-z0-9-]", "_", name)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse what Function Compute's documented limits exclude."""
    for required in ("runtime", "handler"):
        if not settings.get(required):
            raise _invalid(f"{required} is missing")
    environment = settings.get("environmentVariables") or {}
    if not all(isinstance(value, str) for value in environment.values()):
        raise _invalid("environmentVariables must be strings")
    if reserved := [name for name in environment if name.startswith("FC_")]:
        raise _invalid(f"environment variable {reserved[0]}: names with FC_ are reserved")
    if sum(len(name) + len(value.encode()) for name, value in environment.items()) > (
        MAX_ENVIRONMENT_BYTES
    ):
        raise _invalid(f"environmentVariables exceed {MAX_ENVIRONMENT_BYTES} bytes")
    memory, cpu = settings.get("memorySize", 512), settings.get("cpu", 0.35)
    if not 128 <= memory <= 32768 or memory % 64:
        raise _invalid("memorySize must be 128 to 32768, in steps of 64")
    if not 1 <= memory / 1024 / cpu <= 4:
        raise _invalid("memorySize must be 1 to 4 GB for each vCPU")
    if settings.get("diskSize", 512) not in (512, 10240):
        raise _invalid("diskSize must be 512 or 10240")
    if not 1 <= settings.get("timeout", 3) <= 86400:
        raise _invalid("timeout must be 1 to 86400 seconds")


def check_http_trigger(trigger: Document) -> None:
    """Refuse a trigger that no gateway could serve."""
    try:
        config = json.loads(trigger.get("triggerConfig") or "{}")
    except ValueError:
        raise _invalid("triggerConfig is not JSON") from None
    if config.get("authType") not in ("anonymous", "function", "jwt"):
        raise _invalid("authType must be anonymous, function or jwt")
    if not config.get("methods"):
        raise _invalid("methods are missing")


def _time(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%SZ}"


def _invalid(message: str) -> ApiError:
    return ApiError(400, "InvalidArgument", message)
