"""Files of other formats are passed by, and counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.cli.status_output import status_document, status_text
from indexer.formats import COUNTED, SUFFIXES
from indexer.library.library import Library, open_library
from indexer.sources.other_formats import other_format
from tests.fakes import ColourEncoder
from tests.photos import make_photo

FILES = ("a.svg", "b.SVG", "below/c.psb", "notes.txt", "x.xmp", "svg", ".hidden.svg", "out/d.svg")


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
    assert library.status().other_formats == {".svg": 2, ".psb": 1}
    (photos / "e.xcf").touch()
    with library.writing():
        library.update([photos / "e.xcf"])
        assert library.status().other_formats == {".svg": 2, ".psb": 1}
        library.update()
    assert library.status().other_formats == {".svg": 2, ".psb": 1, ".xcf": 1}


def test_status_says_how_many(library: Library, photos: Path) -> None:
    text = status_text(library.status())
    assert "skipped     3 files of other formats: 2 .svg, 1 .psb" in text
    assert status_document(library.status())["other_formats"] == {".svg": 2, ".psb": 1}
    for name in ("b.SVG", "below/c.psb"):
        (photos / name).unlink()
    with library.writing():
        library.update()
    assert "skipped     1 file of another format: 1 .svg" in status_text(library.status())


def test_no_format_is_both_read_and_passed_by() -> None:
    assert not set(COUNTED) & SUFFIXES
    assert all(other_format(f"a photo{suffix.upper()}") == suffix for suffix in COUNTED)
    assert other_format("a.jpg") is other_format("a.txt") is None
