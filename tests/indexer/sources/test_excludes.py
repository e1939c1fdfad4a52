"""Which names are left out, and what a changed set of patterns does to a library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.errors import RootError
from indexer.library.library import Library, open_library
from indexer.records.changes import IngestReport
from indexer.sources.excludes import Excludes, checked
from tests.commands import run_indexer
from tests.fakes import ColourEncoder
from tests.photos import make_photo


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("a.jpg", False),
        ("._a.jpg", True),
        ("a/.hidden/b/c.jpg", True),
        ("a/@eaDir/c.jpg", True),
        ("RAW/a.jpg", True),
        ("a/RAW/b/c.jpg", True),
        ("RAW.jpg", False),
        ("a/small.thumb.jpg", True),
        ("a/out/b.jpg", False),
        ("out/b.jpg", True),
        ("x/deep/y/z.jpg", True),
        ("x/deep/y/kept.jpg", False),
    ],
)
def test_patterns_mean_what_they_mean_in_gitignore(path: str, left_out: bool) -> None:
    patterns = ("RAW/", "*.thumb.*", "/out", "x/**/*.jpg", "!kept.jpg")
    assert Excludes(patterns).covers(path) is left_out


def test_blank_patterns_are_dropped_and_senseless_ones_refused() -> None:
    assert checked([" raw/ ", "", "\t"]) == ("raw/",)
    for senseless in ("# a comment", "!", "a\nb", "/"):
        with pytest.raises(RootError, match="the pattern"):
            checked([senseless])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number in range(30):
        make_photo(folder / "raw" / f"{number}.png", "red", seed=number)
    make_photo(folder / "kept.png", "blue")
    return folder


@pytest.fixture
def encoder() -> ColourEncoder:
    return ColourEncoder()


@pytest.fixture
def library(place: Path, photos: Path, encoder: ColourEncoder) -> Iterator[Library]:
    opened = open_library(place, create=True, open_encoder=lambda _: encoder)
    opened.add_root(photos)
    rebuild(opened)
    yield opened
    opened.close()


def rebuild(library: Library) -> IngestReport:
    with library.writing():
        return library.rebuild()


@pytest.mark.slow
def test_what_is_newly_left_out_leaves_the_results_without_looking_unmounted(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    library.add_root(photos, ["raw/"])
    report = rebuild(library)
    assert (report.missing, report.notices) == (30, ())
    assert library.status().photos == 1
    assert rebuild(library) == IngestReport(seconds=pytest.approx(0, abs=60))
    library.add_root(photos, [""])
    before = encoder.embedded
    assert rebuild(library).restored == 30
    assert encoder.embedded == before
    assert library.status().photos == 31


def test_a_root_that_is_left_out_entirely_does_not_look_unmounted(
    library: Library, photos: Path
) -> None:
    library.add_root(photos, ["*"])
    report = rebuild(library)
    assert (report.missing, report.notices) == (31, ())


@pytest.mark.slow
def test_a_real_loss_beside_what_is_left_out_is_still_not_believed(
    library: Library, photos: Path
) -> None:
    for number in range(30):
        make_photo(photos / "many" / f"{number}.png", "green", seed=number)
    rebuild(library)
    library.add_root(photos, ["raw/"])
    (photos / "many").rename(photos.parent / "away")
    report = rebuild(library)
    assert report.missing == 30
    assert "looks unmounted" in str(report.notices[0])
    assert library.status().photos == 31


def test_an_event_in_a_folder_that_is_left_out_takes_nothing_in(
    library: Library, photos: Path
) -> None:
    library.add_root(photos, ["raw/"])
    rebuild(library)
    new = make_photo(photos / "raw" / "new.png", "white")
    with library.writing():
        assert library.update([new, new.parent]) == IngestReport(seconds=pytest.approx(0, abs=60))


def test_adding_a_root_again_without_patterns_keeps_those_it_has(
    library: Library, photos: Path
) -> None:
    library.add_root(photos, ["raw/", "*.tif"])
    assert library.add_root(photos).excludes == ("raw/", "*.tif")


def test_patterns_belong_to_the_root_itself(library: Library, photos: Path) -> None:
    with pytest.raises(RootError, match="belongs to"):
        library.add_root(photos / "raw", ["*.tif"])
    assert library.roots()[0].excludes == ()


def test_the_command_line_says_and_shows_what_is_left_out(library: Library, photos: Path) -> None:
    place = ("--library", library.path)
    excludes = ("--exclude", "raw/", "--exclude", "*.tif")
    shown = f"{photos}\n    excludes raw/\n    excludes *.tif\n"
    assert run_indexer("roots", "add", photos, *excludes, *place).stdout == shown
    assert run_indexer("roots", *place).stdout == shown
    assert run_indexer("roots", "add", photos, "--exclude", "", *place).stdout == f"{photos}\n"
    refused = run_indexer("roots", "add", photos, "--exclude", "#", *place)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
