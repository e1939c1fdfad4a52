"""The rules that users rely on, through the whole path with real databases, Pillow and FAISS."""

from __future__ import annotations

import gc
import io
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from indexer.errors import (
    DamagedLibrary,
    LibraryBusy,
    LibraryNotFound,
    ModelMismatch,
    PhotoNotFound,
    QueryError,
    RootError,
)
from indexer.library.indexing import RebuildOptions
from indexer.library.library import Library, open_library
from indexer.paths import library_name
from indexer.records.changes import IngestReport
from indexer.store import ingest_store
from indexer.sync.survey import Watching
from tests.conftest import SAMPLE, on_sqlite
from tests.depth import at_depth
from tests.fakes import ColourEncoder
from tests.photos import make_photo
from tests.stores import store_of, thumbnails_of

# how a camera held that way stores the upright picture (the inverse of what EXIF asks for)
STORED_AS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
COLOURS = ("red", "green", "blue", "yellow", "magenta")


@pytest.fixture
def encoder() -> ColourEncoder:
    return ColourEncoder()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for colour in COLOURS:
        make_photo(folder / "a folder" / f"{colour}.png", colour)
    return folder


@pytest.fixture
def library(place: Path, photos: Path, encoder: ColourEncoder) -> Iterator[Library]:
    opened = open_library(place, create=True, open_encoder=lambda _: encoder)
    opened.add_root(photos)
    rebuild(opened)
    yield opened
    opened.close()


def rebuild(library: Library, **options: bool) -> IngestReport:
    with library.writing():
        return library.rebuild(RebuildOptions(**options))


def first(library: Library, query: str) -> str:
    return library.search(query, 1).hits[0].photo.path.name


def names(library: Library) -> set[str]:
    return {hit.photo.path.name for hit in library.search("red", 100).hits}


def test_each_photo_is_found_by_what_it_shows(library: Library) -> None:
    assert [first(library, colour) for colour in COLOURS] == [f"{c}.png" for c in COLOURS]


def test_hits_are_ranked_by_cosine_and_tell_the_logit(library: Library) -> None:
    hits = library.search("red", 5).hits
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(hit.logit == pytest.approx(hit.score) for hit in hits)  # exp(0) = 1


def test_second_rebuild_changes_nothing(library: Library, encoder: ColourEncoder) -> None:
    before = encoder.embedded
    report = rebuild(library)
    assert report == IngestReport(seconds=report.seconds)
    assert encoder.embedded == before


