"""A library is made whole or not at all, however many make it and whenever they are killed."""

from __future__ import annotations

import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL

from indexer.errors import LibraryNotFound
from indexer.paths import URL_FILE, library_directory
from indexer.postgres_url import database_url
from indexer.records.models import Model
from indexer.store import migrate as schema_version
from indexer.store.migrate import MIGRATIONS, begin_library, migrate
from indexer.store.postgres import make_engine
from indexer.store.schema import HEAD
from indexer.store.sqlite import create_database, open_database
from tests.conftest import DATABASES
from tests.depth import deeper
from tests.forks import context
from tests.indexer.taking_in import make_library, name_by_url, open_store, opened
from tests.photos import make_photo

pytestmark = [
    pytest.mark.both,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and a fork server"),
]

ROUNDS = deeper(3)
AT_ONCE = 3
MODEL = Model("colours", "colour-1")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed in range(3):
        make_photo(tmp_path / "photos" / f"{seed}.png", "green", seed=seed)
    return tmp_path / "photos"


def run_at_once(target: Any, *arguments: object) -> list[str]:
    """What each of several processes says that begin at the same moment."""
    start, said = context.Barrier(AT_ONCE), context.SimpleQueue()
    processes = [
        context.Process(target=target, args=(start, said, *arguments)) for _ in range(AT_ONCE)
    ]
    for process in processes:
        process.start()
    answers = [said.get() for _ in processes]
    for process in processes:
        process.join()
    return answers


def photos_in(library: Path) -> int:
    with closing(opened(library)) as found:
        return found.status().photos


@pytest.mark.slow
def test_of_several_first_rebuilds_each_is_done_or_names_the_writer(
    place: Path, photos: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    is_sqlite = "sqlite" in request.node.name
    answers: Counter[str] = Counter()
    for round_ in range(ROUNDS if is_sqlite else 1):
        library = tmp_path / f"library {round_}" if is_sqlite else place
        told = run_at_once(make_library, library, photos)
        assert "done" in told
        assert photos_in(library) == 3
        answers.update(told)
    busy = {one for one in answers if one != "done"}
    assert all("LibraryBusy" in one and "is being written by" in one for one in busy)
    assert not is_sqlite or busy  # else nothing has met


def test_a_url_named_by_several_at_once_is_stored_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for number in range(ROUNDS):
        url = f"postgresql://anna@db.example.org/photos{number}"
        assert run_at_once(name_by_url, url) == ["done"] * AT_ONCE
        directory = library_directory(url)
        assert (directory / URL_FILE).read_text() == url
        assert (directory / URL_FILE).stat().st_mode & 0o777 == 0o600
        assert [file.name for file in directory.iterdir()] == [URL_FILE]


@pytest.mark.slow
def test_a_first_run_killed_at_any_moment_leaves_what_the_next_one_completes(
    tmp_path: Path, photos: Path
) -> None:
    moments = random.Random(26)
    rounds = killed = 0
    while killed <= ROUNDS:
        assert rounds < 20 * ROUNDS, "hardly any kill comes in time"
        library = tmp_path / f"library {rounds}"
        rounds += 1
        start, said = context.Barrier(2), context.SimpleQueue()
        process = context.Process(target=make_library, args=(start, said, library, photos))
        process.start()
        start.wait()
        time.sleep(moments.uniform(0, 0.15))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        with closing(opened(library, create=True, model="colour")) as again, again.writing():
            again.add_root(photos)
            again.rebuild()
            assert again.status().photos == 3


@pytest.mark.parametrize(
    "statements",
    [
        ["DELETE FROM library"],
        ["DELETE FROM library", "DROP TABLE embeddings", "DELETE FROM alembic_version"],
        ["DELETE FROM library", "DROP TABLE embeddings", "DROP TABLE alembic_version"],
    ],
)
def test_a_half_made_library_counts_as_none(tmp_path: Path, statements: list[str]) -> None:
    path = tmp_path / "library.db"
    create_database(path, MODEL).dispose()
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    with pytest.raises(LibraryNotFound):
        open_database(path)
    with closing(opened(tmp_path, create=True, model="colour")) as library:
        assert library.roots() == []


CONTENT = (
    "INSERT INTO contents (sha256, width_px, height_px, format, orientation)"
    " VALUES (:sha256, 1, 1, 'PNG', 1)"
)


@pytest.fixture(params=DATABASES)
def oldest(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | URL]:
    """A library of the first schema."""
    if request.param == "sqlite":
        path = tmp_path / "library.db"
        begin_oldest(create_engine(f"sqlite:///{path}"))
        yield path
    else:
        with request.getfixturevalue("postgres").empty() as url:
            begin_oldest(make_engine(database_url(url)))
            yield database_url(url)


def begin_oldest(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("CREATE EXTENSION vector"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        begin_library(connection, MODEL)
        connection.execute(text(CONTENT), {"sha256": bytes(32)})
    engine.dispose()


@pytest.mark.slow
def test_an_old_library_opened_by_several_at_once_is_migrated_once(oldest: Path | URL) -> None:
    assert run_at_once(open_store, oldest) == ["done"] * AT_ONCE
    engine = open_database(oldest)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [
            (HEAD,)
        ]
        # no photo has it: its age counts from the migration
        assert connection.execute(text("SELECT orphaned_at FROM contents")).scalar()
    engine.dispose()


def test_a_migration_that_fails_leaves_the_library_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library.db"
    begin_oldest(create_engine(f"sqlite:///{path}"))

    def fail(connection: Connection) -> None:
        migrate(connection)
        raise OSError("the power went out")

    with monkeypatch.context() as patched:
        patched.setattr(schema_version, "migrate", fail)
        with pytest.raises(OSError, match="power"):
            open_database(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            ("0001",)
        ]
    open_database(path).dispose()
