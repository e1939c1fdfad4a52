"""A film is indexed as one, by the frames that stand for it, and costs nobody else anything."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import fsspec
import pytest
from PIL import Image

from indexer import packages
from indexer.arrays import FloatArray
from indexer.errors import DiskFull
from indexer.imaging.thumbnails import moment_key
from indexer.ingest import films
from indexer.ingest.films import FilmReader
from indexer.library.copying import copy_library
from indexer.library.directory import LibraryDirectory
from indexer.library.indexing import RebuildOptions
from indexer.library.library import Library, open_library
from indexer.location import location
from indexer.records.changes import IngestReport
from indexer.records.photos import Photo
from indexer.sources import films as fetching
from tests.fakes import ColourEncoder
from tests.films import (
    SIZE,
    make_film,
    make_sound,
    quarters,
    without_index,
    without_pictures,
)
from tests.photos import make_photo
from tests.stores import store_of, thumbnails_of

pytestmark = pytest.mark.slow

RED = quarters("red", "red", "red", "white")
BLUE = quarters("blue", "blue", "blue", "white")
LIME = quarters("lime", "lime", "lime", "white")
BLACK = Image.new("RGB", SIZE, "black")
SCENES = (RED, BLUE, LIME)
FULL = Path("/dev/full")
FACTS_FIRST = {"movflags": "faststart"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "films").mkdir()
    return tmp_path / "films"


@pytest.fixture
def library(place: Path, folder: Path) -> Iterator[Library]:
    encoder = ColourEncoder()
    opened = open_library(place, create=True, model="colour", open_encoder=lambda _: encoder)
    opened.add_root(folder)
    yield opened
    opened.close()


def rebuild(library: Library, options: RebuildOptions | None = None) -> IngestReport:
    with library.writing():
        return library.rebuild(options)


def reasons(library: Library) -> dict[str, str]:
    return {failure.path.name: str(failure.reason) for failure in library.failures()}


def only(library: Library) -> Photo:
    (hit,) = library.search("after:1800", 10).hits
    return hit.photo


@pytest.mark.both
def test_a_film_is_one_photo_that_each_of_its_scenes_finds(library: Library, folder: Path) -> None:
    make_film(folder / "a.mp4", SCENES)
    make_photo(folder / "yellow.jpg", "yellow")
    report = rebuild(library)
    assert (report.embedded, report.failed) == (2, 0)
    status = library.status()
    assert (status.photos, status.embeddings, status.roots[0].photos) == (2, 4, 2)
    for colour, first_s in (("red", 0), ("blue", 4), ("lime", 8)):
        best, *others = library.search(colour, 10).hits
        assert best.photo.path.name == "a.mp4"
        assert best.moment_s is not None
        assert first_s <= best.moment_s < first_s + 4
        assert len(others) == 1
    photo = best.photo
    assert photo.facts.duration_s == pytest.approx(12, abs=0.2)
    assert [int(moment // 4) for moment in library.moments_s(photo)] == [0, 1, 2]
    assert library.thumbnail(photo)
    assert rebuild(library).embedded == 0


def test_a_film_that_does_not_say_its_length_is_read_in_order(
    library: Library, folder: Path
) -> None:
    make_film(folder / "a.mkv", SCENES, options={"live": "1"})  # as programs record a stream
    assert rebuild(library).embedded == 1
    film = only(library)
    assert film.facts.duration_s == pytest.approx(11, abs=1)
    assert [int(moment // 4) for moment in library.moments_s(film)] == [0, 1, 2]


def test_films_and_photos_are_told_apart(library: Library, folder: Path) -> None:
    make_film(folder / "a.mp4", SCENES)
    make_photo(folder / "yellow.jpg", "yellow")
    rebuild(library)
    found = {kind: library.search(f"type:{kind}").hits for kind in ("video", "photo")}
    assert [hit.photo.path.name for hit in found["video"]] == ["a.mp4"]
    assert [hit.photo.path.name for hit in found["photo"]] == ["yellow.jpg"]
    assert library.facets().counts["type"] == {"photo": 1, "video": 1}
    (listed,) = found["video"]
    assert (listed.moment_s, listed.range_s) == (None, None)


def test_copies_of_a_film_are_embedded_once_and_a_moved_one_never_again(
    library: Library, folder: Path
) -> None:
    film = make_film(folder / "a.mp4", SCENES)
    shutil.copy(film, folder / "b.mp4")
    report = rebuild(library)
    assert (report.embedded, report.known) == (1, 1)
    assert library.status().embeddings == 3
    assert library.status().photos == 2
    film.rename(folder / "c.mkv")
    report = rebuild(library)
    assert (report.embedded, report.moved) == (0, 1)


def test_a_file_is_judged_by_its_bytes_whatever_its_name(library: Library, folder: Path) -> None:
    make_film(folder / "a.mp4", SCENES).rename(folder / "film.jpg")
    make_photo(folder / "b.png", "yellow").rename(folder / "photo.mp4")
    (folder / "text.mov").write_text("no film at all")
    (folder / "empty.mp4").touch()
    rebuild(library)
    assert {hit.photo.path.name for hit in library.search("type:video").hits} == {"film.jpg"}
    assert {hit.photo.path.name for hit in library.search("type:photo").hits} == {"photo.mp4"}
    assert reasons(library).keys() == {"text.mov", "empty.mp4"}


def test_what_shows_nothing_is_a_clear_failure(library: Library, folder: Path) -> None:
    make_film(folder / "black.mp4", [BLACK], scene_s=3)
    make_sound(folder / "sound.mp4")
    make_film(folder / "whole.mp4", [BLACK, RED])
    for damage in (without_pictures, without_index):
        film = make_film(folder / f"{damage.__name__}.mp4", SCENES, options=FACTS_FIRST)
        film.write_bytes(damage(film.read_bytes()))
    rebuild(library)
    assert reasons(library) == {
        "black.mp4": "a video whose pictures are all black or of one colour",
        "without_pictures.mp4": "no picture of this video can be decoded",
        "without_index.mp4": "no picture of this video can be decoded",
        "sound.mp4": "a video without pictures: it has sound alone",
    }
    assert all(moment >= 4 for moment in library.moments_s(only(library)))


def test_a_film_cut_short_is_indexed_by_what_is_there_with_a_notice(
    library: Library, folder: Path
) -> None:
    film = make_film(folder / "a.mp4", SCENES, options=FACTS_FIRST)
    data = film.read_bytes()
    film.write_bytes(data[: len(data) // 2])
    rebuild(library)
    (odd,) = library.oddities()
    assert "damaged" in str(odd.notice)
    (best, *_) = library.search("red", 1).hits
    assert best.photo.path == film
    assert reasons(library) == {}


def test_a_film_without_an_index_is_indexed_too(library: Library, folder: Path) -> None:
    film = make_film(folder / "a.avi", SCENES)
    data = film.read_bytes()
    film.write_bytes(data[: data.rindex(b"idx1")])
    rebuild(library)
    assert reasons(library) == {}
    for colour in ("red", "blue", "lime"):
        assert library.search(colour, 1).hits[0].photo.path == film


def test_without_its_package_a_film_names_the_extra_and_is_not_even_read(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_film(folder / "a.mp4", SCENES)
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    rebuild(library)
    (reason,) = reasons(library).values()
    assert "recollect-photos[video]" in reason
    monkeypatch.undo()
    assert rebuild(library).embedded == 1
    assert reasons(library) == {}


def test_copies_of_a_film_under_names_of_photos_are_embedded_once(
    library: Library, folder: Path
) -> None:
    make_film(folder / "a.mp4", SCENES).rename(folder / "a.jpg")
    shutil.copy(folder / "a.jpg", folder / "b.jpg")
    report = rebuild(library)
    assert (report.embedded, report.known) == (1, 1)


def test_a_frame_that_the_encoder_refuses_costs_its_film_alone(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_film(folder / "a.mp4", SCENES)
    make_film(folder / "b.mp4", [LIME])
    embed = ColourEncoder.embed_images

    def embed_images(self: ColourEncoder, pixels: FloatArray) -> FloatArray:
        means = pixels.mean(axis=(2, 3))
        if (means[:, 2] > 2 * means[:, 1]).any():
            raise RuntimeError("too blue")
        return embed(self, pixels)

    monkeypatch.setattr(ColourEncoder, "embed_images", embed_images)
    assert rebuild(library).embedded == 1
    assert reasons(library) == {"a.mp4": "the encoder failed: RuntimeError: too blue"}


def test_a_film_that_changes_while_it_is_read_is_left_for_the_next_run(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_film(folder / "a.mp4", SCENES)
    shutil.copy(film, folder / "b.mp4")
    read = FilmReader.read

    def touched(reader: FilmReader, kind: str) -> object:
        os.utime(reader.path, (1, 1))
        return read(reader, kind)

    monkeypatch.setattr(FilmReader, "read", touched)
    report = rebuild(library)
    assert (report.deferred, report.embedded) == (2, 0)
    monkeypatch.undo()
    report = rebuild(library)
    assert (report.embedded, report.known, report.failed) == (1, 1, 0)


def test_a_run_that_is_stopped_leaves_the_film_it_is_at(library: Library, folder: Path) -> None:
    make_film(folder / "a.mp4", SCENES)
    stopped = threading.Event()

    def stop() -> bool:
        """From the moment on at which the film is being read."""
        if threading.current_thread().name.startswith("shard"):
            stopped.set()
        return stopped.is_set()

    report = rebuild(library, RebuildOptions(stop=stop))
    assert (report.embedded, report.left) == (0, 1)
    assert rebuild(library).embedded == 1


@pytest.fixture
def behind_a_url(library: Library, folder: Path) -> Iterator[None]:
    """A film of the library, in a file system of memory."""
    film = make_film(folder / "a.mp4", SCENES)
    system = fsspec.filesystem("memory")
    system.pipe_file("/films/a.mp4", film.read_bytes())
    film.unlink()
    try:
        library.add_root(location("memory://films"))
        assert rebuild(library).embedded == 1
        yield
    finally:
        system.rm("/films", recursive=True)


@pytest.mark.usefixtures("behind_a_url")
def test_films_behind_urls_are_fetched_piece_by_piece(library: Library) -> None:
    (hit, *_) = library.search("blue", 5).hits
    assert hit.moment_s is not None
    cover = library.thumbnail(hit.photo)
    assert cover
    assert library.moment_thumbnail(hit.photo, hit.moment_s) == cover
    with thumbnails_of(library) as thumbnails:
        thumbnails.forget(hit.photo.sha256)
    assert library.thumbnail(hit.photo) is None  # a film is not fetched for it


@pytest.mark.skipif(not FULL.exists(), reason="a disk that is always full")
@pytest.mark.usefixtures("behind_a_url")
def test_facts_of_a_film_behind_a_url_are_read_again_where_there_is_room(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store_of(library) as store, store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE contents SET facts_version = 0, duration_s = 1")
    with monkeypatch.context() as patched:
        patched.setattr(fetching, "NamedTemporaryFile", lambda **_: FULL.open("wb"))
        with pytest.raises(DiskFull):
            rebuild(library)
    assert rebuild(library).reread == 1
    assert only(library).facts.duration_s == pytest.approx(12, abs=0.2)


def test_a_moments_thumbnail_is_decoded_once_and_pruned_with_its_film(
    library: Library, folder: Path
) -> None:
    film = make_film(folder / "a.mp4", SCENES)
    make_photo(folder / "yellow.jpg", "yellow")
    rebuild(library)
    photo = library.search("blue", 1).hits[0].photo
    jpegs = [library.moment_thumbnail(photo, moment) for moment in library.moments_s(photo)]
    assert len(set(jpegs)) == 3
    film.unlink()
    assert library.moment_thumbnail(photo, library.moments_s(photo)[1]) == jpegs[1]
    rebuild(library)
    with library.exclusive():
        pruned = library.prune(timedelta(seconds=-1))
    assert (pruned.contents, pruned.embeddings) == (1, 3)
    with thumbnails_of(library) as thumbnails:
        keys = [moment_key(photo.sha256, round(1000 * at)) for at in (1, 5, 9)]
        assert [thumbnails.read(key) for key in (photo.sha256, *keys)] == [None] * 4


def test_thumbnails_of_moments_that_no_longer_stand_for_a_film_go(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_film(folder / "a.mp4", SCENES)
    make_photo(folder / "yellow.jpg", "yellow")
    rebuild(library)
    photo = library.search("type:video", 1).hits[0].photo
    before = library.moments_s(photo)
    assert len({library.moment_thumbnail(photo, moment) for moment in before}) == 3
    monkeypatch.setattr(films, "MOST_KEPT", 2)  # as another version of a model may have it
    rebuild(library, RebuildOptions(reembed=True))
    now = library.moments_s(photo)
    assert len(now) == 2
    with thumbnails_of(library) as thumbnails:
        stored = [moment for moment in before if thumbnails.read(_key(photo, moment))]
        assert stored == [moment for moment in before if moment in now]
        assert thumbnails.read(photo.sha256)


def _key(photo: Photo, moment_s: float) -> bytes:
    return moment_key(photo.sha256, round(1000 * moment_s))


def test_the_cover_of_a_film_is_made_again_where_it_is_missing(
    library: Library, folder: Path
) -> None:
    make_film(folder / "a.mp4", SCENES)
    rebuild(library)
    photo = only(library)
    with thumbnails_of(library) as thumbnails:
        thumbnails.forget(photo.sha256)
        assert library.thumbnail(photo)
        assert thumbnails.read(photo.sha256)
        thumbnails.forget(photo.sha256)
        make_film(folder / "a.mp4", [RED])  # another film since
        assert library.thumbnail(photo) is None


def test_facts_of_films_are_read_again_by_newer_readers(library: Library, folder: Path) -> None:
    make_film(folder / "a.mp4", SCENES, com__android__model="Pixel 9")
    rebuild(library)
    with store_of(library) as store, store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE contents SET facts_version = 0, camera = NULL")
    assert rebuild(library).reread == 1
    assert only(library).facts.camera == "Pixel 9"


def test_a_damaged_film_stays_odd_when_its_facts_are_read_again(
    library: Library, folder: Path
) -> None:
    film = make_film(folder / "a.mp4", SCENES, options=FACTS_FIRST)
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    rebuild(library)
    (before,) = library.oddities()
    with store_of(library) as store, store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE contents SET facts_version = 0, notice = NULL")
    assert rebuild(library).reread == 1
    assert library.oddities() == [before]


def test_a_video_is_looked_for_by_its_file_and_by_its_number(
    library: Library, folder: Path, tmp_path: Path
) -> None:
    make_film(folder / "a.mp4", [RED, RED])
    make_film(folder / "b.mp4", [LIME, LIME])
    make_photo(folder / "lime.jpg", "lime")
    rebuild(library)
    other = make_film(tmp_path / "other.mov", [LIME])
    best, *others = library.search(f'"{other}"', 3).hits
    assert best.photo.path.name == "b.mp4"
    assert others[-1].photo.path.name == "a.mp4"
    similar = library.search(f"#{best.photo.id}", 3).hits
    assert [hit.photo.path.name for hit in similar] == ["lime.jpg", "a.mp4"]


class OtherEncoder(ColourEncoder):
    """Another model of the same kind."""

    model_id = "colour-2"


def test_another_model_embeds_the_frames_of_a_film_too(place: Path, folder: Path) -> None:
    make_film(folder / "a.mp4", SCENES)
    encoders = {"colour": ColourEncoder(), "other": OtherEncoder()}
    opened = open_library(place, create=True, model="colour", open_encoder=encoders.__getitem__)
    with closing(opened) as library:
        library.add_root(folder)
        rebuild(library)
        with library.switching_to("other") as switched:
            assert switched.models.cost("other").photos == 1
            assert rebuild(switched).embedded == 1
        best = library.search("lime", 1).hits[0]
        assert library.model_id == "colour-2"
        assert best.moment_s is not None
        assert 8 <= best.moment_s < 12
        assert library.status().embeddings == 3


def test_a_copied_library_has_the_frames_of_its_films(
    library: Library, folder: Path, tmp_path: Path
) -> None:
    make_film(folder / "a.mp4", SCENES)
    rebuild(library)
    before = library.search("blue", 1).hits[0]
    copied = copy_library(LibraryDirectory(library.path), LibraryDirectory(tmp_path / "copy"))
    assert (copied.photos, copied.contents, copied.embeddings) == (1, 1, 3)
    with closing(open_library(tmp_path / "copy", open_encoder=lambda _: ColourEncoder())) as copy:
        after = copy.search("blue", 1).hits[0]
        assert (after.photo, after.score, after.moment_s) == (
            before.photo,
            before.score,
            before.moment_s,
        )
        assert copy.moments_s(after.photo) == library.moments_s(before.photo)
