"""Sees to it that the hosts of a library do not index the same files twice.

A file is claimed by a row of its own, which its host holds locked (FOR UPDATE SKIP LOCKED) from
before it is read until it is committed. Whoever dies loses the locks, and with them the claims.
On one machine nobody else takes anything in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    delete,
    select,
    tuple_,
)
from sqlalchemy.pool import NullPool

from indexer.ingest.shard import Job
from indexer.records.photos import FileStat
from indexer.store.dialects import upsert
from indexer.store.postgres import make_engine
from indexer.store.schema import photos
from indexer.store.shared_schema import claims

Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Hold:
    """Of some jobs: which are ours now, in whose hands others are, what others have done."""

    mine: list[Job]
    elsewhere: Sequence[Job] = ()
    done_elsewhere: int = 0
    locked: Sequence[Key] = ()
    connection: Connection | None = None

    def release(self) -> None:
        """Let go of them: they have been committed, or given up."""
        if self.connection is None:
            return
        with self.connection as connection:
            connection.execute(delete(claims).where(_among(claims, self.locked)))
            connection.commit()


class Share(Protocol):
    """Which of the files to be indexed are this host's."""

    def take(self, jobs: list[Job]) -> Hold:
        """The jobs that no other process has in flight or has done."""


class AllMine:
    """The share of the only machine."""

    def take(self, jobs: list[Job]) -> Hold:
        return Hold(jobs)


class SharedWork:
    """The share of one host of several. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        # each hold has a connection of its own, however many there are
        self._engine = make_engine(engine.url, poolclass=NullPool)

    def take(self, jobs: list[Job]) -> Hold:
        keys = sorted(_key(job) for job in jobs)
        values = [{"root_id": root_id, "path": path} for root_id, path in keys]
        with self._engine.begin() as connection:  # an insertion that is open makes others wait
            connection.execute(upsert(connection.dialect, claims).on_conflict_do_nothing(), values)
        connection = self._engine.connect()
        locked = select(claims.c.root_id, claims.c.path).where(_among(claims, keys))
        rows = connection.execute(locked.with_for_update(skip_locked=True))
        held = [(row.root_id, row.path) for row in rows]
        stats = _stats(connection, held)
        mine = [job for job in jobs if _key(job) in set(held) and not _is_done(job, stats)]
        elsewhere = [job for job in jobs if _key(job) not in set(held)]
        return Hold(mine, elsewhere, len(held) - len(mine), held, connection)

    def sweep(self) -> None:
        """Remove the claims that nobody holds: of who died after the file was indexed.

        A host that has just put its claim down and not locked it yet asks for the file again.
        """
        key = tuple_(claims.c.root_id, claims.c.path)
        held_by_nobody = select(claims.c.root_id, claims.c.path).with_for_update(skip_locked=True)
        with self._engine.begin() as connection:
            connection.execute(delete(claims).where(key.in_(held_by_nobody)))


def _key(job: Job) -> Key:
    return job.found.root_id, job.found.path


def _among(table: Table, keys: Sequence[Key]) -> ColumnElement[bool]:
    return tuple_(table.c.root_id, table.c.path).in_(keys)


def _stats(connection: Connection, keys: Sequence[Key]) -> dict[Key, FileStat]:
    """The library's present rows of these files."""
    stat = (photos.c.size_bytes, photos.c.mtime_ns, photos.c.etag)
    query = select(photos.c.root_id, photos.c.path, *stat)
    rows = connection.execute(query.where(_among(photos, keys)))
    return {(row[0], row[1]): FileStat(*row[2:]) for row in rows}


def _is_done(job: Job, stats: dict[Key, FileStat]) -> bool:
    """Whether another host has taken the file in since this job was planned."""
    mark, now = job.found.stat.mark, stats.get(_key(job))
    was_known = job.row is not None and job.row.stat.mark == mark
    return not was_known and now is not None and now.mark == mark
