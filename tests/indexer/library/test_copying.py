"""A library goes from SQLite to PostgreSQL and back, whole, and goes on where a copy broke off."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from indexer.errors import LibraryBusy, LibraryError
from indexer.library import copying as module
from indexer.library.copying import copy_library
from indexer.library.directory import LibraryDirectory
from indexer.library.library import Library
from indexer.paths import library_directory
from indexer.records.changes import Copied
from tests.indexer.taking_in import opened
from tests.photos import make_photo
from tests.postgres_server import Server

ROWS = """
    SELECT photos.id, photos.path, photos.error, photos.mtime_ns, contents.sha256, embeddings.id
    FROM photos LEFT JOIN contents ON contents.id = photos.content_id
    LEFT JOIN embeddings ON embeddings.content_id = contents.id ORDER BY photos.id"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(7):
        make_photo(tmp_path / "photos" / f"{number}.png", "green", seed=number)
    make_photo(tmp_path / "photos" / "red.png", "red")
    make_photo(tmp_path / "photos" / "copy.png", "red")
    (tmp_path / "photos" / "damaged.jpg").write_bytes(b"\xff\xd8")
    return tmp_path / "photos"


@pytest.fixture
def source(tmp_path: Path, photos: Path) -> LibraryDirectory:
    """A library on SQLite: 9 photos, 8 contents, and a file that failed."""
    with library(tmp_path / "library", create=True, model="colour") as made:
        made.add_root(photos)
        with made.writing():
            made.rebuild()
    return LibraryDirectory(tmp_path / "library")


@pytest.fixture
def shared(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[LibraryDirectory, str]]:
    """Where a library on PostgreSQL may be made, and its URL."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with postgres.fresh() as url:
        yield LibraryDirectory(library_directory(url)), url


@contextmanager
def library(path: Path, **options: object) -> Iterator[Library]:
    with closing(opened(path, **options)) as library:
        yield library


def found(directory: LibraryDirectory) -> list[tuple[str, float]]:
    with library(directory.path) as opened_:
        hits = opened_.search("red", 100).hits
        assert all(opened_.thumbnail(hit.photo) for hit in hits)
        return [(str(hit.photo.path), hit.score) for hit in hits]


def in_file(directory: LibraryDirectory, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(directory.path / "library.db")) as connection:
        return connection.execute(query).fetchall()


def on_server(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_there_and_back_again_nothing_has_changed(
    source: LibraryDirectory, shared: tuple[LibraryDirectory, str], photos: Path, tmp_path: Path
) -> None:
    there, url = shared
    told: list[tuple[int, int]] = []
    copied = copy_library(source, there, lambda done, total: told.append((done, total)))
    assert copied == Copied(photos=10, contents=8, embeddings=8)
    assert told[-1] == (8, 8)
    assert on_server(url, ROWS) == in_file(source, ROWS)
    assert on_server(url, "SELECT count(*) FROM thumbnails") == [(8,)]

    back = LibraryDirectory(tmp_path / "back")
    assert copy_library(there, back) == copied
    assert in_file(back, ROWS) == in_file(source, ROWS)
    for path in photos.iterdir():
        path.rename(tmp_path / path.name)  # thumbnails are not made again: they have come along
    assert found(source) == found(there) == found(back)
    assert (back.path / "index.faiss").exists()


def test_a_copy_lives_on_and_gives_no_number_twice(
    source: LibraryDirectory, shared: tuple[LibraryDirectory, str], photos: Path
) -> None:
    there, url = shared
    for name in ("0.png", "1.png"):  # the last numbers given are those of rows that are gone
        make_photo(photos / name, "blue")
    with library(source.path) as opened_, opened_.writing():
        opened_.rebuild()
    with closing(sqlite3.connect(source.path / "library.db")) as connection, connection:
        ((last,),) = connection.execute("SELECT max(id) FROM photos")
        connection.execute("DELETE FROM photos WHERE id = ?", (last,))
    copy_library(source, there)
    make_photo(photos / "new.png", "yellow")
    with library(there.path) as opened_:
        assert [root.path for root in opened_.roots_here()] == [photos]
        with opened_.writing():
            assert opened_.rebuild().embedded == 1
    assert on_server(url, "SELECT min(id) > 10 FROM photos WHERE path = 'new.png'") == [(True,)]


@pytest.mark.parametrize("to_server", [True, False])
def test_what_was_broken_off_goes_on(
    source: LibraryDirectory,
    shared: tuple[LibraryDirectory, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    to_server: bool,
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 3)
    target = shared[0] if to_server else LibraryDirectory(tmp_path / "target")

    def broken_off(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_library(source, target, broken_off)
    with pytest.raises(LibraryError, match="there is no library at"), library(target.path):
        pass  # half a library is none
    told: list[int] = []
    assert copy_library(source, target, lambda done, _: told.append(done)).contents == 8
    assert told == [6, 8]  # three were there
    assert found(target) == found(source)


def test_what_has_changed_since_it_was_begun_is_told_and_begun_anew(
    source: LibraryDirectory, shared: tuple[LibraryDirectory, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 3)

    def broken_off(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_library(source, shared[0], broken_off)
    with closing(sqlite3.connect(source.path / "library.db")) as connection, connection:
        connection.execute("UPDATE contents SET camera = 'another' WHERE id = 1")
    with pytest.raises(LibraryError, match="the copy's contents are not those"):
        copy_library(source, shared[0])
    assert copy_library(source, shared[0]).contents == 8


def test_a_library_is_never_copied_over(source: LibraryDirectory, tmp_path: Path) -> None:
    copy = LibraryDirectory(tmp_path / "copy")
    for target in (source, copy, copy):
        if target.path.exists():
            with pytest.raises(LibraryError, match=r"there is a library at .* already"):
                copy_library(source, target)
        else:
            copy_library(source, target)


@pytest.mark.parametrize("to_server", [True, False])
def test_a_library_of_nothing_is_copied(
    tmp_path: Path, shared: tuple[LibraryDirectory, str], to_server: bool
) -> None:
    with library(tmp_path / "library", create=True, model="colour"):
        pass
    target = shared[0] if to_server else LibraryDirectory(tmp_path / "copy")
    assert copy_library(LibraryDirectory(tmp_path / "library"), target) == Copied(0, 0, 0)
    assert found(target) == []


def test_a_thumbnail_that_is_not_there_is_left_to_be_made_again(
    source: LibraryDirectory, tmp_path: Path
) -> None:
    thumbnail, *others = (source.path / "thumbnails").rglob("*.jpg")
    thumbnail.unlink()
    copy = LibraryDirectory(tmp_path / "copy")
    assert copy_library(source, copy).contents == 8
    assert len(list((copy.path / "thumbnails").rglob("*.jpg"))) == len(others)
    assert found(copy) == found(source)


def test_nothing_is_copied_while_somebody_writes(source: LibraryDirectory, tmp_path: Path) -> None:
    with library(source.path) as opened_, opened_.writing(), pytest.raises(LibraryBusy):
        copy_library(source, LibraryDirectory(tmp_path / "copy"))
