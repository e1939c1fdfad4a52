"""The queries that remove photos for good. prune_store.py runs them.

Only what nothing refers to goes, and has not for long: a content that another photo has, gone or
not, stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, exists, func, or_, select, update

from indexer.clock import now
from indexer.records.changes import Row
from indexer.store.lifecycle import remove
from indexer.store.schema import contents, embeddings, photos
from indexer.store.search_sql import moments_by_any_model
from indexer.store.shared_schema import tables_of

UNREFERENCED: Final = ~exists().where(photos.c.content_id == contents.c.id)
IN_LIMIT: Final = 5_000  # values in one IN (...); SQLite takes at most 32,766 variables


@dataclass(frozen=True, slots=True)
class Prunable:
    """Rows that go with some photos: content hashes (they name the thumbnails), embeddings.

    `moments`: hash and moment of each frame of films, which may have a thumbnail too.
    """

    hashes: tuple[bytes, ...]
    embeddings: int
    moments: tuple[tuple[bytes, int], ...] = ()


def prunable(connection: Connection, rows: Collection[Row], before: datetime) -> Prunable:
    """What nothing would refer to without these rows, nor has since `before` (UTC)."""
    orphans = _orphaned_without(connection, rows, before)
    hashes: list[bytes] = []
    moments: list[tuple[bytes, int]] = []
    count = 0
    for ids in _chunks(orphans):
        query = select(contents.c.sha256).where(contents.c.id.in_(ids))
        hashes += connection.execute(query).scalars()
        count += connection.execute(
            select(func.count()).where(embeddings.c.content_id.in_(ids))
        ).scalar_one()
        frames = moments_by_any_model(contents.c.id.in_(ids))
        moments += [(row[0], row[1]) for row in connection.execute(frames)]
    return Prunable(tuple(hashes), count, tuple(moments))


def prune(connection: Connection, rows: Collection[Row], before: datetime) -> Prunable:
    """Remove these rows, and what nothing refers to then nor has since `before` (UTC)."""
    removed = prunable(connection, rows, before)
    orphans = _orphaned_without(connection, rows, before)
    tables = tables_of(connection)
    for ids in _chunks([row.id for row in rows]):
        remove(connection, tables, photos, photos.c.id.in_(ids))
    for ids in _chunks(orphans):
        remove(connection, tables, contents, contents.c.id.in_(ids))
    undated = update(contents).where(UNREFERENCED, contents.c.orphaned_at.is_(None))
    connection.execute(undated, {"orphaned_at": now()})
    return removed


def _orphaned_without(connection: Connection, rows: Collection[Row], before: datetime) -> list[int]:
    """The contents that no photo but these rows has: those of removed roots too.

    A content that lost a present photo after `before` stays, though these rows are older.
    """
    leaving: dict[int, int] = {}
    for row in rows:
        if row.content_id is not None:
            leaving[row.content_id] = leaving.get(row.content_id, 0) + 1
    unreferenced = select(contents.c.id).where(UNREFERENCED, contents.c.orphaned_at < before)
    orphans = list(connection.execute(unreferenced).scalars())
    long_ago = or_(contents.c.orphaned_at.is_(None), contents.c.orphaned_at < before)
    for ids in _chunks(list(leaving)):
        counted = (
            select(photos.c.content_id, func.count())
            .join(contents, contents.c.id == photos.c.content_id)
            .where(photos.c.content_id.in_(ids), long_ago)
            .group_by(photos.c.content_id)
        )
        orphans += [
            content_id
            for content_id, count in connection.execute(counted)
            if count == leaving[content_id]
        ]
    return orphans


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), IN_LIMIT):
        yield ids[start : start + IN_LIMIT]
