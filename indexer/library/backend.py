"""What a library keeps beside its rows on one machine: files in its directory.

Locks, thumbnails, the index snapshot, what the daemon tells. shared_home.py has the same for a
library that several hosts share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from clipcore.messages import N_
from indexer.imaging.thumbnails import Thumbnails
from indexer.index.contract import Index
from indexer.index.live import LiveIndex, has_all
from indexer.index.policy import IndexPolicy
from indexer.ingest.claims import AllMine, Share
from indexer.library.control import Control
from indexer.library.disk_use import disk_use
from indexer.locking import held
from indexer.paths import library_name, make_directory
from indexer.private import close_all_below, close_to_others
from indexer.records.status import DiskUse, IndexStatus
from indexer.store.store import Store

DATABASE: Final = "library.db"
# The files and directories of a library, with what is written beside them: journals, locks, copies.
OURS: Final = re.compile(
    r"\.?(library\.db|index\.faiss|thumbnails|generic-texts\.bin|atlas\.npz|look-alikes\.json"
    r"|(writer|daemon|explorer)\.(json|lock)|daemon-state\.json|model-[a-z]+\.json|paused|look|making-way\.json"
    r"|password\.json|database-url)([.-].*)?"
)
WRITTEN_BY: Final = N_("the library at {name} is being written by {holder}")
WATCHED_BY: Final = N_("the library at {name} is watched by {holder}")


class CurrentIndex(Protocol):
    """The index of a process: FAISS's beside the database, or pgvector's within it."""

    def current(self, change_token: int) -> Index:
        """The index with everything that had been committed at `change_token`."""

    def status(self) -> IndexStatus:
        """What kind of index it is, and why."""

    def close(self) -> None:
        """End what runs in the background."""


class FileBackend:
    """The files of the library in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.control = Control(directory)
        self.thumbnails = Thumbnails(directory / "thumbnails")

    @property
    def name(self) -> str:
        """Where the library lies, for people."""
        return library_name(self.directory)

    @property
    def database(self) -> Path | URL:
        """Where its rows are."""
        return self.directory / DATABASE

    @property
    def snapshot(self) -> Path:
        """Where the index is kept between runs."""
        return self.directory / "index.faiss"

    def make(self) -> None:
        """Make the place for a new library. Raises RootError."""
        make_directory(self.directory)

    def identity(self) -> tuple[tuple[int, int] | None, ...]:
        """Device and inode of what lasts as long as the library; None of what is not there."""
        return tuple(map(_identity, (self.directory, self.directory / DATABASE)))

    def close_to_others(self) -> None:
        """Let only its owner read the library, made by an earlier version or copied from elsewhere.

        A directory that holds other files too stays open for those.
        """
        paths = list(self.directory.iterdir())
        ours = [path for path in paths if OURS.fullmatch(path.name)]
        if all(path in ours or path.name.startswith(".") for path in paths):
            close_to_others(self.directory.resolve())
        for path in ours:
            close_all_below(path)
            close_to_others(path)

    def use(self, engine: Engine) -> None:
        """The rows are read over this engine; files need none."""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one who writes, on this machine. Raises LibraryBusy."""
        with held(self.directory, "writer", WRITTEN_BY):
            yield

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Be the only one who writes, on any machine. Raises LibraryBusy."""
        with self.writing():
            yield

    @contextmanager
    def daemon_lock(self) -> Iterator[None]:
        """Be this machine's daemon. Raises LibraryBusy."""
        with held(self.directory, "daemon", WATCHED_BY):
            yield

    def current_index(self, store: Store, dim: int, policy: IndexPolicy) -> CurrentIndex:
        """The index over the embeddings of the store's model."""
        return LiveIndex(store, self.snapshot, dim, policy)

    def write_index(self, store: Store, dim: int, policy: IndexPolicy) -> None:
        """Make ready for others what of the index takes long to build."""
        if not has_all(self.snapshot, store, dim, policy):
            LiveIndex(store, self.snapshot, dim, policy).write_snapshot()

    def share(self) -> Share:
        """Which files this machine takes in."""
        return AllMine()

    def disk_use(self) -> DiskUse:
        """What the library takes on disk; reads the size of every thumbnail."""
        return disk_use(self.directory / DATABASE, self.snapshot, self.thumbnails.directory)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
