"""The index of a library on PostgreSQL: pgvector's HNSW over the embeddings themselves.

Nothing is kept beside the database and nothing must catch up. The same contract as VectorIndex
and LiveIndex; search.py does not know which it has. Scores are computed elsewhere.
"""

from __future__ import annotations

import copy
import hashlib
import logging
import time
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Select, func, literal, select, text

from indexer import statements
from indexer.column_types import STORED, as_text
from indexer.dialects import among
from indexer.errors import DiskFull
from indexer.index_policy import APPROXIMATE, EXACT, RESCORED, IndexPolicy
from indexer.index_policy import STORED as STORED_KIND
from indexer.records import IndexStatus
from indexer.schema import embeddings
from indexer.search import Passing
from indexer.store import Store

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

LINKS: Final = 16  # HNSW's m
BUILD_BREADTH: Final = 200  # and its ef_construction
# and its ef_search: 100,000 vectors of benchmarks/clip_like.py, recall@20 with 200: 0.952, with
# 400: 0.981; more than a thousand pgvector does not take
BREADTH: Final = 600
MOST_BREADTH: Final = 1_000
DEPTH: Final = 4  # candidates for each that is wanted: with a filter they come roughly in order
FEW: Final = 2_000  # so many vectors are compared sooner than found with a filter
SCANNED: Final = 200_000  # at most so many are visited for a filter that lets few pass
# of the server, while the index is built: the graph is built several times slower once it does
# not fit. 16 links to each side and their distances take some 700 bytes beside the vector
LINK_BYTES: Final = 1_024
MOST_MEMORY_BYTES: Final = 8 << 30
LARGE: Final = 100_000  # vectors; from there on they are counted
COUNT_EVERY_S: Final = 30.0  # no more often than this


