"""Worker pools: they process shards in parallel, and claim the bytes in flight.

The threads of this machine are here; ray_pool.py has the workers of a Ray cluster.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import Protocol

from clipcore.encoder import Encoder
from clipcore.engines.cpu import cores
from clipcore.messages import N_
from indexer.encoders import OpenEncoder
from indexer.errors import InFlight
from indexer.ingest.shard import Done, Job, ShardWorker
from indexer.location import Location
from indexer.sources.originals import Originals
from indexer.store.outcomes import KnownContent
from indexer.store.store import Store


class WorkerPool(Protocol):
    """Works off `size` shards at once; more that are submitted wait."""

    size: int

    def submit(self, jobs: Sequence[Job]) -> Future[Done]:
        """Have this shard worked off. Jobs that were not begun come back as in hand elsewhere."""

    def commit(self, done: Done) -> None:
        """Let go of what a shard had in hand; it has been committed."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """The library's side of a pool's work.

    `folders`: the photo directories by their roots' ids. With `reembed` all bytes count as not
    embedded. Once `stop()` is true nothing more is begun.
    """

    store: Store
    encoder: Encoder
    open_encoder: OpenEncoder
    folders: Mapping[int, Location]
    save_thumbnail: Callable[[bytes, bytes], None]
    reembed: bool
    stop: Callable[[], bool]


PoolFactory = Callable[[JobContext], AbstractContextManager[WorkerPool]]


@contextmanager
def local_pool(job: JobContext) -> Iterator[WorkerPool]:
    """The threads of this machine."""
    claims = Claims(job.store.ingest.known, reembed=job.reembed)
    files = Originals(job.folders)
    work = ShardWorker(job.encoder, claims.known, files, job.save_thumbnail, stop=job.stop)
    with closing(LocalPool(work, claims)) as pool:
        yield pool


class LocalPool:
    """A thread a core: while one embeds, the next one decodes. Close it."""

    def __init__(self, work: Callable[[Sequence[Job]], Done], claims: Claims) -> None:
        self.size = cores()
        self._work = work
        self._claims = claims
        self._pool = ThreadPoolExecutor(self.size, thread_name_prefix="shard")

    def submit(self, jobs: Sequence[Job]) -> Future[Done]:
        return self._pool.submit(self._work, jobs)

    def commit(self, done: Done) -> None:
        self._claims.commit(done.claimed, done.embedded)

    def close(self) -> None:
        """Wait for the shards that have been begun, and drop the others."""
        self._pool.shutdown(cancel_futures=True)


class Claims:
    """Sees to it that equal files in different shards are embedded once. Thread-safe.

    `known(sha256)` asks the library. With `reembed` all bytes count as not embedded, until they
    have been embedded in this run.
    """

    def __init__(
        self, known: Callable[[bytes], KnownContent | None], *, reembed: bool = False
    ) -> None:
        self._known = known
        self._reembed = reembed
        self._in_flight: dict[bytes, int | None] = {}  # by which shard
        self._embedded: set[bytes] = set()
        self._lock = threading.Lock()

    def known(self, sha256: bytes, shard: int | None = None) -> KnownContent | None:
        """What the library has of these bytes; if no embedding, the caller is to make it.

        Raises InFlight where another shard is making it. `shard`: a number by which one that is
        begun again, as its worker was lost, is known to be the same.
        """
        with self._lock:
            if sha256 in self._in_flight and (shard is None or self._in_flight[sha256] != shard):
                raise InFlight(N_("another shard is embedding these bytes"))
            known = self._known(sha256)
            if known and self._reembed and sha256 not in self._embedded:
                known = KnownContent(known.id, embedded=False)
            if not (known and known.embedded):
                self._in_flight[sha256] = shard
            return known

    def commit(self, claimed: Collection[bytes], embedded: Collection[bytes]) -> None:
        """Let go of what a shard had in hand; it has been committed, with these embeddings."""
        with self._lock:
            for sha256 in claimed:
                self._in_flight.pop(sha256, None)
            if self._reembed:
                self._embedded.update(embedded)

    def release(self, shard: int) -> None:
        """Nobody works on the shard with this number any more."""
        with self._lock:
            self._in_flight = {sha: by for sha, by in self._in_flight.items() if by != shard}
