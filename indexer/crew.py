"""Who works shards off side by side, and which bytes are in whose hands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from clipcore.cores import cores
from indexer.errors import InHand
from indexer.outcomes import KnownContent, NewContent
from indexer.shard import Done, Job


class Crew(Protocol):
    """Works off `size` shards at once; more that are submitted wait."""

    size: int

    def submit(self, jobs: Sequence[Job]) -> Future[Done]:
        """Have this shard worked off."""


class LocalCrew:
    """A thread a core: while one embeds, the next one decodes. Close it."""

    def __init__(self, work: Callable[[Sequence[Job]], Done]) -> None:
        self.size = cores()
        self._work = work
        self._pool = ThreadPoolExecutor(self.size, thread_name_prefix="shard")

    def submit(self, jobs: Sequence[Job]) -> Future[Done]:
        return self._pool.submit(self._work, jobs)

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
        self._in_hand: set[bytes] = set()
        self._embedded: set[bytes] = set()
        self._lock = threading.Lock()

    def known(self, sha256: bytes) -> KnownContent | None:
        """What the library has of these bytes; if no embedding, the caller is to make it.

        Raises InHand where another shard is making it.
        """
        with self._lock:
            if sha256 in self._in_hand:
                raise InHand("another shard is embedding these bytes")
            known = self._known(sha256)
            if known and self._reembed and sha256 not in self._embedded:
                known = KnownContent(known.id, embedded=False)
            if not (known and known.embedded):
                self._in_hand.add(sha256)
            return known

    def settle(self, done: Done) -> None:
        """Let go of what a shard had in hand; it has been committed."""
        with self._lock:
            self._in_hand.difference_update(done.claimed)
            if self._reembed:
                self._embedded |= {
                    outcome.content.sha256
                    for outcome in done.outcomes
                    if isinstance(outcome.content, NewContent)
                }
