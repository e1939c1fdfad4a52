"""What several test modules share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import URL

from indexer.paths import library_directory
from indexer.postgres_url import database_url
from tests.depth import deeper
from tests.postgres_server import Server, server_in

SAMPLE = Path(__file__).parents[1] / "data" / "sample"

os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks a model hub; `auto` is the starter at once


# how long an example takes is the machine's business
settings.register_profile(
    "untimed",
    max_examples=deeper(100),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is measured of engines is remembered for this run, and not in the user's cache."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


def run_indexer(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the `indexer` command as a user would."""
    command = [sys.executable, "-c", "from indexer.cli.main import main; main()"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=600, check=False
    )


@pytest.fixture(scope="session")
def sample_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of data/sample, made by the command line with the starter encoder."""
    library = tmp_path_factory.mktemp("sample") / "library"
    done = run_indexer("rebuild", SAMPLE, "--library", library, "--model", "starter")
    assert done.returncode == 0, done.stderr
    return library


@pytest.fixture
def own_library(sample_library: Path, tmp_path: Path) -> Path:
    """A copy of the sample's library that a test may write to."""
    return Path(shutil.copytree(sample_library, tmp_path / "library"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The PostgreSQL server of this run."""
    # not below pytest's own directory: where root runs the tests, the server has another user,
    # and each pytest that starts closes that directory to all others
    with (
        TemporaryDirectory(prefix="recollect-postgres-") as directory,
        server_in(Path(directory) / "data", unsafe=True) as server,
    ):
        yield server


@contextmanager
def database_on(request: Any, directory: Path) -> Iterator[Path | URL]:
    """Where a new library's database may be made, on the engine that the fixture's param names.

    For fixtures of any scope whose params are DATABASES.
    """
    if request.param == "sqlite":
        yield directory / "library.db"
    else:  # the server starts for those who need it
        with request.getfixturevalue("postgres").fresh() as url:
            yield database_url(url)


DATABASES = ("sqlite", "postgres")


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | URL]:
    """A place for a new library's database: the test runs once on each engine."""
    with database_on(request, tmp_path) as place:
        yield place


@contextmanager
def place_on(request: Any, directory: Path) -> Iterator[Path]:
    """The directory of a library that is yet to be made, with its rows on the param's engine.

    For fixtures of any scope whose params are DATABASES.
    """
    if request.param == "sqlite":
        yield directory / "library"
        return
    with request.getfixturevalue("postgres").fresh() as url:
        with patch.dict(os.environ, XDG_DATA_HOME=str(directory / "data")):
            place = library_directory(url)
        yield place


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A place for a new library: the test runs once on each engine."""
    with place_on(request, tmp_path) as directory:
        yield directory


# for what only a library of files has
on_sqlite = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
