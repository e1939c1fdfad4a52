"""The directory of a library: its files, its locks, and the database that it names.

A library on PostgreSQL has one on each of its hosts, for what is the host's own. Opens no database:
the library need not exist.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL

from clipcore.messages import N_
from indexer.locking import held
from indexer.paths import library_name, make_directory, url_in
from indexer.postgres_url import database_url
from indexer.private import close_all_below, close_to_others

DATABASE: Final = "library.db"
# The files and directories of a library, with what is written next to them: journals, locks, copies
OURS: Final = re.compile(
    r"\.?(library\.db|index\.faiss|thumbnails|generic-texts|atlas\.npz|look-alikes\.json"
    r"|(writer|daemon|explorer)\.(json|lock)|daemon-state\.json|model-[a-z]+\.json|paused|look|making-way\.json"
    r"|password\.json|database-url)([.-].*)?"
)
WRITTEN_BY: Final = N_("the library at {name} is being written by {holder}")
WATCHED_BY: Final = N_("the library at {name} is watched by {holder}")


class LibraryDirectory:
    """The directory at `path`, of a library on SQLite or on PostgreSQL."""

    def __init__(self, path: Path) -> None:
        url = url_in(path)
        self.path = path
        self.name = library_name(path)  # for people
        self.database: Path | URL = database_url(url) if url else path / DATABASE
        self.snapshot = path / "index.faiss"
        self.thumbnails = path / "thumbnails"

    def make(self) -> None:
        """Make it for a new library. Raises RootError."""
        make_directory(self.path)

    def identity(self) -> tuple[tuple[int, int] | None, ...]:
        """Device and inode of what lasts as long as the library; None of what is missing."""
        return tuple(map(_identity, (self.path, self.path / DATABASE)))

    def close_to_others(self) -> None:
        """Let only its owner read the library, made by an earlier version or copied from elsewhere.

        A directory that holds other files too stays open for those.
        """
        paths = list(self.path.iterdir())
        ours = [path for path in paths if OURS.fullmatch(path.name)]
        if all(path in ours or path.name.startswith(".") for path in paths):
            close_to_others(self.path.resolve())
        for path in ours:
            close_all_below(path)
            close_to_others(path)

    def writer_lock(self) -> AbstractContextManager[None]:
        """Be the only writer on this machine. Raises LibraryBusy."""
        return held(self.path, "writer", WRITTEN_BY)

    def daemon_lock(self) -> AbstractContextManager[None]:
        """Be this machine's daemon. Raises LibraryBusy."""
        return held(self.path, "daemon", WATCHED_BY)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
