"""The atlas and the near-duplicates, over real libraries, and what is kept of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy.engine import URL

from indexer.errors import LibraryBusy
from indexer.explore import atlas, near_duplicates
from indexer.explore.concepts import concepts, names
from indexer.explore.near_duplicates import DIFFERING, difference_hash
from indexer.explore.projection import by_pca, by_tsne, can_tsne
from indexer.index.faiss_index import k_means
from indexer.library.library import Library, open_library
from indexer.locking import held
from indexer.records.changes import ScannedFile
from indexer.records.models import Model
from indexer.records.photos import Facts, FileStat, Photo
from indexer.store.outcomes import NewContent, Outcome
from indexer.store.store import Store
from tests.conftest import DATABASES, place_on
from tests.fakes import ColourEncoder
from tests.photos import make_photo

pytestmark = pytest.mark.slow

COLOURS = ("red", "lime", "blue", "white")


@pytest.fixture(scope="module", params=DATABASES)
def explored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    """Six photos of each colour, and of one picture a copy, a smaller one and its mirror image."""
    directory = tmp_path_factory.mktemp("explored")
    for colour in COLOURS:
        for seed in range(6):
            make_photo(directory / "photos" / f"{colour}{seed}.jpg", colour, seed=seed)
    half = np.random.default_rng(0).integers(0, 255, (40, 32, 3)).astype(np.uint8)
    picture = Image.fromarray(np.hstack([half, half[:, ::-1]]))  # mirrored it has the same colours
    large = picture.resize((640, 400), Image.Resampling.BICUBIC)
    (directory / "photos" / "pictures").mkdir()
    for name, image in {
        "large.png": large,
        "small.jpg": large.resize((320, 200)),
        "upside down.png": large.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    }.items():
        image.save(directory / "photos" / "pictures" / name)
    shutil.copy(directory / "photos/pictures/large.png", directory / "photos/pictures/zcopy.png")
    with place_on(request, directory) as place:
        library = open_library(
            place, create=True, model="colour", open_encoder=lambda _: ColourEncoder()
        )
        with library.writing():
            library.add_root(directory / "photos")
            library.rebuild()
        library.explore()
        yield library
        library.close()


def test_atlas_puts_photos_of_one_colour_into_one_group(explored: Library) -> None:
    drawn = atlas.load(explored.path, explored.model_id)
    assert drawn is not None
    groups: dict[str, set[int]] = {}
    for photo_id, group in zip(drawn.photo_ids.tolist(), drawn.groups.tolist(), strict=True):
        name = explored.photo(photo_id).path.stem
        groups.setdefault(name.rstrip("0123456789"), set()).add(group)
    of_colours = [groups[colour] for colour in COLOURS]
    assert all(a.isdisjoint(b) for a in of_colours for b in of_colours if a is not b)
    assert len(drawn.photo_ids) == drawn.state.embeddings < drawn.state.photos  # of copies one
    assert drawn.places.min() >= 0
    assert drawn.places.max() <= 1
    assert set(drawn.names) <= set(concepts())
    assert len(set(drawn.names)) == len(drawn.names)


def test_copy_and_smaller_picture_are_look_alikes_the_largest_first(explored: Library) -> None:
    found = near_duplicates.load(explored.path, explored.model_id)
    assert found is not None
    named = [[explored.photo(number).path.name for number in group] for group in found.groups]
    assert ["large.png", "zcopy.png", "small.jpg"] in named
    assert not any("upside down.png" in group for group in named)


def test_what_was_kept_of_another_model_or_is_damaged_is_not_shown(
    explored: Library, tmp_path: Path
) -> None:
    assert atlas.load(explored.path, "another") is None
    assert near_duplicates.load(explored.path, "another") is None
    for file in (atlas.FILE, near_duplicates.FILE):
        whole = (explored.path / file).read_bytes()
        for damaged in (b"", b"{}", whole[: len(whole) // 2]):
            (tmp_path / file).write_bytes(damaged)
            assert atlas.load(tmp_path, explored.model_id) is None
            assert near_duplicates.load(tmp_path, explored.model_id) is None


def test_state_tells_that_the_library_has_changed(explored: Library) -> None:
    drawn = atlas.load(explored.path, explored.model_id)
    status = explored.status()
    assert drawn is not None
    assert drawn.state == atlas.State(status.model_id, status.photos, status.embeddings)


def test_one_explores_at_a_time(explored: Library) -> None:
    with held(explored.path, "explorer", "is being explored by"), pytest.raises(LibraryBusy):
        explored.explore()


def test_empty_library_has_an_empty_atlas(place: Path) -> None:
    library = open_library(
        place, create=True, model="colour", open_encoder=lambda _: ColourEncoder()
    )
    library.explore()
    drawn = atlas.load(library.path, library.model_id)
    assert drawn is not None
    assert drawn.names == ()
    found = near_duplicates.load(library.path, library.model_id)
    assert found is not None
    assert found.groups == ()
    library.close()


def test_store_tells_which_embeddings_several_present_photos_have(database: Path | URL) -> None:
    facts, vector = Facts(4, 3, "JPEG"), np.array([1, 0], np.float32)
    with_store = Store.create(database, Model("m", "m-1"))
    root = with_store.roots.add(Path("/photos"))
    for sha, names_ in ((b"a" * 32, ("1", "2")), (b"b" * 32, ("3",))):
        with_store.ingest.record(
            [
                Outcome(
                    ScannedFile(root.id, name, FileStat(1, 1)), None, NewContent(sha, facts, vector)
                )
                for name in names_
            ]
        )
    (copied,) = with_store.search.covers(photos_each=2).tolist()
    assert sorted(photo.path.name for _, _, photo in with_store.search.photos_of([copied])) == [
        "1",
        "2",
    ]
    with_store.ingest.record(
        [], missing=[row for row in with_store.ingest.rows(root.id) if row.path == "2"]
    )
    assert len(with_store.search.covers(photos_each=2)) == 0
    with_store.close()


def five_alike(database: Path | URL) -> Store:
    """A library of five photos with nearly the same vector."""
    store = Store.create(database, Model("m", "m-1"))
    root = store.roots.add(Path("/photos"))
    for number in range(5):
        vector = np.eye(12, dtype=np.float32)[0] + np.float32(0.01 * number)
        new = NewContent(bytes([number]) * 32, Facts(4, 3, "JPEG"), vector / np.linalg.norm(vector))
        store.ingest.record(
            [Outcome(ScannedFile(root.id, f"{number}.jpg", FileStat(1, 1)), None, new)]
        )
    return store


def test_photo_without_a_thumbnail_looks_like_no_other(
    database: Path | URL, tmp_path: Path
) -> None:
    jpeg = make_photo(tmp_path / "one.jpg", "red").read_bytes()
    with closing(five_alike(database)) as store:

        def groups(without: str) -> list[int]:
            def thumbnail(photo: Photo) -> bytes | None:
                return None if photo.path.name == without else jpeg

            found = near_duplicates.find(store, 12, thumbnail)
            return [len(group) for group in found.groups]

        assert groups(without="") == [5]
        assert groups(without="3.jpg") == [4]


def test_large_library_is_drawn_as_a_sample(
    database: Path | URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atlas, "POINTS", 3)
    with closing(five_alike(database)) as store:
        for drawn in atlas.draw(store, ColourEncoder()):
            assert len(set(drawn.photo_ids.tolist())) == len(drawn.places) == 3


def test_where_nothing_was_kept_nothing_is_damaged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert atlas.load(tmp_path, "colour-1") is None
    assert near_duplicates.load(tmp_path, "colour-1") is None
    assert caplog.messages == []


def test_difference_hash_outlives_another_size_and_quality_but_not_another_picture(
    tmp_path: Path,
) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (8, 9)).astype(np.uint8)
    first = Image.fromarray(noise).resize((512, 384), Image.Resampling.BICUBIC)
    first.save(tmp_path / "first.jpg", quality=95)
    first.resize((200, 150)).save(tmp_path / "other size.jpg", quality=40)
    first.transpose(Image.Transpose.ROTATE_180).save(tmp_path / "another.jpg")
    hashes = {path.stem: difference_hash(path.read_bytes()) for path in tmp_path.iterdir()}
    differing = {name: int((hash_ != hashes["first"]).sum()) for name, hash_ in hashes.items()}
    assert differing["other size"] <= DIFFERING < differing["another"]


def test_group_is_called_by_the_nearest_concept_and_no_two_by_the_same() -> None:
    encoder = ColourEncoder()
    centre = encoder.embed_texts([f"a photo of {concepts()[3]}"])
    assert names(centre, encoder) == (concepts()[3],)
    assert len(set(names(np.repeat(centre, 4, axis=0), encoder))) == 4


def test_k_means_leaves_no_group_empty_and_repeats_itself() -> None:
    rows = np.repeat(np.eye(3, dtype=np.float32), 5, axis=0)
    centres, groups = k_means(rows, 9)
    assert sorted(set(groups.tolist())) == list(range(len(centres)))
    assert len({groups[5 * one] for one in range(3)}) == 3
    np.testing.assert_array_equal(k_means(rows, 9)[1], groups)


def test_k_means_finds_groups_that_lie_apart_in_whatever_order_they_come() -> None:
    rng = np.random.default_rng(0)
    rows = np.repeat(np.eye(12, dtype=np.float32)[:5], 6, axis=0)
    rows += 0.05 * rng.standard_normal(rows.shape, np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    for _ in range(50):
        order = rng.permutation(len(rows))
        _, groups = k_means(rows[order], 5)
        assert len(set(zip(groups.tolist(), (order // 6).tolist(), strict=True))) == 5


def test_main_directions_keep_apart_what_is_apart() -> None:
    near, far = np.zeros((5, 4), np.float32), np.full((5, 4), 9, np.float32)
    places = by_pca(np.vstack([near, far]))
    assert np.abs(places[:5] - places[5:]).max(axis=1).min() > 0.9


@pytest.mark.skipif(not can_tsne(100), reason="needs the extra `explore`")
def test_tsne_keeps_groups_together() -> None:
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.normal(size=(2, 16)) * 5, 20, axis=0)
    places = by_tsne((centres + rng.normal(size=centres.shape)).astype(np.float32))
    middles = places[:20].mean(axis=0), places[20:].mean(axis=0)
    spread = max(places[:20].std(), places[20:].std())
    assert np.linalg.norm(middles[0] - middles[1]) > spread
