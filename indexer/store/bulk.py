"""Writes many rows at once: COPY on PostgreSQL, one statement for all of them on SQLite.

Knows columns and their types, not what the rows mean. The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Table, insert

from indexer.store.column_types import MESSAGE, STORED

# what psycopg calls the types of our columns
COPY_TYPES: Final = {
    "BIGINT": "int8",
    "BOOLEAN": "bool",
    "INTEGER": "int4",
    "VARCHAR": "text",
    "TIMESTAMP": "timestamp",
    "FLOAT": "float8",
    "BYTEA": "bytea",
    "halfvec": "halfvec",
}


def insert_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows of these columns; vectors are the bytes stored."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, names, rows)
    else:
        values = [dict(zip(names, row, strict=True)) for row in rows]
        connection.execute(insert(table), values)


def _copy(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    from pgvector import HalfVector
    from pgvector.psycopg import register_vector

    driver: Any = connection.connection.driver_connection
    register_vector(driver)
    kinds = [str(table.c[name].type.compile(connection.dialect)) for name in names]
    types = [COPY_TYPES[kind.split()[0]] for kind in kinds]
    vectors = [at for at, kind in enumerate(types) if kind == "halfvec"]
    messages = [at for at, name in enumerate(names) if table.c[name].type is MESSAGE]
    columns = ", ".join(f'"{name}"' for name in names)
    with (
        driver.cursor() as cursor,
        cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN (FORMAT BINARY)') as copy,
    ):
        copy.set_types(types)
        for row in rows:
            values = list(row)
            for at in vectors:
                values[at] = HalfVector(np.frombuffer(values[at], STORED))
            for at in messages:
                values[at] = values[at] and values[at].to_json()
            copy.write_row(values)
