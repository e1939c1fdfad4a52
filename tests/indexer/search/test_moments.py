"""A film counts as one, by its best frame, and says from when to when it matches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.engine import URL

from benchmarks.film_ranges import write_film
from indexer.arrays import FloatArray
from indexer.index.faiss_index import VectorIndex
from indexer.index.live import catch_up
from indexer.index.pgvector_index import PgIndex
from indexer.index.policy import IndexPolicy
from indexer.library.library import open_library
from indexer.query.query import Term, Text
from indexer.records.changes import ScannedFile
from indexer.records.models import Model
from indexer.records.photos import Facts, FileStat
from indexer.search.moments import around, ranges
from indexer.search.ranking import nearest
from indexer.search.relevance import Calibration, Scale
from indexer.store.outcomes import NewContent, Outcome
from indexer.store.store import Store
from tests.conftest import SAMPLE

DIM = 8
FRAMES = 16
FILMS, PHOTOS = 12, 8
NEAR_EACH_FILM = 0.2  # so little do a film's frames differ: the best hits are frames of few films


def unit_rows(count: int, seed: int) -> FloatArray:
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def film_of(number: int) -> FloatArray:
    rows = unit_rows(1, number) + NEAR_EACH_FILM * unit_rows(FRAMES, 100 + number)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def moments(number: int) -> tuple[int, ...]:
    """The cover, which is in the midst of the film, comes first."""
    return tuple((frame + 5) % FRAMES * 2000 + number for frame in range(FRAMES))


def content(name: str, vectors: FloatArray, moments_ms: tuple[int, ...] = (0,)) -> NewContent:
    duration_s = None if moments_ms == (0,) else 40.0
    facts = Facts(4, 3, "MP4", duration_s=duration_s)
    return NewContent(name.encode().ljust(32), facts, vectors, moments_ms)


@pytest.fixture
def store(database: Path | URL) -> Iterator[Store]:
    store = Store.create(database, Model("fake", "fake"))
    root = store.roots.add(Path("/films"))
    films = {f"film {n}": content(f"film {n}", film_of(n), moments(n)) for n in range(FILMS)}
    photos = {f"photo {n}": content(f"photo {n}", unit_rows(1, 50 + n)[0]) for n in range(PHOTOS)}
    files = {**films, **photos, "copy of film 3": films["film 3"]}
    store.ingest.record(
        Outcome(ScannedFile(root.id, name, FileStat(1, 1)), None, one)
        for name, one in files.items()
    )
    yield store
    store.close()


def index_of(store: Store) -> VectorIndex | PgIndex:
    if store.database.is_shared:
        return PgIndex(store, DIM, IndexPolicy()).current(store.database.change_token())
    index = VectorIndex(DIM)
    catch_up(index, store)
    return index


def scale() -> Scale:
    return Calibration(unit_rows(20, 5), unit_rows(20, 6)).scale([Term(Text("dog"))])


@pytest.mark.slow
@pytest.mark.both
def test_a_film_is_one_hit_by_its_best_frame_however_many_are_asked_for(store: Store) -> None:
    names = {row.id: row.path for row in store.ingest.rows(1)}
    index = index_of(store)
    assert len(index) == FILMS * FRAMES + PHOTOS
    for seed in range(5):
        query = film_of(seed)[2]
        vectors = {f"film {n}": film_of(n) for n in range(FILMS)}
        vectors |= {f"photo {n}": unit_rows(1, 50 + n) for n in range(PHOTOS)}
        vectors["copy of film 3"] = vectors["film 3"]
        best = {name: float((rows @ query).max()) for name, rows in vectors.items()}
        for top in (1, 5, len(names)):
            found = nearest(query, index, store, scale(), top)
            shown = [names[one.photo.id] for one in found]
            assert len(set(shown)) == len(shown) == top
            assert [round(best[name], 2) for name in shown] == pytest.approx(
                sorted(best.values(), reverse=True)[:top], abs=0.01
            )
        (film,) = (one for one in found if names[one.photo.id] == f"film {seed}")
        assert film.moment_ms == moments(seed)[2]


def test_range_is_that_of_the_frames_around_the_best_that_match(store: Store) -> None:
    root, other = unit_rows(2, 77)
    rows = np.stack([other, root, root, root, other, root])
    times = (2000, 4000, 6000, 8000, 10000, 12000)
    found = ScannedFile(1, "clear.mp4", FileStat(1, 2))
    store.ingest.record([Outcome(found, None, content("clear", rows, times))])
    (best, *others) = nearest(root, index_of(store), store, scale(), FILMS)
    assert (best.photo.path.name, best.moment_ms) == ("clear.mp4", 4000)
    known = ranges(root, [best, *others], store, scale())
    assert known[best.photo.id] == (4.0, 8.0)
    assert not any(
        one.photo.path.name.startswith("photo") for one in others if one.photo.id in known
    )


def test_film_that_was_embedded_again_since_has_no_range(store: Store) -> None:
    (best,) = nearest(film_of(0)[2], index_of(store), store, scale(), 1)
    assert best.photo.path.name == "film 0"
    (row,) = (row for row in store.ingest.rows(1) if row.path == "film 0")
    others = tuple(moment + 1 for moment in moments(0))
    again = content("film 0", film_of(0), others)
    store.ingest.record([Outcome(ScannedFile(1, row.path, row.stat), row, again)])
    assert ranges(film_of(0)[2], [best], store, scale()) == {}


def test_a_frame_belongs_to_the_range_by_its_share_of_the_best_ones_deviation() -> None:
    deviations = np.array([4.2, 0.5, 3.4, 4.0, 3.1, 2.9, 3.9], np.float32)
    assert around(3, deviations) == (2, 4)
    assert around(3, deviations, share=0.7) == (2, 6)
    assert around(3, deviations, share=0.9) == (3, 3)


@pytest.mark.slow
def test_range_of_a_scene_ends_where_one_that_looks_alike_begins(
    own_library: Path, tmp_path: Path
) -> None:
    photos = [
        SAMPLE / "Home/Pets" / name for name in ("IMG_7765.png", "Rex.jpg", "los vecinos.jpg")
    ]
    (tmp_path / "films").mkdir()
    write_film(tmp_path / "films" / "pets.mp4", [(photo, 12) for photo in photos])
    with closing(open_library(own_library)) as library:
        with library.writing():
            library.add_root(tmp_path / "films")
            library.rebuild()
        (hit,) = library.search("German shepherd type:video").hits
    assert hit.range_s is not None
    first_s, last_s = hit.range_s
    assert 12 <= first_s < last_s < 24


def test_cover_stands_for_the_film_where_one_vector_must(store: Store) -> None:
    covers = store.search.covers()
    assert len(covers) == FILMS + PHOTOS == len(set(covers.tolist()))
    shown = {photo.path.name: at for _, at, photo in store.search.photos_of(covers.tolist())}
    assert {name: at for name, at in shown.items() if "film" in name} == {
        **{f"film {n}": moments(n)[0] for n in range(FILMS)},
        "copy of film 3": moments(3)[0],
    }
    assert store.status.searchable() == (FILMS + PHOTOS + 1,) * 2
    copied = store.search.photos_of(store.search.covers(photos_each=2).tolist())
    assert {photo.path.name for _, _, photo in copied} == {"film 3", "copy of film 3"}


def test_a_film_that_is_looked_for_is_the_mean_of_its_frames(store: Store) -> None:
    ids = {row.path: row.id for row in store.ingest.rows(1)}
    mean = store.search.photo_vector(ids["film 0"], DIM)
    assert mean == pytest.approx(film_of(0).mean(axis=0), abs=1e-3)


def test_embedding_a_film_again_replaces_all_its_frames(store: Store) -> None:
    (row,) = (row for row in store.ingest.rows(1) if row.path == "film 0")
    fewer = content("film 0", film_of(0)[:3], moments(0)[:3])
    before = store.status.embeddings()
    found = ScannedFile(1, row.path, row.stat)
    store.ingest.record([Outcome(found, row, fewer)])
    assert store.status.embeddings() == before - FRAMES + 3
    assert store.ingest.known(fewer.sha256) is not None
