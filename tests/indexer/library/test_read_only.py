"""A library that cannot be written is searched all the same, and says what it cannot do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from indexer.errors import LibraryError
from indexer.library.library import Library
from tests.indexer.library.test_full_disk import leave, mounted
from tests.indexer.taking_in import opened
from tests.photos import make_photo

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts read-only"
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A library of two photos on a disk of its own, whose thumbnails are lost."""
    disk = tmp_path / "disk"
    disk.mkdir()
    for colour in ("red", "blue"):
        make_photo(tmp_path / "photos" / f"{colour}.png", colour)
    with mounted(disk, "size=4m"):
        with closing(opened(disk / "library", create=True, model="colour")) as library:
            library.add_root(tmp_path / "photos")
            with library.writing():
                library.rebuild()
        shutil.rmtree(disk / "library" / "thumbnails")
        yield disk / "library"


def remount(library: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", library.parent], check=True)


def names(library: Library) -> list[str]:
    hits = library.search("red", 10).hits
    assert all(library.thumbnail(hit.photo) for hit in hits)
    return [hit.photo.path.stem for hit in hits]


def test_library_on_a_read_only_disk_is_searched(place: Path) -> None:
    remount(place, "ro")
    with closing(opened(place)) as library:
        assert names(library) == ["red", "blue"]
        assert [hit.photo.path.stem for hit in library.search("folder:photos").hits]
        assert library.status().photos == library.facets().photos == 2
        with pytest.raises(LibraryError, match=r"cannot be written"), library.writing():
            pass
        with pytest.raises(LibraryError, match=r"library\.db cannot be written, only searched"):
            library.remove_root(place.parents[1] / "photos")
    remount(place, "rw")
    with closing(opened(place)) as library, library.writing():
        assert library.rebuild().embedded == 0


def test_library_on_a_full_disk_is_searched(place: Path) -> None:
    leave(place, 0)
    with closing(opened(place)) as library:
        assert names(library) == ["red", "blue"]
        assert library.status().photos == 2


def test_library_that_was_left_open_on_a_disk_that_is_read_only_now_is_told_of(
    place: Path,
) -> None:
    with closing(opened(place)) as library:
        library.remove_root(place.parents[1] / "photos")
        kept = {path.name: path.read_bytes() for path in place.glob("library.db*")}
    for name, data in kept.items():  # as after a power cut
        (place / name).write_bytes(data)
    (place / "library.db-shm").unlink(missing_ok=True)
    remount(place, "ro")
    with pytest.raises(LibraryError, match=r"library\.db cannot be opened"):
        opened(place)
