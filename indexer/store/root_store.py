"""The photo directories of a library, and what the last scan found out about each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Select

from clipcore.messages import Message
from indexer.location import Location
from indexer.paths import this_host
from indexer.records.photos import Root
from indexer.store import root_sql
from indexer.store.database import Database


class RootStore:
    """The rows of the photo directories."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Root]:
        """The photo directories, in the order in which they were added."""
        return self._read(root_sql.all_roots())

    def here(self) -> list[Root]:
        """Those that this host sees; of a library that is not shared, all."""
        return self._read(root_sql.seen_by(this_host())) if self._database.is_shared else self.all()

    def add(self, path: Location, excludes: Iterable[str] = ()) -> Root:
        """Store a photo directory with its excludes, and that this host sees it, all at once."""
        with self._database.writing() as connection:
            root = root_sql.add(connection, path, tuple(excludes))
            if self._database.is_shared:
                root_sql.see(connection, root.id, this_host())
        return root

    def see(self, root_id: int) -> None:
        """From now on this host indexes what is in that directory."""
        if self._database.is_shared:
            with self._database.writing() as connection:
                root_sql.see(connection, root_id, this_host())

    def set_excludes(self, root_id: int, patterns: Iterable[str]) -> None:
        """From now on leave out what matches these patterns."""
        with self._database.writing() as connection:
            root_sql.change(connection, root_id, excludes="\n".join(patterns))

    def remove(self, root_id: int) -> None:
        """Forget a photo directory and its photos' rows; contents and embeddings stay."""
        with self._database.writing() as connection:
            root_sql.remove_root(connection, root_id)

    def set_notices(self, notices: Mapping[int, Message | None]) -> None:
        """Remember for each root why the last scan changed nothing, or that all was right."""
        with self._database.writing() as connection:
            root_sql.set_notices(connection, notices)

    def set_other_formats(self, counts: Mapping[int, Mapping[str, int]]) -> None:
        """Remember for each root how many files of other formats a full scan saw, by suffix."""
        with self._database.writing() as connection:
            root_sql.set_other_formats(connection, counts)

    def _read(self, query: Select[Any]) -> list[Root]:
        with self._database.reading() as connection:
            return root_sql.read(connection, query)
