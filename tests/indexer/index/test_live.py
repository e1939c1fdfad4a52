"""The index of a process is current at each query, and changes its kind while it answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.clip_like import ClipLike
from benchmarks.synthetic_library import make_library
from indexer.arrays import FloatArray
from indexer.index.faiss_index import VectorIndex
from indexer.index.live import LiveIndex, build, catch_up, has_all
from indexer.index.policy import BYTES, STORED, IndexPolicy
from indexer.query.query import parse
from indexer.records.changes import Row, ScannedFile
from indexer.records.models import Model
from indexer.records.photos import Facts, FileStat
from indexer.search.ranking import nearest
from indexer.search.relevance import Calibration
from indexer.store.outcomes import NewContent, Outcome
from indexer.store.search_store import SearchStore
from indexer.store.store import Store
from tests.depth import deeper
from tests.waiting import eventually

pytestmark = pytest.mark.slow

DIM = 16
COUNT = 600
PHOTOS = ClipLike(DIM, clusters=20)
LISTS = f"IVF4,PQ{DIM}x4fs"
SMALL = IndexPolicy(exact_limit=500, bytes_limit=500)  # the library of these tests has outgrown it


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    make_library(tmp_path / "library", COUNT, Model("fake", "fake"), PHOTOS)
    opened = Store.open(tmp_path / "library" / "library.db")
    yield opened
    opened.close()


@pytest.fixture
def snapshot(store: Store, tmp_path: Path) -> Path:
    path = tmp_path / "library" / "index.faiss"
    LiveIndex(store, path, DIM, SMALL).write_snapshot()
    return path


def ingest_photos(store: Store, number: int, vector: FloatArray) -> None:
    """Commit one more photo."""
    found = ScannedFile(1, f"new/{number}.jpg", FileStat(1, number))
    content = NewContent(number.to_bytes(32, "little"), Facts(4, 3, "JPEG"), vector)
    store.ingest.record([Outcome(found, None, content)])


def everything(store: Store) -> tuple[npt.NDArray[np.int64], FloatArray]:
    return store.search.vectors_after(0, DIM, limit=10**6)


def asked_twice(store: Store, live: LiveIndex) -> LiveIndex:
    """Who asks again stays, so that building beside is worth it."""
    live.current(0)
    live.current(0)
    return live


def renewed(live: LiveIndex) -> VectorIndex:
    eventually(lambda: live.status().kind == "approximate")
    return live.current(1)


def is_renewing() -> bool:
    return any(thread.name == "index renewal" for thread in threading.enumerate())


@pytest.mark.parametrize("kind", [STORED, BYTES, LISTS])
@settings(
    max_examples=deeper(10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the store is only read
)
@given(sizes=st.lists(st.integers(1, 300), max_size=5))
def test_catching_up_from_any_prefix_equals_a_rebuild(
    store: Store, kind: str, sizes: list[int]
) -> None:
    rebuilt = build(store, DIM, kind)
    index = VectorIndex(DIM, kind)
    if points := index.points_to_train():
        index.train(store.search.sample_vectors(points, DIM))
    ids, vectors = everything(store)
    for size in sizes:
        here = len(index)
        if here < COUNT:
            index.add(ids[here : here + size], vectors[here : here + size])
    assert catch_up(index, store) == COUNT - min(COUNT, sum(sizes))
    assert (len(index), index.last_id) == (len(rebuilt), rebuilt.last_id) == (COUNT, COUNT)
    for query in PHOTOS.queries(5):
        assert index.search(query, 10).tolist() == rebuilt.search(query, 10).tolist()


def test_writing_an_index_of_another_kind_reads_each_vector_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    vectors_after = SearchStore.vectors_after

    def counting(*arguments: Any) -> Any:
        ids, vectors = vectors_after(*arguments)
        read.extend(ids.tolist())
        return ids, vectors

    monkeypatch.setattr(SearchStore, "vectors_after", counting)
    live = LiveIndex(store, tmp_path / "index.faiss", DIM, SMALL)
    live.write_snapshot()
    assert sorted(read) == list(range(1, COUNT + 1))
    assert (len(live.current(0)), live.status().kind) == (COUNT, "approximate")


def test_an_outgrown_index_answers_while_another_is_built(store: Store, tmp_path: Path) -> None:
    snapshot = tmp_path / "index.faiss"
    live = LiveIndex(store, snapshot, DIM, SMALL)
    first = live.current(0)
    assert live.status().kind == "exact"
    assert not is_renewing()  # asked but once
    assert "outgrown" in str(live.status().reason)
    assert live.current(0) is first
    index = renewed(live)
    assert (index.exact, len(index)) == (False, COUNT)
    assert (live.status().kind, live.status().vectors) == ("approximate", COUNT)
    assert not LiveIndex(store, snapshot, DIM, SMALL).current(0).exact
    assert len(first.search(PHOTOS.queries(1)[0], 5)) == 5  # who still has it may go on
    live.close()


def test_what_is_committed_meanwhile_is_found(store: Store, tmp_path: Path) -> None:
    live = asked_twice(store, LiveIndex(store, tmp_path / "index.faiss", DIM, SMALL))
    (vector,) = PHOTOS.queries(1, seed=5)
    ingest_photos(store, 1, vector)
    assert live.current(2).search(vector, 1).tolist() == [COUNT + 1]
    index = renewed(live)
    assert not index.exact
    assert COUNT + 1 in index.search(vector, index.depth(1)).tolist()


def test_closing_ends_what_runs_beside(store: Store, tmp_path: Path) -> None:
    live = asked_twice(store, LiveIndex(store, tmp_path / "index.faiss", DIM, SMALL))
    live.close()
    assert not is_renewing()


def test_exact_only_discards_an_approximate_snapshot(
    store: Store, snapshot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveIndex(store, snapshot, DIM, replace(SMALL, exact_only=True))
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert (live.current(0).exact, len(live.current(0))) == (True, COUNT)
    assert str(live.status().reason) == "requested"


def test_a_snapshot_is_written_only_when_something_came(store: Store, snapshot: Path) -> None:
    before = snapshot.stat().st_ino
    LiveIndex(store, snapshot, DIM, SMALL).write_snapshot()
    assert snapshot.stat().st_ino == before
    ingest_photos(store, 1, PHOTOS.queries(1)[0])
    LiveIndex(store, snapshot, DIM, SMALL).write_snapshot()
    assert snapshot.stat().st_ino != before
    assert len(VectorIndex.load(snapshot, store.database.library_id, "fake", DIM)) == COUNT + 1


def test_a_snapshot_that_has_all_is_known_by_its_header(store: Store, snapshot: Path) -> None:
    assert has_all(snapshot, store, DIM, SMALL)
    assert not has_all(snapshot, store, DIM, replace(SMALL, exact_only=True))
    assert not has_all(snapshot, store, DIM + 1, SMALL)
    for number in (1, 1):  # the second time it is another embedding of the same content
        ingest_photos(store, number, PHOTOS.queries(1)[0])
        assert not has_all(snapshot, store, DIM, SMALL)
        LiveIndex(store, snapshot, DIM, SMALL).write_snapshot()
        assert has_all(snapshot, store, DIM, SMALL)
    damaged = bytearray(snapshot.read_bytes())
    damaged[-100] ^= 1
    snapshot.write_bytes(damaged)
    assert not has_all(snapshot, store, DIM, SMALL)
    snapshot.unlink()
    assert not has_all(snapshot, store, DIM, SMALL)


def test_a_snapshot_drops_what_the_store_no_longer_has(store: Store, snapshot: Path) -> None:
    for vector in PHOTOS.queries(2):  # embedded twice: the first embedding is gone
        ingest_photos(store, 1, vector)
        LiveIndex(store, snapshot, DIM, SMALL).write_snapshot()
    index = VectorIndex.load(snapshot, store.database.library_id, "fake", DIM)
    assert (len(index), index.last_id) == (COUNT + 1, COUNT + 2)


def test_a_snapshot_that_cannot_be_written_costs_no_answer(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    live = asked_twice(store, LiveIndex(store, tmp_path / "file" / "index.faiss", DIM, SMALL))
    assert not renewed(live).exact
    assert "cannot be written" in caplog.text


def test_many_threads_search_while_photos_come_in(store: Store, tmp_path: Path) -> None:
    live = LiveIndex(store, tmp_path / "index.faiss", DIM, SMALL)
    reader = Store.open(tmp_path / "library" / "library.db")
    missed: list[int] = []

    def search(thread: int) -> None:
        for number in range(5):
            (vector,) = PHOTOS.queries(1, seed=100 * thread + number)
            ingest_photos(store, 1 + 100 * thread + number, vector)
            index = live.current(1000 * thread + number)  # a token nobody has seen
            found = index.search(vector, index.depth(1)).tolist()
            ids, _ = reader.search.vectors(found, DIM)
            if max(ids.tolist()) <= COUNT:
                missed.append(number)

    threads = [threading.Thread(target=search, args=(thread,)) for thread in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    live.close()
    reader.close()
    assert missed == []
    assert len(live.current(-1)) == COUNT + 20


@pytest.mark.parametrize("kind", [STORED, BYTES, LISTS])
@pytest.mark.parametrize("alive", [0, 3, 30, 550])
def test_the_best_of_the_living_are_found_however_many_are_gone(
    store: Store, kind: str, alive: int
) -> None:
    rows = sorted(store.ingest.rows(1), key=lambda row: row.id)
    gone: list[Row] = rows[alive:]
    store.ingest.record([], missing=gone)
    index = build(store, DIM, kind)
    _, vectors = everything(store)
    scale = Calibration(PHOTOS.queries(20), vectors).scale(parse("query").terms)
    for query in PHOTOS.queries(5):
        found = nearest(query, index, store, scale, 20)
        assert len(found) == min(alive, 20)
        assert {one.photo.id for one in found} <= {row.id for row in rows[:alive]}
        if kind == STORED:
            best = np.sort(vectors[:alive] @ query)[::-1][:20]
            np.testing.assert_allclose([one.score for one in found], best, atol=1e-6)


@pytest.mark.parametrize("text", ["query", "month:3 query", "-month:3 query"])
def test_scores_are_exact_whatever_the_index(store: Store, text: str) -> None:
    index, parsed = build(store, DIM, LISTS), parse(text)
    _, vectors = everything(store)
    scale = Calibration(PHOTOS.queries(20), vectors).scale(parsed.terms)
    for query in PHOTOS.queries(5):
        found = nearest(query, index, store, scale, 10, parsed.filters)
        exact = [vectors[one.photo.id - 1] @ query for one in found]
        np.testing.assert_allclose([one.score for one in found], exact, atol=1e-6)
        if parsed.filters:  # so few that all of them are compared
            passing = (np.arange(1, COUNT + 1) % 12 == 2) == (text == "month:3 query")
            best = np.sort(vectors[passing] @ query)[::-1][:10]
            np.testing.assert_allclose(exact, best, atol=1e-6)
