"""The files of one photo as one item: the library's setting, and the files behind what is shown."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.records.photos import Photo
from indexer.store import stack_sql
from indexer.store.database import Database
from indexer.store.dialects import among, take_turns
from indexer.store.rows import PRESENT, photo_query, to_photo
from indexer.store.schema import photos


class StackStore:
    """Which photos stand for several files. ingest_store.py keeps it so with each write."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_on(self) -> bool:
        """Whether several files of one photo are shown as one."""
        with self._database.reading() as connection:
            return stack_sql.is_on(connection)

    def switch(self, *, on: bool) -> None:
        """Show them as one from now on, or each by itself."""
        with self._database.writing() as connection:
            take_turns(connection)
            stack_sql.switch(connection, on=on)
        self.compare_all()

    def compare_all(self) -> None:
        """Compare the files that never were: those of a library of before there were stacks.

        A run that is killed goes on the next time. Opens no file.
        """
        while self._compare_next():
            pass

    def others(self, photo_ids: Sequence[int]) -> dict[int, tuple[Photo, ...]]:
        """The files in whose place each of these is shown, where there are any, by their paths."""
        query = (
            photo_query(photos.c.stack_of)
            .where(among(photos.c.stack_of, photo_ids), PRESENT)
            .order_by(photos.c.stack_of, photos.c.path)
        )
        found: dict[int, tuple[Photo, ...]] = {}
        for row in self._database.all(query):
            found[row.stack_of] = (*found.get(row.stack_of, ()), to_photo(row))
        return found

    def _compare_next(self) -> bool:
        if self._is_compared():
            return False
        with self._database.writing() as connection:
            take_turns(connection)
            return stack_sql.compare_next(connection)

    def _is_compared(self) -> bool:
        with self._database.reading() as connection:
            return not stack_sql.is_left(connection)
