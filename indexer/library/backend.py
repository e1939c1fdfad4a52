"""What a library has besides its rows: thumbnails, index, control channel, exclusion of writers.

On one machine these are files; backend_postgres.py has tables for a library that several hosts
share.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Engine

from indexer.imaging.thumbnails import FileThumbnails, ThumbnailStore
from indexer.index.contract import Index
from indexer.index.live import LiveIndex, has_all
from indexer.index.policy import IndexPolicy
from indexer.library.control import Control, FileControl
from indexer.library.directory import DATABASE, LibraryDirectory
from indexer.library.disk_use import disk_use
from indexer.records.status import DiskUse, IndexStatus
from indexer.store.store import Store

if TYPE_CHECKING:
    from indexer.ingest.claims import Share


class CurrentIndex(Protocol):
    """The index of a process: FAISS's next to the database, or pgvector's within it."""

    def current(self, change_token: int) -> Index:
        """The index with everything that had been committed at `change_token`."""

    def status(self) -> IndexStatus:
        """The kind of the index, and the reason for it."""

    def close(self) -> None:
        """End what runs in the background."""


class Backend(Protocol):
    """Where a library that is open has what is not in the store."""

    @property
    def control(self) -> Control:
        """The channel to its daemons."""

    @property
    def thumbnails(self) -> ThumbnailStore:
        """The thumbnails of its photos."""

    def writing(self) -> AbstractContextManager[None]:
        """Be the only writer on this machine. Raises LibraryBusy."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Be the only writer on any machine. Raises LibraryBusy."""

    def current_index(self, store: Store, dim: int, policy: IndexPolicy) -> CurrentIndex:
        """The index over the embeddings of the store's model."""

    def write_index(self, store: Store, dim: int, policy: IndexPolicy) -> None:
        """Prepare for others what of the index takes long to build."""

    def share(self) -> Share:
        """Which files this machine indexes."""

    def disk_use(self) -> DiskUse:
        """The library's size on disk; may read the size of every thumbnail."""


def backend_of(directory: LibraryDirectory, engine: Engine) -> Backend:
    """The backend of the library with this directory, whose database this engine opens."""
    if engine.dialect.name == "postgresql":
        from indexer.library.backend_postgres import PostgresBackend  # only such libraries load it

        return PostgresBackend(directory, engine)
    return FileBackend(directory)


class FileBackend:
    """The files in the directory of a library of one machine."""

    def __init__(self, directory: LibraryDirectory) -> None:
        self._directory = directory
        self.control: Control = FileControl(directory.path)
        self.thumbnails: ThumbnailStore = FileThumbnails(directory.thumbnails)

    def writing(self) -> AbstractContextManager[None]:
        return self._directory.writer_lock()

    def exclusive(self) -> AbstractContextManager[None]:
        return self._directory.writer_lock()

    def current_index(self, store: Store, dim: int, policy: IndexPolicy) -> CurrentIndex:
        return LiveIndex(store, self._directory.snapshot, dim, policy)

    def write_index(self, store: Store, dim: int, policy: IndexPolicy) -> None:
        snapshot = self._directory.snapshot
        if not has_all(snapshot, store, dim, policy):
            LiveIndex(store, snapshot, dim, policy).write_snapshot()

    def share(self) -> Share:
        from indexer.ingest.claims import AllMine  # no search needs it

        return AllMine()

    def disk_use(self) -> DiskUse:
        directory = self._directory
        return disk_use(directory.path / DATABASE, directory.snapshot, directory.thumbnails)
