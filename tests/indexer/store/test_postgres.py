"""A library's database on a real PostgreSQL opens, or says why not, and never shows a password."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.engine import URL

from indexer.errors import (
    DatabaseUnreachable,
    LibraryError,
    LibraryNotFound,
    MissingPostgres,
    NewerLibrary,
    NotALibrary,
)
from indexer.postgres_url import database_url, is_url, shown
from indexer.records.changes import ScannedFile
from indexer.records.models import Model
from indexer.records.photos import Facts, FileStat
from indexer.store import schema, shared_schema
from indexer.store.column_types import STORED, HalfVector
from indexer.store.outcomes import NewContent, Outcome
from indexer.store.store import Store
from tests.postgres_server import Server

MODEL = Model("colours", "colour-1")


@pytest.fixture
def empty(postgres: Server) -> Iterator[URL]:
    """A database with nothing in it."""
    with postgres.empty() as url:
        yield database_url(url)


@pytest.fixture
def made(postgres: Server) -> Iterator[URL]:
    """A database with a library."""
    with postgres.fresh() as url:
        Store.create(database_url(url), MODEL).close()
        yield database_url(url)


def execute(url: URL, *statements: str) -> None:
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(False)) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_a_library_is_made_in_an_empty_database_and_opens_as_it_was_made(empty: URL) -> None:
    with pytest.raises(LibraryNotFound, match="indexer rebuild"):
        Store.open(empty)
    one = Store.create(empty, MODEL)
    one.close()
    other = Store.open(empty)
    assert (other.database.library_id, other.model) == (one.database.library_id, MODEL)
    other.close()


def test_migrations_lead_to_the_schema(empty: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ischema_names, "halfvec", HalfVector)  # SQLAlchemy does not know it
    Store.create(empty, MODEL).close()
    engine = create_engine(empty)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        tables = [schema.metadata, shared_schema.metadata]
        assert compare_metadata(context, tables) == []
    engine.dispose()


def test_of_hosts_that_make_it_at_once_one_does(empty: URL) -> None:
    with ThreadPoolExecutor(4) as hosts:
        stores = list(hosts.map(lambda _: Store.create(empty, MODEL), range(4)))
    assert len({store.database.library_id for store in stores}) == 1
    for store in stores:
        store.close()


def test_a_database_of_something_else_is_refused_and_not_altered(empty: URL) -> None:
    execute(empty, "CREATE TABLE photos (name text)")
    for use in (lambda: Store.open(empty), lambda: Store.create(empty, MODEL)):
        with pytest.raises(NotALibrary, match=r"photos.*a database to itself"):
            use()
    execute(empty, "DROP TABLE photos", "CREATE TABLE library (id int)")  # it was the only one


def test_a_library_of_a_newer_version_is_refused(made: URL) -> None:
    execute(made, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerLibrary, match=r"9999.*update Recollect"):
        Store.open(made)


def test_where_no_server_answers_the_error_names_the_place_without_the_password() -> None:
    url = database_url("postgres://ann:secret@127.0.0.1:9/album")
    with pytest.raises(DatabaseUnreachable) as caught:
        Store.open(url)
    assert "postgresql://ann:***@127.0.0.1:9/album" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_where_the_database_is_missing_the_error_tells_how_to_make_it(postgres: Server) -> None:
    with pytest.raises(DatabaseUnreachable, match="createdb nonsuch"):
        Store.open(database_url(postgres.url("nonsuch")))


def test_without_pgvector_on_the_server_the_error_names_it(empty: URL) -> None:
    # a view of that name before the catalogue's: a server that has no extensions
    execute(
        empty,
        "CREATE SCHEMA bare",
        "CREATE VIEW bare.pg_available_extensions AS SELECT ''::name AS name WHERE false",
    )
    bare = empty.update_query_dict({"options": "-csearch_path=bare,pg_catalog,public"})
    with pytest.raises(LibraryError, match="no pgvector: install it there"):
        Store.create(bare, MODEL)


def test_who_may_not_switch_pgvector_on_is_told_who_may(postgres: Server, empty: URL) -> None:
    postgres.run("DROP ROLE IF EXISTS guest")
    postgres.run("CREATE ROLE guest LOGIN")
    execute(empty, "GRANT ALL ON SCHEMA public TO guest")
    guest = empty.set(username="guest")
    with pytest.raises(LibraryError, match="administrator run CREATE EXTENSION vector"):
        Store.create(guest, MODEL)
    execute(empty, "CREATE EXTENSION vector")
    Store.create(guest, MODEL).close()


def test_a_database_that_is_not_in_utf_8_is_refused(postgres: Server) -> None:
    postgres.run("CREATE DATABASE latin ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(LibraryError, match=r"not in UTF-8.*createdb --encoding=UTF8.* latin"):
            Store.create(database_url(postgres.url("latin")), MODEL)
    finally:
        postgres.run("DROP DATABASE latin WITH (FORCE)")


def test_what_the_server_refuses_is_said_in_one_line(postgres: Server, empty: URL) -> None:
    postgres.run("DROP ROLE IF EXISTS stranger")
    postgres.run("CREATE ROLE stranger LOGIN")
    execute(empty, "CREATE EXTENSION vector")
    with pytest.raises(LibraryError, match="cannot be used: permission denied") as refused:
        Store.create(empty.set(username="stranger"), MODEL)
    assert "\n" not in str(refused.value)


def test_a_check_leaves_the_server_to_look_after_its_files(made: URL) -> None:
    store = Store.open(made)
    store.database.check()
    store.close()


@pytest.mark.parametrize("missing", ["psycopg", "tzlocal"])
def test_without_the_extra_the_error_names_it(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingPostgres, match=r"recollect-photos\[postgres\]"):
        Store.open(database_url("postgresql:///album"))


def test_urls_are_told_from_directories_and_shown_without_a_password() -> None:
    assert is_url("postgresql://host/album")
    assert is_url("postgres:///album")
    assert not is_url("/srv/postgresql/album")
    assert not is_url("postgresql")
    url = database_url("postgres://ann:se%40cret@host/album?sslmode=require&password=secret")
    assert shown(url) == "postgresql://ann:***@host/album?sslmode=require"
    with pytest.raises(LibraryError) as caught:
        database_url("postgresql://ann:secret@host:port/album")
    assert "secret" not in str(caught.value)


def test_vectors_come_back_to_the_bit(made: URL) -> None:
    bits = np.arange(1 << 16, dtype=np.uint16).view(STORED)
    numbers = bits[np.isfinite(bits)][:16_000]  # more than pgvector's longest vector
    store = Store.create(made, MODEL)
    root = store.roots.add(Path("/photos"))
    rows = numbers.reshape(-1, 4_000).astype(np.float32)
    store.ingest.record(
        Outcome(
            ScannedFile(root.id, f"{number}.jpg", FileStat(1, 1)),
            None,
            NewContent(bytes([number]) * 32, Facts(4, 3, "JPEG"), row),
        )
        for number, row in enumerate(rows)
    )
    ids, vectors = store.search.vectors_after(0, 4_000)
    assert len(ids) == len(rows)
    np.testing.assert_array_equal(vectors.view(np.uint32), rows.view(np.uint32))
    store.close()


def test_each_commit_that_changes_something_changes_the_token(made: URL) -> None:
    store, other = Store.open(made), Store.open(made)
    before = store.database.change_token()
    assert store.database.change_token() == before
    other.roots.add(Path("/photos"))
    assert store.database.change_token() != before
    store.close()
    other.close()
