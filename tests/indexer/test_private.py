"""A library is for its owner only: all its files and directories, from their first byte on."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.library.library import Library, open_library
from indexer.private import close_all_below, close_to_others, private_file
from indexer.serving.password import set_password
from tests.fakes import ColourEncoder
from tests.photos import make_photo

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="rights of files")


@pytest.fixture
def no_umask() -> Iterator[None]:
    """What no mode forbids is allowed to everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def opened(path: Path, *, create: bool = False) -> Library:
    return open_library(path, create=create, model="colour", open_encoder=lambda _: ColourEncoder())


def used(path: Path, photos: Path) -> None:
    """A library with all the files that it may have."""
    library = opened(path, create=True)
    library.add_root(photos)
    with library.daemon(), library.writing():
        library.rebuild()
        library.control.pause()
        library.models.request_switch("colour")
        library.search("red")
        library.explore()
        set_password(path, "correct horse")
        check_closed(path)  # journals and the daemon's state too
    library.close()


def check_closed(path: Path) -> None:
    modes = {one: stat.S_IMODE(one.stat().st_mode) for one in (path, *path.rglob("*"))}
    assert {str(one): oct(mode) for one, mode in modes.items() if mode & 0o077} == {}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed in range(4):
        make_photo(tmp_path / "photos" / f"{seed}.png", "red", seed=seed)
    return tmp_path / "photos"


@pytest.mark.usefixtures("no_umask")
def test_only_its_owner_reads_a_library(tmp_path: Path, photos: Path) -> None:
    used(tmp_path / "library", photos)
    check_closed(tmp_path / "library")
    assert list((tmp_path / "library" / "thumbnails").rglob("*.jpg"))


@pytest.mark.usefixtures("no_umask")
def test_file_is_private_before_anything_is_written(tmp_path: Path) -> None:
    with open(tmp_path / "secret", "wb", opener=private_file) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600


def test_private_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret").symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(OSError, match="symbolic"),
        open(tmp_path / "secret", "wb", opener=private_file),
    ):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_gone_or_may_not_be_changed_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_to_others(tmp_path / "gone")
    close_all_below(tmp_path / "gone")
    assert not (tmp_path / "gone").exists()
    (tmp_path / "of another").touch(0o644)

    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refused)
    close_to_others(tmp_path / "of another")
    assert stat.S_IMODE((tmp_path / "of another").stat().st_mode) == 0o644


def test_older_library_is_closed_when_it_is_opened(tmp_path: Path, photos: Path) -> None:
    used(library := tmp_path / "library", photos)
    for path in (library, *library.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    opened(library).close()
    check_closed(library)


def test_directory_with_other_files_stays_open_for_them(tmp_path: Path, photos: Path) -> None:
    used(library := tmp_path / "library", photos)
    other = shutil.copy(photos / "0.png", library / "mine.png")
    for path in (library, *library.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    opened(library).close()
    assert stat.S_IMODE(library.stat().st_mode) == 0o755
    assert stat.S_IMODE(other.stat().st_mode) == 0o644
    assert stat.S_IMODE((library / "library.db").stat().st_mode) == 0o600
    check_closed(library / "thumbnails")
