"""Copying: nothing is moved or overwritten, and no photo directory is written to."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import pytest

from app.selection.copy_files import Copied, FolderRefused, copy_into, target_folder
from indexer.location import Location, RemotePath


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "photos" / part / "IMG.jpg" for part in "ab"]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes([number]) * 9)
        os.utime(path, (1e9, 1e9))
    return paths


def copied_into(
    folder: Path, paths: Sequence[Location], progress: Callable[[float], object] = lambda _: None
) -> Copied:
    with target_folder(folder, [folder.parent], []) as handle:
        return copy_into(handle, paths, progress)


def refuse(folder: Path, allowed: Sequence[Path], forbidden: Sequence[Path]) -> None:
    with target_folder(folder, allowed, forbidden):
        pass


def test_copies_have_names_of_their_own_and_originals_stay(
    photos: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "IMG.jpg").write_bytes(b"mine")
    told: list[float] = []
    assert copied_into(folder, photos, told.append).count == 2
    assert told == [0.5, 1.0]
    copies = {path.name: path.read_bytes()[:4] for path in folder.iterdir()}
    assert copies == {"IMG.jpg": b"mine", "IMG (2).jpg": b"\0" * 4, "IMG (3).jpg": b"\1" * 4}
    assert (folder / "IMG (2).jpg").stat().st_mtime == 1e9
    assert all(path.exists() for path in photos)


def test_photo_behind_a_url_is_copied(photos: list[Path], tmp_path: Path) -> None:
    assert copied_into(tmp_path / "out", [RemotePath(f"file://{photos[1]}")]).failed == ()
    assert (tmp_path / "out" / "IMG.jpg").read_bytes() == photos[1].read_bytes()


def test_dangling_link_is_not_written_through(photos: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "IMG.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    copied_into(folder, photos[:1])
    assert not (tmp_path / "elsewhere.jpg").exists()
    assert (folder / "IMG (2).jpg").read_bytes() == photos[0].read_bytes()


def test_photo_that_is_gone_is_told_and_the_others_are_copied(
    photos: list[Path], tmp_path: Path
) -> None:
    gone = tmp_path / "gone.jpg"
    copied = copied_into(tmp_path / "out", [gone, photos[0]])
    assert copied.count == 1
    assert copied.failed == ((gone, "No such file or directory"),)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["IMG.jpg"]


def test_photo_directory_is_never_written_to(photos: list[Path], tmp_path: Path) -> None:
    root = tmp_path / "photos"
    (tmp_path / "link").symlink_to(root)
    for folder in (root, root / "a", root / "new", tmp_path / "link" / "a"):
        with pytest.raises(FolderRefused):
            refuse(folder, [tmp_path], [root])
    refuse(tmp_path / "photos 2", [tmp_path], [root])


def test_photo_directory_that_is_unmounted_is_refused_and_no_other_folder(tmp_path: Path) -> None:
    unmounted = tmp_path / "drive"
    refuse(tmp_path / "out", [tmp_path], [unmounted])
    with pytest.raises(FolderRefused):
        refuse(unmounted, [tmp_path], [unmounted])


def test_name_that_another_program_takes_at_that_moment_is_not_overwritten(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, opened = tmp_path / "out" / "IMG.jpg", os.open

    def open_late(path: str | Path, flags: int, *more: int, **where: int) -> int:
        if path == theirs.name:
            theirs.write_bytes(b"theirs")
        return opened(path, flags, *more, **where)

    monkeypatch.setattr(os, "open", open_late)
    assert copied_into(tmp_path / "out", photos[:1]).count == 1
    assert theirs.read_bytes() == b"theirs"
    assert (tmp_path / "out" / "IMG (2).jpg").read_bytes() == photos[0].read_bytes()


def test_folder_that_may_not_be_chosen_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path.parent, tmp_path / ".." / "x"):
        with pytest.raises(FolderRefused):
            refuse(folder, [tmp_path], [])


def test_folder_that_a_link_replaces_is_written_to_all_the_same(
    photos: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    with target_folder(folder, [tmp_path], [tmp_path / "photos"]) as handle:
        folder.rename(tmp_path / "moved")
        folder.symlink_to(tmp_path / "photos")
        assert copy_into(handle, photos).failed == ()
    assert len(list((tmp_path / "moved").iterdir())) == 2
    assert sorted(path.name for path in (tmp_path / "photos").iterdir()) == ["a", "b"]


def test_link_to_a_photo_directory_is_refused_when_it_is_opened(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "app.selection.copy_files.within", lambda _, tops: tops == [tmp_path]
    )  # as before a swap
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    for folder in (tmp_path / "link", tmp_path / "link" / "a", tmp_path / "link" / "new"):
        with pytest.raises(FolderRefused):
            refuse(folder, [tmp_path], [photos[0].parents[1]])
    assert not (tmp_path / "photos" / "new").exists()


def test_photo_that_has_become_a_pipe_is_no_file(photos: list[Path], tmp_path: Path) -> None:
    photos[0].unlink()
    os.mkfifo(photos[0])
    copied = copied_into(tmp_path / "out", photos)
    assert copied.failed == ((photos[0], "it is no file"),)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["IMG.jpg"]


def test_photo_that_cannot_be_read_to_its_end_leaves_no_half_copy(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(source: BinaryIO, copy: BinaryIO) -> None:
        copy.write(source.read(3))
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("shutil.copyfileobj", fails)
    copied = copied_into(tmp_path / "out", photos)
    assert copied.failed == tuple((path, "Input/output error") for path in photos)
    assert list((tmp_path / "out").iterdir()) == []