class PgIndex:
    """The embeddings of one model. Safe to use from several threads."""

    def __init__(self, store: Store, dim: int, policy: IndexPolicy) -> None:
        self._store = copy.copy(store)  # stays with its model when the library changes it
        self._policy = policy
        self.dim = dim
        digest = hashlib.sha256(store.model_id.encode()).hexdigest()
        self._name = f"hnsw_{digest[:16]}"
        self._seen_change: int | None = None
        self._count = self.last_id = 0
        self._counted_at_s = 0.0
        self._built = False

    def __len__(self) -> int:
        return self._count

    # what LiveIndex does for FAISS

    def current(self, change_token: int) -> PgIndex:
        """The index with everything that had been committed at `change_token`."""
        if change_token != self._seen_change:
            with self._store.engine.connect() as connection:
                self._look(connection)
            self._seen_change = change_token
        return self

    def status(self) -> IndexStatus:
        """What kind of index it is, and why."""
        kind = APPROXIMATE if self._is_used else EXACT
        return IndexStatus(self._count, kind, self._reason())

    def write_snapshot(self) -> None:
        """Build the HNSW index if the library has outgrown comparing; others go on meanwhile.

        Bulk loads are quickest before that: into a live index go some hundred vectors a second.
        """
        with self._store.engine.connect() as connection:
            self._look(connection)
        if not self._built and self._policy.kind(self._count, self.dim) != STORED_KIND:
            self._build()

    def close(self) -> None:
        """Nothing runs in the background."""

    def _reason(self) -> str:
        if self._is_used:
            return f"pgvector's HNSW: {RESCORED}"
        if self._built:
            return "asked for"
        return self._policy.reason(self._count, STORED_KIND)

    @property
    def _is_used(self) -> bool:
        return self._built and not self._policy.exact_only

    def _look(self, connection: Connection) -> None:
        mine = embeddings.c.model_id == self._store.model_id
        if self._count < LARGE or time.monotonic() - self._counted_at_s > COUNT_EVERY_S:
            self._count = connection.execute(select(func.count()).where(mine)).scalar_one()
            self._counted_at_s = time.monotonic()
        newest = select(embeddings.c.id).where(mine).order_by(embeddings.c.id.desc()).limit(1)
        self.last_id = connection.execute(newest).scalar() or 0
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"
        self._built = bool(connection.execute(text(valid), {"name": self._name}).scalar())

    def _build(self) -> None:
        started = time.perf_counter()
        with self._store.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            connection.detach()  # closed at the end, with what is set here
            self._set_memory(connection)
            try:
                self._create(connection)
            except DiskFull:  # or there is little shared memory, as in containers: 64 MB
                connection.execute(text("SET max_parallel_maintenance_workers = 0"))
                self._create(connection)
        self._built = True
        took_s = time.perf_counter() - started
        log.info("index of %d vectors built in %.1f s", self._count, took_s)

    def _set_memory(self, connection: Connection) -> None:
        """As much as the graph takes, or what the server gives anyway if that is more."""
        needed_kib = min(MOST_MEMORY_BYTES, self._count * (2 * self.dim + LINK_BYTES)) >> 10
        given = "SELECT setting::bigint FROM pg_settings WHERE name = 'maintenance_work_mem'"
        given_kib = connection.execute(text(given)).scalar_one()
        set_ = func.set_config("maintenance_work_mem", str(max(needed_kib, given_kib)), False)
        connection.execute(select(set_))

    def _create(self, connection: Connection) -> None:
        model = literal(self._store.model_id).compile(
            dialect=self._store.engine.dialect, compile_kwargs={"literal_binds": True}
        )
        # one that was broken off is there, but not valid
        connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {self._name}"))
        connection.exec_driver_sql(
            f"CREATE INDEX CONCURRENTLY {self._name} ON embeddings "
            f"USING hnsw ((vector::halfvec({self.dim})) halfvec_ip_ops) "
            f"WITH (m = {LINKS}, ef_construction = {BUILD_BREADTH}) "
            f"WHERE model_id = {model}"
        )

    # searching

    def candidates(self, query: FloatArray, wanted: int, passing: Passing | None) -> IntArray:
        """Ids among which the `wanted` nearest to the (D,) query are, of those that pass."""
        with self._store.engine.connect() as connection:
            if passing is None:
                return self._run(connection, self._nearest(), query, wanted)
            filters = passing.filters, self._store.roots()
            allowed = statements.allowed_embeddings(self._store.model_id, filters)
            few = connection.execute(allowed.order_by(None).limit(FEW + 1)).scalars().all()
            if len(few) <= FEW:
                statement = self._ordered(False).where(among(embeddings.c.id, few))
            else:
                statement = self._nearest().where(statements.passes(filters))
            return self._run(connection, statement, query, wanted)

    def _nearest(self) -> Select[Any]:
        """The nearest by HNSW where it is used, else by comparing all."""
        # the planner must see the model to know that the index is of just these
        mine = embeddings.c.model_id == literal(self._store.model_id, literal_execute=True)
        return self._ordered(self._is_used).where(mine)

    def _ordered(self, by_index: bool) -> Select[Any]:
        """All ids, nearest first; the index is found by the very expression it was made of."""
        kind = f"halfvec({self.dim})"
        column = f"(vector::{kind})" if by_index else "vector"
        return select(embeddings.c.id).order_by(text(f"{column} <#> CAST(:query AS {kind})"))

    def _run(
        self, connection: Connection, statement: Select[Any], query: FloatArray, wanted: int
    ) -> IntArray:
        limit = wanted * DEPTH if self._is_used else wanted
        settings = {
            "hnsw.ef_search": min(MOST_BREADTH, max(BREADTH, limit)),
            "hnsw.iterative_scan": "relaxed_order",  # else a filter leaves fewer than wanted
            "hnsw.max_scan_tuples": SCANNED,
        }
        set_ = (func.set_config(name, str(value), True) for name, value in settings.items())
        connection.execute(select(*set_))
        asked = {"query": as_text(query.astype(STORED).tobytes())}
        found = connection.execute(statement.limit(limit), asked).scalars().all()
        return np.array(found, dtype=np.int64)
