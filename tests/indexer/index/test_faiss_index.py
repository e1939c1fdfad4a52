"""The index finds what brute force finds, and a snapshot is loaded whole or not at all."""

from __future__ import annotations

import json
import logging
import sys
import threading
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.clip_like import ClipLike
from indexer.errors import MissingFaiss
from indexer.index.faiss_index import VectorIndex
from indexer.index.policy import BYTES
from indexer.index.snapshot import CRC_BYTES, MAGIC
from tests.depth import deeper

Rows = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

DIM = 8
LISTS = f"IVF4,PQ{DIM}x4fs"


def unit_rows(count: int, seed: int = 0) -> npt.NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def stored(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The vectors as the library keeps them."""
    return vectors.astype(np.float16).astype(np.float32)


def rewritten(snapshot: Path, content: bytes) -> None:
    """What a program that wrote nonsense would leave: wrong, but whole."""
    snapshot.write_bytes(content + zlib.crc32(content).to_bytes(CRC_BYTES, "little"))


def filled(count: int) -> VectorIndex:
    index = VectorIndex(DIM)
    if count:
        index.add(np.arange(count, dtype=np.int64) * 3 + 5, unit_rows(count))
    return index


def approximate(count: int, kind: str = LISTS) -> VectorIndex:
    vectors = unit_rows(count)
    index = VectorIndex(DIM, kind)
    index.train(vectors)
    index.add(np.arange(count, dtype=np.int64) * 3 + 5, vectors)
    return index


INDEXES = (filled(0), filled(1), filled(50), approximate(200), approximate(201, BYTES))


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = tmp_path / "index.faiss"
    filled(50).save(path, "library", "model")
    return path


@settings(max_examples=deeper(15))
@given(st.integers(0, 60), st.integers(1, 80), st.integers(0, 2**32 - 1))
def test_search_equals_brute_force(count: int, k: int, seed: int) -> None:
    vectors, (query,) = stored(unit_rows(count, seed)), unit_rows(1, seed + 1)
    ids = np.arange(count, dtype=np.int64) * 3 + 5
    index = VectorIndex(DIM)
    for part in np.array_split(np.arange(count), 3):
        if len(part):
            index.add(ids[part], vectors[part])
    found = index.search(query, k)
    assert len(found) == len(set(found.tolist())) == min(k, count)
    scores = dict(zip(ids.tolist(), (vectors @ query).tolist(), strict=True))
    best = sorted(scores.values(), reverse=True)[:k]
    np.testing.assert_allclose([scores[i] for i in found.tolist()], best, atol=1e-6)


@settings(max_examples=deeper(30))
@given(
    count=st.integers(1, 60),
    k=st.integers(1, 80),
    asked=st.sets(st.integers(0, 200)),
    seed=st.integers(0, 2**32 - 1),
)
def test_search_among_allowed_ids_equals_brute_force_among_them(
    count: int, k: int, asked: set[int], seed: int
) -> None:
    vectors, (query,) = stored(unit_rows(count, seed)), unit_rows(1, seed + 1)
    ids = np.arange(count, dtype=np.int64) * 3 + 5
    index = VectorIndex(DIM)
    index.add(ids, vectors)
    found = index.search(query, k, np.array(sorted(asked), dtype=np.int64)).tolist()
    scores = dict(zip(ids.tolist(), (vectors @ query).tolist(), strict=True))
    best = sorted((scores[i] for i in asked if i in scores), reverse=True)[:k]
    assert len(set(found)) == len(found) == len(best)
    assert set(found) <= asked
    np.testing.assert_allclose([scores[i] for i in found], best, atol=1e-6)


@cache
def clip_like(kind: str) -> tuple[VectorIndex, Ids, Rows, Rows]:
    """An index of 20 000 photos, their ids and vectors, and 40 queries; no test writes to it."""
    shapes = ClipLike(dim=64, clusters=50)
    vectors, queries = stored(shapes.photos(20_000, seed=1)), shapes.queries(40)
    index = VectorIndex(64, kind)
    index.train(vectors[: index.points_to_train()])
    ids = np.arange(len(vectors), dtype=np.int64) * 2 + 1
    index.add(ids, vectors)
    return index, ids, vectors, queries


@pytest.mark.slow
@pytest.mark.parametrize("kind", [BYTES, "IVF128,PQ64x4fs"])
@pytest.mark.parametrize("share", [1, 0.5, 0.1, 0.02])
def test_the_best_are_among_the_candidates_of_an_approximate_index(kind: str, share: float) -> None:
    index, ids, vectors, queries = clip_like(kind)
    allowed = np.flatnonzero(np.random.default_rng(0).random(len(vectors)) < share)
    found = 0
    for query in queries:
        best = allowed[np.argsort(-(vectors[allowed] @ query))[:20]]
        asked = None if share == 1 else ids[allowed]
        candidates = index.search(query, index.depth(20), asked)
        assert set(candidates.tolist()) <= set(ids[allowed].tolist())
        found += len(set(ids[best].tolist()) & set(candidates.tolist()))
    assert found / (20 * len(queries)) >= 0.98


def test_threads_search_while_one_adds() -> None:
    index, vectors = filled(2_000), unit_rows(2_000)
    failures: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                for at in (0, 777, 1_999):
                    assert index.search(vectors[at], 1).tolist() == [at * 3 + 5]
                    assert index.search(vectors[at], 1, np.array([5, 8])).tolist()[0] in (5, 8)
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for start in range(10_000, 14_000, 20):
        index.add(np.arange(start, start + 20), np.zeros((20, DIM), np.float32))
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(index) == 6_000


def test_an_empty_index_finds_nothing() -> None:
    index = VectorIndex(DIM)
    assert (len(index), index.last_id) == (0, 0)
    assert index.search(unit_rows(1)[0], 10).tolist() == []


@pytest.mark.parametrize("index", INDEXES, ids=len)
def test_a_snapshot_loads_as_it_was_saved(tmp_path: Path, index: VectorIndex) -> None:
    path = tmp_path / "index.faiss"
    index.save(path, "library", "model")
    loaded = VectorIndex.load(path, "library", "model", DIM)
    assert (len(loaded), loaded.last_id) == (len(index), index.last_id)
    assert (loaded.kind, loaded.exact) == (index.kind, index.exact)
    query = unit_rows(1, seed=9)[0]
    assert loaded.search(query, 20).tolist() == index.search(query, 20).tolist()
    loaded.add(np.array([1000]), query[None])
    assert loaded.search(query, 1).tolist() == [1000]
    assert [file.name for file in path.parent.iterdir()] == ["index.faiss"]


def test_where_there_is_no_snapshot_the_index_is_empty_and_nothing_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(VectorIndex.load(tmp_path / "index.faiss", "library", "model", DIM)) == 0
    assert caplog.records == []


def test_a_snapshot_with_vectors_of_another_length_is_discarded(
    snapshot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index = VectorIndex.load(snapshot, "library", "model", DIM + 1)
    assert_discarded(index, caplog)
    assert index.dim == DIM + 1


@pytest.mark.parametrize(
    ("library", "model"), [("library", "other"), ("other", "model"), ("other", "other")]
)
def test_a_snapshot_of_another_library_or_model_is_replaced_without_a_warning(
    snapshot: Path, caplog: pytest.LogCaptureFixture, library: str, model: str
) -> None:
    index = VectorIndex.load(snapshot, library, model, DIM + 1)
    assert (len(index), index.dim, caplog.messages) == (0, DIM + 1, [])


@pytest.mark.parametrize(
    "change",
    [
        {"count": 49},
        {"count": "50"},
        {"last_id": None},
        {"last_id": "7"},
        {"dim": 7},
        {"kind": BYTES},
        {"kind": LISTS},
        {"kind": "nonsense"},
        {"kind": 4},
        {"more": 1},
    ],
)
def test_a_header_that_does_not_fit_discards_the_snapshot(
    snapshot: Path, caplog: pytest.LogCaptureFixture, change: dict[str, object]
) -> None:
    data = snapshot.read_bytes()[len(MAGIC) : -CRC_BYTES]
    header, _, vectors = data.partition(b"\n")
    changed = json.dumps(json.loads(header) | change).encode()
    rewritten(snapshot, MAGIC + changed + b"\n" + vectors)
    assert_discarded(VectorIndex.load(snapshot, "library", "model", DIM), caplog)


@pytest.mark.parametrize("kept", [0, 5, len(MAGIC), len(MAGIC) + 20, 200, -1, -500])
def test_a_truncated_snapshot_is_discarded(
    snapshot: Path, caplog: pytest.LogCaptureFixture, kept: int
) -> None:
    snapshot.write_bytes(snapshot.read_bytes()[:kept])
    assert_discarded(VectorIndex.load(snapshot, "library", "model", DIM), caplog)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 1000,
        MAGIC + b"\xff\xfe\n",
        MAGIC + b"[" * 4000,
        MAGIC + b"[1, 2]\n",
        b"recollect index 2\n{}\n",
    ],
)
def test_garbage_is_discarded(
    snapshot: Path, caplog: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    snapshot.write_bytes(garbage)
    assert_discarded(VectorIndex.load(snapshot, "library", "model", DIM), caplog)


def test_an_index_that_faiss_cannot_read_is_discarded(
    snapshot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import faiss

    data = snapshot.read_bytes()
    start = data.index(b"\n", len(MAGIC)) + 1 + 50 * 8
    other = faiss.IndexFlatL2(DIM + 1)
    other.add(np.zeros((50, DIM + 1), np.float32))
    for index in (b"", b"nonsense" * 100, faiss.serialize_index(other).tobytes()):
        caplog.clear()
        rewritten(snapshot, data[:start] + index)
        assert_discarded(VectorIndex.load(snapshot, "library", "model", DIM), caplog)


@pytest.mark.slow
@settings(max_examples=deeper(30))
@given(data=st.data())
def test_any_changed_byte_discards_the_snapshot(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "index.faiss"
    data.draw(st.sampled_from(INDEXES[2:])).save(path, "library", "model")
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    assert len(VectorIndex.load(path, "library", "model", DIM)) == 0


def test_a_snapshot_that_cannot_be_written_leaves_the_old_one(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    before = snapshot.read_bytes()
    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        filled(3).save(snapshot, "library", "model")
    assert snapshot.read_bytes() == before
    assert list(snapshot.parent.iterdir()) == [snapshot]


def test_without_faiss_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingFaiss, match="pip install"):
        VectorIndex(DIM)


def assert_discarded(index: VectorIndex, caplog: pytest.LogCaptureFixture) -> None:
    assert (len(index), index.last_id) == (0, 0)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "\n" not in caplog.text.strip()
