"""Files are read as they were found: nothing that takes their name is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.errors import Unstable
from indexer.sources.reading import PIECE_BYTES, RegularFile, file_stat, read_stable


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_folder(path: Path) -> None:
    path.mkdir()


def a_broken_link(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def a_loop_of_links(path: Path) -> None:
    path.symlink_to(path)


def another_file(path: Path) -> None:
    path.with_name("other").write_bytes(b"seven b")
    path.with_name("other").rename(path)


NO_FILE = "is no file|Is a directory|No such file|Too many levels|Stale"
NO_FILES = (a_pipe, a_device, a_folder, a_broken_link, a_loop_of_links)


@pytest.mark.parametrize("make", NO_FILES)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a.jpg")
    with pytest.raises(OSError, match=NO_FILE):
        RegularFile(tmp_path / "a.jpg")


@pytest.mark.parametrize("make", [*NO_FILES, another_file])
def test_what_takes_the_files_name_is_not_read(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"7 bytes")
    file = RegularFile(path)
    path.rename(tmp_path / "moved.jpg")  # its inode stays taken
    make(path)
    with pytest.raises(OSError, match=NO_FILE):
        b"".join(file)


def test_file_is_sent_in_pieces_with_the_length_it_was_found_with(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(bytes(PIECE_BYTES) + b"end")
    (tmp_path / "link.jpg").symlink_to(path)
    file = RegularFile(tmp_path / "link.jpg")
    assert [len(piece) for piece in file] == [PIECE_BYTES, 3]
    assert len(file) == path.stat().st_size


def test_file_that_has_grown_since_it_was_found_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"begin")
    found = file_stat(path)
    with path.open("ab") as file:
        file.write(b"end")
    for stat in (file_stat, lambda _: found):  # seen before it is read, and only by its length
        with pytest.raises(Unstable, match="the file changed"):
            read_stable(path, found, stat)
