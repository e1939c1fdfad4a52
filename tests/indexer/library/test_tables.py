"""A table that says what becomes of its rows is copied, pruned and removed like those we have."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Engine, ForeignKey, Table, insert, select

from indexer.library.copying import copy_library
from indexer.library.directory import LibraryDirectory
from indexer.library.library import Library
from indexer.paths import library_directory
from indexer.postgres_url import database_url
from indexer.store import shared_schema
from indexer.store.column_types import ID, NAME
from indexer.store.lifecycle import Copying, lifecycle, lives
from indexer.store.postgres import make_engine
from indexer.store.schema import contents, metadata, photos
from indexer.store.sqlite import unfinished_copy
from tests.indexer.taking_in import opened
from tests.photos import make_photo
from tests.postgres_server import Server
from tests.stores import store_of

pytestmark = pytest.mark.both

FIRST_PHOTOS, SECOND_PHOTOS = ("red", "green"), ("blue", "red")


@pytest.fixture
def remarks() -> Iterator[tuple[Table, ...]]:
    """Three new tables: of photos, of contents, and with rows of the first one."""
    added = (
        Table(
            "photo_remarks",
            metadata,
            Column("id", ID, primary_key=True),
            Column("photo_id", ForeignKey("photos.id"), nullable=False),
            Column("text", NAME, nullable=False),
            info=lives(Copying.EACH_TIME, photo_id="photos"),
        ),
        Table(
            "content_remarks",
            metadata,
            Column("content_id", ForeignKey("contents.id"), primary_key=True),
            Column("language", NAME, primary_key=True),
            Column("text", NAME, nullable=False),
            info=lives(Copying.EACH_TIME, content_id="contents"),
        ),
        Table(
            "answers",
            metadata,
            Column("id", ID, primary_key=True),
            Column("remark_id", ForeignKey("photo_remarks.id"), nullable=False),
            Column("is_public", Boolean, nullable=False),
            info=lives(Copying.ONCE, remark_id="photo_remarks"),
        ),
    )
    yield added
    for table in reversed(added):
        metadata.remove(table)


@pytest.fixture
def library(remarks: tuple[Table, ...], place: Path, tmp_path: Path) -> Iterator[Library]:
    """A library of two folders; each photo and each content has a remark."""
    for folder, colours in (("first", FIRST_PHOTOS), ("second", SECOND_PHOTOS)):
        for colour in colours:  # red ones are the same bytes
            make_photo(tmp_path / folder / f"{colour}.png", colour)
    with closing(opened(place, create=True, model="colour")) as library:
        for folder in ("first", "second"):
            library.add_root(tmp_path / folder)
        with library.writing():
            library.rebuild()
        with store_of(library) as store:
            remark(store.database.engine, remarks)
        yield library


def remark(engine: Engine, remarks: tuple[Table, ...]) -> None:
    of_photos, of_contents, answers = remarks
    with engine.begin() as connection:
        for table in remarks:
            table.create(connection)
        for row in connection.execute(select(photos.c.id, photos.c.path)).all():
            added = connection.execute(insert(of_photos), {"photo_id": row.id, "text": row.path})
            (number,) = added.inserted_primary_key or ()
            connection.execute(insert(answers), {"remark_id": number, "is_public": number % 2 == 0})
        for number in connection.execute(select(contents.c.id)).scalars().all():
            for language in ("en", "zh"):
                remark = {"content_id": number, "language": language, "text": f"photo {number}"}
                connection.execute(insert(of_contents), remark)


def rows(library: Library, tables: tuple[Table, ...]) -> list[list[tuple[Any, ...]]]:
    """The rows of each table."""
    queries = [select(table).order_by(*table.primary_key.columns) for table in tables]
    with store_of(library) as store, store.database.engine.connect() as connection:
        return [[tuple(row) for row in connection.execute(query)] for query in queries]


def numbers(library: Library, table: Table, name: str) -> set[int]:
    with store_of(library) as store, store.database.engine.connect() as connection:
        return set(connection.execute(select(table.c[name])).scalars())


def test_each_table_says_what_becomes_of_its_rows() -> None:
    for table in (*metadata.tables.values(), *shared_schema.metadata.tables.values()):
        for column, target in lifecycle(table).goes_with.items():
            assert column in table.c
            assert target in metadata.tables


def test_rows_go_with_the_root_of_their_photos(
    library: Library, remarks: tuple[Table, ...], tmp_path: Path
) -> None:
    of_photos, of_contents, answers = remarks
    library.remove_root(tmp_path / "first")
    left = numbers(library, photos, "id")
    assert len(left) == len(SECOND_PHOTOS)
    assert numbers(library, of_photos, "photo_id") == left
    assert numbers(library, answers, "remark_id") == numbers(library, of_photos, "id")
    assert len(numbers(library, of_contents, "content_id")) == 3  # contents stay until a prune


def test_rows_are_pruned_with_their_photos_and_contents(
    library: Library, remarks: tuple[Table, ...], tmp_path: Path
) -> None:
    of_photos, of_contents, answers = remarks
    for name in ("blue.png", "red.png"):
        (tmp_path / "second" / name).unlink()
    make_photo(tmp_path / "second" / "new.png", "yellow")  # not all is gone
    with library.writing():
        library.rebuild()
        assert library.prune(timedelta(days=-1)).contents == 1  # red is the content of another one
    assert numbers(library, of_photos, "photo_id") <= numbers(library, photos, "id")
    assert len(numbers(library, of_photos, "id")) == len(FIRST_PHOTOS)
    assert numbers(library, answers, "remark_id") == numbers(library, of_photos, "id")
    assert numbers(library, of_contents, "content_id") < numbers(library, contents, "id")
    assert len(numbers(library, of_contents, "content_id")) == 2


@contextmanager
def with_tables(engine: Engine, tables: tuple[Table, ...]) -> Iterator[Engine]:
    """The migration that would make the tables has been run there."""
    try:
        for table in tables:
            table.create(engine, checkfirst=True)
        yield engine
    finally:
        engine.dispose()


def copied(
    source: LibraryDirectory, target: LibraryDirectory, tables: tuple[Table, ...]
) -> list[list[tuple[Any, ...]]]:
    """The rows of the tables in a copy, which is interrupted once."""

    def broken_off(done: int, total: int) -> None:
        raise KeyboardInterrupt

    target.make()
    with with_tables(unfinished_copy(target.database), tables):
        pass
    with pytest.raises(KeyboardInterrupt):
        copy_library(source, target, broken_off)
    copy_library(source, target)
    with closing(opened(target.path)) as copy:
        return rows(copy, tables)


def test_rows_are_copied_to_another_database_and_back(
    library: Library,
    remarks: tuple[Table, ...],
    postgres: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = LibraryDirectory(library.path)
    before = rows(library, remarks)
    assert [len(one) for one in before] == [4, 6, 4]
    monkeypatch.setenv("XDG_DATA_HOME", os.environ.get("XDG_DATA_HOME", str(tmp_path / "data")))
    with postgres.fresh() as url:
        with with_tables(make_engine(database_url(url)), remarks):
            pass
        there, back = LibraryDirectory(library_directory(url)), LibraryDirectory(tmp_path / "back")
        library.close()
        assert copied(source, there, remarks) == before
        assert copied(there, back, remarks) == before
