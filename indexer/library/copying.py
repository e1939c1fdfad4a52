"""Copies a library whole to another place, from SQLite to PostgreSQL or back; rows keep their ids.

What is interrupted goes on where it was: the copy becomes a library at the very end, when both
sides have the same rows to the bit.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, text, tuple_, update

from clipcore.messages import N_
from indexer.errors import LibraryError, LibraryNotFound
from indexer.imaging.thumbnails import ThumbnailStore
from indexer.index.policy import IndexPolicy
from indexer.library.backend import backend_of
from indexer.library.directory import LibraryDirectory
from indexer.library.roots import refuse_inside
from indexer.paths import this_host
from indexer.records.changes import Copied
from indexer.records.models import Model
from indexer.store.bulk import insert_rows
from indexer.store.lifecycle import Copying, lifecycle
from indexer.store.migrate import begin_library
from indexer.store.root_sql import all_roots, read
from indexer.store.schema import contents, embeddings, library, metadata, photos, roots
from indexer.store.shared_schema import is_shared, root_hosts
from indexer.store.sqlite import finish_copy, open_database, unfinished_copy
from indexer.store.store import Store

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

AT_ONCE: Final = 1_000  # rows in a transaction


def copy_library(
    source: LibraryDirectory, target: LibraryDirectory, progress: Progress | None = None
) -> Copied:
    """Make at `target` the library that is at `source`; what a run interrupted has done is kept.

    Nobody may write to either meanwhile. Raises LibraryError: there is a library at `target`
    already, it lies in a photo directory, or the sides differ in the end.
    """
    _refuse_library(target)
    from_ = open_database(source.database)
    try:
        reads = backend_of(source, from_)
        with from_.connect() as connection:
            refuse_inside(target.path, read(connection, all_roots()))
        target.make()
        with reads.exclusive():
            to = unfinished_copy(target.database)
            try:
                writes = backend_of(target, to)
                with writes.exclusive():
                    copied = _Copy(from_, to, reads.thumbnails, writes.thumbnails).run(progress)
                    finish_copy(target.database, to)
            finally:
                to.dispose()
    finally:
        from_.dispose()
    _build_index(target)
    return copied


def _refuse_library(target: LibraryDirectory) -> None:
    try:
        open_database(target.database).dispose()
    except LibraryNotFound:
        return
    raise LibraryError(
        N_("there is a library at {name} already: copy to another place"), name=target.name
    )


class _Copy:
    """The rows and thumbnails of one database, written to another one."""

    def __init__(
        self, source: Engine, target: Engine, read: ThumbnailStore, copied: ThumbnailStore
    ) -> None:
        self._source, self._target = source, target
        self._read, self._copied = read, copied
        self._tables = copied_tables()

    def run(self, progress: Progress | None) -> Copied:
        self._empty(table for table in self._tables if _changes(table))
        for table in self._tables:
            self._copy(table, progress if table is contents else None)
        counts = self._verified()
        with self._target.begin() as connection, self._source.connect() as source:
            for table in filter(_is_numbered, self._tables):
                _set_number(connection, table, _number(source, table))
            if is_shared(connection):
                connection.execute(delete(root_hosts))
                if seen := _seen_by(source):  # of no rows SQLAlchemy makes one
                    connection.execute(insert(root_hosts), seen)
            named = (library.c.model_source, library.c.model_id, library.c.text_source)
            begin_library(connection, Model(*source.execute(select(*named)).one()))
            stacks = source.execute(select(library.c.stacks)).scalar_one()
            connection.execute(update(library), {"stacks": stacks})
        return Copied(counts[photos.name], counts[contents.name], counts[embeddings.name])

    def _copy(self, table: Table, progress: Progress | None) -> None:
        names = [column.name for column in table.columns]
        with self._source.connect() as connection:
            total = _count(connection, table)
        with self._target.connect() as connection:
            done = _count(connection, table)
            last = None if _changes(table) else connection.scalar(select(func.max(table.c.id)))
        for rows in self._batches(table, None if last is None else (last,)):
            if table is contents:
                self._copy_thumbnails([row.sha256 for row in rows])
            with self._target.begin() as connection:
                insert_rows(connection, table, names, rows)
            done += len(rows)
            if progress:
                progress(done, total)

    def _batches(self, table: Table, last: tuple[Any, ...] | None) -> Iterator[Sequence[Any]]:
        """The rows with a greater key than `last`, in the order of the key."""
        key = list(table.primary_key.columns)
        query = select(table).order_by(*key).limit(AT_ONCE)
        while True:
            behind = query if last is None else query.where(tuple_(*key) > tuple_(*last))
            with self._source.connect() as connection:
                rows = connection.execute(behind).all()
            if not rows:
                return
            yield rows
            last = tuple(rows[-1]._mapping[column] for column in key)

    def _copy_thumbnails(self, hashes: Sequence[bytes]) -> None:
        """Those that are there: others are made again when they are looked at."""
        for sha256 in hashes:
            if jpeg := self._read.read(sha256):
                self._copied.save(sha256, jpeg)

    def _verified(self) -> dict[str, int]:
        """How many rows each table has. Raises LibraryError where the sides differ."""
        counts = {}
        for table in self._tables:
            there, here = _checksum(self._source, table), _checksum(self._target, table)
            if there != here:
                self._empty(self._tables)
                raise LibraryError(
                    N_(
                        "the copy's {table} are not those of the library: {here} rows of {there}, "
                        "or other contents. The library has changed since the copy began; the copy "
                        "is empty again: start it once more"
                    ),
                    table=table.name,
                    here=here[0],
                    there=there[0],
                )
            counts[table.name] = here[0]
            log.info("%s: %d rows, sha256 %s on both sides", table.name, *here)
        return counts

    def _empty(self, tables: Iterable[Table]) -> None:
        with self._target.begin() as connection:
            for table in reversed(list(tables)):
                connection.execute(delete(table))


def copied_tables() -> list[Table]:
    """The tables of which a copy gets the rows; what a row refers to comes before it."""
    tables = metadata.sorted_tables
    return [table for table in tables if lifecycle(table).copied is not Copying.NOT]


def _changes(table: Table) -> bool:
    """Whether all rows are copied each time: they change, or go with such as do."""
    own = lifecycle(table)
    others = (metadata.tables[name] for name in own.goes_with.values())
    return own.copied is Copying.EACH_TIME or any(map(_changes, others))


def _is_numbered(table: Table) -> bool:
    """Whether the database gives its rows their numbers."""
    return table.autoincrement_column is not None


def _checksum(engine: Engine, table: Table) -> tuple[int, str]:
    """The number of rows, and the SHA-256 over all of them in the order of their ids."""
    count, sha256 = 0, hashlib.sha256()
    with engine.connect() as connection:
        query = select(table).order_by(*table.primary_key.columns)
        for row in connection.execute(query, execution_options={"yield_per": AT_ONCE}):
            sha256.update(repr(tuple(row)).encode())
            count += 1
    return count, sha256.hexdigest()


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _seen_by(source: Connection) -> list[dict[str, Any]]:
    """Which hosts see which roots: those that did, or this one where there was no other."""
    if is_shared(source):
        return [dict(row) for row in source.execute(select(root_hosts)).mappings()]
    ids = source.execute(select(roots.c.id)).scalars()
    return [{"root_id": root_id, "host": this_host()} for root_id in ids]


def _number(connection: Connection, table: Table) -> int:
    """The greatest id that the table has ever had, as far as its database remembers."""
    greatest = connection.execute(select(func.max(table.c.id))).scalar() or 0
    if is_shared(connection):
        sequence = func.pg_get_serial_sequence(table.name, "id")
        given = connection.execute(select(func.pg_sequence_last_value(sequence))).scalar()
    else:
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        given = connection.execute(query, {"name": table.name}).scalar()
    return max(greatest, given or 0)


def _set_number(connection: Connection, table: Table, number: int) -> None:
    """Let the ids to come be greater than this: none is ever given twice."""
    if is_shared(connection):
        if number:
            sequence = func.pg_get_serial_sequence(table.name, "id")
            connection.execute(select(func.setval(sequence, number)))
    elif table.dialect_options["sqlite"]["autoincrement"]:
        named = {"name": table.name, "number": number}
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), named)
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :number)"), named)


def _build_index(directory: LibraryDirectory) -> None:
    """Build what searching needs, for the model that the library is searched with."""
    store = Store.open(directory.database)
    try:
        first = select(embeddings.c.vector).where(embeddings.c.model_id == store.model_id).limit(1)
        with store.database.engine.connect() as connection:
            vector = connection.execute(first).scalar()
        if vector is not None:
            backend = backend_of(directory, store.database.engine)
            backend.write_index(store, len(vector) // 2, IndexPolicy())
    finally:
        store.close()
