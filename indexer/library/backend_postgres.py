"""What a library on PostgreSQL has besides its rows: tables for what all its hosts must see.

Its directory is this host's own: locks, and files that are made again when they are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from sqlalchemy import Engine, delete, func, select, text

from clipcore.messages import N_, Message
from indexer.errors import DatabaseUnreachable, LibraryBusy
from indexer.imaging.thumbnails import ThumbnailStore
from indexer.index.pgvector_index import PgIndex
from indexer.index.policy import IndexPolicy
from indexer.ingest.claims import Share, SharedWork
from indexer.library.backend import CurrentIndex
from indexer.library.control import Control, FileControl
from indexer.library.control_postgres import PostgresControl
from indexer.library.directory import WRITTEN_BY, LibraryDirectory
from indexer.records.status import DiskUse
from indexer.store.dialects import upsert
from indexer.store.shared_schema import thumbnails
from indexer.store.store import Store

WRITERS: Final = 0x5EC0_1EC7  # the advisory lock of those who write; any number


class PostgresBackend:
    """The tables of all hosts, and this one's locks."""

    def __init__(self, directory: LibraryDirectory, engine: Engine) -> None:
        self._directory = directory
        self._engine = engine
        self.control: Control = PostgresControl(FileControl(directory.path), engine)
        self.thumbnails: ThumbnailStore = PostgresThumbnails(engine)

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._directory.writer_lock(), self._among_writers("pg_try_advisory_lock_shared"):
            yield

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._directory.writer_lock(), self._among_writers("pg_try_advisory_lock"):
            yield

    @contextmanager
    def _among_writers(self, lock: str) -> Iterator[None]:
        """Hold the lock over a connection of its own: a process that dies loses both."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.execute(text(f"SELECT {lock}({WRITERS})")).scalar():
                raise LibraryBusy(WRITTEN_BY, name=self._directory.name, holder=self._holders())
            connection.detach()  # closed at the end, and not kept for others
            try:
                yield
            finally:
                with suppress(DatabaseUnreachable):  # then the lock is released already
                    connection.execute(text("SELECT pg_advisory_unlock_all()"))

    def _holders(self) -> tuple[Message, ...]:
        named = N_("process {pid} on {host}")
        known = (Message(named, pid=one.pid, host=one.host) for one in self.control.daemons())
        return tuple(known) or (Message(N_("another process")),)

    def current_index(self, store: Store, dim: int, policy: IndexPolicy) -> CurrentIndex:
        return PgIndex(store, dim, policy)

    def write_index(self, store: Store, dim: int, policy: IndexPolicy) -> None:
        PgIndex(store, dim, policy).write_snapshot()

    def share(self) -> Share:
        work = SharedWork(self._engine)
        work.sweep()
        return work

    def disk_use(self) -> DiskUse:
        """The sizes on the server's disk."""
        sizes = select(
            func.pg_database_size(func.current_database()),
            func.pg_total_relation_size(thumbnails.name),
            select(func.coalesce(func.sum(func.pg_relation_size(text("indexrelid"))), 0))
            .select_from(text("pg_stat_user_indexes WHERE indexrelname LIKE 'hnsw%'"))
            .scalar_subquery(),
        )
        with self._engine.connect() as connection:
            database, thumbnails_, index = map(int, connection.execute(sizes).one())
        return DiskUse(database - thumbnails_ - index, index or None, thumbnails_)


class PostgresThumbnails:
    """The thumbnails in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self, sha256: bytes) -> bytes | None:
        query = select(thumbnails.c.jpeg).where(thumbnails.c.sha256 == sha256)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def save(self, sha256: bytes, jpeg: bytes) -> None:
        insertion = upsert(self._engine.dialect, thumbnails).values(sha256=sha256, jpeg=jpeg)
        with self._engine.begin() as connection:
            connection.execute(insertion.on_conflict_do_nothing())

    def forget(self, sha256: bytes) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(thumbnails).where(thumbnails.c.sha256 == sha256))
