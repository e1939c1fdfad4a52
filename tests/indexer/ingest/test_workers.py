"""Equal files in shards that are worked off at the same time are embedded once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing

import pytest

from indexer.errors import InFlight
from indexer.ingest.shard import Done, Job
from indexer.ingest.workers import Claims, LocalPool
from indexer.store.outcomes import KnownContent

SHA256 = b"r" * 32
EMBEDDED = KnownContent(5, embedded=True)


def test_bytes_are_in_one_hand_until_they_are_committed() -> None:
    library: dict[bytes, KnownContent] = {}
    claims = Claims(library.get)
    assert claims.known(SHA256) is None
    with pytest.raises(InFlight):
        claims.known(SHA256)
    library[SHA256] = EMBEDDED
    with pytest.raises(InFlight):
        claims.known(SHA256)
    claims.commit([SHA256], embedded=[SHA256])
    assert claims.known(SHA256) == claims.known(SHA256) == EMBEDDED


def test_bytes_whose_shard_failed_may_be_tried_by_the_next() -> None:
    claims = Claims({}.get)
    claims.known(SHA256)
    claims.commit([SHA256], embedded=[])
    assert claims.known(SHA256) is None


def test_a_shard_that_is_begun_again_finds_its_own_bytes_in_its_hand() -> None:
    claims = Claims({}.get)
    assert claims.known(SHA256, shard=1) is claims.known(SHA256, shard=1) is None
    with pytest.raises(InFlight):
        claims.known(SHA256, shard=2)


def test_bytes_of_a_shard_that_nobody_works_on_any_more_may_be_taken_by_another() -> None:
    claims = Claims({}.get)
    claims.known(SHA256, shard=1)
    claims.release(2)
    with pytest.raises(InFlight):
        claims.known(SHA256, shard=3)
    claims.release(1)
    assert claims.known(SHA256, shard=3) is None


def test_what_is_embedded_again_is_so_once() -> None:
    claims = Claims({SHA256: EMBEDDED}.get, reembed=True)
    assert claims.known(SHA256) == KnownContent(5, embedded=False)
    with pytest.raises(InFlight):
        claims.known(SHA256)
    claims.commit([SHA256], embedded=[SHA256])
    assert claims.known(SHA256) == EMBEDDED


def test_a_crew_that_is_closed_finishes_what_was_begun() -> None:
    begun, go = threading.Semaphore(0), threading.Event()

    def work(jobs: Sequence[Job]) -> Done:
        begun.release()
        go.wait()
        return Done(())

    with closing(LocalPool(work, Claims({}.get))) as pool:
        futures = [pool.submit([]) for _ in range(pool.size + 1)]
        for _ in range(pool.size):
            begun.acquire()
        futures[-1].add_done_callback(lambda _: go.set())  # once it has been dropped
    assert [future.cancelled() for future in futures] == [False] * pool.size + [True]
