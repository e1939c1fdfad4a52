"""The hosts of a library on PostgreSQL divide the work, and see what each other does."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from clipcore.messages import literal
from indexer.errors import LibraryBusy
from indexer.ingest.claims import SharedWork
from indexer.ingest.shard import Job
from indexer.library.library import Library
from indexer.paths import library_directory
from indexer.postgres_url import database_url
from indexer.records.changes import ScannedFile
from indexer.records.models import Model
from indexer.records.photos import FileStat
from indexer.records.status import Activity, DaemonState, Work
from indexer.store.outcomes import Outcome
from indexer.store.store import Store
from tests.depth import deeper
from tests.forks import context
from tests.indexer.taking_in import as_host, hold_claims, keep_in_line_as, opened, take_in_as
from tests.photos import make_photo
from tests.postgres_server import Server
from tests.waiting import eventually

PHOTOS = 500
ROUNDS = deeper(3)


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """A database for a new library."""
    with postgres.fresh() as url:
        yield url


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder that the hosts see under the same path."""
    make_photo(tmp_path / "photos" / "first.png", "red")
    return tmp_path / "photos"


Host = Callable[[str], AbstractContextManager[Library]]


@pytest.fixture
def on(url: str, tmp_path: Path) -> Host:
    """`with on("anna") as library`: the library as that host has it."""

    @contextmanager
    def on(host: str) -> Iterator[Library]:
        with as_host(host, tmp_path):
            library = opened(library_directory(url), create=True, model="colour")
            try:
                yield library
            finally:
                library.close()

    return on


def rebuild(library: Library) -> int:
    with library.writing():
        return library.rebuild().embedded


# which files are whose


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store.create(database_url(url), Model("colour", "colour-1"))
    store.roots.add(Path("/photos"))
    yield store
    store.close()


@pytest.fixture
def engine(store: Store) -> Engine:
    return store.database.engine


def jobs(*names: str) -> list[Job]:
    return [Job(ScannedFile(1, name, FileStat(1, 1))) for name in names]


def names(held: list[Job]) -> list[str]:
    return [job.found.path for job in held]


