"""What the tests of the package share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.programs import npm_packages
from tests.web.package import Project, installed


@pytest.fixture(scope="session")
def packages() -> Path:
    return npm_packages(Path(__file__).parent)


@pytest.fixture
def project(tmp_path: Path, packages: Path) -> Project:
    return installed(tmp_path, packages)
