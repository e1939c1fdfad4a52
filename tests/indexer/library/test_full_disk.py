"""A full disk stops the taking in, says what is full, and hurts nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from indexer.daemon.daemon import Daemon
from indexer.errors import DiskFull
from indexer.library.library import Library, open_library
from indexer.paths import library_directory
from tests.fakes import ColourEncoder
from tests.photos import make_photo
from tests.postgres_server import Server, server_in
from tests.waiting import eventually

pytestmark = pytest.mark.processes

PHOTOS = 24
SMALL, ROOMY, SERVERS = "size=1m", "size=64m", "size=256m"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    with mounted(place, SMALL):
        yield place


@contextmanager
def mounted(place: Path, size: str) -> Iterator[None]:
    """Have a disk of its own at `place` meanwhile."""
    if sys.platform != "linux" or os.geteuid() != 0 or _mount("-t", "tmpfs", "-o", size, place):
        pytest.skip("only root may mount a small disk, and only on Linux")
    yield
    subprocess.run(["umount", "--lazy", place], check=True)


def _mount(*arguments: object) -> int:
    command = ["mount", *map(str, arguments[:-1]), "tmpfs", str(arguments[-1])]
    return subprocess.run(command, capture_output=True, check=False).returncode


def leave(disk: Path, left_kib: int) -> None:
    room = os.statvfs(disk)
    with (disk / "filler").open("wb") as filler:
        filler.write(bytes(max(0, room.f_bavail * room.f_frsize - left_kib * 1024)))


def make_room(disk: Path) -> None:
    subprocess.run(["mount", "-o", f"remount,{ROOMY}", disk], check=True)


def make_photos(folder: Path) -> None:
    for number in range(PHOTOS):
        make_photo(folder / f"{number}.png", "green", size=(128, 96), seed=number)


@pytest.fixture
def library(disk: Path, tmp_path: Path) -> Iterator[Library]:
    make_photos(tmp_path / "photos")
    path = disk / "library"
    opened = open_library(path, create=True, model="colour", open_encoder=lambda _: ColourEncoder())
    opened.add_root(tmp_path / "photos")
    yield opened
    opened.close()


@pytest.fixture
def servers_disk() -> Iterator[tuple[Server, Path]]:
    """PostgreSQL on a disk of its own."""
    with TemporaryDirectory(prefix="recollect-postgres-") as directory:
        place = Path(directory)
        with mounted(place, SERVERS), server_in(place / "data", unsafe=True) as server:
            yield server, place


def is_sound(library: Library) -> bool:
    with closing(sqlite3.connect(library.path / "library.db")) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_full_disk_is_named_and_the_next_run_goes_on(library: Library, disk: Path) -> None:
    leave(disk, 100)
    with pytest.raises(DiskFull, match=f"no room for {library.path}.*full"), library.writing():
        library.rebuild()
    assert library.status().photos < PHOTOS
    make_room(disk)
    assert is_sound(library)
    with library.writing():
        library.rebuild()
    assert library.status().photos == library.status().embeddings == PHOTOS
    assert is_sound(library)


def test_the_daemon_goes_on_when_there_is_room(
    library: Library,
    disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = open_library(library.path, open_encoder=lambda _: ColourEncoder())
    daemon = Daemon(own)
    leave(disk, 100)
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        eventually(lambda: caplog.text.count("trying again when there is room") > 1)
        assert thread.is_alive()
        assert library.status().photos < PHOTOS
        make_room(disk)
        eventually(lambda: library.status().photos == PHOTOS)
    finally:
        daemon.stop()
        thread.join(30)
        own.close()
    assert is_sound(library)


def test_a_servers_full_disk_is_told_as_its(
    servers_disk: tuple[Server, Path], tmp_path: Path
) -> None:
    make_photos(tmp_path / "photos")
    server, disk = servers_disk
    encoder = ColourEncoder()
    with server.fresh() as url:
        path = library_directory(url)
        library = open_library(path, create=True, model="colour", open_encoder=lambda _: encoder)
        library.add_root(tmp_path / "photos")
        leave(disk, 0)
        with pytest.raises(DiskFull, match="the server's disk is full"), library.writing():
            library.rebuild()
        (disk / "filler").unlink()
        with library.writing():
            library.rebuild()
        assert library.status().photos == library.status().embeddings == PHOTOS
        library.close()


@pytest.mark.parametrize("left_kib", range(0, 160, 40))
def test_whatever_does_not_fit_any_more_it_is_told_as_a_full_disk(
    library: Library, disk: Path, left_kib: int
) -> None:
    leave(disk, left_kib)
    with pytest.raises(DiskFull, match="no room for"), library.writing():
        library.rebuild()
    make_room(disk)
    assert is_sound(library)
    with library.writing():
        library.rebuild()
    assert library.status().photos == PHOTOS
