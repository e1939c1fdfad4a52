"""Files of other formats are passed by, and counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.cli.output import status_document, status_text
from indexer.formats import SUFFIXES
from indexer.library.library import Library, open_library
from indexer.sources.other_formats import OTHERS, other_format
from tests.fakes import ColourEncoder
from tests.photos import make_photo

FILES = ("a.mov", "b.MOV", "below/c.cr2", "notes.txt", "x.xmp", "mov", ".hidden.mov", "out/d.mov")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    make_photo(tmp_path / "photos" / "red.png", "red")
    for name in FILES:
        file = tmp_path / "photos" / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
    return tmp_path / "photos"


@pytest.fixture
def library(place: Path, photos: Path) -> Iterator[Library]:
    opened = open_library(place, create=True, open_encoder=lambda _: ColourEncoder())
    opened.add_root(photos, ["out/"])
    with opened.writing():
        opened.rebuild()
    yield opened
    opened.close()


def test_a_full_scan_counts_them_by_suffix(library: Library, photos: Path) -> None:
    assert library.status().other_formats == {".mov": 2, ".cr2": 1}
    (photos / "e.mp4").touch()
    with library.writing():
        library.update([photos / "e.mp4"])
        assert library.status().other_formats == {".mov": 2, ".cr2": 1}
        library.update()
    assert library.status().other_formats == {".mov": 2, ".cr2": 1, ".mp4": 1}


def test_status_says_how_many(library: Library, photos: Path) -> None:
    text = status_text(library.status())
    assert "skipped     3 files of other formats: 2 .mov, 1 .cr2" in text
    assert status_document(library.status())["other_formats"] == {".mov": 2, ".cr2": 1}
    for name in ("b.MOV", "below/c.cr2"):
        (photos / name).unlink()
    with library.writing():
        library.update()
    assert "skipped     1 file of another format: 1 .mov" in status_text(library.status())


def test_no_format_is_both_read_and_passed_by() -> None:
    assert not set(OTHERS) & SUFFIXES
    assert all(other_format(f"a photo{suffix.upper()}") == suffix for suffix in OTHERS)
    assert other_format("a.jpg") is other_format("a.txt") is None
