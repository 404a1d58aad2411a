"""Uploads by clients that are programs, and by forms that are written byte for byte."""

from __future__ import annotations

import contextlib
import json
import mimetypes
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tests.clients.client import FOLDER, Client
from tests.clients.driving import Outcome
from tests.clients.writers import Upload, Writer
from tests.harness import Harness
from tests.programs import npm_packages, program

COPY_PREFIX = "changed-"  # of entries with a change
DEBIAN_JARS = Path("/usr/share/java")
COMMANDS: Mapping[str, tuple[str, ...]] = {
    ".sh": ("bash",),
    ".py": (sys.executable,),
    ".mjs": ("node",),
    ".go": ("go", "run"),
}


@contextlib.contextmanager
def changed(client: Client, changes: Iterable[tuple[str, str]]) -> Iterator[Client]:
    """The client with texts of its entry replaced; the copy lies beside it, for its imports."""
    entry = FOLDER / client.entry
    text = entry.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    with NamedTemporaryFile("w", prefix=COPY_PREFIX, suffix=entry.suffix, dir=entry.parent) as copy:
        copy.write(text)
        copy.flush()
        yield replace(client, entry=f"entries/{Path(copy.name).name}")


def upload_by_program(client: Client, file: Path, harness: Harness, *, token: str) -> Outcome:
    """Run the code that the document shows."""
    for needed in client.programs:
        program(needed.name, needed.package, oldest=needed.oldest)
    try:
        if client.is_given_its_grant:
            grant = request_grant(harness, file, token)
            arguments = [grant["url"], str(file)]
            given = "".join(f"{name}={value}\n" for name, value in grant["fields"].items())
        else:
            grant = {}
            arguments, given = [harness.function, str(file), token], ""
    except RuntimeError as refusal:
        return Outcome((), None, str(refusal))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with TemporaryDirectory() as folder:
        finished = subprocess.run(
            [*_command(client, Path(folder)), *arguments],
            env={**os.environ, "PATH": path},
            cwd=FOLDER,
            input=given,
            capture_output=True,
            text=True,
        )
    lines = finished.stdout.splitlines()
    progress = tuple(float(line.split()[1]) for line in lines if line.startswith("progress "))
    printed = [line for line in lines if not line.startswith("progress ")]
    if finished.returncode:
        return Outcome(progress, None, "\n".join((*printed, finished.stderr)).strip())
    return Outcome(progress, {"key": grant.get("key") or printed[-1]}, None)


def upload_by_bytes(write: Writer, file: Path, harness: Harness, *, token: str) -> Outcome:
    """Post a form as the client would write it."""
    try:
        grant = request_grant(harness, file, token)
    except RuntimeError as refusal:
        return Outcome((), None, str(refusal))
    content_type = mimetypes.guess_type(file.name)[0] or ""
    posted = write(Upload(grant["fields"], file.name, content_type, file.read_bytes()))
    connection = HTTPConnection(urlsplit(grant["url"]).netloc, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", "/", posted.body, {"Content-Type": posted.content_type})
        response = connection.getresponse()
        text = response.read().decode()
    if response.status != 200:
        return Outcome((), None, text)
    return Outcome((), {"key": grant["key"]}, None)


def request_grant(harness: Harness, file: Path, token: str) -> dict[str, Any]:
    """A file grant; a RuntimeError with the function's message if it refuses the file."""
    wanted = {"filename": file.name, "size": file.stat().st_size}
    request = Request(  # noqa: S310
        f"{harness.function}/sign",
        json.dumps(wanted).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    try:
        with urlopen(request) as response:  # noqa: S310
            grant: dict[str, Any] = json.load(response)
    except HTTPError as error:
        with error:
            raise RuntimeError(json.load(error)["message"]) from error
    return grant


def _command(client: Client, folder: Path) -> list[str]:
    source = FOLDER / client.entry
    if source.suffix == ".java":
        return ["java", "-cp", _class_path(client.jars), str(source)]
    if source.suffix == ".cs":
        built = folder / "client.exe"
        subprocess.run(
            ["mcs", "-r:System.Net.Http.dll", f"-out:{built}", str(source)],
            check=True,
            capture_output=True,
        )
        return ["mono", str(built)]
    return [*COMMANDS[source.suffix], str(source)]


def _class_path(jars: tuple[str, ...]) -> str:
    if jars[0].startswith("okhttp-"):
        packages = npm_packages(FOLDER / "jars")
        return f"{packages / jars[0]}/dist/plugins/jira-plugin/lib/*"
    return os.pathsep.join(str(DEBIAN_JARS / f"{name}.jar") for name in jars)
