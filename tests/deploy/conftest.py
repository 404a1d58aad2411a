"""Fixtures that the tests of the deployment share."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.bundle import build
from deploy.bundling.runtimes import RUNTIMES, Runtime, find_interpreter
from emulator.server import Server
from tests.deploy.planted import Deployment
from tests.deploy.serverless_devs import ServerlessDevs, install
from tests.harness import ROOT


@dataclass(frozen=True)
class Bundle:
    """A bundle built for the tests, and a Python like the one of its runtime."""

    folder: Path
    runtime: Runtime
    interpreter: Path


def make_bundle(folder: Path, runtime: Runtime) -> None:
    build(
        folder,
        runtime=runtime,
        function=ROOT / "function",
        requirements=ROOT / "requirements.txt",
    )


@pytest.fixture(scope="session", params=sorted(RUNTIMES))
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    runtime = RUNTIMES[request.param]
    interpreter = find_interpreter(runtime)
    if interpreter is None:
        version = runtime.python_version
        reason = f"no Python {version} was found: .venv/bin/uv python install {version}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # the workers of one run share one build
    folder = base / runtime.name
    with (base / f"{runtime.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            make_bundle(folder, runtime)
    return Bundle(folder, runtime, interpreter)


@pytest.fixture(scope="session")
def s(tmp_path_factory: pytest.TempPathFactory) -> ServerlessDevs:
    """The real Serverless Devs CLI."""
    return install(tmp_path_factory.mktemp("home"))


@pytest.fixture
def planted() -> Iterator[Deployment]:
    """A deployment behind two servers."""
    deployment = Deployment()
    with Server(deployment.function) as function, Server(deployment.bucket) as bucket:
        deployment.url, deployment.bucket_url = function.url, bucket.url
        yield deployment
