"""The facts of known photos that older readers have read, and those of the present readers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from indexer.records.changes import Row
from indexer.records.photos import Facts
from indexer.store import facts_sql
from indexer.store.database import Database
from indexer.store.dialects import take_turns
from indexer.store.rows import to_row


class FactsStore:
    """The facts of contents, and the version of their readers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def outdated(
        self, root_ids: Collection[int], after: int, limit: int
    ) -> list[tuple[bytes, list[Row]]]:
        """(hash, photos) of the next contents after that one with facts of older readers.

        Only present photos of these roots count.
        """
        found: dict[bytes, list[Row]] = {}
        for row in self._database.all(facts_sql.outdated(root_ids, after, limit)):
            found.setdefault(row.sha256, []).append(to_row(row[:-1]))
        return list(found.items())

    def count_outdated(self, root_ids: Collection[int]) -> int:
        """The number of such contents."""
        return self._database.count(facts_sql.count_outdated(root_ids))

    def record(self, read: Mapping[bytes, Facts | None], changed: Collection[Row] = ()) -> None:
        """Write what the present readers say of contents, by hash; None: they fail.

        `changed`: rows whose files hold other bytes now; the next scan takes them for changed.
        """
        if read or changed:
            with self._database.writing() as connection:
                take_turns(connection)
                facts_sql.record_facts(connection, read)
                facts_sql.forget_stats(connection, [row.id for row in changed])
