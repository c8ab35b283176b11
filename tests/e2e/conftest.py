"""What every end-to-end test shares: the real binary, a lake in a temporary directory, and the real data."""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Iterator

import pytest

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))

import servers  # noqa: E402
from aws_servers import aws, bucket, cloud_lake, emulator, moto, queue, tables  # noqa: E402, F401
from program import Lake, Program  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


def pytest_report_header(config):
    return [f"lakegate: {binary_path()}", f"LAKEGATE_SEED={seed_from_environment()}"]


def binary_path() -> pathlib.Path:
    return pathlib.Path(os.environ.get("LAKEGATE_BIN", ROOT / "build" / "release" / "lakegate"))


def seed_from_environment() -> int:
    """One seed for the whole session, so that what failed can be run again as it was."""
    if "LAKEGATE_SEED" not in os.environ:
        os.environ["LAKEGATE_SEED"] = str(int.from_bytes(os.urandom(4), "big"))
    return int(os.environ["LAKEGATE_SEED"])


@pytest.fixture(scope="session")
def program() -> Program:
    path = binary_path()
    if not os.access(path, os.X_OK):
        pytest.exit(f"no program at {path}: build it (cmake --build --preset release) or set LAKEGATE_BIN", 4)
    return Program(path)


@pytest.fixture(scope="session")
def seed() -> int:
    return seed_from_environment()


@pytest.fixture
def lake(program: Program, tmp_path: pathlib.Path) -> Lake:
    return Lake(program, tmp_path / "lake")


@pytest.fixture(scope="session")
def realdata() -> pathlib.Path:
    value = os.environ.get("LAKEGATE_REALDATA")
    if not value:
        pytest.skip(
            "LAKEGATE_REALDATA is not set: it names the folder with landing/, history/, csv-spectrum/ and json/"
        )
    return pathlib.Path(value)


@pytest.fixture
def api(tmp_path: pathlib.Path, seed: int) -> Iterator[servers.ApiServer]:
    """The server that is fetched from; tests/api_server/README.md has what it can do."""
    with servers.api(tmp_path / "api", seed=seed) as server:
        yield server
