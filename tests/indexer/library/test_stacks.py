"""A RAW and its JPEG, a still and its film are one photo: from the folder to the command line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from indexer.explore import near_duplicates
from indexer.library.directory import LibraryDirectory
from indexer.library.library import Library, open_library
from indexer.query.query import LibraryPhoto, Query, Term
from indexer.records.photos import Photo
from tests.commands import run_indexer
from tests.fakes import ColourEncoder
from tests.live_photos import live_exif
from tests.photos import make_photo
from tests.raw_photos import dng
from tests.stores import store_of

# from left to right: both files of it have one difference hash
GREYS = Image.linear_gradient("L").rotate(90).resize((64, 48))
REDS = Image.merge("RGB", (GREYS, Image.new("L", GREYS.size), Image.new("L", GREYS.size)))

pytestmark = pytest.mark.usefixtures("rawpy")


@pytest.fixture(scope="module")
def rawpy() -> None:
    pytest.importorskip("rawpy")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    make_photo(folder / "IMG_2.jpg", "blue")
    (folder / "IMG_1.DNG").write_bytes(dng(REDS))
    REDS.save(folder / "IMG_1.jpg")
    return folder


@pytest.fixture
def encoder() -> ColourEncoder:
    return ColourEncoder()


@pytest.fixture
def library(tmp_path: Path, folder: Path, encoder: ColourEncoder) -> Iterator[Library]:
    library = open_library(
        tmp_path / "library", create=True, model="colour", open_encoder=lambda _: encoder
    )
    with library.writing():
        library.add_root(folder)
        library.rebuild()
    yield library
    library.close()


def rescan(library: Library) -> None:
    with library.writing():
        library.update()


def found(library: Library, query: str) -> list[list[str]]:
    """The names of the files of each hit."""
    return [[file.path.name for file in hit.item.files] for hit in library.search(query).hits]


@pytest.mark.slow
def test_a_search_has_one_hit_with_all_files(library: Library) -> None:
    assert found(library, "red") == [["IMG_1.jpg", "IMG_1.DNG"], ["IMG_2.jpg"]]
    assert found(library, "IMG_1.DNG") == [["IMG_1.jpg", "IMG_1.DNG"]]
    assert sorted(found(library, "red stack:off")) == [["IMG_1.DNG"], ["IMG_1.jpg"], ["IMG_2.jpg"]]
    (hit, *_) = library.search("ext:dng").hits
    like = Query((Term(LibraryPhoto(hit.others[0].id)),))
    assert library.search(like).hits[0].photo == hit.photo


def test_a_file_that_goes_and_comes_back_embeds_nothing(
    library: Library, folder: Path, encoder: ColourEncoder
) -> None:
    before = encoder.embedded
    away = (folder / "IMG_1.jpg").rename(folder.parent / "away.jpg")
    rescan(library)
    assert sorted(found(library, "sort:date")) == [["IMG_1.DNG"], ["IMG_2.jpg"]]
    away.rename(folder / "IMG_1.jpg")
    rescan(library)
    assert ["IMG_1.jpg", "IMG_1.DNG"] in found(library, "sort:date")
    for suffix in ("jpg", "DNG"):
        (folder / f"IMG_1.{suffix}").rename(folder / f"rome.{suffix}")
    rescan(library)
    assert ["rome.jpg", "rome.DNG"] in found(library, "sort:date")
    assert encoder.embedded == before


def test_the_setting_lists_each_file_and_stays(library: Library) -> None:
    library.stack(on=False)
    assert sorted(found(library, "red")) == [["IMG_1.DNG"], ["IMG_1.jpg"], ["IMG_2.jpg"]]
    assert (library.status().photos, library.facets().photos) == (3, 3)
    rescan(library)
    assert not library.status().stacks
    library.stack(on=True)
    assert (library.status().photos, library.status().files) == (2, 3)


def test_the_type_raw_finds_photos_with_a_raw_file(library: Library) -> None:
    assert found(library, "type:raw") == [["IMG_1.jpg", "IMG_1.DNG"]]
    assert found(library, "type:raw,video") == [["IMG_1.jpg", "IMG_1.DNG"]]
    assert found(library, "-type:raw") == [["IMG_2.jpg"]]
    assert library.facets().counts["type"] == {"photo": 2, "raw": 1}
    assert found(library, "type:raw stack:off") == [["IMG_1.DNG"]]
    library.stack(on=False)
    assert found(library, "type:raw") == [["IMG_1.DNG"]]
    assert library.facets().counts["type"] == {"photo": 3, "raw": 1}


def test_a_photo_is_no_near_duplicate_of_its_own_file(library: Library) -> None:
    def thumbnail(photo: Photo) -> bytes | None:
        return library.thumbnail(photo)

    with store_of(library) as store:
        assert near_duplicates.find(store, ColourEncoder.dim, thumbnail).groups == ()
        library.stack(on=False)
        assert len(near_duplicates.find(store, ColourEncoder.dim, thumbnail).groups) == 1


@pytest.mark.slow
def test_a_live_photo_is_known_by_the_id_in_both_files(tmp_path: Path, folder: Path) -> None:
    pytest.importorskip("av")
    from tests.films import make_film, quarters

    tag = {"com__apple__quicktime__content__identifier": "8A1F-22"}
    make_photo(folder / "still.jpg", "lime", exif=live_exif("8A1F-22"))
    make_film(folder / "film.mov", [quarters("red", "blue", "lime", "red")], scene_s=4, **tag)
    make_film(folder / "IMG_2.mp4", [quarters("red", "lime", "lime", "red")], scene_s=4)
    encoder = ColourEncoder()
    library = open_library(
        tmp_path / "live", create=True, model="colour", open_encoder=lambda _: encoder
    )
    with library.writing():
        library.add_root(folder)
        library.rebuild()
    assert ["still.jpg", "film.mov"] in found(library, "sort:date")
    assert ["IMG_2.mp4"] in found(library, "sort:date")  # too long to belong to IMG_2.jpg
    assert found(library, "type:video") == [["IMG_2.mp4"]]
    library.close()


@pytest.mark.slow
def test_commands_print_all_files_of_a_hit(tmp_path: Path, folder: Path) -> None:
    place = ("--library", tmp_path / "own")
    run_indexer("rebuild", folder, *place, "--model", "starter")

    def answer(*arguments: Any) -> str:
        done = run_indexer(*arguments, *place)
        assert done.returncode == 0, done.stderr
        return done.stdout

    jpeg, raw, other = (str(folder / name) for name in ("IMG_1.jpg", "IMG_1.DNG", "IMG_2.jpg"))
    assert answer("search", "name:img_1", "--paths").splitlines() == [jpeg, raw]
    hits = json.loads(answer("search", "sort:date", "--json"))["hits"]
    assert {hit["path"]: hit["other_files"] for hit in hits} == {jpeg: [raw], other: []}
    (row,) = csv.DictReader(io.StringIO(answer("search", "name:img_1", "--csv")))
    assert row["other_files"] == raw
    assert "photos      2  (3 files)" in answer("status")
    assert answer("stacks", "off").startswith("off")
    assert answer("stacks").startswith("off")
    assert len(json.loads(answer("search", "sort:date", "--json"))["hits"]) == 3
    copied = LibraryDirectory(tmp_path / "copy")
    run_indexer("copy", tmp_path / "own", copied.path)
    assert not json.loads(run_indexer("status", "--json", "--library", copied.path).stdout)[
        "stacks"
    ]
