"""Keeps `photos.stack_of` in line with the rule of stacking.py, within the caller's transaction.

Code that writes rows of photos, or facts that the rule reads, calls restack() with what changed.
It looks at those files and at what may belong to them, and at nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, select, update

from indexer.store.dialects import among
from indexer.store.rows import PRESENT
from indexer.store.schema import contents, library, photos
from indexer.store.stacking import StackFile, stack_key, stacked

AT_ONCE: Final = 1_000  # files that are compared together


def restack(
    connection: Connection, ids: Iterable[int] = (), keys: Iterable[int | None] = ()
) -> None:
    """Decide again which file is shown, of these photos and of those with these keys."""
    if not is_on(connection):
        return
    for part in _parts(ids):
        _restack(connection, [among(photos.c.id, part), among(photos.c.stack_of, part)])
    for part in _parts(key for key in keys if key is not None):
        _restack(connection, [among(photos.c.stack_key, part)])


def is_on(connection: Connection) -> bool:
    """Whether the library shows several files of one photo as one."""
    return bool(connection.execute(select(library.c.stacks)).scalar())


def switch(connection: Connection, *, on: bool) -> None:
    """Show them as one from now on, or each by itself; the former needs compare_next()."""
    connection.execute(update(library), {"stacks": on})
    again = {"stack_of": None, "stack_key": None} if on else {"stack_of": None}
    connection.execute(update(photos), again)


def is_left(connection: Connection) -> bool:
    """Whether some files never were compared."""
    return connection.execute(_uncompared(1)).first() is not None


def compare_next(connection: Connection) -> bool:
    """Compare some of those; whether there were any."""
    keys = {row.id: stack_key(row.path) for row in connection.execute(_uncompared(AT_ONCE))}
    if keys:
        values = [{"row": id, "stack_key": key} for id, key in keys.items()]
        connection.execute(update(photos).where(photos.c.id == bindparam("row")), values)
        restack(connection, keys=keys.values())
    return bool(keys)


def _uncompared(count: int) -> Select[Any]:
    return select(photos.c.id, photos.c.path).where(photos.c.stack_key.is_(None)).limit(count)


def _restack(connection: Connection, conditions: Iterable[ColumnElement[bool]]) -> None:
    rows = _together(connection, conditions)
    shown = stacked([_file(row) for row in rows if row.is_photo])
    changed = [
        {"row": row.id, "stack_of": shown.get(row.id)}
        for row in rows
        if row.stack_of != shown.get(row.id)
    ]
    if changed:
        connection.execute(update(photos).where(photos.c.id == bindparam("row")), changed)


def _together(connection: Connection, conditions: Iterable[ColumnElement[bool]]) -> list[Any]:
    """The rows that meet one of the conditions, and those that may belong to them."""
    known: dict[int, Any] = {}
    while True:
        found = [row for one in conditions for row in connection.execute(_rows(one))]
        fresh = {row.id: row for row in found if row.id not in known}
        if not fresh:
            return list(known.values())
        known |= fresh
        conditions = _related(list(fresh.values()))


def _related(rows: Iterable[Any]) -> Iterator[ColumnElement[bool]]:
    """What holds of present files with the names or the ids of these."""
    keys = {row.stack_key for row in rows if row.stack_key is not None}
    yield among(photos.c.stack_key, list(keys)) & PRESENT
    if live_ids := {row.live_id for row in rows if row.live_id is not None}:
        contents_of = select(contents.c.id).where(contents.c.live_id.in_(live_ids))
        yield photos.c.content_id.in_(contents_of) & PRESENT


def _rows(condition: ColumnElement[bool]) -> Select[Any]:
    is_photo = PRESENT & contents.c.format.is_not(None)
    return (
        select(
            photos.c.id,
            photos.c.root_id,
            photos.c.path,
            contents.c.format,
            contents.c.duration_s,
            contents.c.live_id,
            photos.c.stack_key,
            photos.c.stack_of,
            is_photo.label("is_photo"),
        )
        .outerjoin(contents, contents.c.id == photos.c.content_id)
        .where(condition)
    )


def _file(row: Any) -> StackFile:
    return StackFile(row.id, row.root_id, row.path, row.format, row.duration_s, row.live_id)


def _parts(numbers: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(numbers)
    while part := list(islice(rest, AT_ONCE)):
        yield part
