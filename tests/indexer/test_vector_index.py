"""The index finds what brute force finds, and a snapshot is loaded whole or not at all."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import MissingFaiss
from indexer.vector_index import MAGIC, VectorIndex

DIM = 8


def unit_rows(count: int, seed: int = 0) -> npt.NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def filled(count: int) -> VectorIndex:
    index = VectorIndex(DIM)
    if count:
        index.add(np.arange(count, dtype=np.int64) * 3 + 5, unit_rows(count))
    return index


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = tmp_path / "index.faiss"
    filled(50).save(path, "library", "model")
    return path


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 60), st.integers(1, 80), st.integers(0, 2**32 - 1))
def test_search_equals_brute_force(count: int, k: int, seed: int) -> None:
    vectors, (query,) = unit_rows(count, seed), unit_rows(1, seed + 1)
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


def test_an_empty_index_finds_nothing() -> None:
    index = VectorIndex(DIM)
    assert (len(index), index.last_id) == (0, 0)
    assert index.search(unit_rows(1)[0], 10).tolist() == []


@pytest.mark.parametrize("count", [0, 1, 50])
def test_a_snapshot_loads_as_it_was_saved(tmp_path: Path, count: int) -> None:
    index, path = filled(count), tmp_path / "new folder" / "index.faiss"
    index.save(path, "library", "model")
    loaded = VectorIndex.load(path, "library", "model", DIM)
    assert (len(loaded), loaded.last_id) == (count, index.last_id)
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


@pytest.mark.parametrize(
    ("library", "model", "dim"),
    [("other", "model", DIM), ("library", "other", DIM), ("library", "model", DIM + 1)],
)
def test_a_snapshot_of_something_else_is_discarded(
    snapshot: Path, caplog: pytest.LogCaptureFixture, library: str, model: str, dim: int
) -> None:
    index = VectorIndex.load(snapshot, library, model, dim)
    assert_discarded(index, caplog)
    assert index.dim == dim


@pytest.mark.parametrize(
    "change",
    [
        {"count": 49},
        {"count": "50"},
        {"last_id": None},
        {"last_id": "7"},
        {"dim": 7},
        {"more": 1},
    ],
)
def test_a_header_that_does_not_fit_discards_the_snapshot(
    snapshot: Path, caplog: pytest.LogCaptureFixture, change: dict[str, object]
) -> None:
    data = snapshot.read_bytes()[len(MAGIC) :]
    header, _, vectors = data.partition(b"\n")
    changed = json.dumps(json.loads(header) | change).encode()
    snapshot.write_bytes(MAGIC + changed + b"\n" + vectors)
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


def test_vectors_that_faiss_cannot_read_are_discarded(
    snapshot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = snapshot.read_bytes()
    start = data.index(b"\n", len(MAGIC)) + 1
    for vectors in (b"", b"nonsense" * 100, data[start:][::-1], data[start:].replace(b"Ix", b"Iz")):
        caplog.clear()
        snapshot.write_bytes(data[:start] + vectors)
        assert_discarded(VectorIndex.load(snapshot, "library", "model", DIM), caplog)


def test_vectors_of_another_kind_of_index_are_discarded(
    snapshot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import faiss

    data = snapshot.read_bytes()
    start = data.index(b"\n", len(MAGIC)) + 1
    other = faiss.IndexFlatL2(DIM)
    other.add(unit_rows(50))
    snapshot.write_bytes(data[:start] + faiss.serialize_index(other).tobytes())
    assert_discarded(VectorIndex.load(snapshot, "library", "model", DIM), caplog)


def test_damage_in_the_head_of_the_vectors_raises_nothing(snapshot: Path) -> None:
    data = snapshot.read_bytes()
    start = data.index(b"\n", len(MAGIC)) + 1
    for at in range(start, start + 8):
        for value in (0, 0x7F, 0xFF):
            snapshot.write_bytes(data[:at] + bytes((value,)) + data[at + 1 :])
            index = VectorIndex.load(snapshot, "library", "model", DIM)
            assert len(index) in (0, 50)
            assert len(index.search(unit_rows(1)[0], 5)) <= 5


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
