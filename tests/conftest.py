"""What several test modules share."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import URL

from indexer.paths import library_directory
from indexer.postgres_url import database_url
from tests.commands import run_indexer
from tests.depth import at_depth, deeper
from tests.in_memory import keep_files_in_memory
from tests.intervals import short_intervals
from tests.postgres_server import Server, server_in
from tests.schemas import migrate_at_once
from tests.sharing import Modules

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
SAMPLE_PHOTOS = 105

os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks a model hub; `auto` is the starter at once
keep_files_in_memory()
if "PYTEST_XDIST_WORKER" in os.environ:  # each has a core: more threads would only wait for it
    os.environ.setdefault("OMP_NUM_THREADS", "1")


# how long an example takes is the machine's business
settings.register_profile(
    "untimed",
    max_examples=deeper(30),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def run_directory(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A directory of this run for what its workers make once and read."""
    own = tmp_path_factory.getbasetemp()
    directory = (own if worker_id == "master" else own.parent) / "shared"
    directory.mkdir(exist_ok=True)
    return directory


def made_once(directory: Path, make: Callable[[Path], None]) -> Path:
    """The directory, made by the first worker that needs it."""
    is_made = directory.with_suffix(".made")
    with FileLock(directory.with_suffix(".lock")):
        if not is_made.exists():
            directory.mkdir()
            make(directory)
            is_made.touch()
    return directory


@pytest.fixture(scope="session", autouse=True)
def own_cache(run_directory: Path) -> None:
    """What is measured of engines is remembered for this run, and not in the user's cache."""
    os.environ["XDG_CACHE_HOME"] = str(run_directory / "cache")


@pytest.fixture(scope="session", autouse=True)
def short_trials() -> Iterator[None]:
    """Engines are certified in full and measured briefly: a test asks for no figure."""
    with patch("clipcore.engines.choice.TIMED_S", 0.05):
        yield


@pytest.fixture(scope="session", autouse=True)
def short_waits() -> Iterator[None]:
    """Daemons look often: a test waits for the look, and asks for no length of time."""
    with short_intervals():
        yield


@pytest.fixture(scope="session", autouse=True)
def schema_at_once() -> Iterator[None]:
    """A new library costs a test 50 ms less."""
    with patch("indexer.store.sqlite.migrate", migrate_at_once):
        yield


@pytest.fixture(scope="session")
def sample_library(run_directory: Path) -> Path:
    """A library of data/sample, made by the command line with the starter encoder."""

    def make(directory: Path) -> None:
        place = ("--library", directory / "library")
        done = run_indexer("rebuild", SAMPLE, *place, "--model", "starter")
        assert done.returncode == 0, done.stderr

    return made_once(run_directory / "sample", make) / "library"


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

# of a module that runs on both engines every day: what another of its tests shows of the second
on_both_at_depth = pytest.mark.parametrize(
    "place", ["sqlite", *at_depth("postgres")], indirect=True
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Any:
    """All that is there by the end of the collection stays: no garbage is looked for in it again.

    Python would look through it every few seconds, for a second each time. What comes later, torch
    and more, it looks through seldom.
    """
    gc.disable()
    collected = yield
    gc.freeze()
    gc.set_threshold(*SELDOM)
    gc.enable()
    return collected


SELDOM = (10_000, 20, 20)  # for gc.set_threshold()
HEAVY = ("ray", "browser", "processes", "slow")  # modules with such tests, the longest first


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The second database is for `make test-long`, but where the code differs from the first's.

    What needs a server or the library of the sample is slow: that takes half a minute to make.

    Long modules come first: at the end of a run no worker waits for another. Before all others come
    those without the library of the sample: while one worker makes it, no other waits for it.
    """
    ranks: dict[Path, tuple[bool, bool, int]] = {}
    for item in items:
        if _is_on_postgres(item):
            item.add_marker(pytest.mark.slow if item.get_closest_marker("both") else "long")
        fixtures = getattr(item, "fixturenames", ())
        if (needs_sample := "sample_library" in fixtures) or "postgres" in fixtures:
            item.add_marker("slow")
        rank, (_, needed, known) = _rank(item), ranks.get(item.path, (True, False, len(HEAVY)))
        rank = min(rank, known)
        ranks[item.path] = rank == len(HEAVY), needed or needs_sample, rank
    items.sort(key=lambda item: ranks[item.path])


def _rank(item: pytest.Item) -> int:
    names = {mark.name for mark in item.iter_markers()}
    return next((rank for rank, name in enumerate(HEAVY) if name in names), len(HEAVY))


def _is_on_postgres(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    return call is not None and any(
        isinstance(value, str) and value == "postgres" for value in call.params.values()
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Modules:
    """It goes before what `--dist` names."""
    return Modules(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """A worker can send what a test has logged of names that are no text."""
    report = yield
    report.sections = [(title, _as_text(logged)) for title, logged in report.sections]
    return report


def _as_text(logged: str) -> str:
    return logged.encode("utf-8", "backslashreplace").decode()
