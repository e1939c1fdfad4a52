"""A library that goes away while its daemon runs: the daemon ends, and nothing is made there."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest

from indexer.daemon.daemon import Daemon
from indexer.errors import LibraryMissing, LibraryNotFound
from indexer.library.control import FileControl
from indexer.library.indexing import RebuildOptions
from indexer.library.library import Library, open_library
from indexer.records.status import Activity, DaemonState
from tests.indexer.taking_in import SlowEncoder
from tests.photos import make_photo
from tests.stores import store_of
from tests.waiting import eventually

Away = Callable[[Path], object]


def opened(path: Path, *, create: bool = False) -> Library:
    return open_library(path, create=create, model="colour", open_encoder=lambda _: SlowEncoder())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    make_photo(tmp_path / "photos" / "first.png", "red")
    return tmp_path / "photos"


@pytest.fixture
def library(tmp_path: Path, photos: Path) -> Path:
    with closing(opened(tmp_path / "library", create=True)) as made:
        made.add_root(photos)
    return tmp_path / "library"


def library_id(library: Library) -> str:
    with store_of(library) as store:
        return store.database.library_id


def ended_by(library: Path, away: Away) -> LibraryMissing | None:
    """How a daemon ends from whose library this is done while it watches."""
    ends: list[LibraryMissing] = []
    reported: list[Activity] = []
    report = FileControl.report

    def noted(control: FileControl, state: DaemonState) -> None:
        report(control, state)
        reported.append(state.doing)

    with closing(opened(library)) as own, patch.object(FileControl, "report", noted):
        daemon = Daemon(own)

        def run() -> None:
            try:
                daemon.run()
            except LibraryMissing as error:
                ends.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        # the last of all that it does at first: what it writes into a folder keeps that there
        eventually(lambda: reported[-2:] == [Activity.READING_AGAIN, Activity.WATCHING])
        away(library)
        thread.join(60)
        assert not thread.is_alive()
    return ends[0] if ends else None


@pytest.mark.slow
@pytest.mark.parametrize(
    "away",
    [
        shutil.rmtree,
        lambda path: path.rename(path.with_name("moved")),
        lambda path: (path / "library.db").unlink(),
    ],
)
def test_daemon_ends_when_its_library_is_removed(library: Path, away: Away) -> None:
    error = ended_by(library, away)
    assert isinstance(error, LibraryMissing)
    assert f"the library at {library} was removed, moved or replaced" in str(error)
    assert not (library / "library.db").exists()


@pytest.mark.slow
def test_removed_library_does_not_come_back(library: Path) -> None:
    ended_by(library, shutil.rmtree)
    assert not library.exists()


@pytest.mark.slow
def test_daemon_ends_when_another_library_takes_the_place(library: Path, photos: Path) -> None:
    with closing(opened(library.with_name("other"), create=True)) as other:
        other_id = library_id(other)

    def replace(path: Path) -> None:
        path.rename(path.with_name("moved"))
        path.with_name("other").rename(path)
        make_photo(photos / "second.png", "blue")

    assert isinstance(ended_by(library, replace), LibraryMissing)
    with closing(opened(library)) as now:
        assert library_id(now) == other_id
        assert now.status().photos == 0


def test_rebuild_ends_when_its_library_is_moved(
    library: Path, photos: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    for seed in range(40):
        make_photo(photos / f"{seed}.png", "green", seed=seed)

    def move(done: int, _total: int) -> None:
        if done and library.exists():
            library.rename(library.with_name("moved"))

    with closing(opened(library)) as own, own.writing():
        with pytest.raises(LibraryMissing):
            own.rebuild(RebuildOptions(move))
        assert not library.exists()
        with pytest.raises(LibraryNotFound, match="any more"), own.exclusive():
            pass
    assert not library.exists()
