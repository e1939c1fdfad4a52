"""Which version of the schema a database has, and how it gets to the newest; migrations/ beside it.

Knows connections and the newest schema, not which database is behind them.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, insert, inspect, text, update

from clipcore.messages import N_
from indexer.clock import now
from indexer.errors import NewerLibrary, NotALibrary
from indexer.records.models import Model
from indexer.store.dialects import begin_exclusive
from indexer.store.schema import HEAD, library

MIGRATIONS: Final = Path(__file__).with_name("migrations")


def bring_up_to_date(engine: Engine, name: str) -> None:
    """Run the migrations that the library's database lacks; `name` is for errors.

    Raises NotALibrary or NewerLibrary.
    """
    with engine.connect() as connection:
        version = _version(connection, name)
    if version != HEAD:
        with engine.begin() as connection:
            begin_exclusive(connection)
            if _version(connection, name) != HEAD:  # no other process was quicker
                migrate(connection)


def migrate(connection: Connection) -> None:
    """Bring the schema from whatever version, or none, to the newest."""
    from alembic import command  # costs 0.2 s to import, and is rarely needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def begin_library(connection: Connection, model: Model) -> None:
    """Make the empty database a library's."""
    connection.execute(
        insert(library),
        {
            "id": 1,
            "uuid": str(uuid.uuid4()),
            "model_source": model.source,
            "model_id": model.id,
            "created_at": now(),
        },
    )
    if model.text:
        connection.execute(update(library), {"text_source": model.text})


def _version(connection: Connection, name: str) -> str:
    """The schema's version. Raises NotALibrary or NewerLibrary."""
    tables = inspect(connection).get_table_names()
    version = None
    if "alembic_version" in tables and library.name in tables:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version is None:
        raise NotALibrary(N_("{name} is not the database of a library"), name=name)
    if version == HEAD:
        return HEAD
    if not any((MIGRATIONS / "versions").glob(f"{version}_*.py")):
        raise NewerLibrary(
            N_(
                "the library at {name} was written by a newer version of Recollect (schema "
                "{version}, this one knows {known}): update Recollect"
            ),
            name=name,
            version=version,
            known=HEAD,
        )
    return str(version)
