"""The daemon over a real library: it pauses, lets others write, rests on battery, logs little."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from clipcore.errors import MissingDependency
from clipcore.messages import literal
from indexer.arrays import FloatArray
from indexer.daemon.daemon import Daemon
from indexer.errors import LibraryBusy
from indexer.library.library import Library, open_library
from indexer.paths import url_in
from indexer.postgres_url import database_url
from indexer.records.status import DaemonState
from tests.conftest import on_both_at_depth
from tests.fakes import ColourEncoder
from tests.photos import make_photo
from tests.postgres_server import Server
from tests.waiting import eventually

pytestmark = [pytest.mark.both, pytest.mark.slow]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    make_photo(tmp_path / "photos" / "red.png", "red")
    return tmp_path / "photos"


@pytest.fixture
def library(place: Path, photos: Path) -> Iterator[Library]:
    opened = open_library(
        place, create=True, model="colour", open_encoder=lambda _: ColourEncoder()
    )
    opened.add_root(photos)
    yield opened
    opened.close()


@contextmanager
def running(daemon: Daemon) -> Iterator[None]:
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        yield
    finally:
        daemon.stop()
        thread.join(30)
        assert not thread.is_alive()


def state(library: Library) -> DaemonState:
    eventually(lambda: library.status().daemon)
    told = library.status().daemon
    assert told
    return told


def test_state_names_the_last_look_and_an_empty_queue(library: Library) -> None:
    with running(Daemon(library)):
        eventually(lambda: state(library).doing == "watching")
        told = state(library)
        assert told.last_reconcile
        assert (told.queue, told.left_s, told.last_error, told.paused) == (0, None, None, None)
    assert library.status().daemon is None


def counted(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> list[None]:
    """Grows by one for each call of this method from now on."""
    calls: list[None] = []
    method = getattr(owner, name)

    def counting(*arguments: object) -> object:
        calls.append(None)
        return method(*arguments)

    monkeypatch.setattr(owner, name, counting)
    return calls


def test_paused_daemon_takes_in_nothing_and_lets_others_write(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(Daemon(library)):
        eventually(lambda: library.status().photos == 1)
        library.control.pause()
        eventually(lambda: state(library).paused)
        make_photo(photos / "blue.png", "blue")
        with library.writing():  # else LibraryBusy
            assert library.status().paused
        asked = counted(monkeypatch, type(library.control), "is_paused")
        eventually(lambda: len(asked) > 5)  # that many turns of the daemon
        assert library.status().photos == 1
        library.control.resume()
        eventually(lambda: library.status().photos == 2)
        eventually(lambda: state(library).paused is None)


def test_pause_holds_for_a_daemon_that_starts_later(library: Library) -> None:
    library.control.pause()
    with running(Daemon(library)):
        eventually(lambda: state(library).paused)
        assert library.status().photos == 0
        library.control.resume()
        eventually(lambda: library.status().photos == 1)


@on_both_at_depth
def test_resumed_daemon_waits_for_who_came_meanwhile(library: Library) -> None:
    library.control.pause()
    with running(Daemon(library)):
        eventually(lambda: state(library).paused)
        with library.writing():
            library.control.resume()
            eventually(lambda: "is being written by" in str(state(library).paused))
        eventually(lambda: library.status().photos == 1)


def test_second_daemon_is_refused_even_while_the_first_is_paused(library: Library) -> None:
    library.control.pause()
    with running(Daemon(library)):
        eventually(lambda: state(library).paused)
        with pytest.raises(LibraryBusy, match="is watched by process"):
            Daemon(library).run()


@on_both_at_depth
def test_daemon_rests_while_the_machine_runs_on_battery(library: Library) -> None:
    unplugged = threading.Event()
    unplugged.set()
    with running(Daemon(library, on_battery=unplugged.is_set)):
        eventually(lambda: "battery" in str(state(library).paused))
        assert library.status().photos == 0
        unplugged.clear()
        eventually(lambda: library.status().photos == 1)


@on_both_at_depth
def test_daemon_stops_at_once_while_paused(library: Library) -> None:
    library.control.pause()
    with running(Daemon(library)):
        eventually(lambda: state(library).paused)


def test_the_same_notice_and_the_same_bad_file_are_logged_once(
    library: Library,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (photos / "broken.png").write_text("no image")
    caplog.set_level(logging.INFO, "indexer")
    with running(Daemon(library, every_s=0.2)):
        eventually(lambda: library.status().failed == 1)
        photos.rename(tmp_path / "elsewhere")
        eventually(lambda: state(library).last_error)
        scans = counted(monkeypatch, Library, "update")
        eventually(lambda: len(scans) > 3)
    messages = [record.getMessage() for record in caplog.records]
    assert sum("broken.png" in line for line in messages) == 1
    notices = [line for line in messages if "photos kept" in line]
    assert notices
    assert len(set(notices)) == len(notices)  # a scan while the folder moves sees it empty
    assert sum("1 embedded" in line for line in messages) == 1


@on_both_at_depth
def test_model_that_cannot_be_prepared_for_searches_still_indexes(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    class Sightless(ColourEncoder):
        def embed_texts(self, texts: Sequence[str]) -> FloatArray:
            raise MissingDependency(literal("texts need a package"))

    own = open_library(library.path, open_encoder=lambda _: Sightless())
    with closing(own), running(Daemon(own)):
        eventually(lambda: library.status().photos == 1)
    assert any("texts need a package" in message for message in caplog.messages)


@on_both_at_depth
def test_index_is_written_again_after_so_many_photos(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.daemon.daemon.SNAPSHOT_EVERY", 2)
    with running(Daemon(library)):
        eventually(lambda: state(library).last_reconcile)
        written = counted(monkeypatch, Library, "save_index")
        for seed in range(3):
            make_photo(photos / f"{seed}.png", "blue", seed=seed)
        eventually(lambda: library.status().photos == 4)
        eventually(lambda: written)


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_daemon_waits_for_a_server_that_went_away_and_goes_on(
    library: Library, photos: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = database_url(url_in(library.path) or "").database
    everybody = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    with running(Daemon(library)):
        eventually(lambda: library.status().photos == 1)
        postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        postgres.run(everybody)
        make_photo(photos / "blue.png", "blue")
        tries = counted(monkeypatch, Library, "check_identity")
        eventually(lambda: len(tries) > 3)
        postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        eventually(lambda: library.status().photos == 2)
        assert library.failures() == []
        with pytest.raises(LibraryBusy), library.exclusive():  # it holds its lock again
            pass
