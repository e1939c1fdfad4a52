"""The tables that a library has on PostgreSQL only: what its hosts must all see.

On one machine files beside the database do this. A migration in migrations/ goes with every
change made here.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
)

from indexer.store import schema
from indexer.store.column_types import ID, NAME
from indexer.store.lifecycle import Copying, lives

metadata = MetaData()

shared = Table(
    "shared",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column(
        "changes", BigInteger, nullable=False, doc="one more with each commit that changes photos"
    ),
    Column("paused", Boolean, nullable=False, doc="`indexer pause` holds"),
    info=lives(Copying.NOT),
)

root_hosts = Table(  # which hosts see which photo directory
    "root_hosts",
    metadata,
    Column("root_id", ID, primary_key=True, autoincrement=False),
    Column("host", NAME, primary_key=True, doc="a machine that sees this root"),
    info=lives(Copying.NOT, root_id="roots"),  # a library of files has none: copying.py makes them
)

daemons = Table(  # what they tell, and what is asked of them
    "daemons",
    metadata,
    Column("host", NAME, primary_key=True),
    Column("state", NAME, doc="what the daemon does, as JSON"),
    Column("told_at", DateTime, doc="UTC, of that state"),
    Column("look", Boolean, nullable=False, doc="a full scan is requested"),
    info=lives(Copying.NOT),
)

claims = Table(  # files that a host is taking in: it holds a lock on their rows
    "claims",
    metadata,
    Column("root_id", ID, primary_key=True, autoincrement=False),
    Column("path", NAME, primary_key=True, doc="of a file that a machine is indexing"),
    info=lives(Copying.NOT),  # a host may hold them, whatever becomes of the root: see claims.py
)

thumbnails = Table(
    "thumbnails",
    metadata,
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("jpeg", LargeBinary, nullable=False, doc="upright, at most 512 px"),
    info=lives(Copying.NOT),  # files elsewhere: they are copied and removed one by one
)


def tables_of(connection: Connection) -> list[Table]:
    """The tables that a library has in this database; what a row refers to comes before it."""
    tables = schema.metadata.sorted_tables
    return tables + metadata.sorted_tables if is_shared(connection) else tables


def is_shared(connection: Connection) -> bool:
    """Whether several hosts may share the library in this database."""
    return connection.dialect.name == "postgresql"
