"""What each table says of its rows: how they are copied, and with whose rows they go.

Copying a library, pruning it and removing a root ask all tables for this, and name none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, delete, select

_KEY: Final = "lifecycle"  # in the `info` of a table


class Copying(Enum):
    """How the rows of a table come into the copy of a library."""

    ONCE = auto()  # rows are only added, by an id that grows: a copy goes on behind the last one
    EACH_TIME = auto()  # rows change: a copy that goes on copies all of them again
    NOT = auto()  # they belong to this database, or other code copies them


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What becomes of rows. `goes_with`: by column, the table with whose row a row is removed."""

    copied: Copying
    goes_with: Mapping[str, str]


def lives(copied: Copying, **goes_with: str) -> dict[str, Lifecycle]:
    """The `info` of a table: lives(Copying.EACH_TIME, root_id="roots")."""
    return {_KEY: Lifecycle(copied, goes_with)}


def lifecycle(table: Table) -> Lifecycle:
    """What a table says of its rows. Raises KeyError for one that says nothing."""
    lifecycle: Lifecycle = table.info[_KEY]
    return lifecycle


def remove(
    connection: Connection, tables: Sequence[Table], table: Table, condition: ColumnElement[Any]
) -> None:
    """Remove the rows of `table` that meet the condition, and of all `tables` what goes with them.

    `condition` is about columns of `table`.
    """
    for column in _going_with(tables, table):
        theirs = select(table.c.id).where(condition)
        remove(connection, tables, column.table, column.in_(theirs))
    connection.execute(delete(table).where(condition))


def _going_with(tables: Sequence[Table], table: Table) -> Iterator[Any]:
    """The columns by which rows of other tables go with rows of this one."""
    for other in tables:
        for name, target in lifecycle(other).goes_with.items():
            if target == table.name:
                yield other.c[name]
