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
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
)

from indexer.store.column_types import ID, NAME

metadata = MetaData()

shared = Table(
    "shared",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("changes", BigInteger, nullable=False),  # one more with each commit that changes photos
    Column("paused", Boolean, nullable=False),
)

root_hosts = Table(  # which hosts see which photo directory
    "root_hosts",
    metadata,
    Column("root_id", ID, primary_key=True, autoincrement=False),
    Column("host", NAME, primary_key=True),
)

daemons = Table(  # what they tell, and what is asked of them
    "daemons",
    metadata,
    Column("host", NAME, primary_key=True),
    Column("state", NAME),  # JSON
    Column("told_at", DateTime),
    Column("look", Boolean, nullable=False),
)

claims = Table(  # files that a host is taking in: it holds a lock on their rows
    "claims",
    metadata,
    Column("root_id", ID, primary_key=True, autoincrement=False),
    Column("path", NAME, primary_key=True),
)

thumbnails = Table(
    "thumbnails",
    metadata,
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("jpeg", LargeBinary, nullable=False),
)
