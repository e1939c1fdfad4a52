"""Whether an open library is still the one at its path, or was removed, moved or replaced."""

from __future__ import annotations

from clipcore.messages import N_
from indexer.errors import LibraryMissing
from indexer.library.directory import LibraryDirectory
from indexer.store.database import Database


class Identity:
    """The identity of a library as it was opened."""

    def __init__(self, directory: LibraryDirectory, database: Database) -> None:
        self._directory = directory
        self._database = database
        self._opened = directory.identity()

    @property
    def is_in_place(self) -> bool:
        """Whether its directory and database are still those that were opened."""
        return self._directory.identity() == self._opened

    def check(self) -> None:
        """Raises LibraryMissing if it was removed, moved or replaced by another one."""
        if not self.is_in_place or self._database.recorded_id() != self._database.library_id:
            raise LibraryMissing(
                N_(
                    "the library at {name} was removed, moved or replaced while it was open: "
                    "nothing is written there any more. Start again where it is now"
                ),
                name=self._directory.name,
            )
