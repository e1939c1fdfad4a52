"""Removes photos that are missing for good from a library."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from indexer.records.changes import Row
from indexer.store.database import Database
from indexer.store.prune_sql import Prunable, prunable, prune
from indexer.store.rows import row_query, to_row
from indexer.store.schema import photos


class PruneStore:
    """The rows that nothing needs any more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def missing_before(self, limit: datetime) -> list[Row]:
        """The photos that have been missing since before `limit` (UTC), by their ids."""
        query = row_query().where(photos.c.missing_since < limit).order_by(photos.c.id)
        return list(map(to_row, self._database.stream(query)))

    def prunable(self, rows: Collection[Row], before: datetime) -> Prunable:
        """What nothing refers to any more without these rows, nor has since `before`."""
        with self._database.reading() as connection:
            return prunable(connection, rows, before)

    def prune(self, rows: Collection[Row], before: datetime) -> Prunable:
        """Remove these rows, then the contents and embeddings that nothing refers to."""
        with self._database.writing() as connection:
            return prune(connection, rows, before)
