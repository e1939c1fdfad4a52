"""The queries that remove photos for good. Used by store.py alone, within its transactions.

Only what nothing refers to goes: a content that another photo has, gone or not, stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, exists, func, select

from indexer.records import Row
from indexer.schema import contents, embeddings, photos

IN_LIMIT: Final = 5_000  # values in one IN (...); SQLite takes at most 32,766 variables


@dataclass(frozen=True, slots=True)
class Prunable:
    """What goes with some photos: hashes of the contents (they name the thumbnails), embeddings."""

    hashes: tuple[bytes, ...]
    embeddings: int


def prunable(connection: Connection, rows: Collection[Row]) -> Prunable:
    """What nothing would refer to without these rows."""
    orphans = _orphaned_without(connection, rows)
    hashes: list[bytes] = []
    count = 0
    for ids in _chunks(orphans):
        query = select(contents.c.sha256).where(contents.c.id.in_(ids))
        hashes += connection.execute(query).scalars()
        count += connection.execute(
            select(func.count()).where(embeddings.c.content_id.in_(ids))
        ).scalar_one()
    return Prunable(tuple(hashes), count)


def prune(connection: Connection, rows: Collection[Row]) -> Prunable:
    """Remove these rows and what nothing refers to then."""
    removed = prunable(connection, rows)
    orphans = _orphaned_without(connection, rows)
    for ids in _chunks([row.id for row in rows]):
        connection.execute(delete(photos).where(photos.c.id.in_(ids)))
    for ids in _chunks(orphans):
        connection.execute(delete(embeddings).where(embeddings.c.content_id.in_(ids)))
        connection.execute(delete(contents).where(contents.c.id.in_(ids)))
    return removed


def _orphaned_without(connection: Connection, rows: Collection[Row]) -> list[int]:
    """The contents that no photo but these rows has: those of removed roots too."""
    leaving: dict[int, int] = {}
    for row in rows:
        if row.content_id is not None:
            leaving[row.content_id] = leaving.get(row.content_id, 0) + 1
    orphans = list(_unreferenced(connection))
    for ids in _chunks(list(leaving)):
        counted = (
            select(photos.c.content_id, func.count())
            .where(photos.c.content_id.in_(ids))
            .group_by(photos.c.content_id)
        )
        orphans += [
            content_id
            for content_id, count in connection.execute(counted)
            if count == leaving[content_id]
        ]
    return orphans


def _unreferenced(connection: Connection) -> Iterator[int]:
    query = select(contents.c.id).where(~exists().where(photos.c.content_id == contents.c.id))
    yield from connection.execute(query).scalars()


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), IN_LIMIT):
        yield ids[start : start + IN_LIMIT]
