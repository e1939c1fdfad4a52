"""New and repaired readers of facts reach photos that are known already; nothing is embedded."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from indexer.daemon.daemon import Daemon
from indexer.errors import Undecodable
from indexer.imaging import decode
from indexer.imaging.exif import read_facts
from indexer.ingest import rereading
from indexer.library.indexing import RebuildOptions
from indexer.library.library import Library, open_library
from indexer.paths import library_directory
from indexer.records.photos import FACTS_VERSION, Facts
from indexer.records.status import Activity
from indexer.store import facts_sql
from indexer.store.schema import contents, embeddings
from tests.fakes import ColourEncoder
from tests.forks import context
from tests.indexer.daemon.test_pause import running, state
from tests.indexer.library.test_families import indexer
from tests.indexer.taking_in import (
    as_host,
    ingest_with_newer_readers,
    keep_in_line_with_newer_readers,
    newer_readers,
    opened,
)
from tests.photos import make_photo
from tests.postgres_server import Server
from tests.stores import store_of
from tests.toy_family import NAME
from tests.waiting import eventually

pytestmark = pytest.mark.slow

COLOURS = ("red", "green", "blue")
MANY = 300


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed, colour in enumerate(COLOURS):
        make_photo(tmp_path / "photos" / f"{colour}.png", colour, seed=seed)
    make_photo(tmp_path / "photos" / "copy.png", "red", seed=0)
    return tmp_path / "photos"


@pytest.fixture
def read(tmp_path: Path) -> Path:
    """Where each reading of a newer version adds a line."""
    return tmp_path / "read"


@pytest.fixture
def library(place: Path, photos: Path) -> Iterator[Library]:
    encoder = ColourEncoder()
    with closing(
        open_library(place, create=True, model="colour", open_encoder=lambda _: encoder)
    ) as library:
        library.add_root(photos)
        rebuild(library)
        yield library


def rebuild(library: Library, *, reembed: bool = False) -> tuple[int, int]:
    """How many photos were embedded, and how many read again."""
    with library.writing():
        report = library.rebuild(RebuildOptions(reembed=reembed))
    return report.embedded, report.reread


def cameras(library: Library) -> list[str | None]:
    hits = library.search("sort:date", 100).hits
    return sorted((hit.photo.facts.camera for hit in hits), key=str)


def readings(read: Path) -> int:
    return len(read.read_text().splitlines()) if read.exists() else 0


def counted(library: Library, condition: object) -> int:
    with store_of(library) as store, store.database.engine.connect() as connection:
        query = select(func.count()).select_from(contents).where(condition)  # type: ignore[arg-type]
        return connection.execute(query).scalar_one()


def test_a_newer_reader_reaches_known_photos_and_embeds_nothing(
    library: Library, read: Path
) -> None:
    assert cameras(library) == [None] * 4
    assert rebuild(library) == (0, 0)
    with store_of(library) as store, store.database.engine.connect() as connection:
        before = connection.execute(select(embeddings).order_by(embeddings.c.id)).all()
    with newer_readers(read):
        assert rebuild(library) == (0, len(COLOURS))
        assert cameras(library) == ["newer"] * 4
        assert library.search("camera:newer red", 1).hits[0].photo.path.name == "copy.png"
        assert rebuild(library) == (0, 0)
    assert readings(read) == len(COLOURS)  # copies are the same content
    with store_of(library) as store, store.database.engine.connect() as connection:
        assert connection.execute(select(embeddings).order_by(embeddings.c.id)).all() == before
    assert isinstance(library.encoder, ColourEncoder)
    assert library.encoder.embedded == len(COLOURS)


def test_photos_that_are_embedded_again_are_not_read_twice(library: Library, read: Path) -> None:
    with newer_readers(read):
        assert rebuild(library, reembed=True) == (len(COLOURS), 0)
        assert cameras(library) == ["newer"] * 4
    assert rebuild(library, reembed=True) == (len(COLOURS), 0)
    assert cameras(library) == ["newer"] * 4  # an older version changes nothing back


def test_a_photo_that_is_missing_is_read_again_when_it_is_back(
    library: Library, photos: Path, read: Path, tmp_path: Path
) -> None:
    (photos / "green.png").rename(tmp_path / "away.png")
    rebuild(library)
    with newer_readers(read):
        assert rebuild(library) == (0, 2)
        (tmp_path / "away.png").rename(photos / "green.png")
        assert rebuild(library) == (0, 1)
    assert cameras(library) == ["newer"] * 4


def test_what_the_reader_fails_on_keeps_its_facts_and_is_not_tried_again(
    library: Library, read: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def broken(image: object, stored_size: tuple[int, int]) -> Facts:
        facts = read_facts(image, stored_size)  # type: ignore[arg-type]
        tried.append(facts)
        if len(tried) == 1:
            raise Undecodable("this reader has a fault")
        return replace(facts, camera="newer")

    monkeypatch.setattr(decode, "read_facts", broken)
    monkeypatch.setattr(facts_sql, "FACTS_VERSION", FACTS_VERSION + 1)
    assert rebuild(library) == (0, len(COLOURS) - 1)
    assert rebuild(library) == (0, 0)
    assert len(tried) == len(COLOURS)
    assert None in cameras(library)
    assert library.failures() == []


def test_a_file_that_cannot_be_read_now_is_left_for_the_next_run(
    library: Library, photos: Path, read: Path, tmp_path: Path
) -> None:
    for name in ("red.png", "green.png"):
        (photos / name).rename(tmp_path / name)
    with newer_readers(read):
        with library.writing():
            run = library.rereading()
            assert run.step() == 2  # of red the copy is there
            assert run.step() is None
            assert library.rereading().step() == 0
        for name in ("red.png", "green.png"):
            (tmp_path / name).rename(photos / name)
        assert rebuild(library) == (0, 1)


def test_other_bytes_are_not_taken_for_the_known_ones(
    library: Library, photos: Path, read: Path
) -> None:
    path = photos / "green.png"
    stat, data = path.stat(), make_photo(photos.parent / "other.png", "yellow").read_bytes()
    path.write_bytes(data.ljust(stat.st_size, b"\0"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    if path.stat().st_size != stat.st_size:
        pytest.fail("the other photo is longer: choose another one")
    with newer_readers(read):
        assert rebuild(library) == (0, 2)
        assert cameras(library).count("newer") == 3
        assert rebuild(library) == (1, 0)  # it has changed, though it looked as it was
        assert library.search("yellow", 1).hits[0].photo.path == path


def test_the_facts_alone_are_those_of_a_whole_decode(photos: Path) -> None:
    files = [*photos.iterdir(), *(Path("data") / "sample").rglob("*.jpg")]
    assert len(files) > 10
    for path in files:
        data = path.read_bytes()
        assert decode.read_facts_alone(data) == decode.decode(data, 256).facts


def test_the_command_says_how_many_were_read_again(photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    indexer("rebuild", photos, "--library", library, "--model", NAME)
    with closing(sqlite3.connect(library / "library.db")) as connection, connection:
        connection.execute("UPDATE contents SET facts_version = 0")
    told = indexer("rebuild", "--library", library)
    assert told.startswith(f"{len(COLOURS)} read again, 0 failed in ")
    assert indexer("rebuild", "--library", library).startswith("nothing to do")


# by the daemon, killed, and shared


def test_a_daemon_reads_again_by_itself_and_indexes_new_photos_meanwhile(
    library: Library, photos: Path, read: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rereading, "AT_ONCE", 1)  # between two of them it looks for other work
    for seed in range(MANY):
        make_photo(photos / f"{seed}.png", "green", size=(16, 12), seed=100 + seed)
    rebuild(library)
    newer = contents.c.camera == "newer"
    with newer_readers(read), running(Daemon(library)):
        eventually(lambda: counted(library, newer) > 0)
        assert state(library).is_settled
        new = make_photo(photos / "new.png", "yellow")
        eventually(lambda: library.search("yellow", 1).hits[0].photo.path == new)
        assert 0 < counted(library, newer) < MANY


def test_a_daemon_that_has_read_all_again_watches(library: Library, read: Path) -> None:
    with newer_readers(read), running(Daemon(library)):
        eventually(lambda: counted(library, contents.c.camera == "newer") == len(COLOURS))
        eventually(lambda: state(library).doing is Activity.WATCHING)
    assert readings(read) == len(COLOURS)


@pytest.mark.skipif(sys.platform == "win32", reason="a fork server")
def test_a_run_that_is_killed_goes_on_where_it_was(
    library: Library, photos: Path, read: Path
) -> None:
    for seed in range(MANY):
        make_photo(photos / f"{seed}.png", "green", size=(16, 12), seed=100 + seed)
    rebuild(library)
    newer = contents.c.camera == "newer"
    process = context.Process(target=ingest_with_newer_readers, args=(library.path, read, 0.01))
    process.start()
    try:
        eventually(lambda: counted(library, newer) > 0)
    finally:
        process.kill()
        process.join()
    done = counted(library, newer)
    assert done % rereading.AT_ONCE == 0
    assert 0 < done < MANY
    with newer_readers(read):
        embedded, reread = rebuild(library)
    assert (embedded, reread) == (0, MANY + len(COLOURS) - done)
    assert counted(library, newer) == MANY + len(COLOURS)


@pytest.mark.long  # test_claims.py has two daemons
@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM")
def test_two_daemons_divide_the_reading(
    postgres: Server, photos: Path, read: Path, tmp_path: Path
) -> None:
    for seed in range(MANY):
        make_photo(photos / f"{seed}.png", "green", size=(16, 12), seed=100 + seed)
    with postgres.fresh() as url:
        for host in ("anna", "bert"):
            with (
                as_host(host, tmp_path),
                closing(opened(library_directory(url), create=True, model="colour")) as library,
            ):
                library.add_root(photos)
                rebuild(library)
        daemons = [
            context.Process(
                target=keep_in_line_with_newer_readers, args=(host, tmp_path, url, read)
            )
            for host in ("anna", "bert")
        ]
        for process in daemons:
            process.start()
        try:
            with (
                as_host("carla", tmp_path),
                closing(opened(library_directory(url))) as library,
            ):
                all_of_them = MANY + len(COLOURS)
                eventually(lambda: counted(library, contents.c.camera == "newer") == all_of_them)
                assert library.status().embeddings == all_of_them
            for process in daemons:
                assert process.pid is not None
                os.kill(process.pid, signal.SIGTERM)
                process.join(60)
                assert process.exitcode == 0
        finally:
            for process in daemons:
                process.kill()
        assert readings(read) == all_of_them
