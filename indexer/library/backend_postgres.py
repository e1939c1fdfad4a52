"""What a library on PostgreSQL keeps beside its rows: in the database what all its hosts must see.

The directory is this host's own: its locks, and files that are made anew when they are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, delete, func, select, text
from sqlalchemy.engine import URL

from clipcore.messages import N_, Message
from indexer.errors import DatabaseUnreachable, LibraryBusy
from indexer.imaging.thumbnails import Thumbnails
from indexer.index.pgvector_index import PgIndex
from indexer.index.policy import IndexPolicy
from indexer.ingest.claims import Share, SharedWork
from indexer.library.backend import WRITTEN_BY, CurrentIndex, FileBackend
from indexer.library.control_postgres import PostgresControl
from indexer.paths import url_in
from indexer.postgres_url import database_url
from indexer.records.status import DiskUse
from indexer.store.dialects import upsert
from indexer.store.shared_schema import thumbnails
from indexer.store.store import Store

WRITERS: Final = 0x5EC0_1EC7  # the advisory lock of those who write; any number


def backend_of(directory: Path) -> FileBackend:
    """What the library with this directory keeps, files alone or tables of its database too."""
    url = url_in(directory)
    return PostgresBackend(directory, url) if url else FileBackend(directory)


class PostgresBackend(FileBackend):
    """The files of this host and the tables of all, for the library with this URL."""

    def __init__(self, directory: Path, url: str) -> None:
        super().__init__(directory)
        self._url = database_url(url)
        self._engine: Engine | None = None

    @property
    def database(self) -> URL:
        return self._url

    def use(self, engine: Engine) -> None:
        """From now on read and write the tables over this engine."""
        self._engine = engine
        self.control = PostgresControl(self.directory, engine)
        self.thumbnails = SharedThumbnails(self.directory, engine)

    @contextmanager
    def writing(self) -> Iterator[None]:
        with super().writing(), self._among_writers("pg_try_advisory_lock_shared"):
            yield

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with super().writing(), self._among_writers("pg_try_advisory_lock"):
            yield

    @contextmanager
    def _among_writers(self, lock: str) -> Iterator[None]:
        """Hold the lock over a connection of its own: who dies loses both."""
        with self._tables().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.execute(text(f"SELECT {lock}({WRITERS})")).scalar():
                raise LibraryBusy(WRITTEN_BY, name=self.name, holder=self._holders())
            connection.detach()  # closed at the end, and not kept for others
            try:
                yield
            finally:
                with suppress(DatabaseUnreachable):  # then the lock is gone already
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
        work = SharedWork(self._tables())
        work.sweep()
        return work

    def disk_use(self) -> DiskUse:
        """What the library takes on the server's disk."""
        sizes = select(
            func.pg_database_size(func.current_database()),
            func.pg_total_relation_size(thumbnails.name),
            select(func.coalesce(func.sum(func.pg_relation_size(text("indexrelid"))), 0))
            .select_from(text("pg_stat_user_indexes WHERE indexrelname LIKE 'hnsw%'"))
            .scalar_subquery(),
        )
        with self._tables().connect() as connection:
            database, thumbnails_, index = map(int, connection.execute(sizes).one())
        return DiskUse(database - thumbnails_ - index, index or None, thumbnails_)

    def _tables(self) -> Engine:
        assert self._engine is not None, "use() comes first"
        return self._engine


class SharedThumbnails(Thumbnails):
    """The thumbnails in the database."""

    def __init__(self, directory: Path, engine: Engine) -> None:
        super().__init__(directory)
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
