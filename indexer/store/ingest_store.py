"""What the comparison with the folders reads of a library, and what indexing reads and writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Select, func, or_, select

from indexer.clock import now
from indexer.records.changes import Row
from indexer.store import search_sql
from indexer.store.database import Database
from indexer.store.dialects import take_turns
from indexer.store.ingest_sql import forget_failures, record, set_missing
from indexer.store.outcomes import KnownContent, Outcome
from indexer.store.rows import PRESENT, is_under, row_query, to_row
from indexer.store.schema import contents, photos

OR_LIMIT: Final = 300  # conditions in one OR; SQLite parses at most 1,000 levels


class IngestStore:
    """The rows of files, and the embeddings of one model."""

    def __init__(self, database: Database, model_id: str) -> None:
        self._database = database
        self._model_id = model_id

    def rows(self, root_id: int, under: Collection[str] = ("",)) -> Iterator[Row]:
        """The rows of a root that lie under the given paths ("" is all of it), read as they go."""
        query = row_query().where(photos.c.root_id == root_id)
        if "" in under:
            yield from self._rows(query)
            return
        paths, seen = list(under), set[int]()  # a folder and what lies in it may both be given
        for start in range(0, len(paths), OR_LIMIT):
            part = or_(*(is_under(path) for path in paths[start : start + OR_LIMIT]))
            for row in self._rows(query.where(part)):
                if row.id not in seen:
                    seen.add(row.id)
                    yield row

    def present(self, root_id: int) -> Iterator[Row]:
        """The rows of a root whose files are there and have been read, read as they go."""
        read = (PRESENT, photos.c.content_id.is_not(None), photos.c.root_id == root_id)
        return self._rows(row_query().where(*read))

    def count_present(self) -> dict[int, int]:
        """For each root how many of its files are there, those that failed too."""
        query = select(photos.c.root_id, func.count()).where(PRESENT).group_by(photos.c.root_id)
        return {row[0]: row[1] for row in self._database.all(query)}

    def known(self, sha256: bytes) -> KnownContent | None:
        """The content with this hash, if the library has it."""
        query = search_sql.known(self._model_id)
        with self._database.reading() as connection:
            row = connection.execute(query, {"sha256": sha256}).one_or_none()
        return KnownContent(row[0], row[1]) if row else None

    def moments(self, hashes: Collection[bytes]) -> set[tuple[bytes, int]]:
        """Hash and moment of each frame that stands for a film among these contents, whatever
        the model."""
        query = search_sql.moments_by_any_model(contents.c.sha256.in_(hashes))
        return {(row[0], row[1]) for row in self._database.all(query)} if hashes else set()

    def unembedded(self) -> Iterator[Row]:
        """The present photos whose content the model has not embedded, read as they go."""
        return self._rows(search_sql.unembedded(self._model_id))

    def count_unembedded(self, model_id: str) -> int:
        """The number of contents of present photos without that model's embedding."""
        rows = search_sql.unembedded(model_id).subquery()
        return self._database.count(select(func.count(rows.c.content_id.distinct())))

    def record(
        self, outcomes: Iterable[Outcome], missing: Iterable[Row] = (), restored: Iterable[Row] = ()
    ) -> None:
        """Write what became of some files, in one transaction."""
        with self._database.writing() as connection:
            take_turns(connection)
            record(connection, self._model_id, list(outcomes))
            set_missing(connection, missing, now())
            set_missing(connection, restored, None)

    def forget_failures(self) -> None:
        """Let the files that failed count as never read: the next scan tries them again."""
        with self._database.writing() as connection:
            forget_failures(connection)

    def _rows(self, query: Select[Any]) -> Iterator[Row]:
        return map(to_row, self._database.stream(query))
