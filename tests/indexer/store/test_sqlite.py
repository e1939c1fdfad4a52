"""A database opens as a library's, or says why not; and nothing that is not ours is altered."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, func, select

from indexer.errors import DamagedLibrary, LibraryError, LibraryNotFound, NewerLibrary, NotALibrary
from indexer.records.models import Model
from indexer.store import sqlite
from indexer.store.bulk import insert_rows
from indexer.store.migrate import MIGRATIONS, migrate
from indexer.store.schema import HEAD, contents, metadata
from indexer.store.sqlite import check_database, create_database, open_database
from indexer.store.store import Store

MODEL = Model("colours", "colour-1")
PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A new library's database."""
    path = tmp_path / "library.db"
    Store.create(path, MODEL).close()
    return path


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_library_opens_as_it_was_made(path: Path) -> None:
    assert [file.name for file in path.parent.iterdir()] == ["library.db"]
    one = Store.open(path)
    one.close()
    other = Store.open(path)
    assert (other.database.library_id, other.model) == (one.database.library_id, MODEL)
    other.close()


def test_the_schema_that_tests_get_at_once_is_that_of_the_migrations(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "migrate", migrate)
    create_database(tmp_path / "migrated.db", MODEL).dispose()
    assert schema_in(path) == schema_in(tmp_path / "migrated.db")


def schema_in(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        made = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        return made + connection.execute("SELECT * FROM alembic_version").fetchall()


def test_a_library_is_in_wal_mode_so_that_readers_never_wait(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_where_there_is_none_no_library_is_found(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFound, match="indexer rebuild"):
        open_database(tmp_path / "library.db")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="cannot be opened"):
        open_database(tmp_path)


@pytest.mark.parametrize("data", [b"", b"no database " * 500, b"SQLite format 3\0" + bytes(4000)])
def test_what_is_no_database_is_no_library(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "library.db"
    path.write_bytes(data)
    with pytest.raises(NotALibrary, match=r"library\.db"):
        open_database(path)
    assert path.read_bytes() == data


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE notes (text)"],
        ["CREATE TABLE alembic_version (version_num)"],
        [
            "CREATE TABLE alembic_version (version_num)",
            "INSERT INTO alembic_version VALUES ('a1b2c3')",
        ],
        ["CREATE TABLE library (id)"],
    ],
)
def test_a_database_of_something_else_is_refused_and_not_altered(
    tmp_path: Path, statements: list[str]
) -> None:
    path = tmp_path / "library.db"
    execute(path, *statements)
    before = path.read_bytes()
    with pytest.raises(NotALibrary, match="not the database of a library"):
        open_database(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_library_of_a_newer_version_is_refused(path: Path) -> None:
    execute(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerLibrary, match=r"9999.*update Recollect"):
        open_database(path)


def test_a_library_without_a_version_is_damaged(path: Path) -> None:
    execute(path, "DELETE FROM alembic_version")
    with pytest.raises(NotALibrary):
        open_database(path)


@pytest.mark.parametrize("kept", [50, 100, 1000, 4096, 10_000, -4096])
def test_a_truncated_database_is_damaged(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(NotALibrary):
        open_database(path)


def test_a_library_is_made_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library.db"
    migrate = sqlite.migrate

    def fail(connection: object) -> None:
        migrate(connection)  # type: ignore[arg-type]
        raise OSError("the power went out")

    with monkeypatch.context() as patched:
        patched.setattr(sqlite, "migrate", fail)
        with pytest.raises(OSError, match="power"):
            create_database(path, MODEL)
    with pytest.raises(LibraryNotFound):
        open_database(path)
    Store.create(path, MODEL).close()
    Store.open(path).close()


def test_a_library_that_was_deleted_does_not_haunt_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    old = Store.create(path, MODEL)
    old.roots.add(Path("/old"))
    journal = path.with_name("library.db-wal").read_bytes()
    assert journal
    old.close()
    path.unlink()
    path.with_name("library.db-wal").write_bytes(journal)  # as after a crash
    new = Store.create(path, MODEL)
    assert new.roots.all() == []
    assert new.database.library_id != old.database.library_id
    new.close()


def test_where_nothing_can_be_written_the_error_names_the_place(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="nowhere"):
        create_database(tmp_path / "nowhere" / "library.db", MODEL)


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_migrations_lead_to_the_schema(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_no_rows_are_inserted_as_none(path: Path) -> None:
    store = Store.open(path)
    with store.database.writing() as connection:
        insert_rows(connection, contents, ("sha256",), [])
    assert store.database.count(select(func.count()).select_from(contents)) == 0
    store.close()


def test_a_check_finds_damage_that_no_query_has_met(path: Path) -> None:
    execute(path, "CREATE TABLE notes (text)", *[f"INSERT INTO notes VALUES ('{'x' * 3000}')"] * 20)
    engine = open_database(path).engine
    check_database(engine)
    engine.dispose()
    whole = path.read_bytes()
    path.write_bytes(whole[:-PAGE] + bytes(PAGE))
    engine = open_database(path).engine
    with pytest.raises(DamagedLibrary, match=f"the database {path} is damaged"):
        check_database(engine)
    engine.dispose()
