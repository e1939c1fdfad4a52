"""How quickly rows come into a library on PostgreSQL: before there is an index, and after.

`benchmarks.search --database postgres` runs it at the end. Into a table without an index rows are
copied as `indexer copy` does it; into the finished index they come as ingest commits them, a shard
in a transaction.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import MetaData

from benchmarks.clip_like import ClipLike
from indexer.arrays import FloatArray
from indexer.ingest.ingest import SHARD
from indexer.records.changes import ScannedFile
from indexer.records.photos import Facts, FileStat
from indexer.store.bulk import insert_rows
from indexer.store.outcomes import NewContent, Outcome
from indexer.store.schema import embeddings, pack
from indexer.store.store import Store

COPIED: Final = 50_000
AT_ONCE: Final = 1_000  # rows in a transaction, as in indexer/copying.py
LIVE: Final = 20 * SHARD
SEED: Final = 10**6  # of photos that the library does not have


def writes(store: Store, photos: ClipLike) -> dict[str, Any]:
    """Rows a second, both ways; the library has LIVE more photos afterwards."""
    return {
        "copied_rows_per_s": round(_copied_per_s(store, photos)),
        "live_rows_per_s": round(_live_per_s(store, photos)),
    }


def _copied_per_s(store: Store, photos: ClipLike) -> float:
    """Embeddings into a table of their own, which has their key and no more."""
    table = embeddings.to_metadata(MetaData(), name="copied")
    table.constraints = {table.primary_key}
    rows = [
        (number, number, store.model_id, pack(vector))
        for number, vector in enumerate(photos.photos(COPIED, SEED), start=1)
    ]
    table.create(store.database.engine)
    started = time.perf_counter()
    for start in range(0, COPIED, AT_ONCE):
        with store.database.engine.begin() as connection:
            insert_rows(
                connection,
                table,
                ("id", "content_id", "model_id", "vector"),
                rows[start : start + AT_ONCE],
            )
    took_s = time.perf_counter() - started
    table.drop(store.database.engine)
    return COPIED / took_s


def _live_per_s(store: Store, photos: ClipLike) -> float:
    (root, *_) = store.roots.all()
    outcomes = list(_outcomes(root.id, photos.photos(LIVE, SEED + 1)))
    started = time.perf_counter()
    for start in range(0, LIVE, SHARD):
        store.ingest.record(outcomes[start : start + SHARD])
    return LIVE / (time.perf_counter() - started)


def _outcomes(root_id: int, vectors: FloatArray) -> Iterator[Outcome]:
    for number, vector in enumerate(vectors):
        found = ScannedFile(root_id, f"live/{number}.jpg", FileStat(1, 1))
        sha256 = (SEED * SEED + number).to_bytes(32, "big")
        yield Outcome(found, None, NewContent(sha256, Facts(4000, 3000, "JPEG"), vector))
