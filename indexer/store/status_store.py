"""Queries for the status of a library; only reads."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import String, exists, func, select, type_coerce

from clipcore.messages import Message
from indexer.location import location
from indexer.packages import NEEDS_PACKAGE
from indexer.records.changes import Failure, Oddity
from indexer.records.status import MissingReader, RootStatus
from indexer.sources.other_formats import unpacked
from indexer.store.database import Database
from indexer.store.ingest_sql import embedding_of
from indexer.store.rows import FAILED, PRESENT, SHOWN, failure_query, oddity_query, root_query
from indexer.store.schema import embeddings, photos

NEEDS_PACKAGE_START: Final = Message(NEEDS_PACKAGE).to_json().split(',"fields"')[0]


class StatusStore:
    """The numbers of a library, with the embeddings of one model."""

    def __init__(self, database: Database, model_id: str) -> None:
        self._database = database
        self._model_id = model_id

    def roots(self) -> list[RootStatus]:
        """Each root with the number of its photos that are there."""
        return [
            RootStatus(
                location(row.path),
                row.photos,
                row.files,
                row.notice,
                unpacked(row.other_formats),
            )
            for row in self._database.all(root_query())
        ]

    def searchable(self) -> tuple[int, int]:
        """The numbers of present photos with an embedding of the model, and of their files."""
        embedded = exists().where(embedding_of(photos.c.content_id, self._model_id))
        counts = func.count().filter(SHOWN), func.count()
        query = select(*counts).select_from(photos).where(PRESENT, embedded)
        ((shown, files),) = self._database.all(query)
        return shown, files

    def embeddings(self) -> int:
        """The number of embeddings of the model, dead ones too."""
        return self._embeddings()

    def embeddings_of_present(self) -> int:
        """How many of them are those of photos that are there; `prune` removes others in time."""
        return self._embeddings(
            exists().where(photos.c.content_id == embeddings.c.content_id, PRESENT)
        )

    def failed_and_missing(self) -> tuple[int, int]:
        """The numbers of present files that failed, and of missing photos."""
        counts = func.count().filter(FAILED), func.count().filter(~PRESENT)
        ((failed, missing),) = self._database.all(select(*counts).select_from(photos))
        return failed, missing

    def failures(self) -> list[Failure]:
        """The present files that could not be indexed."""
        return [
            Failure(location(row.root) / row.path, row.error, row.failed_at)
            for row in self._database.all(failure_query())
        ]

    def missing_readers(self) -> list[MissingReader]:
        """The present files that need packages which were not there when they were read."""
        stored = type_coerce(photos.c.error, String)
        is_one = stored.startswith(NEEDS_PACKAGE_START, autoescape=True)
        query = select(photos.c.error, func.count()).where(FAILED, is_one)
        return [
            MissingReader(str(error.fields["format"]), str(error.fields["extra"]), files)
            for error, files in self._database.all(query.group_by(photos.c.error))
        ]

    def oddities(self) -> list[Oddity]:
        """The present photos whose files are odd."""
        return [
            Oddity(location(row.root) / row.path, row.notice)
            for row in self._database.all(oddity_query())
        ]

    def _embeddings(self, *conditions: Any) -> int:
        mine = embeddings.c.model_id == self._model_id
        return self._database.count(
            select(func.count()).select_from(embeddings).where(mine, *conditions)
        )
