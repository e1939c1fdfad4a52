"""The searchable view of the embeddings. The only file that imports faiss.

Holds (id, unit vector) pairs and finds the nearest by inner product. Knows nothing of photos or
SQL. It only grows; ids that died are dropped by those who know, and a rebuild compacts.

index_policy.py names the kinds. The exact one holds the vectors as they are stored; of the others
whoever wants the best asks for more (`depth`) and scores them with the stored vectors: all of
them compared as bytes, or 4-bit codes (FAISS's fast scan) in lists of which the nearest are
visited.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import numpy as np

from clipcore.messages import N_
from indexer.arrays import FloatArray, IntArray
from indexer.errors import MissingFaiss
from indexer.index.policy import STORED
from indexer.index.rwlock import SharedLock
from indexer.index.snapshot import OtherOwner, SnapshotHeader, Write, header_of, write_snapshot

log = logging.getLogger(__name__)

Neighbours = tuple[
    FloatArray, IntArray
]  # scores, best first, and positions; -1 where there are fewer

POINTS_PER_LIST: Final = 64  # vectors to train on; FAISS warns below 39
POINTS_OF_CODES: Final = 16_384
TRAIN_ROUNDS: Final = 10
TRAIN_TRIES: Final = 5  # one start in seven splits a group and joins two others, five never did
GPU_MAX_K: Final = 2048
CORES: Final = os.cpu_count() or 1
WORTH_A_THREAD: Final = 10_000  # vectors: some 2 ms of scanning
# 1,000,000 vectors of benchmarks/clip_like.py in 1,024 lists, recall@20 after scoring 200 and 400
# candidates: 0.981 and 0.987 with 0.3 of them visited, 0.985 and 0.991 with 0.4 (6 ms of one core)
VISITED: Final = 400_000
DEPTH_OF_BYTES: Final = 100  # all of the best 20 are among them, also of 1,000,000
DEPTH_OF_CODES: Final = 400
FEW: Final = 2_000  # so many stored vectors are compared sooner than an approximate index visited


class HasIds(Protocol):
    """Embeddings that may be found, by their sorted ids."""

    @property
    def ids(self) -> IntArray:
        """The ids."""


class VectorIndex:
    """An inner-product index. Searches from many threads run together, an addition alone."""

    def __init__(self, dim: int, kind: str = STORED) -> None:
        self._hold(_faiss_index(dim, kind), kind, np.empty(0, np.int64))

    def _hold(self, inner: Any, kind: str, ids: IntArray, last_id: int = 0) -> None:
        self._index, self._ids, self.last_id = inner, ids, last_id  # FAISS numbers by position
        self.dim: int = inner.d
        self.kind = kind
        self._lists: int = getattr(inner, "nlist", 0)
        self._lock = SharedLock()
        self._mirror = _on_gpu(inner) if self.exact else None

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def exact(self) -> bool:
        """Whether what it finds first are the best."""
        return self.kind == STORED

    def points_to_train(self) -> int:
        """How many vectors to train() with before any is added; 0 where that is not needed."""
        return 0 if self.exact else max(POINTS_OF_CODES, POINTS_PER_LIST * self._lists)

    def train(self, vectors: FloatArray) -> None:
        """Fit lists and codes to these (N, D) vectors."""
        if self._lists:
            self._index.cp.niter = TRAIN_ROUNDS
            for clustering in (self._index.cp, self._index.pq.cp):
                clustering.min_points_per_centroid = 1  # or it complains on stderr
        with _one_thread():  # 512 wide: 7 s of work, 38 s with two threads
            self._index.train(vectors)

    def depth(self, top: int) -> int:
        """The number of ids to request so that the `top` best are among them."""
        if self.exact:
            return top
        return max(DEPTH_OF_CODES, 4 * top) if self._lists else max(DEPTH_OF_BYTES, 2 * top)

    def add(self, ids: IntArray, vectors: FloatArray) -> None:
        """Add (N,) growing ids with their (N, D) unit rows."""
        with self._lock.writing():
            self._index.add(vectors)
            if self._mirror is not None:
                self._mirror.add(vectors)
            self._ids = np.concatenate((self._ids, ids))
            self.last_id = int(ids[-1])

    def candidates(self, query: FloatArray, wanted: int, passing: HasIds | None) -> IntArray:
        """Ids among which the `wanted` nearest to the (D,) query are, of those that pass."""
        allowed = None if passing is None else passing.ids
        if not self.exact and allowed is not None and len(allowed) <= FEW:
            return allowed
        return self.search(query, self.depth(wanted), allowed)

    def search(self, query: FloatArray, k: int, allowed: IntArray | None = None) -> IntArray:
        """The ids of the (at most) k vectors nearest to the (D,) query, best first.

        `allowed`: sorted ids; only these are returned.
        """
        with self._lock.reading():
            if allowed is not None:
                allowed = self._positions(allowed)
            k = min(k, len(self) if allowed is None else len(allowed))
            if k == 0:
                return np.empty(0, dtype=np.int64)
            if allowed is None and self._mirror is not None and k <= GPU_MAX_K:
                found = self._mirror.search(query[None], k)[1][0]
            elif self._lists:
                found = self._visit(query[None], k, allowed)
            else:
                found = self._scan(query[None], k, allowed)
            best: IntArray = self._ids[found[found >= 0]]
            return best

    def _scan(self, query: FloatArray, k: int, allowed: IntArray | None) -> IntArray:
        """Positions of the k best of all, each core comparing a part of the vectors."""
        faiss = _faiss()
        compared = len(self) if allowed is None else len(allowed)
        parts = max(1, min(CORES, compared // WORTH_A_THREAD))
        passing = self._selector(allowed)

        def scan(part: int) -> Neighbours:
            here = faiss.IDSelectorRange(len(self) * part // parts, len(self) * (part + 1) // parts)
            selector = here if passing is None else faiss.IDSelectorAnd(here, passing)
            parameters = faiss.SearchParameters(sel=selector)
            scores, found = self._index.search(query, k, params=parameters)
            return scores[0], found[0]

        return _best_of(scan, parts, k)

    def _visit(self, query: FloatArray, k: int, allowed: IntArray | None) -> IntArray:
        """Positions of the k best in the nearest lists, each core visiting a part of the lists."""
        faiss = _faiss()
        share = 1.0 if allowed is None else len(allowed) / len(self)
        nearness, lists = self._index.quantizer.search(query, self._probed(share))
        parts = min(CORES, lists.shape[1])
        passing = self._selector(allowed)

        def visit(part: int) -> Neighbours:
            some, near = (np.ascontiguousarray(all_[:, part::parts]) for all_ in (lists, nearness))
            scores, found = np.empty((1, k), np.float32), np.empty((1, k), np.int64)
            parameters = faiss.SearchParametersIVF(nprobe=some.shape[1], sel=passing)
            arrays = (faiss.swig_ptr(array) for array in (some, near, scores, found))
            # the wrapper of FAISS takes no parameters, what it wraps does
            self._index.search_preassigned_c(
                1, faiss.swig_ptr(query), k, *arrays, False, parameters
            )
            return scores[0], found[0]

        return _best_of(visit, parts, k)

    def _positions(self, ids: IntArray) -> IntArray:
        """Where those of the sorted ids that are here stand in `_ids`, which is sorted too."""
        at = np.searchsorted(self._ids, ids)
        at, ids = at[at < len(self)], ids[at < len(self)]
        here: IntArray = at[self._ids[at] == ids]
        return here

    def _selector(self, allowed: IntArray | None) -> Any:
        """What lets these positions pass; None for all of them."""
        if allowed is None:
            return None
        bits = np.zeros(len(self), bool)
        bits[allowed] = True
        return _faiss().IDSelectorBitmap(np.packbits(bits, bitorder="little"))

    def _probed(self, share: float) -> int:
        """How many lists to visit: more of them where fewer vectors are allowed."""
        visited = VISITED / max(1, len(self)) / math.sqrt(share)
        return min(self._lists, math.ceil(self._lists * visited))

    def save(self, path: Path, library_id: str, model_id: str) -> None:
        """Write a snapshot. Raises OSError."""
        faiss = _faiss()

        def write_index(write: Write) -> None:
            write(self._ids.astype("<i8").tobytes())
            faiss.write_index(self._index, faiss.PyCallbackIOWriter(write))

        with self._lock.reading():
            what = (library_id, model_id, self.dim, self.kind, self.last_id, len(self))
            write_snapshot(path, SnapshotHeader(*what), write_index)

    @classmethod
    def load(cls, path: Path, library_id: str, model_id: str, dim: int) -> VectorIndex:
        """The snapshot at `path`, or an empty exact index where there is none that fits."""
        index = cls(dim)
        try:
            with path.open("rb") as file:
                header = header_of(file, library_id, model_id, dim)
                index._read(file, header)
        except FileNotFoundError:
            return index
        except OtherOwner as error:  # of a database that was moved away, or of the model before
            log.debug("index snapshot %s is not used: %s", path, error)
            return index
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError is FAISS's
            log.warning("index snapshot %s discarded and built again: %s", path, error)
            return cls(dim)
        return index

    def _read(self, file: BinaryIO, header: SnapshotHeader) -> None:
        faiss = _faiss()
        ids = np.frombuffer(file.read(8 * header.count), "<i8").astype(np.int64)
        inner = faiss.read_index(faiss.PyCallbackIOReader(file.read))
        found = (*_make(inner), inner.ntotal, len(ids))
        expected = _make(_faiss_index(header.dim, header.kind))
        if found != (*expected, header.count, header.count):
            raise ValueError(f"it holds {found}, its header says {header}")
        self._hold(inner, header.kind, ids, header.last_id)


def k_means(vectors: FloatArray, groups: int) -> tuple[FloatArray, IntArray]:
    """(G, D) unit centres of groups of (N, D) unit rows, and (N,) the group of each row.

    Always the same for the same rows. No group is empty, so there may be fewer than asked for.
    """
    faiss = _faiss()
    if not len(vectors):
        return np.empty((0, vectors.shape[1]), np.float32), np.empty(0, np.int64)
    clustering = faiss.Kmeans(
        vectors.shape[1],
        min(groups, len(vectors)),
        niter=TRAIN_ROUNDS,
        nredo=TRAIN_TRIES,
        spherical=True,
        min_points_per_centroid=1,
        seed=1,
    )
    clustering.train(vectors)
    nearest = np.argmax(vectors @ clustering.centroids.T, axis=1)
    used, numbered = np.unique(nearest, return_inverse=True)
    return clustering.centroids[used], numbered.astype(np.int64)


def _faiss_index(dim: int, factory: str) -> Any:
    faiss = _faiss()
    return faiss.index_factory(dim, factory, faiss.METRIC_INNER_PRODUCT)


def _make(index: Any) -> tuple[str, int, int, int]:
    """The properties of a kind of index."""
    return type(index).__name__, index.d, index.code_size, getattr(index, "nlist", 0)


def _best_of(search: Callable[[int], Neighbours], parts: int, k: int) -> IntArray:
    """The positions of the k best of all parts, searched side by side.

    FAISS itself shares queries between the cores, not the work of one.
    """

    def single_threaded(part: int) -> Neighbours:
        with _one_thread():  # OpenMP counts threads for each thread by itself
            return search(part)

    if parts == 1:
        return single_threaded(0)[1]
    scores, found = zip(*_searchers().map(single_threaded, range(parts)), strict=True)
    best = np.argsort(-np.concatenate(scores), kind="stable")[:k]
    positions: IntArray = np.concatenate(found)[best]
    return positions


@cache
def _searchers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(CORES, thread_name_prefix="search")


@contextmanager
def _one_thread() -> Iterator[None]:
    """FAISS in this thread alone: its threads wait for each other spinning, which costs more than
    they save where loops are short or the machine is busy."""
    faiss = _faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def sees_gpu() -> bool:
    """Whether FAISS has a graphics card to compare with. Raises MissingFaiss."""
    return bool(getattr(_faiss(), "get_num_gpus", int)())


def _on_gpu(index: Any) -> Any:
    """A copy of the index on all graphics cards; None where FAISS sees none.

    It answers queries without a filter; the index itself stays, for the others and for saving.
    """
    return _faiss().index_cpu_to_all_gpus(index) if sees_gpu() else None


def _faiss() -> Any:
    """The faiss module, imported at first use: it takes time, and may be missing."""
    try:
        import faiss
    except ImportError as error:
        raise MissingFaiss(
            N_(
                "FAISS is not installed: pip install 'recollect-photos[cpu]' (or [gpu] for "
                "CUDA graphics cards)"
            )
        ) from error
    return faiss
