"""The index of one process: loaded, kept current, replaced when the library has outgrown it.

Building takes a while at a million vectors, so that a process that goes on searching does it in
a thread of its own; the old index answers meanwhile, and keeps growing. Knows nothing of queries.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from indexer.index.faiss_index import VectorIndex, sees_gpu
from indexer.index.policy import APPROXIMATE, EXACT, STORED, IndexPolicy
from indexer.index.snapshot import header_of
from indexer.plurals import counted
from indexer.records.status import IndexStatus
from indexer.store.store import Store

log = logging.getLogger(__name__)


def build(
    store: Store, dim: int, kind: str = STORED, stop: Callable[[], bool] = lambda: False
) -> VectorIndex:
    """An index of all that the store has now."""
    index = VectorIndex(dim, kind)
    if points := index.points_to_train():
        index.train(store.search.sample_vectors(points, dim))
    catch_up(index, store, stop)
    return index


def has_all(snapshot: Path, store: Store, dim: int, policy: IndexPolicy) -> bool:
    """Whether the snapshot is whole and has what the store has, as it should; FAISS stays asleep.

    As it should without a graphics card or with one: that only FAISS knows.
    """
    try:
        with snapshot.open("rb") as file:
            header = header_of(file, store.database.library_id, store.model_id, dim)
    except (OSError, ValueError):  # logged when it is loaded
        return False
    count = store.status.embeddings()
    kinds = {policy.kind(count, dim), policy.on_gpu().kind(count, dim)}
    newer, _ = store.search.vectors_after(header.last_id, dim, limit=1)
    return header.count == count and header.kind in kinds and not len(newer)


class LiveIndex:
    """The index over one model's embeddings. Safe to use from several threads."""

    def __init__(self, store: Store, snapshot: Path, dim: int, policy: IndexPolicy) -> None:
        self._store = store
        self._snapshot = snapshot
        self._policy = policy.on_gpu() if sees_gpu() else policy
        self._lock = threading.Lock()
        self._seen_change: int | None = None
        self._used = False
        self._closing = threading.Event()
        self._renewal: threading.Thread | None = None
        self._index = self._loaded(dim)
        self._saved_id = self._index.last_id or None  # how far the snapshot goes, if there is one

    def current(self, change_token: int) -> VectorIndex:
        """The index with everything that had been committed at `change_token`."""
        with self._lock:
            if change_token != self._seen_change:
                catch_up(self._index, self._store)
                self._seen_change = change_token
            if self._used and not self._suits(self._index):  # who asks but once does not stay
                self._renew_in_background()
            self._used = True
            return self._index

    def status(self) -> IndexStatus:
        """The kind of the index, and the reason for it."""
        index = self._index
        name = EXACT if index.exact else APPROXIMATE
        return IndexStatus(len(index), name, self._policy.reason(len(index), index.kind))

    def write_snapshot(self) -> None:
        """Make the snapshot one of all that the store has; built again where needed."""
        with self._lock:
            kind = self._kind(self._store.status.embeddings())
            if kind == self._index.kind:  # another is not worth its memory
                catch_up(self._index, self._store)
            if len(self._index) != self._store.status.embeddings() or kind != self._index.kind:
                self._index = build(self._store, self._index.dim, kind)
                self._saved_id = None
            if self._saved_id != self._index.last_id:
                self._save(self._index)

    def close(self) -> None:
        """End what runs in the background."""
        self._closing.set()
        if self._renewal is not None:
            self._renewal.join()

    def _loaded(self, dim: int) -> VectorIndex:
        store = self._store
        index = VectorIndex.load(self._snapshot, store.database.library_id, store.model_id, dim)
        if self._policy.exact_only and not index.exact:
            log.warning("index snapshot %s is not exact, building an exact one", self._snapshot)
            return VectorIndex(dim)
        return index

    def _suits(self, index: VectorIndex) -> bool:
        return self._kind(len(index)) == index.kind

    def _kind(self, count: int) -> str:
        return self._policy.kind(count, self._index.dim)

    def _renew_in_background(self) -> None:
        if self._renewal is None:
            self._renewal = threading.Thread(target=self._renew, name="index renewal", daemon=True)
            self._renewal.start()

    def _renew(self) -> None:
        started = time.perf_counter()
        kind = self._kind(len(self._index))
        fresh = build(self._store, self._index.dim, kind, self._closing.is_set)
        if self._closing.is_set():
            return
        try:
            self._save(fresh)
        except OSError as error:
            log.warning("the index snapshot cannot be written: %s", error)
        with self._lock:
            catch_up(fresh, self._store)
            self._index, self._renewal = fresh, None
        took_s = time.perf_counter() - started
        log.info(
            "index of %s rebuilt, %s, in %.1f s", counted(len(fresh), "vector"), fresh.kind, took_s
        )

    def _save(self, index: VectorIndex) -> None:
        index.save(self._snapshot, self._store.database.library_id, self._store.model_id)
        self._saved_id = index.last_id


def catch_up(index: VectorIndex, store: Store, stop: Callable[[], bool] = lambda: False) -> int:
    """Add to the index what the store has beyond it; the number of vectors added."""
    added = 0
    while not stop():
        ids, vectors = store.search.vectors_after(index.last_id, index.dim)
        if not len(ids):
            break
        index.add(ids, vectors)
        added += len(ids)
    return added