def claimed(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM claims").fetchone()
        assert row
        return int(row[0])


def test_no_two_hosts_have_the_same_file(engine: Engine, url: str) -> None:
    anna, bert = SharedWork(engine), SharedWork(engine)
    with ExitStack() as stack:
        hers = anna.take(jobs("a", "b"))
        stack.callback(hers.release)
        his = bert.take(jobs("c", "b"))
        stack.callback(his.release)
        assert names(hers.mine) == ["a", "b"]
        assert names(his.mine) == ["c"]
        assert names(list(his.elsewhere)) == ["b"]
    assert claimed(url) == 0
    again = bert.take(jobs("b"))
    assert names(again.mine) == ["b"]
    again.release()


def test_what_another_host_has_done_meanwhile_is_not_done_again(
    engine: Engine, store: Store
) -> None:
    (planned,) = jobs("a")
    store.ingest.record([Outcome(planned.found, None, error=literal("damaged"))])
    hold = SharedWork(engine).take([planned])
    assert (hold.mine, hold.done_elsewhere) == ([], 1)
    hold.release()
    changed = replace(planned, found=ScannedFile(1, "a", FileStat(1, 2)))
    hold = SharedWork(engine).take([changed])
    assert hold.mine == [changed]
    hold.release()


def test_a_row_that_is_to_be_embedded_again_is_ours_though_its_file_is_as_it_was(
    engine: Engine, store: Store
) -> None:
    (planned,) = jobs("a")
    store.ingest.record([Outcome(planned.found, None, error=literal("damaged"))])
    (row,) = store.ingest.rows(1)
    hold = SharedWork(engine).take([replace(planned, row=row)])
    assert names(hold.mine) == ["a"]
    hold.release()


def test_the_claims_of_a_host_that_died_go_back(engine: Engine, url: str) -> None:
    has_them = context.Event()
    host = context.Process(target=hold_claims, args=(url, jobs("a", "b"), has_them))
    host.start()
    assert has_them.wait(60)
    assert SharedWork(engine).take(jobs("a", "b")).mine == []
    host.kill()
    host.join()

    def taken() -> list[str]:
        hold = SharedWork(engine).take(jobs("a", "b"))
        hold.release()
        return names(hold.mine)

    eventually(lambda: taken() == ["a", "b"])
    assert claimed(url) == 0


def test_claims_of_the_dead_on_files_that_nobody_asks_for_are_swept_out(
    engine: Engine, url: str
) -> None:
    dead, living = SharedWork(engine).take(jobs("a")), SharedWork(engine).take(jobs("b"))
    assert dead.connection
    dead.connection.close()  # the lock is gone, the row is not
    assert claimed(url) == 2
    SharedWork(engine).sweep()
    assert claimed(url) == 1
    assert names(list(SharedWork(engine).take(jobs("b")).elsewhere)) == ["b"]
    living.release()
    assert claimed(url) == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM")
def test_two_daemons_take_in_the_same_photos_and_each_content_once(
    url: str, on: Host, photos: Path, tmp_path: Path
) -> None:
    for number in range(1, PHOTOS):
        folder = photos / str(number % 9)
        make_photo(folder / f"{number}.png", "green", size=(16, 12), seed=number)
    for host in ("anna", "bert"):
        with on(host) as library:
            library.add_root(photos)
    daemons = [
        context.Process(target=keep_in_line_as, args=(host, tmp_path, url))
        for host in ("anna", "bert")
    ]
    with on("carla") as library:
        library.control.pause()  # until both are there: they begin at once
    for process in daemons:
        process.start()
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            waiting = b"SELECT count(*) FROM daemons WHERE state LIKE '%paused:%'"
            eventually(lambda: connection.execute(waiting).fetchone() == (2,))
        with on("carla") as library:
            library.control.resume()
            eventually(lambda: library.status().photos == PHOTOS)
        for process in daemons:
            assert process.pid is not None
            os.kill(process.pid, signal.SIGTERM)
            process.join(60)
            assert process.exitcode == 0
    finally:
        for process in daemons:
            process.kill()
    with psycopg.connect(url) as connection:
        counted = "SELECT count(*), max(id) FROM {}"  # a second one would get a number of its own
        for table in ("embeddings", "contents"):
            assert connection.execute(counted.format(table).encode()).fetchone() == (PHOTOS, PHOTOS)
        for table in ("claims", "daemons"):
            assert connection.execute(f"SELECT * FROM {table}".encode()).fetchall() == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a fork server")
def test_hosts_killed_at_any_moment_leave_nothing_half_done(
    url: str, on: Host, photos: Path, tmp_path: Path
) -> None:
    moments = random.Random(8)
    for host in ("anna", "bert"):
        with on(host) as library:
            library.add_root(photos)
    for round_ in range(ROUNDS):
        for number in range(30):
            seed = 30 * round_ + number
            make_photo(photos / f"{seed}.png", "green", size=(16, 12), seed=seed)
        both = [
            context.Process(target=take_in_as, args=(host, tmp_path, url))
            for host in ("anna", "bert")
        ]
        for process in both:
            process.start()
        time.sleep(moments.uniform(0, 1))
        for process in both:
            process.kill()
            process.join()
    with on("anna") as library:
        rebuild(library)
        assert library.status().photos == 30 * ROUNDS + 1
        assert library.failures() == []
    with psycopg.connect(url) as connection:
        for table in ("contents", "embeddings", "thumbnails"):
            counted = f"SELECT count(*) FROM {table}".encode()
            assert connection.execute(counted).fetchone() == (30 * ROUNDS + 1,)


# what one host does, the others see


def test_a_root_belongs_to_the_hosts_that_see_it(on: Host, photos: Path, tmp_path: Path) -> None:
    other = make_photo(tmp_path / "other" / "blue.png", "blue").parent
    with on("anna") as library:
        library.add_root(photos)
        assert rebuild(library) == 1
    photos.rename(tmp_path / "not here")  # on the other host nothing lies there
    with on("bert") as library:
        library.add_root(other)
        assert rebuild(library) == 1
        assert [root.path for root in library.roots()] == [photos, other]
        assert [root.path for root in library.roots_here()] == [other]
        status = library.status()
        assert (status.photos, status.missing) == (2, 0)
        (red,) = library.search("red", 1).hits
        assert red.photo.path == photos / "first.png"
        assert library.thumbnail(red.photo)  # though the original cannot be read here


def test_a_pause_is_for_all_hosts(on: Host) -> None:
    with on("anna") as anna, on("bert") as bert:
        anna.control.pause()
        assert bert.control.is_paused()
        bert.control.resume()
        assert not anna.control.is_paused()


@pytest.mark.parametrize("was_paused", [False, True])
def test_all_hosts_make_way_and_go_on_as_before(on: Host, photos: Path, was_paused: bool) -> None:
    with on("anna") as anna, on("bert") as bert:
        if was_paused:
            bert.control.pause()
        with anna.control.making_way(Work(Activity.REMOVING, str(photos))):
            assert bert.control.is_paused()
        assert bert.control.is_paused() is was_paused


def test_daemon_of_a_newer_version_is_left_out(
    on: Host, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with on("anna") as anna, on("bert") as bert:
        anna.control.report(DaemonState(os.getpid(), "anna", datetime(2019, 6, 30)))
        with psycopg.connect(url) as connection:
            connection.execute('UPDATE daemons SET state = \'{"of": "tomorrow"}\'')
        assert bert.control.daemons() == []
        assert "what another daemon wrote is not understood" in caplog.text


def test_the_daemon_of_another_host_is_told_and_asked(on: Host, photos: Path) -> None:
    with on("anna") as anna:
        anna.add_root(photos)
        with anna.daemon() as telling, on("bert") as bert:
            eventually(lambda: bert.status().daemon is not None)
            daemon = bert.status().daemon
            assert daemon
            assert (daemon.host, daemon.pid) == ("anna", os.getpid())
            telling.take_scan_request()
            bert.forget_failures()
            assert telling.requested_scan is not None
        assert anna.status().daemon is None


def test_hosts_write_side_by_side_but_not_beside_who_must_be_alone(on: Host) -> None:
    with on("anna") as anna, on("bert") as bert:
        with anna.writing(), bert.writing():
            pass
        with (
            anna.writing(),
            pytest.raises(LibraryBusy, match="is being written by"),
            bert.exclusive(),
        ):
            pass
        with (
            anna.exclusive(),
            pytest.raises(LibraryBusy, match="is being written by"),
            bert.writing(),
        ):
            pass
        with bert.exclusive():
            pass
