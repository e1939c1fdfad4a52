"""New libraries get the schema that the migrations make, without a run of the migrations for each.

The migrations run once in a process. Those of libraries that exist run as they are.
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection, create_engine, text

from indexer.store.migrate import migrate
from indexer.store.schema import HEAD

# SQLite makes its own tables and indexes by itself
MADE = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY rowid"
)


def migrate_at_once(connection: Connection) -> None:
    """As migrate(): an empty database of SQLite gets the same schema in one step."""
    if connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar_one():
        migrate(connection)
        return
    for statement in _statements():
        connection.exec_driver_sql(statement)


@cache
def _statements() -> tuple[str, ...]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrate(connection)
        made = connection.execute(text(MADE)).scalars().all()
    engine.dispose()
    return (*made, f"INSERT INTO alembic_version VALUES ('{HEAD}')")
