"""What SQLite and PostgreSQL write differently: expressions, and the lock on a schema.

Knows no tables.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    String,
    bindparam,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

SCHEMA: Final = 0x5EC0_11EC  # the advisory lock of those who make or migrate tables; any number

TURNS: Final = 0x5EC0_57AC  # that of those who write rows of photos


def upsert(dialect: Dialect, table: Any) -> Any:
    """An INSERT that knows ON CONFLICT; its methods are the same for both."""
    own = import_module(f"sqlalchemy.dialects.{dialect.name}")  # PostgreSQL's brings four drivers
    return own.insert(table)


def begin_exclusive(connection: Connection) -> None:
    """Until this transaction ends no other process changes the schema; it is undone if it fails.

    SQLite's transactions include the schema if they are begun in so many words.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def take_turns(connection: Connection) -> None:
    """Until this transaction ends no other one that takes turns goes on; SQLite has one at a time.

    It sees what those before it have written: on PostgreSQL each statement sees all commits.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": TURNS})


class Folded(FunctionElement[str]):
    """A text in the form in which names are compared; see location.folded()."""

    inherit_cache = True
    type = String()


class LocalTime(FunctionElement[str]):
    """(a local time or NULL, nanoseconds since 1970) -> "2019-06-30 12:00:00", local time."""

    inherit_cache = True
    type = String()


class Among(FunctionElement[bool]):
    """Whether a number is one of a list that goes along as one variable: see among()."""

    inherit_cache = True
    type = Boolean()

    def self_group(self, against: Any = None) -> Among:
        """As it is: "(x IN y) = 1", as SQLAlchemy would have it, makes SQLite read all rows."""
        return self


class _Numbers(TypeDecorator[Sequence[int]]):
    """A list of numbers: an array, or as JSON where there are no arrays."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(String())
        from sqlalchemy.dialects.postgresql import ARRAY

        return dialect.type_descriptor(ARRAY(BigInteger))

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> Any:
        return list(value or ()) if dialect.name == "postgresql" else json.dumps(list(value or ()))


def among(column: Any, numbers: Sequence[int]) -> ColumnElement[bool]:
    """`column IN numbers`, with one variable for all of them.

    There may be more than SQLite has variables, and each one costs time.
    """
    return Among(column, bindparam(None, numbers, type_=_Numbers(), unique=True))


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(one, **kw) for one in element.clauses]


@compiles(Folded, "sqlite")  # lower() is ours there: see database.FUNCTIONS
def _folded_sqlite(element: Folded, compiler: SQLCompiler, **kw: Any) -> str:
    (text,) = _arguments(element, compiler, **kw)
    return f"lower({text})"


@compiles(Folded, "postgresql")
def _folded_postgresql(element: Folded, compiler: SQLCompiler, **kw: Any) -> str:
    (text,) = _arguments(element, compiler, **kw)
    return f"recollect_folded({text})"


@compiles(LocalTime, "sqlite")
def _local_time_sqlite(element: LocalTime, compiler: SQLCompiler, **kw: Any) -> str:
    local, since_ns = _arguments(element, compiler, **kw)
    file_time = f"datetime({since_ns} / 1000000000.0, 'unixepoch', 'localtime')"
    return f"substr(coalesce({local}, {file_time}), 1, 19)"


@compiles(LocalTime, "postgresql")
def _local_time_postgresql(element: LocalTime, compiler: SQLCompiler, **kw: Any) -> str:
    local, since_ns = _arguments(element, compiler, **kw)
    # the zone of the connection is that of this machine: see postgres.py
    file_time = f"to_timestamp({since_ns} / 1e9::double precision)::timestamp"
    return f"to_char(coalesce({local}, {file_time}), 'YYYY-MM-DD HH24:MI:SS') COLLATE \"C\""


@compiles(Among, "sqlite")
def _among_sqlite(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, numbers = _arguments(element, compiler, **kw)
    return f"{column} IN (SELECT value FROM json_each({numbers}))"


@compiles(Among, "postgresql")
def _among_postgresql(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, numbers = _arguments(element, compiler, **kw)
    return f"{column} = ANY({numbers})"
