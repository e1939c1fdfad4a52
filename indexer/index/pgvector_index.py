"""The index of a library on PostgreSQL: pgvector's HNSW over the embeddings themselves.

Nothing is stored outside the database and nothing must catch up. The same contract as VectorIndex
and LiveIndex; search.py does not know which it has. Scores are computed elsewhere.
"""

from __future__ import annotations

import hashlib
import logging
import time
from math import sqrt
from typing import Any, Final

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, text

from clipcore.messages import N_, Message
from indexer.arrays import FloatArray, IntArray
from indexer.errors import DiskFull
from indexer.index.contract import Passing
from indexer.index.policy import APPROXIMATE, EXACT, REQUESTED, RESCORED, IndexPolicy
from indexer.index.policy import STORED as STORED_KIND
from indexer.plurals import counted
from indexer.records.status import IndexStatus
from indexer.store import search_sql
from indexer.store.column_types import STORED, as_text
from indexer.store.dialects import among
from indexer.store.schema import embeddings
from indexer.store.store import Store

log = logging.getLogger(__name__)


LINKS: Final = 16  # HNSW's m
BUILD_BREADTH: Final = 200  # and its ef_construction
# and its ef_search: 100,000 vectors of benchmarks/clip_like.py, recall@20 with 200: 0.952, with
# 400: 0.981; more than a thousand pgvector does not take
BREADTH: Final = 600
MOST_BREADTH: Final = 1_000
DEPTH: Final = 4  # candidates for each that is wanted
DEPTH_FILTERED: Final = 12  # they come roughly in order, the more so the fewer pass
SCANNED: Final = 200_000  # at most so many are visited for a filter that lets few pass
SCAN_MEMORY: Final = 64  # times the server's work_mem, for what was seen on the way to them
SAMPLE: Final = 256  # embeddings tell what share of all a filter lets pass
# If n of N pass, comparing them takes as long as n, and finding them in the graph as N / n; both
# are equal at so many times the square root of N
FEW: Final = 33
# of the server, while the index is built: the graph is built several times slower once it does
# not fit. 16 links to each side and their distances take some 700 bytes beside the vector
LINK_BYTES: Final = 1_024
MOST_MEMORY_BYTES: Final = 8 << 30
LARGE: Final = 100_000  # vectors; from there on they are counted
COUNT_EVERY_S: Final = 30.0  # no more often than this


class PgIndex:
    """The embeddings of one model. Safe to use from several threads."""

    def __init__(self, store: Store, dim: int, policy: IndexPolicy) -> None:
        self._store = store
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
            with self._store.database.engine.connect() as connection:
                self._look(connection)
            self._seen_change = change_token
        return self

    def status(self) -> IndexStatus:
        """The kind of the index, and the reason for it."""
        kind = APPROXIMATE if self._is_used else EXACT
        return IndexStatus(self._count, kind, self._reason())

    def write_snapshot(self) -> None:
        """Build the HNSW index if the library has outgrown comparing; others go on meanwhile.

        Bulk loads are quickest before that: into a live index go some hundred vectors a second.
        """
        with self._store.database.engine.connect() as connection:
            self._look(connection)
        if not self._built and self._policy.kind(self._count, self.dim) != STORED_KIND:
            self._build()

    def close(self) -> None:
        """Nothing runs in the background."""

    def _reason(self) -> Message:
        if self._is_used:
            return Message(N_("pgvector's HNSW: {why}"), why=RESCORED)
        if self._built:
            return REQUESTED
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
        with self._store.database.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            connection.detach()  # closed at the end, with what is set here
            self._set_memory(connection)
            try:
                self._create(connection)
            except DiskFull:  # or there is little shared memory, as in containers: 64 MB
                connection.execute(text("SET max_parallel_maintenance_workers = 0"))
                self._create(connection)
            connection.execute(text("ANALYZE photos, contents, embeddings"))  # for the planner
        self._built = True
        took_s = time.perf_counter() - started
        log.info("index of %s built in %.1f s", counted(self._count, "vector"), took_s)

    def _set_memory(self, connection: Connection) -> None:
        """As much as the graph takes, or what the server gives anyway if that is more."""
        needed_kib = min(MOST_MEMORY_BYTES, self._count * (2 * self.dim + LINK_BYTES)) >> 10
        given = "SELECT setting::bigint FROM pg_settings WHERE name = 'maintenance_work_mem'"
        given_kib = connection.execute(text(given)).scalar_one()
        set_ = func.set_config("maintenance_work_mem", str(max(needed_kib, given_kib)), False)
        connection.execute(select(set_))

    def _create(self, connection: Connection) -> None:
        model = literal(self._store.model_id).compile(
            dialect=self._store.database.engine.dialect, compile_kwargs={"literal_binds": True}
        )
        # one that was interrupted is there, but not valid
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
        with self._store.database.engine.connect() as connection:
            if passing is None:
                limit, breadth = DEPTH * wanted, BREADTH
                by_index = self._is_used
                statement = self._nearest(by_index)
            else:
                limit, breadth = DEPTH_FILTERED * wanted, MOST_BREADTH
                condition = search_sql.passes((passing.filters, self._store.roots.all()))
                by_index = self._is_used and self._lets_many_pass(connection, condition)
                statement = self._nearest(by_index).where(condition)
            _set_way(connection, by_index, min(MOST_BREADTH, max(breadth, limit)))
            parameters = {"query": as_text(query.astype(STORED).tobytes())}
            found = connection.execute(statement.limit(limit), parameters).scalars().all()
            return np.array(found, dtype=np.int64)

    def _lets_many_pass(self, connection: Connection, condition: ColumnElement[bool]) -> bool:
        """Whether so many embeddings meet the condition that the index finds them sooner."""
        ids = np.unique(np.linspace(1, self.last_id, SAMPLE, dtype=np.int64)).tolist()
        some = select(func.count()).where(self._mine, among(embeddings.c.id, ids))
        there = connection.execute(some).scalar_one()
        passing = connection.execute(some.where(condition)).scalar_one()
        return bool(passing * sqrt(self._count) > FEW * there)

    @property
    def _mine(self) -> ColumnElement[bool]:
        """The planner must see the model to know that the index is of just these."""
        return embeddings.c.model_id == literal(self._store.model_id, literal_execute=True)

    def _nearest(self, by_index: bool) -> Select[Any]:
        """Ids, nearest first: by the index, found by the expression it was made of, or compared."""
        kind = f"halfvec({self.dim})"
        column = f"(vector::{kind})" if by_index else "vector"
        order = text(f"{column} <#> CAST(:query AS {kind})")
        return select(embeddings.c.id).where(self._mine).order_by(order)


def _set_way(connection: Connection, by_index: bool, breadth: int) -> None:
    """Settings for the next statement of this transaction."""
    settings = {
        "hnsw.ef_search": breadth,
        "hnsw.iterative_scan": "relaxed_order",  # else a filter leaves fewer than wanted
        "hnsw.max_scan_tuples": SCANNED,
        "hnsw.scan_mem_multiplier": SCAN_MEMORY,
        # the planner would rather sort what passes: it does not know how many have such a name
        "enable_sort": "off" if by_index else "on",
    }
    set_ = (func.set_config(name, str(value), True) for name, value in settings.items())
    connection.execute(select(*set_))