def test_renamed_photo_is_not_embedded_again_and_keeps_its_number(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    number = library.search("red", 1).hits[0].photo.id
    (photos / "a folder" / "red.png").rename(photos / "elsewhere.png")
    before = encoder.embedded
    assert rebuild(library).moved == 1
    assert encoder.embedded == before
    assert library.photo(number).path == photos / "elsewhere.png"
    assert first(library, "red") == "elsewhere.png"
    assert library.status().missing == 0


def test_renamed_folder_embeds_nothing(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    (photos / "a folder").rename(photos / "another folder")
    before = encoder.embedded
    assert rebuild(library).moved == len(COLOURS)
    assert encoder.embedded == before


def test_photo_moved_to_another_root_embeds_nothing(
    library: Library, photos: Path, encoder: ColourEncoder, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    library.add_root(other)
    shutil.move(photos / "a folder" / "red.png", other / "red.png")
    before = encoder.embedded
    assert rebuild(library).moved == 1
    assert encoder.embedded == before


def test_copies_share_one_embedding(library: Library, photos: Path, encoder: ColourEncoder) -> None:
    shutil.copy(photos / "a folder" / "red.png", photos / "copy.png")
    before = encoder.embedded
    assert rebuild(library).known == 1
    assert encoder.embedded == before
    assert {hit.photo.path.name for hit in library.search("red", 2).hits} == {"red.png", "copy.png"}


def test_changed_photo_is_embedded_once_and_found_by_its_new_look(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    make_photo(photos / "a folder" / "red.png", "cyan", seed=1)
    before = encoder.embedded
    assert rebuild(library).embedded == 1
    assert encoder.embedded == before + 1
    assert first(library, "cyan") == "red.png"
    assert len(names(library)) == len(COLOURS)


def test_touched_photo_is_not_embedded_again(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    os.utime(photos / "a folder" / "red.png", (1, 1))
    before = encoder.embedded
    assert rebuild(library).known == 1
    assert encoder.embedded == before


def test_gone_photo_leaves_the_results_and_comes_back_unembedded(
    library: Library, photos: Path, tmp_path: Path, encoder: ColourEncoder
) -> None:
    red, away = photos / "a folder" / "red.png", tmp_path / "red.png"
    red.rename(away)
    assert rebuild(library).missing == 1
    assert "red.png" not in names(library)
    assert library.status().missing == 1
    away.rename(red)
    before = encoder.embedded
    assert rebuild(library).restored == 1
    assert encoder.embedded == before
    assert first(library, "red") == "red.png"


@pytest.mark.parametrize("vanish", ["empty", "unmounted"])
def test_root_that_vanishes_keeps_its_photos(
    library: Library, photos: Path, tmp_path: Path, vanish: str
) -> None:
    photos.rename(tmp_path / "away")
    if vanish == "empty":
        photos.mkdir()
    report = rebuild(library)
    assert report.missing == 0
    assert f"{len(COLOURS)} photos kept" in str(report.notices[0])
    assert f"{len(COLOURS)} photos kept" in str(library.status().roots[0].notice)
    assert first(library, "red") == "red.png"
    shutil.rmtree(photos, ignore_errors=True)
    (tmp_path / "away").rename(photos)
    assert rebuild(library) == IngestReport(seconds=pytest.approx(0, abs=60))
    assert library.status().roots[0].notice is None


@pytest.mark.slow
def test_many_photos_gone_at_once_are_kept_until_it_is_confirmed(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    many = [make_photo(photos / "many" / f"{n}.png", "cyan", seed=n) for n in range(40)]
    rebuild(library)
    for photo in many[:11]:
        photo.unlink()
    report = rebuild(library)  # 11 of 45: more than a fifth
    assert report.missing == 0
    assert "looks unmounted: 45 photos kept" in str(report.notices[0])
    assert "--accept-missing" in str(report.notices[0])
    assert library.status().missing == 0
    report = rebuild(library, accept_missing=True)
    assert (report.missing, report.notices) == (11, ())
    assert library.status().roots[0].notice is None


@pytest.mark.slow
def test_renaming_a_whole_folder_is_no_loss(library: Library, photos: Path) -> None:
    for number in range(40):
        make_photo(photos / "many" / f"{number}.png", "cyan", seed=number)
    rebuild(library)
    (photos / "many").rename(photos / "renamed")
    assert rebuild(library).moved == 40


def test_reembed_computes_all_again_and_leaves_one_embedding_each(
    library: Library, encoder: ColourEncoder
) -> None:
    before = encoder.embedded
    assert rebuild(library, reembed=True).embedded == len(COLOURS)
    assert encoder.embedded == before + len(COLOURS)
    assert library.status().embeddings == len(COLOURS)
    assert library.status().index.vectors == len(COLOURS)
    assert first(library, "blue") == "blue.png"


def test_reembed_leaves_out_what_is_gone_and_takes_what_has_changed_once(
    library: Library, photos: Path
) -> None:
    (photos / "a folder" / "blue.png").unlink()
    make_photo(photos / "a folder" / "red.png", "cyan")
    report = rebuild(library, reembed=True)
    assert (report.embedded, report.missing, report.deferred) == (len(COLOURS) - 1, 1, 0)
    assert library.status().embeddings == len(COLOURS) + 1  # those of what is gone stay


def test_open_searcher_finds_what_another_process_commits(
    library: Library, photos: Path, place: Path
) -> None:
    searcher = open_library(place, open_encoder=lambda _: ColourEncoder())
    assert first(searcher, "white") == "yellow.png"
    make_photo(photos / "white.png", "white")
    with library.writing():
        library.update([photos / "white.png"])
    assert first(searcher, "white") == "white.png"
    searcher.close()


def test_searcher_survives_a_reembed_by_another_process(library: Library, place: Path) -> None:
    searcher = open_library(place, open_encoder=lambda _: ColourEncoder())
    assert first(searcher, "red") == "red.png"
    rebuild(library, reembed=True)
    assert len(searcher.search("red", 100).hits) == len(COLOURS)
    searcher.close()


@on_sqlite
def test_index_snapshot_can_be_deleted(library: Library, place: Path) -> None:
    (place / "index.faiss").unlink()
    searcher = open_library(place, open_encoder=lambda _: ColourEncoder())
    assert first(searcher, "green") == "green.png"
    searcher.close()
    with library.writing():
        library.save_index()
    assert (place / "index.faiss").exists()


@on_sqlite
def test_check_finds_a_damaged_page(library: Library, place: Path) -> None:
    library.check()
    library.close()  # the log is folded in
    database = place / "library.db"
    whole = database.read_bytes()
    database.write_bytes(whole[:-4096] + bytes(4096))
    with pytest.raises(DamagedLibrary, match="is damaged"):
        library.check()


def test_update_of_a_folder_and_a_photo_in_it_takes_each_once(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_store, "OR_LIMIT", 1)
    folder = photos / "a folder"
    (folder / "red.png").unlink()
    with library.writing():
        report = library.update([folder, folder / "red.png", folder / "green.png"])
    assert (report.missing, report.known, report.embedded) == (1, 0, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="names of POSIX")
def test_update_of_a_path_that_is_too_long_is_no_accident(library: Library, photos: Path) -> None:
    make_photo(photos / "cyan.png", "cyan")
    with library.writing():
        report = library.update([photos / ("x" * 300) / "y.png", photos / "cyan.png"])
    assert (report.embedded, report.missing) == (1, 0)


def test_scan_leaves_the_collection_of_garbage_as_it_was(library: Library) -> None:
    assert gc.isenabled()
    gc.disable()
    try:
        rebuild(library)
        assert not gc.isenabled()
    finally:
        gc.enable()
    rebuild(library)
    assert gc.isenabled()


def test_update_of_some_paths_leaves_the_others_alone(library: Library, photos: Path) -> None:
    make_photo(photos / "new" / "cyan.png", "cyan")
    make_photo(photos / "white.png", "white")
    (photos / "a folder" / "red.png").unlink()
    with library.writing():
        report = library.update([photos / "new", photos / "a folder" / "red.png"])
    assert (report.embedded, report.missing) == (1, 1)
    assert names(library) == {f"{c}.png" for c in COLOURS} - {"red.png"} | {"cyan.png"}


def test_library_inside_a_photo_directory_does_not_take_itself_in(
    photos: Path, encoder: ColourEncoder
) -> None:
    library = open_library(photos / "library", create=True, open_encoder=lambda _: encoder)
    library.add_root(photos)
    rebuild(library)
    assert rebuild(library).embedded == 0
    with library.writing():
        assert library.update(list((photos / "library").rglob("*.jpg"))).known == 0
    assert library.status().photos == len(COLOURS)
    library.close()


def test_folder_within_a_known_root_is_no_second_root(library: Library, photos: Path) -> None:
    assert library.add_root(photos / "a folder").path == photos
    assert len(library.roots()) == 1


def test_removed_root_leaves_the_results_and_no_file_is_touched(
    library: Library, photos: Path
) -> None:
    library.remove_root(photos)
    assert library.search("red", 5).hits == ()
    assert len(list(photos.rglob("*.png"))) == len(COLOURS)


def test_photo_directory_that_is_none_is_refused(library: Library, tmp_path: Path) -> None:
    with pytest.raises(RootError, match="nowhere"):
        library.add_root(tmp_path / "nowhere")


def test_library_itself_is_no_photo_directory(library: Library) -> None:
    with pytest.raises(RootError, match="the library itself"):
        library.add_root(library.path)


def test_dirty_path_of_undecodable_bytes_is_no_accident(library: Library, photos: Path) -> None:
    path = Path(os.fsdecode(bytes(photos) + b"/caf\xe9.png"))
    path.write_bytes((photos / "a folder" / "red.png").read_bytes())
    with library.writing():
        assert library.update([path]).failed == 1
        path.unlink()
        assert library.update([path]).missing == 1


@pytest.mark.parametrize("query", ["", "  \n"])
def test_empty_query_is_refused(library: Library, query: str) -> None:
    with pytest.raises(QueryError, match="empty"):
        library.search(query)


def test_search_for_no_results_is_refused(library: Library) -> None:
    with pytest.raises(QueryError, match="at least 1, not 0"):
        library.search("red", 0)


def test_search_in_an_empty_library_finds_nothing(place: Path) -> None:
    library = open_library(place, create=True, open_encoder=lambda _: ColourEncoder())
    assert library.search("red").hits == ()
    library.close()


def test_library_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFound, match="nothing here"):
        open_library(tmp_path / "nothing here")


def test_library_keeps_its_model(library: Library, place: Path) -> None:
    other = ColourEncoder()
    other.model_id = "colour-2"
    searcher = open_library(place, open_encoder=lambda _: other)
    with pytest.raises(ModelMismatch, match="colour-1"):
        searcher.search("red")
    searcher.close()
    with pytest.raises(ModelMismatch, match=r"colour-1.*not colour-2"):
        open_library(place, model="other", open_encoder=lambda _: other)


def test_rebuild_goes_over_to_another_model_and_open_searchers_follow(
    library: Library, place: Path, encoder: ColourEncoder
) -> None:
    other = ColourEncoder()
    other.model_id = "colour-2"
    by_name = {"auto": encoder, "other": other}
    searcher = open_library(place, open_encoder=lambda name: by_name.get(name, encoder))
    assert searcher.search("red", 1).model_id == "colour-1"
    switched = open_library(
        place, model="other", switch=True, open_encoder=lambda name: by_name.get(name, encoder)
    )
    assert searcher.search("red", 1).model_id == "colour-1"
    assert rebuild(switched).embedded == len(COLOURS)
    assert other.embedded == len(COLOURS)
    assert searcher.search("red", 1).model_id == "colour-2"
    assert first(searcher, "red") == "red.png"
    back = open_library(place, model="auto-before", switch=True, open_encoder=lambda _: encoder)
    assert rebuild(back).embedded == 0  # the first model's embeddings are still there
    for opened in (searcher, switched, back):
        opened.close()


def test_second_writer_learns_who_writes(library: Library, place: Path) -> None:
    other = open_library(place, open_encoder=lambda _: ColourEncoder())
    told = f"{re.escape(library_name(place))} is being written by process {os.getpid()}"
    with library.writing(), pytest.raises(LibraryBusy, match=told):
        rebuild(other)
    rebuild(other)
    other.close()


def test_unknown_photo_number_is_named(library: Library) -> None:
    with pytest.raises(PhotoNotFound, match="4711"):
        library.photo(4711)


def test_deleted_thumbnail_is_made_again(library: Library) -> None:
    photo = library.search("red", 1).hits[0].photo
    before = library.thumbnail(photo)
    with thumbnails_of(library) as thumbnails:
        thumbnails.forget(photo.sha256)
        assert library.thumbnail(photo) == before
        assert thumbnails.read(photo.sha256) == before


def test_thumbnail_of_a_lost_photo_is_none(library: Library) -> None:
    photo = library.search("red", 1).hits[0].photo
    with thumbnails_of(library) as thumbnails:
        thumbnails.forget(photo.sha256)
    photo.path.unlink()
    assert library.thumbnail(photo) is None


@pytest.mark.parametrize("orientation", [1, 6, 7, *at_depth(2, 3, 4, 5, 8)])
def test_orientation_changes_neither_embedding_nor_thumbnail(
    tmp_path: Path, place: Path, orientation: int, encoder: ColourEncoder
) -> None:
    upright = Image.open(SAMPLE / "Animals" / "Arctic" / "IMG_2034.jpg").convert("RGB")
    stored = upright.transpose(STORED_AS[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    folder = tmp_path / "turned"
    folder.mkdir()
    upright.save(folder / "upright.png")
    stored.save(folder / "stored.jpg", quality=95, exif=exif)
    library = open_library(place, create=True, open_encoder=lambda _: encoder)
    library.add_root(folder)
    rebuild(library)
    one, other = (hit.photo for hit in library.search("white", 2).hits)
    assert (one.facts.width_px, one.facts.height_px) == (
        other.facts.width_px,
        other.facts.height_px,
    )
    with store_of(library) as store:
        vectors = store.search.vectors([1, 2], encoder.dim)[1]
    assert float(vectors[0] @ vectors[1]) >= 0.99
    thumbnails = [Image.open(io.BytesIO(library.thumbnail(p) or b"")) for p in (one, other)]
    assert thumbnails[0].size == thumbnails[1].size
    difference = np.abs(np.asarray(thumbnails[0], int) - np.asarray(thumbnails[1], int))
    assert difference.mean() < 5
    library.close()


@pytest.mark.parametrize("vanish", ["dangling", "empty"])
def test_photos_behind_a_link_to_an_unmounted_drive_are_kept(
    library: Library, photos: Path, tmp_path: Path, encoder: ColourEncoder, vanish: str
) -> None:
    drive = tmp_path / "drive"
    make_photo(drive / "sub" / "cyan.png", "cyan")
    (photos / "link").symlink_to(drive)
    rebuild(library)
    drive.rename(tmp_path / "away")
    if vanish == "empty":
        drive.mkdir()
    for look in (rebuild, lambda opened: update(opened, photos / "link" / "sub" / "cyan.png")):
        report = look(library)
        if vanish == "dangling" or look is rebuild:
            assert report.missing == 0
            (notice,) = report.notices
            assert str(notice).startswith(f"{photos}/link looks unmounted: 1 photo kept; ")
    shutil.rmtree(drive, ignore_errors=True)
    (tmp_path / "away").rename(drive)
    before = encoder.embedded
    rebuild(library)
    assert encoder.embedded == before
    assert first(library, "cyan") == "cyan.png"
    assert library.status().roots[0].notice is None


def update(library: Library, *paths: Path) -> IngestReport:
    with library.writing():
        return library.update(paths)


def test_photos_behind_a_link_that_was_removed_are_gone(
    library: Library, photos: Path, tmp_path: Path
) -> None:
    make_photo(tmp_path / "drive" / "cyan.png", "cyan")
    (photos / "link").symlink_to(tmp_path / "drive")
    rebuild(library)
    (photos / "link").unlink()
    assert update(library, photos / "link").missing == 1


def test_two_links_to_one_folder_show_its_photos_once(
    library: Library, photos: Path, tmp_path: Path, encoder: ColourEncoder
) -> None:
    make_photo(tmp_path / "drive" / "cyan.png", "cyan")
    (photos / "first").symlink_to(tmp_path / "drive")
    rebuild(library)
    (photos / "second").symlink_to(tmp_path / "drive")
    assert update(library, photos / "second").known == 0
    before = encoder.embedded
    (photos / "first").unlink()
    rebuild(library)
    assert library.status().photos == len(COLOURS) + 1
    assert first(library, "cyan") == "cyan.png"
    assert encoder.embedded == before


def test_hard_links_share_one_embedding(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    os.link(photos / "a folder" / "red.png", photos / "hard.png")
    before = encoder.embedded
    assert rebuild(library).known == 1
    assert encoder.embedded == before


def test_case_only_rename_keeps_the_photo_and_its_number(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    number = library.search("red", 1).hits[0].photo.id
    (photos / "a folder" / "red.png").rename(photos / "a folder" / "RED.PNG")
    before = encoder.embedded
    assert rebuild(library).moved == 1
    assert encoder.embedded == before
    assert library.photo(number).path.name == "RED.PNG"
    assert library.status().photos == len(COLOURS)
    (photos / "a folder").rename(photos / "A Folder")
    assert rebuild(library).moved == len(COLOURS)
    assert encoder.embedded == before
    assert library.status().missing == 0


def test_a_file_written_just_now_is_left_for_later_by_who_watches(
    library: Library, photos: Path
) -> None:
    late = make_photo(photos / "new folder" / "late.png", "red", seed=99)
    told: list[Path] = []
    watching = Watching(fresh_s=3600, later=told.extend)
    with library.writing():
        assert library.update(None, RebuildOptions(watching=watching)).embedded == 0
    assert late in told
    assert "late.png" not in names(library)
    with library.writing():
        assert library.update().embedded == 1
